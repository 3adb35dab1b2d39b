/**
 * For receivers: is this delivery from Qhronos, as it was sent, and sent just now?
 *
 * The rules are those of https://www.standardwebhooks.com. This needs WebCrypto alone, which Node,
 * Deno, Bun, Workers and browsers have.
 */

import { InvalidSignature } from './errors.js';

/** How far the time of a delivery may be from now: who has recorded one can't send it later. */
export const TOLERANCE_MS = 300_000;

/** `Headers`, the headers of Node, or pairs. */
export type DeliveryHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The exact bytes of a body, before anything parses them; a text stands for its UTF-8. */
export type DeliveryBytes = string | Uint8Array | ArrayBuffer;

/** One secret, or several of which any may have signed. */
export type Secrets = string | readonly string[];

const MARK = 'whsec_';
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;
const encoder = new TextEncoder();

/** A delivery whose signature holds. Work on each `webhookId` once. */
export class Delivery {
  constructor(
    /** The id of the occurrence, the same on every attempt. */
    readonly webhookId: string,
    readonly sentAt: Date,
    /** By lower-case name. */
    readonly headers: Readonly<Record<string, string>>,
    readonly body: Uint8Array,
  ) {}

  /** What acknowledges it later, if you answer 202 with `Qhronos-Ack: required`. */
  get ackToken(): string | undefined {
    return this.headers['qhronos-ack-token'];
  }

  /** The body as text. */
  text(): string {
    return new TextDecoder().decode(this.body);
  }

  /** The body as JSON; throws `SyntaxError` if the event's own body is none. */
  json<T = unknown>(): T {
    return JSON.parse(this.text()) as T;
  }
}

/**
 * Verify a delivery by its headers and the exact bytes of its body.
 *
 * `now` is milliseconds since 1970, by default the clock's. Throws `InvalidSignature`: answer it
 * with 401. Throws `TypeError` for a secret that can't be one, and for a body that was parsed.
 */
export async function verify(
  headers: DeliveryHeaders,
  body: DeliveryBytes,
  secret: Secrets,
  options: { readonly now?: number; readonly toleranceMs?: number } = {},
): Promise<Delivery> {
  const { now = Date.now(), toleranceMs = TOLERANCE_MS } = options;
  const bytes = bytesOf(body);
  const given = byLowerCaseName(headers);
  const webhookId = given['webhook-id'] ?? '';
  const signatures = given['webhook-signature'] ?? '';
  const sentAt = given['webhook-timestamp'] ?? '';
  if (!webhookId || !signatures) {
    throw new InvalidSignature('The headers webhook-id and webhook-signature have to be there.');
  }
  if (!/^[0-9]{1,15}$/.test(sentAt)) {
    throw new InvalidSignature('The header webhook-timestamp has to be a number of seconds.');
  }
  // Not to be read as "older than": a tolerance that is no number must refuse everything.
  if (!(Math.abs(now - Number(sentAt) * 1000) <= toleranceMs)) {
    throw new InvalidSignature(`The delivery is not of the last ${toleranceMs / 1000} s.`);
  }
  const secrets = typeof secret === 'string' ? [secret] : secret;
  const keys = await Promise.all(secrets.map((one) => keyOf(one, 'verify')));
  const signed = signedBytes(webhookId, sentAt, bytes);
  for (const sent of signatures.split(/[ \t\n\r\f\v]+/)) {
    const signature = signatureOf(sent);
    for (const key of signature ? keys : []) {
      // It compares in constant time: WebCrypto, HMAC, "Verify".
      if (signature && (await crypto.subtle.verify(HMAC, key, signature, signed))) {
        return new Delivery(webhookId, new Date(Number(sentAt) * 1000), given, bytes);
      }
    }
  }
  throw new InvalidSignature(
    "No signature holds: the secret is not the event's, or the body was changed.",
  );
}

/**
 * Make the headers that `verify` accepts: for tests of receivers, and for who forwards.
 *
 * `now` is milliseconds since 1970. Throws `TypeError` for a secret that can't be one.
 */
export async function sign(
  secret: string,
  webhookId: string,
  body: DeliveryBytes,
  options: { readonly now?: number } = {},
): Promise<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const sentAt = String(Math.floor((options.now ?? Date.now()) / 1000));
  const key = await keyOf(secret, 'sign');
  const signed = signedBytes(webhookId, sentAt, bytesOf(body));
  const signature = new Uint8Array(await crypto.subtle.sign(HMAC, key, signed));
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': sentAt,
    'webhook-signature': `v1,${btoa(String.fromCharCode(...signature))}`,
  };
}

function bytesOf(body: DeliveryBytes): Uint8Array {
  if (typeof body === 'string') return encoder.encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError(
    'The body has to be its exact bytes: verify it before anything parses it, as express.json does.',
  );
}

function byLowerCaseName(headers: DeliveryHeaders): Record<string, string> {
  const pairs = Symbol.iterator in headers ? headers : Object.entries(headers);
  const found: Record<string, string> = {};
  for (const [name, value] of pairs as Iterable<[string, string | string[] | undefined]>) {
    if (value !== undefined) found[name.toLowerCase()] = String(value);
  }
  return found;
}

function signedBytes(webhookId: string, sentAt: string, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const start = encoder.encode(`${webhookId}.${sentAt}.`);
  const signed = new Uint8Array(start.length + body.length);
  signed.set(start);
  signed.set(body, start.length);
  return signed;
}

/** The bytes of a signature of this version, written as it has to be; `undefined` for others. */
function signatureOf(sent: string): Uint8Array<ArrayBuffer> | undefined {
  if (!sent.startsWith('v1,')) return undefined;
  const written = sent.slice(3);
  try {
    const decoded = atob(written);
    // A reader of base64 takes several texts for the same bytes; only one was sent.
    return btoa(decoded) === written ? binary(decoded) : undefined;
  } catch {
    return undefined;
  }
}

async function keyOf(secret: string, use: 'sign' | 'verify'): Promise<CryptoKey> {
  let key = encoder.encode(secret);
  if (secret.startsWith(MARK)) {
    const written = secret.slice(MARK.length).replace(/=+$/, '');
    // atob takes white space, too.
    if (!/^[A-Za-z0-9+/]*$/.test(written) || written.length % 4 === 1) {
      throw new TypeError('What follows whsec_ in a secret has to be base64.');
    }
    key = binary(atob(written));
  }
  if (key.length === 0) {
    throw new TypeError('The secret is empty: set the one that the event is signed with.');
  }
  return crypto.subtle.importKey('raw', key, HMAC, false, [use]);
}

function binary(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}
