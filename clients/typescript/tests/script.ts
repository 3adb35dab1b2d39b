/** A service that is none: answers one request after the other, and remembers them. */

import { Qhronos, type Settings } from '../src/index.js';

export const URL = 'http://qhronos.test';
export const EVENT = { id: 'e', name: 'n', status: 'active' };

export interface Sent {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Outcome = Response | Error | 'silence';

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

export function refusal(status: number, headers: Record<string, string> = {}): Response {
  return json({ error: 'Not now.' }, status, headers);
}

/** What `fetch` of Node throws; without a code, after the request was sent. */
export function broken(code = 'UND_ERR_SOCKET'): Error {
  const cause = Object.assign(new Error('other side closed'), { code });
  return new TypeError('fetch failed', { cause });
}

export class Script {
  readonly sent: Sent[] = [];
  readonly #outcomes: Outcome[];

  constructor(...outcomes: Outcome[]) {
    this.#outcomes = outcomes;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.sent.push({
      url,
      method: init.method ?? 'GET',
      headers: new Headers(init.headers),
      body: init.body,
    });
    const outcome = this.#outcomes.shift() ?? new Error('nothing more was expected');
    if (outcome === 'silence') {
      return new Promise((_, reject) => {
        init.signal?.addEventListener('abort', () => reject(init.signal?.reason));
      });
    }
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };

  /** A client of it that does not wait between attempts. */
  client(settings: Settings = {}): Qhronos {
    const retries = { firstMs: 0, maxMs: 0 };
    return new Qhronos({ url: URL, token: 'a-token', retries, fetch: this.fetch, ...settings });
  }

  keys(): (string | null)[] {
    return this.sent.map((one) => one.headers.get('Idempotency-Key'));
  }
}
