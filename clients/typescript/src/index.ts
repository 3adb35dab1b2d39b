/** Qhronos for your programs: a client of its API, and how to verify what it delivers. */

export type {
  Alerts,
  Audit,
  Calendars,
  FlowOptions,
  Flows,
  SigningSecrets,
  Slos,
  Tokens,
} from './administration.js';
export { Qhronos, type Settings } from './client.js';
export {
  ApiError,
  Conflict,
  Forbidden,
  Invalid,
  InvalidSignature,
  NotConfigured,
  NotFound,
  QhronosError,
  RateLimited,
  StaleVersion,
  Unauthenticated,
  Unavailable,
  Unreachable,
} from './errors.js';
export type { Events } from './events.js';
export type { BulkJobs, Imports } from './jobs.js';
export type { DeadLetters, Occurrences, RedeliveryOptions } from './occurrences.js';
export type { List, Page } from './paging.js';
export type { Retries } from './retries.js';
export type { components, operations, paths } from './schema.js';
export type { Change } from './stream.js';
export type * from './types.js';
export {
  Delivery,
  type DeliveryBytes,
  type DeliveryHeaders,
  type Secrets,
  sign,
  TOLERANCE_MS,
  verify,
} from './verification.js';
export { VERSION } from './version.js';
