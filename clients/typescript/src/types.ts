/** The objects of the API, by the names that the document gives them. */

import type { Dated, Operation, Query, QueryOf } from './operations.js';
import type { components } from './schema.js';

type Schemas = components['schemas'];

/** An event; `etag` is its version, for `ifMatch`, and is not there in lists. */
export type Event = Schemas['Event'] & { readonly etag?: string };
export type EventCreate = Dated<Schemas['EventCreate']>;
export type EventUpdate = Dated<Schemas['EventUpdate']>;
export type Schedule = Schemas['Schedule'];
export type Action = Schemas['Action'];
export type RetryPolicy = Schemas['RetryPolicy'];
export type Difference = Schemas['Difference'];
export type Occurrence = Schemas['Occurrence'];
export type Attempt = Schemas['Attempt'];
export type Planned = Schemas['Planned'];
export type Outlook = Schemas['Outlook'];
export type Draft = Dated<Schemas['Draft']>;
export type BatchResult = Schemas['BatchResult'];
export type RedeliveryJob = Schemas['RetryJob'];
export type RedeliveryFilter = Dated<Schemas['RetryFilter']>;
export type BulkJob = Schemas['BulkJob'];
export type BulkCount = Schemas['BulkCount'];
export type BulkChange = Omit<Dated<Schemas['Bulk']>, 'dry_run'>;
export type ImportJob = Schemas['ImportJob'];
export type ImportLine = Schemas['ImportLine'];
export type Backfill = Schemas['Backfill'];
export type BackfillRange = Dated<Schemas['BackfillRange']>;
export type Rotation = Schemas['Rotation'];
export type Rotated = Schemas['Rotated'];
export type RotatedAll = Schemas['RotatedAll'];
export type Alert = Schemas['Alert'];
export type AlertInput = Schemas['AlertInput'];
export type AlertUpdate = Schemas['AlertUpdate'];
export type AlertTest = Schemas['AlertTest'];
export type Token = Schemas['Token'];
export type TokenRecord = Schemas['TokenRecord'];
export type TokenCreate = Omit<Dated<Schemas['TokenCreate']>, 'type'>;
export type Calendar = Schemas['Calendar'];
export type CalendarDefinition = Schemas['CalendarDefinition'];
export type Flow = Schemas['Flow'];
export type FlowLimits = Schemas['FlowLimits'];
export type TagSecret = Schemas['TagSecret'];
export type TagSecretWritten = Schemas['TagSecretWritten'];
export type AuditEntry = Schemas['AuditEntry'];
export type Status = Schemas['Status'];
export type Breaker = Schemas['Breaker'];
export type Forecast = Schemas['Forecast'];
export type Stats = Schemas['Stats'];
export type Slo = Schemas['Slo'];
export type SloInput = Schemas['SloInput'];
export type Compliance = Schemas['Compliance'];
/** The body of a delivery, unless the event has a body of its own. */
export type DeliveryBody = Schemas['Delivery'];

/** The filters of `GET /events`. */
export type EventFilters = Query<QueryOf<Operation<'get', '/events'>>>;
/** The filters of `GET /occurrences`. */
export type OccurrenceFilters = Omit<Query<QueryOf<Operation<'get', '/occurrences'>>>, 'page'>;
/** The filters of `GET /audit`. */
export type AuditFilters = Query<QueryOf<Operation<'get', '/audit'>>>;
/** What `GET /stats` is asked for. */
export type StatsQuery = Query<QueryOf<Operation<'get', '/stats'>>>;
/** What a preview is asked for. */
export type PreviewRange = Omit<
  Query<QueryOf<Operation<'get', '/events/{event_id}/preview'>>>,
  'detail'
>;
/** How a calendar file is read. */
export type ImportOptions = Query<QueryOf<Operation<'post', '/imports'>>>;

/** What every method takes as its last argument. */
export interface CallOptions {
  /** Ends the call, its pauses included. */
  readonly signal?: AbortSignal | undefined;
  /** For each time that it is sent, instead of the client's. */
  readonly timeoutMs?: number | undefined;
}

/** Of a call that is done once for its key. */
export interface OnceOptions extends CallOptions {
  /** Without one, a key is made for this call. */
  readonly idempotencyKey?: string | undefined;
}

/** Of a change. */
export interface ChangeOptions extends CallOptions {
  /** The `etag` of an event: throws `StaleVersion` if it has changed since. */
  readonly ifMatch?: string | undefined;
}
