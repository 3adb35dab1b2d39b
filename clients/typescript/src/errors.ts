/**
 * Every error that the client throws on purpose; each says in one sentence what to change.
 *
 *     QhronosError
 *     ├── NotConfigured       no address or no token is known
 *     ├── InvalidSignature    a delivery that may not be trusted
 *     ├── Unreachable         nobody answers, or the answer is cut off
 *     └── ApiError            the service answered with an error
 *         ├── Invalid         400, 405, 413, 415: what was sent can't be accepted
 *         ├── Unauthenticated 401
 *         ├── Forbidden       403
 *         ├── NotFound        404
 *         ├── Conflict        409
 *         ├── StaleVersion    412: `ifMatch` names another version
 *         ├── RateLimited     429
 *         └── Unavailable     5xx: the service, or a proxy before it, can't at the moment
 *
 * What your own `AbortSignal` ends is rejected with the signal's reason.
 */

/** Something went wrong; `message` is one sentence. */
export class QhronosError extends Error {
  override readonly name: string = 'QhronosError';
}

/** No address or no token is known, or it can't be one. */
export class NotConfigured extends QhronosError {
  override readonly name = 'NotConfigured';
}

/** A delivery is not signed with the secret, or is too old: answer it with 401. */
export class InvalidSignature extends QhronosError {
  override readonly name = 'InvalidSignature';
}

/** Nobody answers, or the answer is cut off. */
export class Unreachable extends QhronosError {
  override readonly name = 'Unreachable';
}

/** What an `ApiError` is made of. */
export interface Refusal {
  readonly status: number;
  readonly document?: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The service answered with an error. */
export class ApiError extends QhronosError {
  override readonly name: string = 'ApiError';
  /** The status of HTTP. */
  readonly status: number;
  /** The whole answer. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What is wrong with each field, by its dotted path. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
  /** How long the service asks to wait, if it does. */
  readonly retryAfterMs: number | undefined;

  constructor(sentence: string, refusal: Refusal) {
    super(sentence);
    this.status = refusal.status;
    this.document = refusal.document ?? {};
    this.fields = (this.document.fields ?? {}) as Record<string, string[]>;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

/** What was sent can't be accepted (400, 405, 413, 415). */
export class Invalid extends ApiError {
  override readonly name = 'Invalid';
}

/** The token is missing, unreadable, expired or revoked (401). */
export class Unauthenticated extends ApiError {
  override readonly name = 'Unauthenticated';
}

/** The token is good, but may not do this (403). */
export class Forbidden extends ApiError {
  override readonly name = 'Forbidden';
}

/** The id names nothing that the token may see (404). */
export class NotFound extends ApiError {
  override readonly name = 'NotFound';
}

/** The request contradicts what is stored (409). */
export class Conflict extends ApiError {
  override readonly name = 'Conflict';
}

/** `ifMatch` names another version than the stored one (412). */
export class StaleVersion extends ApiError {
  override readonly name = 'StaleVersion';
}

/** The token has sent too many requests (429). */
export class RateLimited extends ApiError {
  override readonly name = 'RateLimited';
}

/** The service, or a proxy before it, can't answer at the moment (5xx). */
export class Unavailable extends ApiError {
  override readonly name = 'Unavailable';
}

const BY_STATUS = new Map<number, typeof ApiError>([
  [401, Unauthenticated],
  [403, Forbidden],
  [404, NotFound],
  [409, Conflict],
  [412, StaleVersion],
  [429, RateLimited],
]);

/** The class of error for a status of HTTP. */
export function errorFor(status: number): typeof ApiError {
  return BY_STATUS.get(status) ?? (status >= 500 ? Unavailable : Invalid);
}
