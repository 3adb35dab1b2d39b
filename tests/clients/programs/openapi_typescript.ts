// What "make clients" does with the types that openapi-typescript makes.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.js';

const [, , url, token] = process.argv as [string, string, string, string];
const tag = 'openapi-typescript';
const api = createClient<paths>({ baseUrl: url, headers: { Authorization: `Bearer ${token}` } });
const made = new Set<string>();
const schedules: (components['schemas']['Schedule'] | undefined)[] = [
  undefined,
  { cron: '0 9 * * 1-5' },
  { every: '1h' },
  { rrule: 'FREQ=DAILY;COUNT=3' },
];
let first = '';
for (const schedule of schedules) {
  const { data, error } = await api.POST('/events', {
    body: {
      name: "a client's",
      start_time: new Date(Date.now() + 86_400_000).toISOString(),
      webhook: 'https://example.com/hook',
      tags: [tag],
      ...(schedule && { schedule }),
    },
  });
  if (!data) throw new Error(error.error);
  first = data.id;
  made.add(first);
}
const path = { event_id: first };
const before = await api.GET('/events/{event_id}', { params: { path } });
const changed = await api.PATCH('/events/{event_id}', {
  params: { path },
  body: { description: 'changed' },
});
if (!before.data || !changed.data || !('id' in changed.data)) throw new Error('it is no event');
const after = changed.data;
const expected = { ...before.data, description: 'changed', updated_at: after.updated_at };
if (JSON.stringify(after) !== JSON.stringify(expected)) {
  throw new Error(`more has changed: ${JSON.stringify(after)}`);
}
let cursor: string | undefined;
do {
  const query = { tags: tag, limit: 3, ...(cursor && { cursor }) };
  const { data, response } = await api.GET('/events', { params: { query } });
  for (const event of data ?? []) made.delete(event.id);
  cursor = /[?&]cursor=([^&>]+)/.exec(response.headers.get('Link') ?? '')?.[1];
} while (cursor);
if (made.size) throw new Error('not all were listed');
console.log('done');
