/** Owns wampy as examples and tests use it: joining a realm with the serializer of choice. */

import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import { WebSocket } from 'ws';

const SERIALIZERS = { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer };

export type WampySerializer = keyof typeof SERIALIZERS;

export async function joinWampy(url: string, realm: string, serializer: WampySerializer): Promise<Wampy> {
  const wampy = new Wampy(url, {
    realm,
    // In Node wampy takes a constructor of the browser's shape, which that of `ws` is.
    ws: WebSocket as unknown as NonNullable<NonNullable<ConstructorParameters<typeof Wampy>[1]>['ws']>,
    serializer: new SERIALIZERS[serializer](),
    autoReconnect: false,
  });
  await wampy.connect();
  return wampy;
}
