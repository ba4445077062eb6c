/** Owns what is known of a metric that dashboards and rules may name. */

export interface Instrument {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Where it is read: the router's pages, the Collector, or another of Prometheus' targets. */
  readonly scrape: 'metrics' | 'detailed' | 'collector';
}
