/** One call of the API as a value: what is sent, how the answer is read, when to send it again. */

import { hostOf } from './configuration.js';
import { type ApiError, errorFor, NotFound, Unavailable } from './errors.js';
import type {
  AnswerOf,
  BodyOf,
  Dated,
  Method,
  Operation,
  PathOf,
  PathParametersOf,
  Query,
  QueryOf,
} from './operations.js';
import type { CallOptions, Event } from './types.js';

/** An answer whose body has been read to its end. */
export interface Answer {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A request, and how its answer is read. */
export interface Call<T> extends CallOptions {
  readonly method: Uppercase<Method>;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly content?: string | Uint8Array | undefined;
  /**
   * Whether it may be sent again although it may have been done: it reads, or does the same again,
   * or has an idempotency key.
   */
  readonly again: boolean;
  readonly read: (answer: Answer) => T;
  /** What is answered instead of an error, if this answers anything. */
  readonly instead?: (error: ApiError) => T | undefined;
}

interface Parts<O> extends CallOptions {
  readonly path?: PathParametersOf<O>;
  readonly query?: Query<QueryOf<O>> | undefined;
  readonly body?: Dated<BodyOf<O>> | undefined;
  /** An idempotency key of your own; otherwise one is made. */
  readonly idempotencyKey?: string | undefined;
  readonly ifMatch?: string | undefined;
  /** A `POST` that changes nothing needs no key. */
  readonly asksOnly?: boolean;
  readonly again?: boolean;
}

/** Make a call of the document; a `POST` is done once for its idempotency key. */
export function call<M extends Method, P extends PathOf<M>>(
  method: M,
  template: P,
  parts: Parts<Operation<M, P>> = {},
): Call<AnswerOf<Operation<M, P>>> {
  const headers: Record<string, string> = {};
  if (parts.body !== undefined) headers['Content-Type'] = 'application/json';
  if (parts.ifMatch !== undefined) headers['If-Match'] = parts.ifMatch;
  if (method === 'post' && !parts.asksOnly) {
    headers['Idempotency-Key'] = parts.idempotencyKey ?? crypto.randomUUID();
  }
  return {
    method: method.toUpperCase() as Uppercase<M>,
    path: filled(template, (parts.path ?? {}) as Record<string, string>),
    query: written(parts.query),
    headers,
    content: parts.body === undefined ? undefined : JSON.stringify(parts.body),
    // A version, once changed, is another: that would not be the same again.
    again: parts.again ?? !(method === 'put' && parts.ifMatch !== undefined),
    read: document<AnswerOf<Operation<M, P>>>,
    signal: parts.signal,
    timeoutMs: parts.timeoutMs,
  };
}

/** Put ids and names into a path; each is escaped, so one with a slash stays one part. */
function filled(template: string, parameters: Record<string, string>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const part = parameters[name] ?? '';
    if (part === '' || part === '.' || part === '..') {
      throw new NotFound("An id or a name can't be empty or '.' or '..'.", { status: 404 });
    }
    return encodeURIComponent(part);
  });
}

/** Write a query; what is `undefined` or `null` is left out, lists stand between commas. */
export function written(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    parameters.append(name, value instanceof Date ? value.toISOString() : String(value));
  }
  return parameters.toString();
}

/** The same call, whose answer is read in another way. */
export function reading<T, U>(one: Call<T>, read: (found: T, answer: Answer) => U): Call<U> {
  const { instead: _, ...rest } = one;
  return { ...rest, read: (answer) => read(one.read(answer), answer) };
}

/** Read an event with its version. */
export function withVersion(found: unknown, answer: Answer): Event {
  const etag = answer.headers.get('ETag');
  return { ...(found as Event), ...(etag === null ? {} : { etag }) };
}

/** Read the JSON of an answer, if it has any; throws `Unavailable` if it is none. */
export function document<T>(answer: Answer): T {
  if (answer.status === 204) return undefined as T;
  try {
    return JSON.parse(answer.text) as T;
  } catch {
    throw new Unavailable(
      `${hostOf(answer.url)} answered no JSON: is this the address of Qhronos?`,
      { status: answer.status },
    );
  }
}

/** Make the error of an answer that is one, with the service's sentence. */
export function refused(answer: Answer): ApiError {
  const { status } = answer;
  let found: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(answer.text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      found = parsed as Record<string, unknown>;
    }
  } catch {
    // A page of a proxy, or of another service.
  }
  const sentence =
    typeof found.error === 'string' && found.error
      ? found.error
      : `${hostOf(answer.url)} answered ${status} without saying why: is this the address of Qhronos?`;
  const Kind = errorFor(status);
  return new Kind(sentence, {
    status,
    document: found,
    retryAfterMs: retryAfterMs(answer.headers),
  });
}

/** The service writes whole seconds; a date, which a proxy may write, is not looked at. */
export function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('Retry-After') ?? '';
  return /^[0-9]+$/.test(text) ? Number(text) * 1000 : undefined;
}
