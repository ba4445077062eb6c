// Owns the yardstick B: the smallest honest WAMP v2 JSON router on plain `ws`, with no auth, no checks and one realm.
//
// It stays naive on purpose: one JSON.parse per message in, one JSON.stringify per message out (per publication for
// EVENT), one ws.send(string) per receiver. Making it faster would silently change the meaning of every ratio.
import { WebSocketServer } from 'ws';

const HELLO = 1;
const WELCOME = 2;
const GOODBYE = 6;
const ERROR = 8;
const PUBLISH = 16;
const PUBLISHED = 17;
const SUBSCRIBE = 32;
const SUBSCRIBED = 33;
const EVENT = 36;
const CALL = 48;
const RESULT = 50;
const REGISTER = 64;
const REGISTERED = 65;
const INVOCATION = 68;
const YIELD = 70;

const subscriptions = new Map();
const registrations = new Map();
const calls = new Map();
let lastObjectId = 0;
let lastInvocation = 0;

const randomId = () => Math.floor(Math.random() * 2 ** 53);

/** Appends the payload, args then kwargs, only as far as the incoming message carried one. */
function withPayload(head, message, argsAt) {
  if (message.length > argsAt) head.push(message[argsAt]);
  if (message.length > argsAt + 1) head.push(message[argsAt + 1]);
  return head;
}

class Peer {
  subscriptions = new Set();
  registrations = new Set();

  constructor(socket) {
    this.socket = socket;
  }

  send(message) {
    this.socket.send(JSON.stringify(message));
  }

  receive(data) {
    const message = JSON.parse(data);
    switch (message[0]) {
      case HELLO:
        this.send([WELCOME, randomId(), { roles: { broker: {}, dealer: {} } }]);
        break;
      case GOODBYE:
        this.send([GOODBYE, {}, 'wamp.close.goodbye_and_out']);
        this.socket.close();
        break;
      case SUBSCRIBE:
        this.subscribe(message);
        break;
      case PUBLISH:
        this.publish(message);
        break;
      case REGISTER:
        this.register(message);
        break;
      case CALL:
        this.call(message);
        break;
      case YIELD:
        this.answer(message);
        break;
    }
  }

  subscribe([, request, , topic]) {
    let subscription = subscriptions.get(topic);
    if (!subscription) {
      lastObjectId += 1;
      subscription = { id: lastObjectId, peers: new Set() };
      subscriptions.set(topic, subscription);
    }
    subscription.peers.add(this);
    this.subscriptions.add(subscription);
    this.send([SUBSCRIBED, request, subscription.id]);
  }

  publish(message) {
    const publication = randomId();
    const subscription = subscriptions.get(message[3]);
    if (subscription) {
      const text = JSON.stringify(withPayload([EVENT, subscription.id, publication, {}], message, 4));
      for (const peer of subscription.peers) if (peer !== this) peer.socket.send(text);
    }
    if (message[2].acknowledge) this.send([PUBLISHED, message[1], publication]);
  }

  register([, request, , procedure]) {
    lastObjectId += 1;
    const registration = { id: lastObjectId, procedure, callee: this };
    registrations.set(procedure, registration);
    this.registrations.add(registration);
    this.send([REGISTERED, request, registration.id]);
  }

  call(message) {
    const registration = registrations.get(message[3]);
    if (!registration) {
      this.send([ERROR, CALL, message[1], {}, 'wamp.error.no_such_procedure']);
      return;
    }
    lastInvocation += 1;
    calls.set(lastInvocation, { caller: this, request: message[1] });
    registration.callee.send(withPayload([INVOCATION, lastInvocation, registration.id, {}], message, 4));
  }

  answer(message) {
    const call = calls.get(message[1]);
    if (!call) return;
    calls.delete(message[1]);
    call.caller.send(withPayload([RESULT, call.request, {}], message, 3));
  }

  leave() {
    for (const subscription of this.subscriptions) subscription.peers.delete(this);
    for (const registration of this.registrations) {
      const { procedure } = registration;
      if (registrations.get(procedure) === registration) registrations.delete(procedure);
    }
  }
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  perMessageDeflate: false,
  handleProtocols: offered => (offered.has('wamp.2.json') ? 'wamp.2.json' : false),
});

server.on('connection', socket => {
  const peer = new Peer(socket);
  socket.on('message', data => peer.receive(data));
  socket.on('error', () => {});
  socket.on('close', () => peer.leave());
});
