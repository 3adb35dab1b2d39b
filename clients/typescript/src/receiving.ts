/** What the helpers for receivers have in common. */

import type { Secrets } from './verification.js';

/**
 * What the events are signed with, or a function that answers it for each request, as where it is
 * read from settings later.
 */
export type Secret = Secrets | (() => Secrets | Promise<Secrets>);

/** The most that a body may have, in bytes; Qhronos sends 64 KiB of metadata and what is around. */
export const MOST_BYTES = 1_048_576;

export const REFUSAL = {
  error: "The delivery is not signed, or not with this receiver's secret.",
};
export const TOO_LARGE = { error: `A delivery has at most ${MOST_BYTES} bytes.` };

/** The secret for a request. */
export async function current(secret: Secret): Promise<Secrets> {
  return typeof secret === 'function' ? secret() : secret;
}
