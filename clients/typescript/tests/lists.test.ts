/** Lists page by page, many events at once, and streams. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as qhronos from '../src/index.js';
import { broken, EVENT, json, refusal, Script, URL } from './script.js';

const NEXT = { Link: '<https://elsewhere.test/events?limit=1&cursor=c%2B1>; rel="next"' };

test('a list reads its next page when one comes to it, from the address that was given', async () => {
  const script = new Script(json([EVENT, EVENT], 200, NEXT), json([EVENT]));
  const list = script.client().events.list({ tags: ['a', 'b'], limit: 2, status: undefined });
  assert.equal(script.sent.length, 0);
  const found: string[] = [];
  for await (const event of list) {
    found.push(event.id);
    assert.equal(script.sent.length, found.length < 3 ? 1 : 2);
  }
  assert.equal(found.length, 3);
  assert.equal(script.sent[0]?.url, `${URL}/events?tags=a%2Cb&limit=2`);
  assert.equal(script.sent[1]?.url, `${URL}/events?limit=1&cursor=c%2B1`);
});

test('who has enough reads no further', async () => {
  const script = new Script(json([EVENT, EVENT], 200, NEXT));
  assert.equal((await script.client().events.list().toArray(2)).length, 2);
  assert.equal(script.sent.length, 1);
});

test('a page has a cursor, with which another process goes on', async () => {
  const script = new Script(json([EVENT], 200, NEXT), json([]));
  const cursors: (string | undefined)[] = [];
  for await (const page of script.client().events.list().pages()) cursors.push(page.cursor);
  assert.deepEqual(cursors, ['c+1', undefined]);
});

test('a list in an envelope, times as Date', async () => {
  const script = new Script(json({ data: [{ id: 'o' }], pagination: {} }));
  const filters = { from: new Date(0), status: ['failed', 'missed'] };
  const found = await script.client().occurrences.list(filters).toArray();
  assert.equal(found[0]?.id, 'o');
  assert.equal(
    new globalThis.URL(script.sent[0]?.url ?? '').search,
    '?from=1970-01-01T00%3A00%3A00.000Z&status=failed%2Cmissed',
  );
});

test('a great batch is sent in parts with keys of their own, and the numbers go through', async () => {
  const sizes: number[] = [];
  const keys: (string | null)[] = [];
  const fetch = async (_: string, init: RequestInit): Promise<Response> => {
    const body = String(init.body);
    sizes.push(Buffer.byteLength(body));
    keys.push(new Headers(init.headers).get('Idempotency-Key'));
    const { events } = JSON.parse(body) as { events: unknown[] };
    return json({ results: events.map((_, index) => ({ index, status: 201, id: 'i' })) }, 201);
  };
  const many = function* (): Generator<qhronos.EventCreate> {
    for (let n = 0; n < 1500; n += 1) {
      yield { name: 'n', description: 'x'.repeat(n < 1000 ? 4000 : 0) };
    }
  };
  const { events } = new Script().client({ fetch });
  const indexes: number[] = [];
  for await (const one of events.createMany(many(), { idempotencyKey: 'k' })) {
    indexes.push(one.index);
  }
  assert.deepEqual(
    indexes,
    Array.from({ length: 1500 }, (_, index) => index),
  );
  assert.ok(Math.max(...sizes) < 4 * 1024 * 1024);
  assert.equal(keys[0], 'k-0');
  assert.equal(new Set(keys).size, 2);
  await assert.rejects(async () => {
    for await (const _ of events.createMany(many(), { atomic: true }));
  }, /^Invalid: An atomic batch has at most 1,000 events/);
});

test('a batch of which nothing was created says of each what became of it', async () => {
  const results = [{ index: 0, status: 400, error: 'No.' }];
  const script = new Script(json({ error: 'No.', results }, 400));
  const found = [];
  for await (const one of script.client().events.createMany([{ name: 'n' }])) found.push(one);
  assert.deepEqual(found, results);
});

test('a dead letter is what has failed, unless asked otherwise', async () => {
  const script = new Script(json({ data: [] }), json({ count: 3 }), json({ id: 'j' }, 202));
  const { deadLetters } = script.client();
  await deadLetters.list({ tags: ['a'] }).toArray();
  assert.equal(await deadLetters.count({ tags: ['a'] }), 3);
  await deadLetters.redeliver(
    { status: 'missed', from: new Date(0) },
    { rate: '1/s', stopAtErrorRate: 0.5, idempotencyKey: 'k' },
  );
  assert.match(script.sent[0]?.url ?? '', /status=failed&tags=a$/);
  assert.equal(script.sent[1]?.headers.get('Idempotency-Key'), null);
  assert.deepEqual(JSON.parse(String(script.sent[2]?.body)), {
    filter: { status: 'missed', from: '1970-01-01T00:00:00.000Z' },
    rate: '1/s',
    stop_at_error_rate: 0.5,
  });
  assert.equal(script.keys()[2], 'k');
});

test('a stream is cut into changes, wherever its parts end', async () => {
  const text =
    ': hello\nid: 1-0\nevent: ready\ndata: {}\n\nid:2-0\r\ndata: {"é":\r\ndata: 1}\r\n\r\n';
  const bytes = Buffer.from(text);
  const body = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const script = new Script(new Response(body));
  const found = [];
  for await (const one of script.client().changes({ tags: ['a'], lastId: '0-9' })) found.push(one);
  assert.deepEqual(found, [
    { id: '1-0', kind: 'ready', data: {} },
    { id: '2-0', kind: 'message', data: { é: 1 } },
  ]);
  assert.equal(script.sent[0]?.headers.get('Last-Event-ID'), '0-9');
  assert.equal(script.sent[0]?.url, `${URL}/events/stream?tags=a`);
});

test('a stream that is refused or cut off says so, and one that is left is closed', async () => {
  const script = new Script(refusal(401), broken(), refusal(403));
  const client = script.client();
  const all = async (list: AsyncIterable<unknown>): Promise<void> => {
    for await (const _ of list);
  };
  await assert.rejects(all(client.changes()), qhronos.Unauthenticated);
  await assert.rejects(all(client.changes()), /was cut off \(other side closed\)/);
  await assert.rejects(all(client.auditLines()), qhronos.Forbidden);
  let signal: AbortSignal | null | undefined;
  const fetch = async (_: string, init: RequestInit): Promise<Response> => {
    signal = init.signal;
    return new Response('id: 1\nevent: ready\n\n');
  };
  for await (const _ of script.client({ fetch }).changes()) break;
  assert.ok(signal?.aborted);
});
