/** The page of the guide names every method and every error, and none that is not there. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import * as all from '../src/index.js';

const page = readFileSync(
  new URL('../../../../docs/typescript-client.md', import.meta.url),
  'utf8',
);

/** The names in backticks in two columns of a table. */
function rows(head: string): [string[], string[]][] {
  const start = page.indexOf(`| ${head} |`);
  assert.notEqual(start, -1);
  const [table = ''] = page.slice(start).split('\n\n');
  const names = (cell = ''): string[] =>
    [...cell.matchAll(/`([\w.]+)`/g)].map((one) => one[1] ?? '');
  return table
    .split('\n')
    .slice(2)
    .map((line) => line.split('|'))
    .map(([, first, second]) => [names(first), names(second)]);
}

function methods(one: object): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(one)).filter(
    (name) => name !== 'constructor',
  );
}

test('the table of methods is complete', () => {
  const client = new all.Qhronos({ url: 'http://qhronos.test', token: 't' });
  const expected = new Map<string, string[]>([['qhronos', methods(client)]]);
  for (const [name, part] of Object.entries(client)) {
    if (typeof part === 'object') expected.set(`qhronos.${name}`, methods(part));
  }
  const listed = new Map(rows('member').map(([[name = ''], found]) => [name, found.sort()]));
  assert.deepEqual(
    [...listed].sort(),
    [...expected].map(([name, found]) => [name, found.sort()]).sort(),
  );
});

test('every error has its row', () => {
  const errors = Object.entries(all)
    .filter(([, one]) => typeof one === 'function' && one.prototype instanceof all.QhronosError)
    .map(([name]) => name);
  const named = rows('error').flatMap(([found]) => found);
  assert.deepEqual(named.sort(), errors.filter((name) => name !== 'ApiError').sort());
});
