/** Against a real instance, which QHRONOS_URL and QHRONOS_TOKEN name: see `make typescript`. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { deliveries } from '../src/express.js';
import {
  Conflict,
  type Delivery,
  type DeliveryBody,
  Forbidden,
  Invalid,
  NotFound,
  Qhronos,
  StaleVersion,
  Unauthenticated,
  Unreachable,
} from '../src/index.js';

const SECRET = process.env.WEBHOOK_SECRET ?? '';
const TAG = 'typescript';
const IN_A_YEAR = new Date(Date.now() + 365 * 86_400_000);

const qhronos = new Qhronos();
const received: Delivery[] = [];
let fails = false;
let waiting: (() => void) | undefined;

const server = createServer(
  deliveries(SECRET, (delivery, _, response) => {
    received.push(delivery);
    waiting?.();
    if (fails) response.statusCode = 500;
    if (delivery.headers['x-later']) {
      response.statusCode = 202;
      response.setHeader('Qhronos-Ack', 'required');
    }
    if (response.statusCode !== 200) response.end();
  }),
);
let webhook = '';

before(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

after(() => {
  server.closeAllConnections();
  server.close();
});

/** Wait for a delivery that fits, also for one that is there already. */
async function delivery(fits: (one: Delivery) => boolean): Promise<Delivery> {
  for (;;) {
    const found = received.find(fits);
    if (found) return found;
    await new Promise<void>((done) => {
      waiting = done;
    });
  }
}

