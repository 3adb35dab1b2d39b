/** A receiver takes what was sent to it just now, and nothing else. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Delivery, InvalidSignature, sign, verify } from '../src/index.js';

interface Vector {
  name: string;
  outcome: 'accepted' | 'refused' | 'no secret';
  headers: Record<string, string>;
  body: string;
  secrets: string[];
  now: number;
  tolerance?: number;
}

/** Those that the tests of the service and of the Python client have, too. */
function vectors<T>(name: string): T {
  const place = new URL(`../../../../tests/vectors/${name}`, import.meta.url);
  return JSON.parse(readFileSync(place, 'utf8')) as T;
}

for (const vector of vectors<{ deliveries: Vector[] }>('deliveries.json').deliveries) {
  test(`a delivery is ${vector.outcome}: ${vector.name}`, async () => {
    const body = Buffer.from(vector.body, 'base64');
    const { now, tolerance = 300 } = vector;
    const options = { now: now * 1000, toleranceMs: tolerance * 1000 };
    const found = verify(vector.headers, body, vector.secrets, options);
    if (vector.outcome === 'accepted') {
      const delivery = await found;
      assert.ok(delivery instanceof Delivery);
      assert.deepEqual(delivery.body, body);
    } else {
      await assert.rejects(found, vector.outcome === 'refused' ? InvalidSignature : TypeError);
    }
  });
}

interface Standard {
  vectors: {
    name: string;
    secret: string;
    id: string;
    timestamp: number;
    payload: string;
    signature: string;
  }[];
}

for (const one of vectors<Standard>('standard_webhooks.json').vectors) {
  test(`it agrees with the standard: ${one.name}`, async () => {
    const now = one.timestamp * 1000;
    const headers = await sign(one.secret, one.id, one.payload, { now });
    assert.equal(headers['webhook-signature'], one.signature);
    const delivery = await verify(headers, one.payload, one.secret, { now });
    assert.equal(delivery.webhookId, one.id);
    assert.equal(delivery.sentAt.getTime(), now);
  });
}

test('headers may be those of fetch, of Node, or pairs, and bytes of any kind', async () => {
  const headers = await sign('secret', 'id-1', '{"a":1}');
  const bytes = new TextEncoder().encode('{"a":1}');
  for (const given of [
    new Headers(headers),
    Object.entries(headers),
    { ...headers, cookie: ['a', 'b'], host: undefined },
  ]) {
    for (const body of [bytes, bytes.buffer, Buffer.from(bytes)]) {
      const delivery = await verify(given, body, 'secret');
      assert.deepEqual(delivery.json(), { a: 1 });
    }
  }
});

test('a body that was parsed is an error of the program, not a wrong signature', async () => {
  const headers = await sign('secret', 'id-1', '{}');
  await assert.rejects(verify(headers, {} as string, 'secret'), /exact bytes/);
});

test('a tolerance that is no number refuses everything', async () => {
  const headers = await sign('secret', 'id-1', '{}');
  const options = { toleranceMs: Number.NaN };
  await assert.rejects(verify(headers, '{}', 'secret', options), InvalidSignature);
});

test('a delivery has the token that acknowledges it later', async () => {
  const headers = { ...(await sign('s', 'id-1', '')), 'Qhronos-Ack-Token': '1.x' };
  assert.equal((await verify(headers, '', 's')).ackToken, '1.x');
});
