/** Owns how environment variables get into a configuration: in the places and the forms that Crossbar.io has. */

export type Environment = { readonly [name: string]: string | undefined };

export type Substituted = { readonly value: unknown } | { readonly unset: string };

/** What stands for `text` in this environment. */
export type Substitution = (text: string, environment: Environment) => Substituted;

const BRACED = /^\$\{([^}]+)\}$/;
const DOLLAR = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))$/;
const ANYWHERE = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/** Tickets: `${NAME}` and nothing around it. A ticket may well begin with a dollar sign. */
export const ticketVariable: Substitution = (text, environment) => {
  const name = BRACED.exec(text)?.[1];
  return name === undefined ? { value: text } : lookUp(name, environment);
};

/** Ports: `$NAME`. */
export const portVariable: Substitution = (text, environment) => {
  const [, braced, bare] = DOLLAR.exec(text) ?? [];
  const name = braced ?? bare;
  return name === undefined ? { value: text } : lookUp(name, environment);
};

/** Paths of Unix sockets: `$NAME` or `${NAME}` anywhere. */
export const pathVariables: Substitution = (text, environment) => {
  let unset: string | undefined;
  const value = text.replaceAll(ANYWHERE, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const found = lookUp(name, environment);
    if ('value' in found) return String(found.value);
    unset ??= name;
    return '';
  });
  return unset === undefined ? { value } : { unset };
};

/** `disabled`: `${NAME}` is true when the variable is set to anything. Unset is false, not an error. */
export const switchVariable: Substitution = (text, environment) => {
  const name = BRACED.exec(text)?.[1];
  return { value: name === undefined ? text : (environment[name] ?? '') !== '' };
};

function lookUp(name: string, environment: Environment): Substituted {
  const value = environment[name];
  return value === undefined ? { unset: name } : { value };
}
