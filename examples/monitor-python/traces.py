"""Walks the tracing API: nodes, router workers and their traces, and one trace from its start to its end."""

import argparse
import json

import txaio
txaio.use_twisted()

from autobahn.twisted.util import sleep
from autobahn.twisted.wamp import ApplicationSession, ApplicationRunner
from twisted.internet.defer import inlineCallbacks


class ClientSession(ApplicationSession):

    @inlineCallbacks
    def onJoin(self, details):
        session = self
        try:
            started = yield start_traces(session)
            yield print_traces(session)
            yield sleep(session.config.extra['seconds'])
            for node_id, worker_id, trace_id in started:
                yield print_records(session, node_id, worker_id, trace_id)
            yield print_stopped(session, started)
            print('done')
        finally:
            session.leave()

    def onDisconnect(self):
        from twisted.internet import reactor
        if reactor.running:
            reactor.stop()


@inlineCallbacks
def start_traces(session):
    """Starts a trace on each router worker, with the payload of the messages."""
    started = []
    nodes = yield session.call(u'crossbarfabriccenter.list_nodes')
    for node_id in nodes:
        workers = yield session.call(u'crossbarfabriccenter.list_workers', node_id)
        for worker_id in workers:
            trace = yield session.call(u'crossbarfabriccenter.start_trace', node_id, worker_id, None,
                                       {'trace_app_payload': True})
            started.append((node_id, worker_id, trace['id']))
    return started


@inlineCallbacks
def print_traces(session):
    nodes = yield session.call(u'crossbarfabriccenter.list_nodes')
    for node_id in nodes:
        workers = yield session.call(u'crossbarfabriccenter.list_workers', node_id)
        for worker_id in workers:
            worker = yield session.call(u'crossbarfabriccenter.get_worker', node_id, worker_id)
            if worker[u'type'] == u'router':
                traces = yield session.call(u'crossbarfabriccenter.list_traces', node_id, worker_id)
                for trace_id in traces:
                    trace = yield session.call(u'crossbarfabriccenter.get_trace', node_id, worker_id, trace_id)
                    print(trace)


@inlineCallbacks
def print_records(session, node_id, worker_id, trace_id):
    """Prints what has been traced so far, page by page, one record a line."""
    seq = 0
    while True:
        records = yield session.call(u'crossbarfabriccenter.get_trace_data', node_id, worker_id, trace_id, seq)
        if not records:
            break
        for record in records:
            print('record', json.dumps(record))
        seq = records[-1]['seq'] + 1


@inlineCallbacks
def print_stopped(session, started):
    """Stops the traces; their records stay readable for a while."""
    for node_id, worker_id, trace_id in started:
        yield session.call(u'crossbarfabriccenter.stop_trace', node_id, worker_id, trace_id)
        running = yield session.call(u'crossbarfabriccenter.list_traces', node_id, worker_id)
        every = yield session.call(u'crossbarfabriccenter.list_traces', node_id, worker_id, True)
        trace = yield session.call(u'crossbarfabriccenter.get_trace', node_id, worker_id, trace_id)
        print('stopped', json.dumps({'running': running, 'every': every, 'trace': trace}))


if __name__ == '__main__':

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--url', default='ws://localhost:8080/ws', help='The router URL (default: "%(default)s").')
    parser.add_argument('--realm', default='com.wampscope.management',
                        help='The management realm (default: "%(default)s").')
    parser.add_argument('--seconds', type=float, default=5, help='How long to trace (default: %(default)s).')
    args = parser.parse_args()

    txaio.start_logging(level='info')
    runner = ApplicationRunner(url=args.url, realm=args.realm, extra={'seconds': args.seconds})
    runner.run(ClientSession)
