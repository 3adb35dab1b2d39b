/** Sends calls, and sends them again. */

import { type Answer, type Call, refused } from './calls.js';
import type { Configuration } from './configuration.js';
import { Unreachable } from './errors.js';
import { NoAnswer, pauseMs, type Retries, wasDoneBefore } from './retries.js';
import { VERSION } from './version.js';

const AGENT = `qhronos-typescript/${VERSION}`;

/** A longer time, as `Infinity`, would make a timer that is over at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type What = Pick<Call<unknown>, 'path' | 'query' | 'content'> & { readonly method: string };

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Sends calls to one instance with one token. */
export class Sender {
  readonly url: string;
  // Private to the runtime: nothing that prints a client prints the token.
  readonly #token: string;
  readonly #retries: Retries;
  readonly #timeoutMs: number;
  readonly #fetch: Fetch;

  constructor(where: Configuration, retries: Retries, timeoutMs: number, fetch: Fetch) {
    this.url = where.url;
    this.#token = where.token;
    this.#retries = retries;
    this.#timeoutMs = timeoutMs;
    this.#fetch = fetch;
  }

  /** Send a call until it is answered for good; throws `QhronosError`. */
  async send<T>(call: Call<T>): Promise<T> {
    const headers = this.#headers(call.headers);
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#outcome(call, headers);
      const pause = pauseMs(this.#retries, call, attempt, outcome);
      if (pause === undefined) return this.#result(call, attempt, outcome);
      await sleep(pause, call.signal);
    }
  }

  /**
   * Open a stream; its body may be quiet for `quietMs`. It is not sent again. Throws `QhronosError`.
   */
  async *stream(
    path: string,
    query: string,
    headers: Record<string, string>,
    quietMs: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string, void, undefined> {
    const limit = new Limit(quietMs, signal);
    const request = { method: 'GET', path, query, content: undefined };
    try {
      signal?.throwIfAborted();
      limit.begin();
      const answer = await this.#request(request, this.#headers(headers), limit.signal);
      if (!answer.ok) throw refused(await this.#whole(answer));
      const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        limit.begin();
        const part = await reader?.read();
        if (part?.value === undefined) return;
        limit.stop();
        yield part.value;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isOfTransport(error, limit)) throw error;
      const why = limit.message ?? NoAnswer.of(error).message;
      throw new Unreachable(`The stream of ${this.url} was cut off (${why}).`, { cause: error });
    } finally {
      limit.end();
    }
  }

  async #outcome(call: Call<unknown>, headers: Headers): Promise<Answer | NoAnswer> {
    call.signal?.throwIfAborted();
    const limit = new Limit(call.timeoutMs ?? this.#timeoutMs, call.signal);
    try {
      limit.begin();
      return await this.#whole(await this.#request(call, headers, limit.signal));
    } catch (error) {
      call.signal?.throwIfAborted();
      if (limit.message) return new NoAnswer(limit.message, { sent: true, cause: error });
      return NoAnswer.of(error);
    } finally {
      limit.end();
    }
  }

  async #whole(answer: Response): Promise<Answer> {
    const { status, headers } = answer;
    return { url: this.url, status, headers, text: await answer.text() };
  }

  /** Throws `TypeError` for a key or a version that can't stand in a header. */
  #headers(own: Readonly<Record<string, string>>): Headers {
    const all = { Authorization: `Bearer ${this.#token}`, 'User-Agent': AGENT, ...own };
    return new Headers(all);
  }

  #request(what: What, headers: Headers, signal: AbortSignal): Promise<Response> {
    const { method, path, query, content } = what;
    const address = `${this.url}${path}${query && `?${query}`}`;
    // A redirection would take the token elsewhere.
    const init: RequestInit = { method, headers, signal, redirect: 'manual' };
    if (content !== undefined) init.body = content as BodyInit;
    return this.#fetch(address, init);
  }

  #result<T>(call: Call<T>, attempt: number, outcome: Answer | NoAnswer): T {
    if (outcome instanceof NoAnswer) {
      throw new Unreachable(`Qhronos does not answer at ${this.url} (${outcome.message}).`, {
        cause: outcome.cause,
      });
    }
    if (wasDoneBefore(call, attempt, outcome)) return undefined as T;
    if (outcome.status >= 200 && outcome.status < 300) return call.read(outcome);
    const error = refused(outcome);
    const instead = call.instead?.(error);
    if (instead === undefined) throw error;
    return instead;
  }
}

/** A signal that aborts after a time, or with another signal. */
class Limit {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why it has aborted, if its time was over. */
  message: string | undefined;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.#outer = outer;
    outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.stop();
    if (this.#ms > LONGEST_TIMER_MS) return;
    this.#timer = setTimeout(() => {
      this.message = `nothing came for ${this.#ms} ms`;
      this.#abort();
    }, this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Let go of everything; a body that is not read to its end is given up. */
  end(): void {
    this.stop();
    this.#outer?.removeEventListener('abort', this.#abort);
    this.#abort();
  }

  readonly #abort = (): void => this.#controller.abort(this.#outer?.reason);
}

function isOfTransport(error: unknown, limit: Limit): boolean {
  return limit.message !== undefined || error instanceof TypeError;
}

/** Wait; rejects with the reason of the signal when that aborts. */
async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
