"""Owns an instrumented autobahn-python client: it reads and sets trace context by hand, where autobahn has no place for it."""

import argparse
import json
import os
import sys

from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp import message
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer

SERIALIZERS = {'json': JsonSerializer, 'msgpack': MsgPackSerializer, 'cbor': CBORSerializer}
OUT = sys.stdout
# Of the newest INVOCATION and EVENT, and what the next CALL and PUBLISH carry.
received = {}
outgoing = {}


def tell(what, **more):
    OUT.write(json.dumps({'what': what, **more}) + '\n')
    OUT.flush()


def reading(kind, name):
    parse = kind.parse

    def traced(wmsg):
        received[name] = wmsg[3]
        return parse(wmsg)

    kind.parse = staticmethod(traced)


def writing(kind):
    marshal = kind.marshal

    def traced(self):
        wmsg = marshal(self)
        wmsg[2] = {**wmsg[2], **outgoing}
        return wmsg

    kind.marshal = traced


class Peer(ApplicationSession):

    async def onJoin(self, details):
        await self.register(self.relay, 'com.python.relay')
        await self.register(self.quit, 'com.python.quit')
        await self.subscribe(lambda: tell('event', details=received['event']), 'com.js.topic')
        tell('ready')

    async def relay(self, value):
        """A span of its own between the call that comes and the one that goes."""
        context = received['invocation']
        version, trace, parent, flags = context['_traceparent'].split('-')
        span = os.urandom(8).hex()
        outgoing.clear()
        outgoing.update({**context, '_traceparent': f'{version}-{trace}-{span}-{flags}'})
        result = await self.call('com.js.double', value)
        self.publish('com.python.topic')
        outgoing.clear()
        return {'context': context, 'span': span, 'result': result}

    def quit(self):
        from twisted.internet import reactor
        reactor.callLater(0, self.leave)

    def onLeave(self, details):
        self.disconnect()

    def onDisconnect(self):
        from twisted.internet import reactor
        if reactor.running:
            reactor.stop()


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--url')
    parser.add_argument('--serializer', choices=SERIALIZERS)
    args = parser.parse_args()
    reading(message.Invocation, 'invocation')
    reading(message.Event, 'event')
    writing(message.Call)
    writing(message.Publish)
    runner = ApplicationRunner(args.url, 'realm1', serializers=[SERIALIZERS[args.serializer]()])
    runner.run(Peer, log_level='warn')
