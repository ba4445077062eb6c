/** Owns what all dashboards share: variables, links between them, annotations, the grid. */

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { buildPanel, type PanelLink, type PanelSpec } from './panels.js';
import { series } from './promql.js';

export interface DashboardSpec {
  /** Part of its address, so it never changes; also the file's name. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly VariableName[];
  readonly rows: readonly RowSpec[];
}

export interface RowSpec {
  readonly title: string;
  /** Their widths fill lines of 24. */
  readonly panels: readonly PanelSpec[];
}

export type VariableName = keyof typeof VARIABLES;

const PROMETHEUS = { type: 'prometheus', uid: '${datasource}' } as const;
const TAG = 'wampscope';

/** The service that spans are looked for under: what OTEL_SERVICE_NAME says, unless it is set. */
const SERVICE = 'wampscope';

const VARIABLES = {
  datasource: () => new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
  jaeger: () =>
    new dashboard.DatasourceVariableBuilder('jaeger')
      .label('Jaeger')
      .type('jaeger')
      .description('Where links to traces lead'),
  service: () =>
    new dashboard.TextBoxVariableBuilder('service')
      .label('Service')
      .description('OTEL_SERVICE_NAME of the router: what links to traces search for')
      .defaultValue(SERVICE),
  // All of them are these and no other: every target of Prometheus has `up`.
  job: () => query('job', 'Job', 'label_values(wampscope_build_info, job)', 'The job that scrapes /metrics'),
  instance: () =>
    query('instance', 'Instance', 'label_values(wampscope_build_info{job=~"$job"}, instance)', 'Routers').allValue(
      '.*',
    ),
  realm: () =>
    query(
      'realm',
      'Realm',
      'label_values(wamp_registrations{job=~"$job",instance=~"$instance"}, realm)',
      'Realms',
    ).allValue('.*'),
  method: () =>
    query(
      'method',
      'Procedure',
      `label_values(${series('rpc_server_call_duration_seconds_count')}, rpc_method)`,
      'Registered procedures; _OTHER is all of those beyond the limit',
    ).allValue('.*'),
} as const satisfies { [name: string]: () => { build(): dashboard.VariableModel } };

function query(name: string, label: string, definition: string, description: string): dashboard.QueryVariableBuilder {
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(PROMETHEUS)
    .query({ query: definition, refId: name })
    .definition(definition)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .current({ text: ['All'], value: ['$__all'] });
}

/** The dashboard as Grafana stores it. Throws when the panels of a row do not fill its lines. */
export function buildDashboard(spec: DashboardSpec): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-1h', to: 'now' })
    .refresh('15s')
    .timezone('browser')
    .variables(spec.variables.map(name => VARIABLES[name]()))
    .annotations(annotations())
    .links([
      new dashboard.DashboardLinkBuilder('Dashboards')
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(true)
        .includeVars(true)
        .keepTime(true),
      ...(spec.variables.includes('jaeger')
        ? [new dashboard.DashboardLinkBuilder('Traces').type(dashboard.DashboardLinkType.Link).url(tracesOf().url)]
        : []),
    ]);
  let id = 0;
  for (const row of spec.rows) {
    checkLines(spec, row);
    builder.withRow(new dashboard.RowBuilder(row.title).id(++id));
    for (const panel of row.panels) builder.withPanel({ build: () => buildPanel(panel, ++id) });
  }
  return builder.build();
}

function checkLines(spec: DashboardSpec, row: RowSpec): void {
  let used = 0;
  for (const { title, width } of row.panels) {
    used += width;
    if (used > 24) throw new Error(`${spec.uid}, row ${row.title}: ${title} begins a line at ${used - width} of 24`);
    if (used === 24) used = 0;
  }
  if (used) throw new Error(`${spec.uid}, row ${row.title}: the last line has ${used} columns of 24`);
}

function annotations(): dashboard.AnnotationQueryBuilder[] {
  const annotation = (name: string, colour: string, expr: string, text: string): dashboard.AnnotationQueryBuilder =>
    new dashboard.AnnotationQueryBuilder()
      .name(name)
      .datasource(PROMETHEUS)
      .enable(true)
      .iconColor(colour)
      .expr(expr)
      .titleFormat(name)
      .textFormat(text);
  return [
    annotation(
      'Restart',
      'red',
      `changes(${series('process_start_time_seconds')}[$__rate_interval]) > 0`,
      '{{instance}} was restarted: its counters began again at zero',
    ),
    annotation(
      'Native trace',
      'purple',
      `delta(${series('wamp_trace_native_active')}[$__rate_interval]) > 0`,
      'A native trace was started on {{instance}}',
    ),
  ];
}

/** A search in Jaeger for the spans named `operation` in the time shown; of all names without it. */
export function tracesOf(operation?: string, tags?: { readonly [attribute: string]: string }): PanelLink {
  const search = {
    refId: 'A',
    datasource: { type: 'jaeger', uid: '${jaeger}' },
    queryType: 'search',
    service: '${service}',
    ...(operation === undefined ? {} : { operation }),
    ...(tags === undefined
      ? {}
      : {
          tags: Object.entries(tags)
            .map(([key, value]) => `${key}=${value}`)
            .join(' '),
        }),
    limit: 20,
  };
  const pane = { datasource: '${jaeger}', queries: [search], range: { from: '${__from}', to: '${__to}' } };
  // Grafana replaces variables before it decodes the address, so they stay as they are.
  const encoded = encodeURIComponent(JSON.stringify({ traces: pane })).replaceAll(
    /%24%7B(.*?)%7D/g,
    (_, name: string) => `\${${decodeURIComponent(name)}}`,
  );
  return { title: 'Traces in Jaeger', url: `/explore?schemaVersion=1&panes=${encoded}` };
}

/** Another dashboard of ours with the same variables and time. */
export function dashboardLink(
  title: string,
  uid: string,
  variables: { readonly [name: string]: string } = {},
): PanelLink {
  const chosen = Object.entries(variables).map(([name, value]) => `&var-${name}=${value}`);
  const kept = ['datasource', 'job', 'instance', 'realm'].map(name => `\${${name}:queryparam}`).join('&');
  return { title, url: `/d/${uid}?${kept}&\${__url_time_range}${chosen.join('')}` };
}
