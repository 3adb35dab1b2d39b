/** The receiver does each delivery once, also after a failure, and nothing that is not signed. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { sign } from 'qhronos';
import { createApp } from './app.js';
import { once, open } from './database.js';

const SECRET = 'a secret of the tests';
const BODY = JSON.stringify({ name: 'renewal', metadata: { customer: 17 } });

let place;
let db;
let server;
let url;

beforeEach(async () => {
  place = mkdtempSync(join(tmpdir(), 'receiver-'));
  db = open(join(place, 'test.db'));
  server = createApp(SECRET, db).listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  url = `http://127.0.0.1:${server.address().port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
  db.close();
  rmSync(place, { recursive: true });
});

async function deliver(webhookId, body = BODY, secret = SECRET) {
  const headers = await sign(secret, webhookId, body);
  headers['Content-Type'] = 'application/json';
  const answer = await fetch(`${url}/webhooks`, { method: 'POST', headers, body });
  return answer.status;
}

async function reminders() {
  return (await fetch(`${url}/reminders`)).json();
}

test('a delivery is done once, however often it comes', async () => {
  assert.equal(await deliver('id-1'), 204);
  assert.equal(await deliver('id-1'), 204);
  assert.equal(await deliver('id-2'), 204);
  const row = { customer: '17', text: 'renewal' };
  assert.deepEqual(await reminders(), [row, row]);
});

test('what comes several times at once is done once', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => deliver('id-1')));
  assert.deepEqual(new Set(answers), new Set([204]));
  assert.equal((await reminders()).length, 1);
});

test('what is not signed is refused and leaves nothing', async () => {
  assert.equal(await deliver('id-1', BODY, 'another secret'), 401);
  assert.deepEqual(await reminders(), []);
  assert.equal(await deliver('id-1'), 204);
});

test('work that fails is answered 500 and is done by the next attempt', async () => {
  db.exec('ALTER TABLE reminders RENAME TO away');
  assert.equal(await deliver('id-1'), 500);
  db.exec('ALTER TABLE away RENAME TO reminders');
  assert.equal(await deliver('id-1'), 204);
  assert.equal((await reminders()).length, 1);
});

test('ids outlast a restart', () => {
  const file = join(place, 'other.db');
  let done = 0;
  for (let start = 0; start < 2; start += 1) {
    const other = open(file);
    once(other, 'id-1', () => {
      done += 1;
    });
    other.close();
  }
  assert.equal(done, 1);
});

test('a process that is killed in the middle leaves nothing, and the next one does it', () => {
  const file = join(place, 'other.db');
  const code = `
    import { once, open } from './database.js';
    const db = open(${JSON.stringify(file)});
    once(db, 'id-1', () => {
      db.run("INSERT INTO reminders VALUES ('17', 'half')");
      process.kill(process.pid, 'SIGKILL');
    });`;
  const command = ['--input-type=module', '--eval', code];
  const ended = spawnSync(process.execPath, command, { cwd: new URL('.', import.meta.url) });
  assert.equal(ended.signal, 'SIGKILL');
  const other = open(file);
  assert.deepEqual(other.all('SELECT * FROM reminders'), []);
  assert.ok(once(other, 'id-1', () => {}));
  other.close();
});