/** Ask until it is so: the result of a delivery is recorded after its answer. */
async function until<T>(ask: () => Promise<T>, isSo: (found: T) => boolean): Promise<T> {
  for (;;) {
    const found = await ask();
    if (isSo(found)) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
}

test('an event is created once, delivered, verified and recorded', async () => {
  const options = { idempotencyKey: 'typescript-1' };
  const wanted = { name: 'n', delay: '1s', webhook, tags: [TAG], metadata: { a: 1 } };
  const event = await qhronos.events.create(wanted, options);
  const again = await qhronos.events.create(wanted, options);
  assert.equal(again.id, event.id);
  const got = await delivery((one) => one.json<DeliveryBody>().event_id === event.id);
  assert.deepEqual(got.json<DeliveryBody>().metadata, { a: 1 });
  const occurrence = await until(
    () => qhronos.occurrences.get(got.webhookId),
    (one) => one.status === 'completed',
  );
  assert.equal(occurrence.event_id, event.id);
  const [attempt] = await qhronos.occurrences.attempts(got.webhookId);
  assert.equal(attempt?.status_code, 204);
  const listed = await qhronos.occurrences.list({ event_id: event.id }).toArray();
  assert.deepEqual(
    listed.map((one) => one.id),
    [got.webhookId],
  );
});

test('an event is read, changed by its version, previewed, paused and deleted', async () => {
  const schedule = { cron: '0 9 * * 1-5' };
  const created = await qhronos.events.create({
    name: 'workdays',
    start_time: IN_A_YEAR,
    schedule,
    webhook,
    tags: [TAG],
  });
  const event = await qhronos.events.get(created.id);
  assert.ok(event.etag);
  const ifMatch = event.etag;
  const changed = await qhronos.events.update(event.id, { description: 'changed' }, { ifMatch });
  assert.equal(changed.description, 'changed');
  assert.equal(changed.name, 'workdays');
  const late = qhronos.events.update(event.id, { description: 'late' }, { ifMatch });
  await assert.rejects(late, StaleVersion);
  const later = { start_time: new Date(IN_A_YEAR.getTime() + 7 * 86_400_000) };
  assert.ok((await qhronos.events.difference(event.id, later)).removed.length);
  assert.equal((await qhronos.events.preview(event.id, { count: 3 })).length, 3);
  const paused = await qhronos.events.pause(event.id, { until: IN_A_YEAR, note: 'holidays' });
  assert.equal(paused.status, 'paused');
  assert.equal((await qhronos.events.resume(event.id)).status, 'active');
  const occurrence = await qhronos.events.trigger(event.id);
  assert.equal((await delivery((one) => one.webhookId === occurrence.id)).body.length > 0, true);
  await qhronos.events.delete(event.id);
  await assert.rejects(qhronos.events.get(event.id), NotFound);
});

test('an event has a key of yours', async () => {
  const wanted = { name: 'keyed', delay: '1d', webhook, tags: [TAG] };
  const event = await qhronos.events.put('order-17?%#', wanted);
  assert.equal((await qhronos.events.put('order-17?%#', { name: 'other' })).id, event.id);
  assert.equal((await qhronos.events.getByKey('order-17?%#')).name, 'other');
  await qhronos.events.deleteByKey('order-17?%#');
  await assert.rejects(qhronos.events.getByKey('order-17?%#'), NotFound);
});

test('many events are created, listed page by page, and changed by a job', async () => {
  const tags = ['typescript-many'];
  const wanted = Array.from({ length: 25 }, (_, n) => ({
    name: n === 3 ? '' : `event ${n}`,
    delay: '1d',
    webhook,
    tags,
  }));
  const results = [];
  for await (const one of qhronos.events.createMany(wanted)) results.push(one);
  assert.deepEqual(
    results.filter((one) => one.error).map((one) => one.index),
    [3],
  );
  const sizes: number[] = [];
  for await (const page of qhronos.events.list({ tags, limit: 10 }).pages()) {
    sizes.push(page.items.length);
  }
  assert.deepEqual(sizes, [10, 10, 4]);
  const change = { action: 'retag' as const, filter: { tags }, add_tags: ['other'] };
  assert.equal((await qhronos.bulkJobs.count(change)).count, 24);
  const job = await qhronos.bulkJobs.start(change);
  await until(
    () => qhronos.bulkJobs.get(job.id),
    (one) => one.status === 'completed',
  );
  const retagged = qhronos.events.list({ tags: ['typescript-many', 'other'], match: 'all' });
  assert.equal((await retagged.toArray()).length, 24);
});

test('what failed is a dead letter, and is redelivered', async () => {
  const tags = ['typescript-dead'];
  fails = true;
  const retry = { attempts: 1 };
  const event = await qhronos.events.create({ name: 'dead', delay: '0s', webhook, tags, retry });
  const [letter] = await until(
    () => qhronos.deadLetters.list({ tags }).toArray(),
    (found) => found.length === 1,
  );
  assert.equal(letter?.event_id, event.id);
  assert.equal(await qhronos.deadLetters.count({ tags }), 1);
  fails = false;
  const job = await qhronos.deadLetters.redeliver({ tags }, { rate: '10/s' });
  const done = await until(
    () => qhronos.deadLetters.job(job.id),
    (one) => one.status !== 'running',
  );
  assert.equal(done.completed, 1);
  // It is over with success now.
  await assert.rejects(qhronos.occurrences.redeliver(letter?.id ?? ''), Conflict);
});

test('a receiver acknowledges later', async () => {
  const event = await qhronos.events.create({
    name: 'later',
    delay: '0s',
    action: { type: 'webhook', params: { url: webhook, headers: { 'X-Later': '1' } } },
    tags: [TAG],
  });
  const got = await delivery((one) => one.json<DeliveryBody>().event_id === event.id);
  await until(
    () => qhronos.occurrences.get(got.webhookId),
    (one) => Boolean(one.ack_deadline_at),
  );
  const done = await qhronos.occurrences.acknowledge(got.webhookId, got.ackToken ?? '');
  assert.equal(done.status, 'completed');
  await assert.rejects(qhronos.occurrences.refuse(got.webhookId, got.ackToken ?? ''), Conflict);
});

test('calendars, flows, tokens, secrets, imports, the audit log', async () => {
  await qhronos.calendars.put('typescript', { dates: ['2031-01-01'] });
  const calendars = await qhronos.calendars.list().toArray();
  assert.ok(calendars.some((one) => one.name === 'typescript'));
  await qhronos.calendars.delete('typescript');
  await qhronos.flows.put('typescript', { rate: '5/s' });
  assert.equal((await qhronos.flows.get('typescript')).rate, '5/s');
  assert.equal((await qhronos.flows.pause('typescript')).paused, true);
  assert.equal((await qhronos.flows.resume('typescript')).paused, false);

  const scope = [TAG];
  const made = await qhronos.tokens.create({
    sub: 'typescript',
    access: 'read',
    scope,
    expires_at: IN_A_YEAR,
  });
  const reader = new Qhronos({ token: made.token });
  const mine = reader.events.create({ name: 'n', delay: '1d', webhook, tags: scope });
  await assert.rejects(mine, Forbidden);
  const [record] = await qhronos.tokens.list({ sub: 'typescript' }).toArray();
  await qhronos.tokens.revoke(record?.jti ?? '');
  await assert.rejects(reader.events.list().toArray(), Unauthenticated);
  await qhronos.tokens.revokeAll('typescript');

  const alert = await qhronos.alerts.create({
    name: 'typescript',
    type: 'webhook',
    on: ['dead_letter'],
    url: webhook,
  });
  assert.deepEqual(
    (await qhronos.alerts.list().toArray()).map((one) => one.id),
    [alert.id],
  );
  assert.equal((await qhronos.alerts.update(alert.id, { per_hour: 3 })).per_hour, 3);
  assert.equal((await qhronos.alerts.get(alert.id)).name, 'typescript');
  assert.equal(typeof (await qhronos.alerts.test(alert.id)).arrived, 'boolean');
  await qhronos.alerts.delete(alert.id);

  const written = await qhronos.signingSecrets.put('typescript-secret');
  assert.match(written.secret ?? '', /^whsec_/);
  await qhronos.signingSecrets.delete('typescript-secret');

  const file = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:x',
    'BEGIN:VEVENT',
    'UID:typescript-1',
    'DTSTAMP:20260101T000000Z',
    'DTSTART:20310101T090000Z',
    'SUMMARY:from a file',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
  const entries = await qhronos.imports.start(file, { webhook, tags: [TAG] });
  assert.ok(Array.isArray(entries) && entries[0]?.outcome === 'made');

  assert.ok((await qhronos.audit.list({ action: 'token.create' }).toArray(1)).length <= 1);
  let count = 0;
  for await (const line of qhronos.auditLines()) {
    assert.ok(JSON.parse(line));
    count += 1;
    if (count === 3) break;
  }
  assert.equal(count, 3);
});

test('the instance says how it is, and explains schedules', async () => {
  assert.match((await qhronos.status()).version, /^\d/);
  const clock = await qhronos.serverTime();
  assert.ok(clock && Math.abs(clock.getTime() - Date.now()) < 60_000);
  assert.deepEqual(await qhronos.breakers().toArray(), []);
  assert.ok((await qhronos.forecast()).to);
  const outlook = await qhronos.explain({ text: 'every second friday 9:00' }, { count: 2 });
  assert.equal(outlook.occurrences.length, 2);
});

test('changes are heard while they happen', async () => {
  const tags = ['typescript-stream'];
  const kinds: string[] = [];
  for await (const change of qhronos.changes({ tags })) {
    kinds.push(change.kind);
    if (change.kind !== 'ready') break;
    await qhronos.events.create({ name: 'heard', delay: '1d', webhook, tags });
  }
  assert.equal(kinds[0], 'ready');
  assert.equal(kinds.length, 2);
});

test('errors are of a type, with the sentence of the service', async () => {
  const wrong = qhronos.events.create({ name: 'n', delay: 'soon', webhook });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof Invalid);
    assert.ok(error.message && error.fields.delay?.length);
    return true;
  });
  const stranger = new Qhronos({ token: 'unknown' });
  await assert.rejects(stranger.events.list().toArray(), Unauthenticated);
  const nowhere = new Qhronos({ url: 'http://127.0.0.1:1', retries: { attempts: 1 } });
  await assert.rejects(nowhere.status(), (error) => {
    assert.ok(error instanceof Unreachable);
    assert.match(error.message, /does not answer at http:\/\/127\.0\.0\.1:1 \(/);
    return true;
  });
});
