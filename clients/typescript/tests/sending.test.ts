/** What is sent again and what is not, so that nothing is done twice or given up early. */

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { inspect } from 'node:util';
import * as qhronos from '../src/index.js';
import { broken, EVENT, json, refusal, Script, URL } from './script.js';

test('a POST is sent again with the same key: it is done once', async () => {
  const script = new Script(
    broken(),
    refusal(409), // the first one is under way
    broken(),
    refusal(503),
    json(EVENT, 201, { ETag: '"v1"' }),
  );
  const event = await script.client().events.create({ name: 'n' });
  assert.equal(event.id, 'e');
  assert.equal(event.etag, '"v1"');
  assert.equal(script.sent.length, 5);
  assert.equal(new Set(script.keys()).size, 1);
  assert.ok(script.keys()[0]);

  const other = new Script(json(EVENT, 201), json(EVENT, 201));
  await other.client().events.create({ name: 'n' });
  await other.client().events.create({ name: 'n' }, { idempotencyKey: 'mine' });
  assert.notEqual(other.keys()[0], script.keys()[0]);
  assert.equal(other.keys()[1], 'mine');
});

test('a conflict that is answered at once is one', async () => {
  const { events } = new Script(refusal(409)).client();
  await assert.rejects(events.create({ name: 'n' }), (error) => {
    assert.ok(error instanceof qhronos.Conflict && error instanceof qhronos.ApiError);
    assert.equal(error.message, 'Not now.');
    assert.equal(error.name, 'Conflict');
    assert.equal(error.status, 409);
    return true;
  });
});

test('what would not be the same again is not sent again', async () => {
  const update = new Script(broken());
  await assert.rejects(
    update.client().events.update('e', { name: 'n' }, { ifMatch: '"1"' }),
    qhronos.Unreachable,
  );
  const acknowledge = new Script(refusal(503));
  await assert.rejects(
    acknowledge.client().occurrences.acknowledge('w', 'ack-token'),
    qhronos.Unavailable,
  );
  assert.equal(acknowledge.sent[0]?.headers.get('Authorization'), 'Bearer ack-token');
  await assert.rejects(
    new Script(broken()).client().signingSecrets.put('tag'),
    /does not answer at http:\/\/qhronos.test \(other side closed\)/,
  );
  // Who was not connected, or was told to come later, has done nothing.
  const script = new Script(broken('ECONNREFUSED'), refusal(429), json(EVENT));
  await script.client().events.update('e', { name: 'n' }, { ifMatch: '"1"' });
  assert.equal(script.sent.length, 3);
});

test('a deletion that was done the first time is done', async () => {
  await new Script(broken(), refusal(404)).client().events.delete('e');
  await assert.rejects(new Script(refusal(404)).client().events.delete('e'), qhronos.NotFound);
});

test('it waits as long as it is asked to, and not for an hour', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const script = new Script(refusal(429, { 'Retry-After': '7' }), json(EVENT));
  const answer = script.client().events.get('e');
  await settled();
  t.mock.timers.tick(6_999);
  await settled();
  assert.equal(script.sent.length, 1);
  t.mock.timers.tick(1);
  await answer;
  assert.equal(script.sent.length, 2);
  const late = new Script(refusal(429, { 'Retry-After': '3600' }));
  await assert.rejects(late.client().events.get('e'), (error) => {
    assert.ok(error instanceof qhronos.RateLimited);
    assert.equal(error.retryAfterMs, 3_600_000);
    return true;
  });
});

test('by default it outlasts a restart of the service', async () => {
  const pauses: number[] = [];
  const timeout = mock.method(globalThis, 'setTimeout', (work: () => void, ms: number) => {
    if (ms !== 30_000) {
      pauses.push(ms);
      queueMicrotask(work);
    }
    return 0;
  });
  try {
    const refused = Array.from({ length: 8 }, () => broken('ECONNREFUSED'));
    const client = new Script(...refused).client({ retries: {} });
    await assert.rejects(client.events.get('e'), qhronos.Unreachable);
  } finally {
    timeout.mock.restore();
  }
  assert.equal(pauses.length, 7);
  const total = pauses.reduce((sum, one) => sum + one, 0);
  assert.ok(total >= 11_000 && total <= 23_000, `${total}`);
});

test('a time-out of an attempt leads to the next one', async () => {
  const script = new Script('silence', json(EVENT));
  const event = await script.client({ timeoutMs: 5 }).events.get('e');
  assert.equal(event.id, 'e');
  assert.ok(await new Script(json(EVENT)).client({ timeoutMs: Infinity }).events.get('e'));
  const client = new Script('silence').client({ retries: { attempts: 1 } });
  await assert.rejects(client.events.get('e', { timeoutMs: 5 }), /nothing came for 5 ms/);
});

