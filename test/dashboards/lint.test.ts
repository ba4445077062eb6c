/** Owns the check of queries: what it must not let pass. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOf } from '../../grafana/src/lint.js';
import { series } from '../../grafana/src/promql.js';

test('a sound query has no faults', () => {
  assert.deepEqual(
    faultsOf('sum by (realm) (rate(wamp_messages_total{type="CALL",realm=~"$realm"}[$__rate_interval]))'),
    [],
  );
  assert.deepEqual(faultsOf('histogram_quantile(0.99, sum by (le) (rate(wamp_router_time_seconds_bucket[5m])))'), []);
  assert.deepEqual(faultsOf('up == 0 or max(nodejs_eventloop_lag_p99_seconds) > 1e-3'), []);
});

for (const [fault, expression, words] of [
  ['an unknown metric', 'rate(wamp_mesages_total[5m])', 'no metric is called wamp_mesages_total'],
  ['a histogram without suffix', 'rate(wamp_router_time_seconds[5m])', 'no metric is called wamp_router_time_seconds'],
  ['an unknown label', 'rate(wamp_messages_total{topic="x"}[5m])', 'wamp_messages_total has no label topic'],
  [
    'a grouping by what is not there',
    'sum by (topic) (rate(wamp_messages_total[5m]))',
    'no metric of the query has the label topic',
  ],
  [
    'le without buckets',
    'rate(wamp_router_time_seconds_sum{le="1"}[5m])',
    'wamp_router_time_seconds_sum has no label le',
  ],
  ['an unknown function', 'rates(wamp_messages_total[5m])', 'unknown function rates'],
  ['a counter without rate', 'sum(wamp_messages_total)', 'wamp_messages_total only grows: it needs a rate'],
  ['an open bracket', 'sum(rate(wamp_messages_total[5m])', ') is missing'],
  ['a wrong bracket', 'sum(rate(wamp_messages_total[5m)])', ') closes nothing'],
  ['an open string', 'up{job="x}', 'cannot be read from: "x}'],
  ['no metric at all', '1 + 1', 'names no metric'],
] as const) {
  test(`${fault} is a fault`, () => assert.ok(faultsOf(expression).includes(words), faultsOf(expression).join()));
}

test('a selector has the filters that its metric has labels for', () => {
  assert.equal(series('wamp_connections'), 'wamp_connections{job=~"$job",instance=~"$instance"}');
  assert.equal(
    series('wamp_messages_total', { direction: 'sent' }),
    'wamp_messages_total{job=~"$job",instance=~"$instance",realm=~"$realm",direction="sent"}',
  );
});

test('what a matcher says about a label goes before the filter', () => {
  assert.match(series('wamp_session_opened_total', { realm: ['!=', 'x'] }), /realm!="x"/);
  assert.doesNotMatch(series('wamp_session_opened_total', { realm: ['!=', 'x'] }), /\$realm/);
});
