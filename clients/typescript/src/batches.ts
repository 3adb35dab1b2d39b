/** Many events: cut into requests that the service takes, and what became of each. */

import { type Answer, type Call, call, document } from './calls.js';
import { type ApiError, Invalid } from './errors.js';
import type { BatchResult, CallOptions, EventCreate } from './types.js';

export const MOST_EVENTS = 1_000;
/** Of the events of a request; the service takes 4 MiB with all that is around them. */
export const MOST_BYTES = 3_500_000;

/** The events of one request, as JSON; `first` is the place of the first of them among all. */
export interface Batch {
  readonly first: number;
  readonly events: readonly string[];
  readonly atomic: boolean;
  readonly key: string;
}

/**
 * Cut events into batches; each has an idempotency key of its own, made from `key`.
 *
 * Throws `Invalid` for an atomic batch that does not fit into one request.
 */
export async function* batches(
  events: Iterable<EventCreate> | AsyncIterable<EventCreate>,
  atomic: boolean,
  key: string = crypto.randomUUID(),
): AsyncGenerator<Batch, void, undefined> {
  const encoder = new TextEncoder();
  let first = 0;
  let size = 0;
  let waiting: string[] = [];
  for await (const event of events) {
    const written = JSON.stringify(event);
    const length = encoder.encode(written).length + 1;
    if (waiting.length && (waiting.length === MOST_EVENTS || size + length > MOST_BYTES)) {
      if (atomic) {
        throw new Invalid(
          'An atomic batch has at most 1,000 events and 3,500,000 bytes: send fewer, or leave ' +
            'atomic out.',
          { status: 413 },
        );
      }
      yield { first, events: waiting, atomic, key: `${key}-${first}` };
      first += waiting.length;
      size = 0;
      waiting = [];
    }
    waiting.push(written);
    size += length;
  }
  if (waiting.length) yield { first, events: waiting, atomic, key: `${key}-${first}` };
}

/**
 * Make the call for a batch.
 *
 * A batch of which nothing was created is answered with the error of its first event, and says of
 * each event what became of it, as any other.
 */
export function answered(batch: Batch, options: CallOptions): Call<BatchResult[]> {
  const numbered = (results: BatchResult[]): BatchResult[] =>
    results.map((one) => ({ ...one, index: one.index + batch.first }));
  return {
    ...call('post', '/events/batch', { ...options, idempotencyKey: batch.key }),
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': batch.key },
    content: `{"atomic":${batch.atomic},"events":[${batch.events.join()}]}`,
    read: (answer: Answer) => numbered(document<{ results?: BatchResult[] }>(answer).results ?? []),
    instead: (error: ApiError) => {
      const results = error.document.results as BatchResult[] | undefined;
      return results?.length ? numbered(results) : undefined;
    },
  };
}
