/** Owns the dashboard of calls: how many, how many failed, how long they took and where. */

import { type DashboardSpec, tracesOf } from '../frame.js';
import { mean, quantile, rate, series, share, sum } from '../promql.js';

const CALLS = series('rpc_server_call_duration_seconds_count', {}, true);
const FAILED = series('rpc_server_call_duration_seconds_count', { error_type: ['!=', ''] }, true);
const BUCKETS = series('rpc_server_call_duration_seconds_bucket', {}, true);
const CALLEE = 'wamp_callee_time_seconds';
const ROUTER = 'wamp_router_time_seconds';

/** A procedure's row or line leads to its calls in Jaeger. */
const TRACES_OF_LINE = tracesOf('call ${__field.labels.rpc_method}');
const TRACES_OF_ROW = tracesOf('call ${__data.fields.Procedure}');

const byMethod = ['rpc_method'];

export const RPC: DashboardSpec = {
  uid: 'wampscope-rpc',
  title: 'wampscope: RPC',
  description: 'Calls by procedure: rate, errors, latency, and who of caller, router and callee took the time.',
  variables: ['datasource', 'jaeger', 'service', 'job', 'instance', 'realm', 'method'],
  rows: [
    {
      title: 'Rate, errors, duration',
      panels: [
        {
          kind: 'timeseries',
          title: 'Calls by procedure',
          shows: 'Calls that ended, per second; the ten busiest procedures.',
          bad: 'a procedure that stops, or one that takes all there is.',
          unit: 'reqps',
          width: 8,
          limits: 'none',
          stacked: true,
          links: [TRACES_OF_LINE],
          targets: [{ expr: `topk(10, ${sum(byMethod, rate(CALLS))})`, legend: '{{rpc_method}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Share of calls that failed',
          shows: 'ERROR replies that count as errors, of all calls; the ten worst procedures.',
          bad: 'more than your error budget; 1 % is orange, 5 % red.',
          unit: 'percentunit',
          width: 8,
          limits: { warn: 0.01, bad: 0.05 },
          links: [tracesOf('call ${__field.labels.rpc_method}', { error: 'true' })],
          targets: [{ expr: `topk(10, ${share(byMethod, FAILED, CALLS)})`, legend: '{{rpc_method}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Latency, p99, by procedure',
          shows:
            'A hundredth of the calls took longer, from CALL received to the last RESULT or ERROR sent; the ten slowest. A diamond is one call: click it for its trace.',
          bad: 'above what its callers wait for; half a second is orange, one second red.',
          unit: 's',
          width: 8,
          limits: { warn: 0.5, bad: 1 },
          links: [TRACES_OF_LINE],
          targets: [
            { expr: `topk(10, ${quantile(0.99, byMethod, BUCKETS)})`, legend: '{{rpc_method}}', exemplar: true },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Latency of all chosen procedures',
          shows:
            'Half, nearly all and all but a hundredth of the calls were faster. A diamond is one call with a trace.',
          bad: 'p99 that leaves p50 behind: some calls wait for something.',
          unit: 's',
          width: 12,
          limits: { warn: 0.5, bad: 1 },
          links: [tracesOf()],
          targets: [0.5, 0.95, 0.99].map(q => ({
            expr: quantile(q, [], BUCKETS),
            legend: `p${q * 100}`,
            exemplar: true,
          })),
        },
        {
          kind: 'heatmap',
          title: 'Latency of all calls',
          shows: 'How many calls per second took how long. Pink marks are single calls: click one for its trace.',
          bad: 'two bands where there was one (two kinds of calls, or one callee of several is slow); a band that climbs.',
          unit: 's',
          width: 12,
          limits: 'none',
          targets: [{ expr: sum(['le'], rate(BUCKETS)), legend: '{{le}}', exemplar: true }],
        },
        {
          kind: 'table',
          title: 'Procedures',
          shows: 'All chosen procedures over the time shown. A click on one opens its traces.',
          bad: 'what is orange or red. _OTHER is all procedures beyond the limit on names.',
          unit: 'short',
          width: 24,
          height: 9,
          limits: 'none',
          columns: { rpc_method: 'Procedure', realm: 'Realm' },
          links: [TRACES_OF_ROW],
          targets: [
            { expr: `sum by (realm, rpc_method) (rate(${CALLS}[$__range]))`, legend: 'Calls/s', unit: 'reqps' },
            {
              expr: `(sum by (realm, rpc_method) (rate(${FAILED}[$__range])) or sum by (realm, rpc_method) (rate(${CALLS}[$__range])) * 0) / (sum by (realm, rpc_method) (rate(${CALLS}[$__range])) > 0)`,
              legend: 'Failed',
              unit: 'percentunit',
              limits: { warn: 0.01, bad: 0.05 },
            },
            ...[0.5, 0.95, 0.99].map(q => ({
              expr: `histogram_quantile(${q}, sum by (le, realm, rpc_method) (rate(${BUCKETS}[$__range])))`,
              legend: `p${q * 100}`,
              unit: 's',
              limits: { warn: 0.5, bad: 1 },
            })),
          ],
        },
      ],
    },
    {
      title: 'Where the time goes',
      panels: [
        {
          kind: 'timeseries',
          title: 'Latency split, mean',
          shows:
            'The mean call, one part upon the other: in the router from CALL to INVOCATION, at the callee with the network to it and back, in the router from YIELD to RESULT.',
          bad: 'a growing callee part: look at the callee. A growing router part: its event loop is busy, see Runtime.',
          unit: 's',
          width: 12,
          limits: 'none',
          stacked: true,
          targets: [
            {
              expr: mean([], series(`${ROUTER}_sum`, { leg: 'call' }), series(`${ROUTER}_count`, { leg: 'call' })),
              legend: 'router: CALL to INVOCATION',
              colour: 'blue',
            },
            {
              expr: mean([], series(`${CALLEE}_sum`, {}, true), series(`${CALLEE}_count`, {}, true)),
              legend: 'network and callee',
              colour: 'green',
            },
            {
              expr: mean([], series(`${ROUTER}_sum`, { leg: 'result' }), series(`${ROUTER}_count`, { leg: 'result' })),
              legend: 'router: YIELD to RESULT',
              colour: 'purple',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Latency split, p99',
          shows:
            'A hundredth of the calls spent longer in the router on the way there, at the callee, or on the way back.',
          bad: 'the router above 10 ms: its event loop is busy, or a connection is not written at once.',
          unit: 's',
          width: 12,
          limits: 'none',
          logarithmic: true,
          links: [tracesOf()],
          targets: [
            {
              expr: quantile(0.99, [], series(`${ROUTER}_bucket`, { leg: 'call' })),
              legend: 'router: CALL to INVOCATION',
              colour: 'blue',
            },
            {
              expr: quantile(0.99, [], series(`${CALLEE}_bucket`, {}, true)),
              legend: 'network and callee',
              colour: 'green',
            },
            {
              expr: quantile(0.99, [], series(`${ROUTER}_bucket`, { leg: 'result' })),
              legend: 'router: YIELD to RESULT',
              colour: 'purple',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Time with the callee, p95, by procedure',
          shows: 'From INVOCATION sent to the last YIELD or ERROR: network and callee; the ten slowest procedures.',
          bad: 'the one that explains a slow call: look at its callee.',
          unit: 's',
          width: 12,
          limits: { warn: 0.5, bad: 1 },
          links: [tracesOf('invoke ${__field.labels.rpc_method}')],
          targets: [
            {
              expr: `topk(10, ${quantile(0.95, byMethod, series(`${CALLEE}_bucket`, {}, true))})`,
              legend: '{{rpc_method}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Calls under way',
          shows: 'Calls that have begun and not ended.',
          bad: 'a climb without end: callees that never answer. Give the calls a timeout.',
          unit: 'none',
          width: 12,
          limits: 'none',
          targets: [{ expr: `sum by (realm) (${series('wamp_call_inflight')})`, legend: '{{realm}}' }],
        },
      ],
    },
    {
      title: 'How calls end',
      panels: [
        {
          kind: 'timeseries',
          title: 'Errors of calls',
          shows: 'Failed calls per second, by error; the ten most frequent.',
          bad: 'no_such_procedure and no_available_callee: a callee is gone. timeout: a callee is stuck.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          noValue: 'no call failed',
          links: [tracesOf(undefined, { 'error.type': '${__field.labels.error_type}' })],
          targets: [{ expr: `topk(10, ${sum(['error_type'], rate(FAILED))})`, legend: '{{error_type}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Registrations',
          shows: 'Registrations by realm and way of matching, those of the router itself included.',
          bad: 'a step down: callees are gone, and their callers get no_such_procedure.',
          unit: 'none',
          width: 8,
          limits: 'none',
          targets: [
            { expr: `sum by (realm, match) (${series('wamp_registrations')})`, legend: '{{realm}}, {{match}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Progressive results',
          shows: 'Results per second that were not the last of their call.',
          bad: 'many more than callers can take: they become slow consumers.',
          unit: 'cps',
          width: 8,
          limits: 'none',
          targets: [{ expr: sum(['realm'], rate(series('wamp_call_progress_results_total'))), legend: '{{realm}}' }],
        },
      ],
    },
  ],
};
