/** What any platform has to do, without a line that is of Node.js alone: `make typescript`. */

import { deliveries } from '../src/fetch.js';
import {
  InvalidSignature,
  NotFound,
  Qhronos,
  sign,
  Unauthenticated,
  Unreachable,
  verify,
} from '../src/index.js';

function check(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`It does not hold: ${what}.`);
}

async function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error) => error,
  );
}

const qhronos = new Qhronos();
const tags = ['typescript-anywhere', crypto.randomUUID()];
const wanted = { name: 'anywhere', delay: '1d', webhook: 'https://example.com/', tags };

const event = await qhronos.events.create(wanted, { idempotencyKey: tags[1] });
const again = await qhronos.events.create(wanted, { idempotencyKey: tags[1] });
check(event.id === again.id && event.etag, 'an event is created once, with a version');
for await (const one of qhronos.events.createMany([wanted, wanted])) check(one.id, 'a batch');
const found = await qhronos.events.list({ tags, match: 'all', limit: 1 }).toArray();
check(found.length === 3, 'a list is read page by page');

for await (const change of qhronos.changes({ tags })) {
  if (change.kind !== 'ready') break;
  await qhronos.events.delete(event.id);
}

const missing = await thrown(qhronos.events.get(event.id));
check(missing instanceof NotFound && missing.message, 'an error has its type');
const stranger = new Qhronos({ token: 'unknown' });
check((await thrown(stranger.flows.list().toArray())) instanceof Unauthenticated, 'a token');

// Nothing listens there, so nothing was sent: also what is not sent twice is sent again.
let attempts = 0;
const nowhere = new Qhronos({
  url: 'http://127.0.0.1:2',
  retries: { attempts: 3, firstMs: 0 },
  fetch: (url, init) => {
    attempts += 1;
    return fetch(url, init);
  },
});
const refused = await thrown(nowhere.signingSecrets.put('tag'));
check(refused instanceof Unreachable && attempts === 3, `it is tried again: ${attempts}`);

const stopped = await thrown(qhronos.status({ signal: AbortSignal.abort(new Error('enough')) }));
check((stopped as Error).message === 'enough', 'a signal ends a call');
const late = await thrown(
  new Qhronos({ retries: { attempts: 1 }, timeoutMs: 1 }).forecast({ timeoutMs: 0 }),
);
check(late instanceof Unreachable, 'a call has a time limit');

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const headers = await sign(secret, 'id-1', '{"a":1}');
check((await verify(headers, '{"a":1}', ['other', secret])).webhookId === 'id-1', 'verify');
const changed = await thrown(verify(headers, '{"a":2}', secret));
check(changed instanceof InvalidSignature, 'what was changed is refused');
const handle = deliveries(secret, () => {});
const request = { method: 'POST', headers, body: '{"a":1}' };
check((await handle(new Request('http://x/', request))).status === 204, 'a handler of fetch');
check((await handle(new Request('http://x/', { ...request, body: '' }))).status === 401, 'a 401');
console.log('done');
