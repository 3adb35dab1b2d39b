/** The helpers hand over what is signed, answer 401 to the rest, and let failures be tried again. */

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { deliveries as forExpress } from '../src/express.js';
import { deliveries as forFetch } from '../src/fetch.js';
import { sign } from '../src/index.js';

const SECRET = 'a secret of the tests';
const BODY = '{"name":"n"}';

async function signed(body = BODY): Promise<RequestInit> {
  return { method: 'POST', body, headers: await sign(SECRET, 'id-1', body) };
}

async function listening<T>(listener: RequestListener, work: (url: string) => T): Promise<T> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a handler of fetch is given deliveries', async () => {
  const handle = forFetch(
    () => SECRET,
    async (delivery) => {
      const { name } = delivery.json<{ name: string }>();
      return name === 'x' ? new Response('own', { status: 202 }) : undefined;
    },
  );
  const request = async (body: string): Promise<Response> =>
    handle(new Request('http://x/', await signed(body)));
  assert.equal((await request(BODY)).status, 204);
  assert.equal((await request('{"name":"x"}')).status, 202);
  const refused = await handle(new Request('http://x/', { method: 'POST', body: BODY }));
  assert.equal(refused.status, 401);
  assert.ok(((await refused.json()) as { error: string }).error);
  await assert.rejects(request('no JSON'), SyntaxError);
});

test('a handler of Node is given deliveries', async () => {
  const seen: string[] = [];
  const handle = forExpress(SECRET, async (delivery, _, response) => {
    seen.push(delivery.webhookId);
    if (delivery.text() === 'own') {
      response.statusCode = 202;
      response.end();
    }
    if (delivery.text() === 'fails') throw new Error('it fails');
  });
  await listening(handle, async (url) => {
    assert.equal((await fetch(url, await signed())).status, 204);
    assert.equal((await fetch(url, await signed('own'))).status, 202);
    assert.equal((await fetch(url, await signed('fails'))).status, 500);
    assert.equal((await fetch(url, { ...(await signed()), body: '{}' })).status, 401);
    assert.equal((await fetch(url, await signed('x'.repeat(1_048_577)))).status, 413);
  });
  assert.equal(seen.length, 3);
});

test('an error goes to the handlers of Express', async () => {
  const errors: unknown[] = [];
  const handle = forExpress(SECRET, () => {
    throw new Error('it fails');
  });
  const listener: RequestListener = (request, response) =>
    handle(request, response, (error) => {
      errors.push(error);
      response.writeHead(500).end();
    });
  await listening(listener, async (url) => {
    assert.equal((await fetch(url, await signed())).status, 500);
  });
  assert.match(String(errors[0]), /it fails/);
});

test('a body that express.raw has read is taken, and one that was parsed is an error', async () => {
  const errors: unknown[] = [];
  const handle = forExpress(SECRET, () => {});
  const middleware =
    (parse: (body: Buffer) => unknown): RequestListener =>
    async (request: IncomingMessage & { body?: unknown }, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      request.body = parse(Buffer.concat(parts));
      await handle(request, response, (error) => {
        errors.push(error);
        response.writeHead(500).end();
      });
    };
  await listening(
    middleware((body) => body),
    async (url) => {
      assert.equal((await fetch(url, await signed())).status, 204);
    },
  );
  await listening(
    middleware((body) => JSON.parse(String(body))),
    async (url) => {
      assert.equal((await fetch(url, await signed())).status, 500);
    },
  );
  assert.match(String(errors[0]), /before express\.json\(\)/);
});
