// What "make clients" does with the TypeScript client that openapi-generator makes.
import { Configuration, EventsApi, instanceOfEvent } from './client/index.js';
import type { Event, Schedule } from './client/index.js';

const [, , url, token] = process.argv as [string, string, string, string];
const tag = 'typescript-fetch';
const events = new EventsApi(new Configuration({ basePath: url, accessToken: token }));
const made = new Set<string>();
const schedules: (Schedule | undefined)[] = [
  undefined,
  { cron: '0 9 * * 1-5' },
  { every: '1h' },
  { rrule: 'FREQ=DAILY;COUNT=3' },
];
let first = '';
for (const schedule of schedules) {
  const event: Event = await events.createEvent({
    eventCreate: {
      name: "a client's",
      startTime: new Date(Date.now() + 86_400_000),
      webhook: 'https://example.com/hook',
      tags: [tag],
      ...(schedule && { schedule }),
    },
  });
  first = event.id;
  made.add(first);
}
const before = await events.getEvent({ eventId: first });
const after = await events.patchEvent({ eventId: first, eventUpdate: { description: 'changed' } });
if (!instanceOfEvent(after)) throw new Error('it is no event');
const expected = { ...before, description: 'changed', updatedAt: after.updatedAt };
const sorted = (one: object) => JSON.stringify(Object.entries(one).sort());
if (sorted(after) !== sorted(expected)) {
  throw new Error(`more has changed: ${sorted(after)} and not ${sorted(expected)}`);
}
let cursor: string | undefined;
do {
  const page = await events.listEventsRaw({ tags: tag, limit: 3, ...(cursor && { cursor }) });
  for (const event of await page.value()) made.delete(event.id);
  cursor = /[?&]cursor=([^&>]+)/.exec(page.raw.headers.get('Link') ?? '')?.[1];
} while (cursor);
if (made.size) throw new Error('not all were listed');
console.log('done');
