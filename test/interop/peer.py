"""Owns the autobahn-python side of the interoperability tests: it serves, calls, and tells in JSON lines what came of it."""

import argparse
import json
import sys

from autobahn.twisted.util import sleep
from autobahn.twisted.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions
from twisted.internet.defer import CancelledError

SERIALIZERS = {'json': JsonSerializer, 'msgpack': MsgPackSerializer, 'cbor': CBORSerializer}
OUT = sys.stdout


def tell(what, **more):
    OUT.write(json.dumps({'what': what, **more}) + '\n')
    OUT.flush()


class Peer(ApplicationSession):

    async def onJoin(self, details):
        tell('joined', session=details.session, authrole=details.authrole)
        await self.register(lambda *args, **kwargs: [list(args), kwargs], 'com.python.echo')
        await self.register(self.fail, 'com.python.fail')
        await self.register(self.stream, 'com.python.stream', RegisterOptions(details_arg='details'))
        await self.register(self.slow, 'com.python.slow')
        await self.register(self.quit, 'com.python.quit')
        await self.subscribe(self.on_event, 'com.js', SubscribeOptions(match='prefix', details_arg='details'))
        await self.call_others()
        publication = await self.publish('com.python.topic', 1, 'two', three=3.5,
                                         options=PublishOptions(acknowledge=True))
        tell('published', publication=publication.id)
        tell('ready')

    def fail(self, *args):
        raise ApplicationError('com.python.error.bad', *args, why='because')

    async def stream(self, n, details=None):
        for i in range(n):
            details.progress(i)
        return n

    async def slow(self):
        tell('slow has begun')
        try:
            await sleep(30)
        except CancelledError:
            # autobahn-python would make wamp.error.runtime_error of it.
            tell('slow was interrupted')
            raise ApplicationError(ApplicationError.CANCELED)
        return 'never'

    def quit(self):
        from twisted.internet import reactor
        # After the answer.
        reactor.callLater(0, self.leave, 'com.python.end')

    def on_event(self, *args, details=None, **kwargs):
        tell('event', topic=details.topic, args=args, kwargs=kwargs)

    async def call_others(self):
        tell('result', value=await self.call('com.js.double', 21))
        parts = []
        end = await self.call('com.js.stream', 3, options=CallOptions(on_progress=parts.append))
        tell('streamed', parts=parts, end=end)
        for procedure, options in [('com.js.fail', {}), ('com.js.missing', {}), ('com.js.slow', {'timeout': 100})]:
            try:
                await self.call(procedure, options=CallOptions(**options))
            except ApplicationError as error:
                tell('error', procedure=procedure, error=error.error)

    def onLeave(self, details):
        tell('left', reason=details.reason)
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
    runner = ApplicationRunner(args.url, 'realm1', serializers=[SERIALIZERS[args.serializer]()])
    runner.run(Peer, log_level='warn')
