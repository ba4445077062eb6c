/** Owns the count of a realm's network sessions: who is there by kind, who came, who went and how. */

import type { Leaving, RealmSession } from '../session/host.js';
import type { SessionRef } from '../tap.js';

/** Sessions of one kind. A group stays when it is empty. */
export interface Group {
  readonly transport: string;
  readonly serializer: string;
  readonly authmethod: string;
  sessions: number;
}

/** Changes only when a session comes or goes. */
export class Attendance {
  opened = 0;
  readonly closed = new Map<Leaving, number>();
  /** Few: transports, serializers and methods are those of the configuration. */
  readonly groups = new Map<string, Group>();
  /** Rated messages of sessions that have left; the others have theirs in their `traffic`. */
  receivedRated = 0;
  sentRated = 0;

  joined({ identity }: RealmSession): void {
    this.opened++;
    this.#group(identity).sessions++;
  }

  left({ identity, traffic }: RealmSession, how: Leaving): void {
    this.closed.set(how, (this.closed.get(how) ?? 0) + 1);
    this.#group(identity).sessions--;
    this.receivedRated += traffic.receivedRated;
    this.sentRated += traffic.sentRated;
  }

  #group({ transport, serializer, authmethod }: SessionRef): Group {
    const key = `${transport} ${serializer} ${authmethod}`;
    let group = this.groups.get(key);
    if (!group) {
      group = { transport, serializer: String(serializer), authmethod, sessions: 0 };
      this.groups.set(key, group);
    }
    return group;
  }
}
