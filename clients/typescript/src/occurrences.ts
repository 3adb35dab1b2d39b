/** What the API has of occurrences, as methods: what became of events, and delivering again. */

import { type Call, call, reading } from './calls.js';
import { type List, listed } from './paging.js';
import { Resource } from './resource.js';
import type {
  Attempt,
  CallOptions,
  Occurrence,
  OccurrenceFilters,
  OnceOptions,
  RedeliveryFilter,
  RedeliveryJob,
} from './types.js';

/** `qhronos.occurrences`: events at one time, and what became of them. */
export class Occurrences extends Resource {
  /** Read an occurrence. */
  get(id: string, options: CallOptions = {}): Promise<Occurrence> {
    const parts = { ...options, path: { occurrence_id: id } };
    return this.send(call('get', '/occurrences/{occurrence_id}', parts));
  }

  /**
   * Go through the occurrences that fit the filters of `GET /occurrences`, newest scheduled first.
   *
   * At least one is needed: `tags`, `status`, `event_id`, `from`, `to`.
   */
  list(filters: OccurrenceFilters, options: CallOptions = {}): List<Occurrence> {
    return this.listOf(listed('/occurrences', filters, options));
  }

  /** Read its newest hundred attempts, oldest first. */
  attempts(id: string, options: CallOptions = {}): Promise<Attempt[]> {
    const parts = { ...options, path: { occurrence_id: id } };
    return this.send(call('get', '/occurrences/{occurrence_id}/attempts', parts));
  }

  /** Deliver again what is over; `asNew` gives it another `webhook-id`. */
  redeliver(
    id: string,
    options: OnceOptions & { readonly asNew?: boolean } = {},
  ): Promise<Occurrence> {
    const body = { webhook_id: options.asNew ? ('new' as const) : ('same' as const) };
    const parts = { ...options, path: { occurrence_id: id }, body };
    return this.send(call('post', '/occurrences/{occurrence_id}/retry', parts));
  }

  /** Complete what a receiver has answered with `Qhronos-Ack: required`. */
  acknowledge(webhookId: string, ackToken: string, options: CallOptions = {}): Promise<Occurrence> {
    const parts = { ...options, path: { occurrence_id: webhookId }, body: {}, ...AS_DELIVERY };
    return this.send(by(ackToken, call('post', '/occurrences/{occurrence_id}/ack', parts)));
  }

  /** Say that such a delivery failed, why, and whether it is to be tried again. */
  refuse(
    webhookId: string,
    ackToken: string,
    reason: { error?: string; retry?: boolean } = {},
    options: CallOptions = {},
  ): Promise<Occurrence> {
    const parts = { ...options, path: { occurrence_id: webhookId }, body: reason, ...AS_DELIVERY };
    return this.send(by(ackToken, call('post', '/occurrences/{occurrence_id}/nack', parts)));
  }
}

/** It is not sent again: a second time is a 409. */
const AS_DELIVERY = { again: false, asksOnly: true } as const;

/** A call by the token of a delivery. */
function by<T>(ackToken: string, one: Call<T>): Call<T> {
  return { ...one, headers: { ...one.headers, Authorization: `Bearer ${ackToken}` } };
}

/** How a job redelivers. */
export interface RedeliveryOptions extends OnceOptions {
  readonly order?: 'oldest' | 'newest' | undefined;
  /** As in `10/s`. */
  readonly rate?: string | undefined;
  /** A part of 1: the job stops when so many fail again. */
  readonly stopAtErrorRate?: number | undefined;
}

/** `qhronos.deadLetters`: what is over without success. A `status` of yours replaces `failed`. */
export class DeadLetters extends Resource {
  /** Go through them, newest scheduled first. */
  list(filters: OccurrenceFilters = {}, options: CallOptions = {}): List<Occurrence> {
    return this.listOf(listed('/occurrences', { status: 'failed', ...filters }, options));
  }

  /** Say how many `redeliver` would redeliver. */
  count(filter: RedeliveryFilter = {}, options: CallOptions = {}): Promise<number> {
    const body = { filter: filterOf(filter), dry_run: true };
    const parts = { ...options, body, asksOnly: true };
    return this.send(
      reading(call('post', '/occurrences/retry', parts), (found) =>
        'count' in found ? found.count : found.total,
      ),
    );
  }

  /** Redeliver all that fit the filter, in the background. */
  redeliver(
    filter: RedeliveryFilter = {},
    options: RedeliveryOptions = {},
  ): Promise<RedeliveryJob> {
    const { order, rate, stopAtErrorRate, ...others } = options;
    const body = {
      filter: filterOf(filter),
      ...(order === undefined ? {} : { order }),
      ...(rate === undefined ? {} : { rate }),
      ...(stopAtErrorRate === undefined ? {} : { stop_at_error_rate: stopAtErrorRate }),
    };
    return this.send(
      reading(
        call('post', '/occurrences/retry', { ...others, body }),
        (found) => found as RedeliveryJob,
      ),
    );
  }

  /** Say how far a job has come. */
  job(id: string, options: CallOptions = {}): Promise<RedeliveryJob> {
    return this.send(call('get', '/retries/{retry_id}', { ...options, path: { retry_id: id } }));
  }

  /** Go through the jobs, newest first. */
  jobs(options: CallOptions = {}): List<RedeliveryJob> {
    return this.listOf(listed('/retries', {}, options));
  }

  /** Stop a job. What it has redelivered stays so. */
  cancel(id: string, options: OnceOptions = {}): Promise<RedeliveryJob> {
    const parts = { ...options, path: { retry_id: id } };
    return this.send(call('post', '/retries/{retry_id}/cancel', parts));
  }
}

/** JSON has no dates: `JSON.stringify` writes them as the API wants them. */
function filterOf(filter: RedeliveryFilter): RedeliveryJob['filter'] {
  return { status: 'failed', ...filter } as RedeliveryJob['filter'];
}
