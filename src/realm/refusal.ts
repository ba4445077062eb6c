/** Owns the ERROR that the router makes itself: who made a request gets an answer, whatever its transport can take. */

import type { Cause } from '../tap.js';
import type { MessageCode } from '../wire/codes.js';
import { ErrorUri } from '../wire/errors.js';
import { EMPTY_DICT, error } from '../wire/message.js';
import { NO_PAYLOAD, Payload } from '../wire/payload.js';
import type { Member } from './member.js';

/** Sends ERROR with `uri` and `text`. Peers choose URIs, which the text may tell, so either may be longer than `to` accepts. */
export function refuse(
  to: Member,
  request: MessageCode,
  id: number,
  uri: string,
  text: string,
  cause: Cause | undefined,
): void {
  const { outbox } = to;
  if (outbox.send(error(request, id, EMPTY_DICT, uri, Payload.of([text])), cause) !== 'too_long') return;
  if (outbox.send(error(request, id, EMPTY_DICT, uri, NO_PAYLOAD), cause) !== 'too_long') return;
  outbox.send(error(request, id, EMPTY_DICT, ErrorUri.payloadSizeExceeded, NO_PAYLOAD), cause);
}