test('a signal ends a call and its pauses with the reason of the signal', async () => {
  const controller = new AbortController();
  const call = new Script('silence').client().events.get('e', { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(call, /^Error: enough$/);
  await assert.rejects(new Script().client().events.get('e', { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  const script = new Script(refusal(429, { 'Retry-After': '50' }));
  const waiting = new AbortController();
  const pausing = script.client().events.get('e', { signal: waiting.signal });
  await settled();
  waiting.abort();
  await assert.rejects(pausing, { name: 'AbortError' });
  assert.equal(script.sent.length, 1);
});

test('an answer that is no JSON names the host', async () => {
  for (const [status, kind] of [
    [200, qhronos.Unavailable],
    [404, qhronos.NotFound],
  ] as const) {
    const client = new Script(new Response('<html>', { status })).client();
    await assert.rejects(client.events.get('e'), (error) => {
      assert.ok(error instanceof kind);
      assert.match(error.message, /qhronos\.test answered .*is this the address/);
      return true;
    });
  }
});

test('the sentence of the service and its fields reach the program', async () => {
  const document = { error: 'The name is too long.', fields: { name: ['At most 200.'] } };
  await assert.rejects(new Script(json(document, 400)).client().events.get('e'), (error) => {
    assert.ok(error instanceof qhronos.Invalid);
    assert.equal(error.message, 'The name is too long.');
    assert.deepEqual(error.fields, { name: ['At most 200.'] });
    return true;
  });
});

test('a redirection is not followed: the token goes to no other address', async () => {
  const script = new Script(
    new Response(null, { status: 308, headers: { Location: 'https://elsewhere.test/' } }),
  );
  await assert.rejects(script.client().events.get('e'), qhronos.ApiError);
  assert.equal(script.sent.length, 1);
  assert.equal(script.sent[0]?.headers.get('Authorization'), 'Bearer a-token');
});

test('ids and keys stay one part of a path, and what leads elsewhere is not asked for', async () => {
  const script = new Script(json(EVENT));
  await script.client().events.getByKey('../a b?c');
  assert.equal(script.sent[0]?.url, `${URL}/events/by-key/..%2Fa%20b%3Fc`);
  for (const id of ['', '.', '..']) {
    await assert.rejects(async () => script.client().events.delete(id), qhronos.NotFound);
  }
});

test('what cannot stand in a header is an error of the program, at once', async () => {
  const script = new Script();
  const options = { idempotencyKey: 'two\nlines' };
  await assert.rejects(script.client().events.create({ name: 'n' }, options), TypeError);
  assert.equal(script.sent.length, 0);
});

test('what cannot be an address or a token is refused', () => {
  for (const [url, token, sentence] of [
    ['', 't', /Say where Qhronos is/],
    [URL, '', /Say who you are/],
    ['qhronos.test', 't', /has to be like/],
    ['ftp://qhronos.test', 't', /has to be like/],
    ['https://user:word@qhronos.test', 't', /has to be like/],
    ['https://[::1', 't', /has to be like/],
    ['https://qhronos.test/?a=b', 't', /has to be like/],
    [URL, 'two words', /no token has/],
    [URL, 't\u00e9', /no token has/],
  ] as const) {
    assert.throws(
      () => new qhronos.Qhronos({ url, token }),
      (error) => {
        assert.ok(error instanceof qhronos.NotConfigured);
        assert.match(error.message, sentence);
        return true;
      },
    );
  }
});

test('the environment says where and who, and nothing prints the token', async () => {
  Object.assign(process.env, {
    QHRONOS_URL: 'https://q.test/below/',
    QHRONOS_TOKEN: 'secret-token',
  });
  try {
    const script = new Script(json(EVENT));
    const client = new qhronos.Qhronos({ fetch: script.fetch });
    await client.events.get('e');
    assert.equal(script.sent[0]?.url, 'https://q.test/below/events/e');
    assert.equal(script.sent[0]?.headers.get('Authorization'), 'Bearer secret-token');
    assert.match(script.sent[0]?.headers.get('User-Agent') ?? '', /^qhronos-typescript\/\d/);
    const shown = inspect(client, { depth: 9, showHidden: true }) + JSON.stringify(client);
    assert.ok(!shown.includes('secret-token'));
  } finally {
    delete process.env.QHRONOS_URL;
    delete process.env.QHRONOS_TOKEN;
  }
});

/** Let all that can go on without a timer go on. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
}
