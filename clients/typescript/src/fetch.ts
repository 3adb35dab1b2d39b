/** For whatever takes a `Request` and answers a `Response`: Workers, Deno, Bun, Hono, Next.js. */

import { InvalidSignature } from './errors.js';
import { current, REFUSAL, type Secret } from './receiving.js';
import { type Delivery, verify } from './verification.js';

/** What works on a delivery; without an answer of its own, 204 is answered. */
export type Work = (
  delivery: Delivery,
  request: Request,
) => Response | undefined | void | Promise<Response | undefined | void>;

/**
 * Make a handler that works on deliveries whose signature holds, and answers 401 to the rest.
 *
 *     export default { fetch: deliveries(secret, async (delivery) => { … }) };
 */
export function deliveries(secret: Secret, work: Work): (request: Request) => Promise<Response> {
  return async (request) => {
    let delivery: Delivery;
    try {
      const body = new Uint8Array(await request.arrayBuffer());
      delivery = await verify(request.headers, body, await current(secret));
    } catch (error) {
      if (!(error instanceof InvalidSignature)) throw error;
      return Response.json(REFUSAL, { status: 401 });
    }
    return (await work(delivery, request)) ?? new Response(null, { status: 204 });
  };
}
