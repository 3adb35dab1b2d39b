/** When a call is sent again, and how long to wait before. */

import { type Answer, type Call, retryAfterMs } from './calls.js';

/**
 * How often and when a call is sent again.
 *
 * The pause doubles from `firstMs` to `maxMs` and is a little random. `Retry-After` replaces it, up
 * to `longestWaitMs`; who asks for more gets the error at once. `attempts` counts the first one,
 * too: 1 sends nothing again. Eight last for eleven to twenty-three seconds, which is longer than a
 * restart of the service.
 */
export interface Retries {
  readonly attempts: number;
  readonly firstMs: number;
  readonly maxMs: number;
  readonly longestWaitMs: number;
}

export const RETRIES: Retries = {
  attempts: 8,
  firstMs: 200,
  maxMs: 10_000,
  longestWaitMs: 60_000,
};

/** After all but 429 it may have been done nonetheless. */
const BUSY = new Set([429, 502, 503, 504]);

/** What a call that is sent again gets while the first one is under way. */
const UNDER_WAY = 409;

/** Codes of errors in Node and Bun after which nothing was sent. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ConnectionRefused',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Deno has no codes, but the kind of the error in its text. */
const NOT_CONNECTED_TEXT = 'client error (Connect)';

/** Why there is no answer. */
export class NoAnswer extends Error {
  readonly sent: boolean;

  constructor(why: string, options: { sent: boolean; cause: unknown }) {
    super(why, { cause: options.cause });
    this.sent = options.sent;
  }

  /** What `fetch` threw. Its own message is always the same; the cause has the reason. */
  static of(error: unknown): NoAnswer {
    const cause = (error instanceof Error && error.cause) || error;
    const { code, message } = cause as { code?: string; message?: string };
    const why = message || code || String(cause);
    const sent = !NOT_CONNECTED.has(code ?? '') && !why.includes(NOT_CONNECTED_TEXT);
    return new NoAnswer(why, { sent, cause: error });
  }
}

/** Say how long to wait before the next attempt; `undefined`: there is none. Counts from 1. */
export function pauseMs(
  retries: Retries,
  call: Call<unknown>,
  attempt: number,
  outcome: Answer | NoAnswer,
): number | undefined {
  if (attempt >= retries.attempts) return undefined;
  const full = Math.min(retries.maxMs, retries.firstMs * 2 ** (attempt - 1));
  const pause = full * (0.5 + Math.random() / 2);
  if (outcome instanceof NoAnswer) return call.again || !outcome.sent ? pause : undefined;
  const { status } = outcome;
  if (status === UNDER_WAY && attempt > 1 && 'Idempotency-Key' in call.headers) return pause;
  if (!BUSY.has(status) || !(call.again || status === 429)) return undefined;
  const asked = retryAfterMs(outcome.headers);
  if (asked === undefined) return pause;
  return asked <= retries.longestWaitMs ? asked : undefined;
}

/** Tell whether a deletion that is sent again finds that it was done the first time. */
export function wasDoneBefore(call: Call<unknown>, attempt: number, answer: Answer): boolean {
  return call.method === 'DELETE' && attempt > 1 && answer.status === 404;
}
