/** For Express, and for `node:http` itself. Express is not needed to import this. */

import { InvalidSignature } from './errors.js';
import { current, MOST_BYTES, REFUSAL, type Secret, TOO_LARGE } from './receiving.js';
import { type Delivery, verify } from './verification.js';

/** As much of a request of Node as is used here. */
export interface NodeRequest extends AsyncIterable<unknown> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly readableDidRead?: boolean;
  iterator?(options: { destroyOnReturn: boolean }): AsyncIterable<unknown>;
  body?: unknown;
}

/** As much of an answer of Node as is used here. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  setHeader(name: string, value: string): unknown;
  end(content?: string): unknown;
}

/** What works on a delivery; if it answers nothing, 204 is answered when it is done. */
export type Work<Req, Res> = (delivery: Delivery, request: Req, response: Res) => unknown;

/**
 * Make a handler that works on deliveries whose signature holds, and answers 401 to the rest.
 *
 * It reads the body itself, so put it before `express.json()`, or give the route `express.raw()`.
 * An error of the work goes to the error handlers of Express, or is answered 500: Qhronos tries
 * again.
 *
 *     app.post('/webhooks', deliveries(secret, async (delivery) => { … }));
 */
export function deliveries<Req extends NodeRequest, Res extends NodeResponse>(
  secret: Secret,
  work: Work<Req, Res>,
): (request: Req, response: Res, next?: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    try {
      const body = await bodyOf(request);
      if (body === undefined) {
        response.setHeader('Connection', 'close');
        return answer(response, 413, TOO_LARGE);
      }
      let delivery: Delivery;
      try {
        delivery = await verify(request.headers, body, await current(secret));
      } catch (error) {
        if (!(error instanceof InvalidSignature)) throw error;
        return answer(response, 401, REFUSAL);
      }
      await work(delivery, request, response);
      if (!response.headersSent && !response.writableEnded) answer(response, 204);
    } catch (error) {
      if (next) next(error);
      else if (!response.headersSent) answer(response, 500, { error: 'It failed: see the log.' });
    }
  };
}

/** The exact bytes of a body, read by `express.raw()` or now; `undefined` if they are too many. */
async function bodyOf(request: NodeRequest): Promise<Uint8Array | undefined> {
  if (request.body instanceof Uint8Array) return request.body;
  if (request.readableDidRead) {
    throw new TypeError(
      'The body was parsed before it could be verified: put this route before express.json(), ' +
        'or give it express.raw({ type: "*/*" }).',
    );
  }
  const parts: Uint8Array[] = [];
  let length = 0;
  // Who stops reading must be able to answer.
  for await (const part of request.iterator?.({ destroyOnReturn: false }) ?? request) {
    const bytes = part as Uint8Array;
    length += bytes.length;
    if (length > MOST_BYTES) return undefined;
    parts.push(bytes);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

function answer(response: NodeResponse, status: number, document?: object): void {
  response.statusCode = status;
  if (document) response.setHeader('Content-Type', 'application/json');
  response.end(document && JSON.stringify(document));
}
