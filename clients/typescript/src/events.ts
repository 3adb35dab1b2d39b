/** What the API has of events, as methods. */

import { answered, batches } from './batches.js';
import { call, reading, withVersion } from './calls.js';
import { type List, listed } from './paging.js';
import { Resource } from './resource.js';
import type {
  Backfill,
  BackfillRange,
  BatchResult,
  CallOptions,
  ChangeOptions,
  Difference,
  Event,
  EventCreate,
  EventFilters,
  EventUpdate,
  Occurrence,
  OnceOptions,
  Planned,
  PreviewRange,
  Rotated,
  RotatedAll,
  Rotation,
} from './types.js';

/** `qhronos.events`: what is delivered, when and where. */
export class Events extends Resource {
  /**
   * Create an event, as in `create({ name: 'x', delay: '2s', webhook: 'https://…' })`.
   *
   * It is created once, however often it has to be sent: by `idempotencyKey`, or by one that is
   * made for this call.
   */
  create(event: EventCreate, options: OnceOptions = {}): Promise<Event> {
    return this.send(reading(call('post', '/events', { ...options, body: event }), withVersion));
  }

  /**
   * Create any number of events, a thousand in a request; tell what became of each, in order.
   *
   * One that is refused does not stop the others. With `atomic` all of them, at most 1,000, are
   * created or none is. Nothing is sent until the answer is gone through.
   */
  async *createMany(
    events: Iterable<EventCreate> | AsyncIterable<EventCreate>,
    options: OnceOptions & { readonly atomic?: boolean } = {},
  ): AsyncGenerator<BatchResult, void, undefined> {
    for await (const batch of batches(events, options.atomic ?? false, options.idempotencyKey)) {
      const { signal, timeoutMs } = options;
      yield* await this.send(answered(batch, { signal, timeoutMs }));
    }
  }

  /** Read an event. */
  get(id: string, options: CallOptions = {}): Promise<Event> {
    const path = { event_id: id };
    return this.send(reading(call('get', '/events/{event_id}', { ...options, path }), withVersion));
  }

  /** Read the event that has a key of yours. */
  getByKey(key: string, options: CallOptions = {}): Promise<Event> {
    const parts = { ...options, path: { key } };
    return this.send(reading(call('get', '/events/by-key/{key}', parts), withVersion));
  }

  /** Create the event that has a key of yours, or change it. */
  put(key: string, event: EventUpdate, options: ChangeOptions = {}): Promise<Event> {
    const parts = { ...options, path: { key }, body: event };
    return this.send(reading(call('put', '/events/by-key/{key}', parts), withVersion));
  }

  /**
   * Change what is given, and keep the rest; `null` clears a field.
   *
   * With `ifMatch`, the `etag` of an event, throws `StaleVersion` if it has changed.
   */
  update(id: string, changes: EventUpdate, options: ChangeOptions = {}): Promise<Event> {
    const parts = { ...options, path: { event_id: id }, body: changes };
    return this.send(reading(call('put', '/events/{event_id}', parts), withVersion));
  }

  /** Say which occurrences `update` would have `added`, `removed` and `moved`. */
  difference(id: string, changes: EventUpdate, options: CallOptions = {}): Promise<Difference> {
    const query = { dry_run: true };
    const parts = { ...options, path: { event_id: id }, body: changes, query };
    return this.send(
      reading(call('put', '/events/{event_id}', parts), (found) => found as Difference),
    );
  }

  /** Delete an event. Its records stay readable. */
  delete(id: string, options: ChangeOptions = {}): Promise<void> {
    return this.send(call('delete', '/events/{event_id}', { ...options, path: { event_id: id } }));
  }

  /** Delete the event that has a key of yours. */
  deleteByKey(key: string, options: ChangeOptions = {}): Promise<void> {
    return this.send(call('delete', '/events/by-key/{key}', { ...options, path: { key } }));
  }

  /** Go through the events that fit the filters of `GET /events`, newest first. */
  list(filters: EventFilters = {}, options: CallOptions = {}): List<Event> {
    return this.listOf(listed('/events', filters, options));
  }

  /** Go through an event's occurrences, newest scheduled first; `limit` is of a page. */
  occurrences(
    id: string,
    page: { limit?: number; cursor?: string } = {},
    options: CallOptions = {},
  ): List<Occurrence> {
    const path = { event_id: id };
    return this.listOf(listed('/events/{event_id}/occurrences', page, options, path));
  }

  /** Schedule nothing more, until somebody resumes it or the time `until` comes. */
  pause(
    id: string,
    pause: { until?: string | Date; note?: string } = {},
    options: OnceOptions & ChangeOptions = {},
  ): Promise<Event> {
    const parts = { ...options, path: { event_id: id }, body: pause };
    return this.send(reading(call('post', '/events/{event_id}/pause', parts), withVersion));
  }

  /** Go on with the next future occurrence. */
  resume(id: string, options: OnceOptions & ChangeOptions = {}): Promise<Event> {
    const parts = { ...options, path: { event_id: id } };
    return this.send(reading(call('post', '/events/{event_id}/resume', parts), withVersion));
  }

  /** Deliver now, beside the schedule. */
  trigger(id: string, options: OnceOptions = {}): Promise<Occurrence> {
    const parts = { ...options, path: { event_id: id } };
    return this.send(call('post', '/events/{event_id}/trigger', parts));
  }

  /** Say when an event will fire: ten times, or `count`. */
  preview(id: string, range: PreviewRange = {}, options: CallOptions = {}): Promise<Planned[]> {
    const parts = { ...options, path: { event_id: id }, query: range };
    return this.send(
      reading(call('get', '/events/{event_id}/preview', parts), (found) => found as Planned[]),
    );
  }

  /** Say how many occurrences `backfill` would add. */
  countToBackfill(id: string, range: BackfillRange, options: CallOptions = {}): Promise<Backfill> {
    const parts = { path: { event_id: id }, body: range, query: { dry_run: true }, asksOnly: true };
    return this.send(call('post', '/events/{event_id}/backfill', { ...options, ...parts }));
  }

  /** Add the occurrences that the schedule would have had in a past range. */
  backfill(id: string, range: BackfillRange, options: OnceOptions = {}): Promise<Backfill> {
    const parts = { ...options, path: { event_id: id }, body: range };
    return this.send(call('post', '/events/{event_id}/backfill', parts));
  }

  /**
   * Give an event another signing secret; without `secret` the service makes one.
   *
   * The one before signs beside it for `overlap`, a day by default.
   */
  rotateSecret(id: string, rotation: Rotation = {}, options: OnceOptions = {}): Promise<Rotated> {
    const parts = { ...options, path: { event_id: id }, body: rotation };
    return this.send(call('post', '/events/{event_id}/rotate-secret', parts));
  }

  /** Give all events with these tags, at most 1,000, one new secret; see `rotateSecret`. */
  rotateSecrets(
    tags: readonly string[],
    rotation: Rotation = {},
    options: OnceOptions = {},
  ): Promise<RotatedAll> {
    const parts = { ...options, query: { tags }, body: rotation };
    return this.send(call('post', '/events/rotate-secret', parts));
  }
}
