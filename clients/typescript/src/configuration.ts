/** Which instance, and with which token. */

import { NotConfigured } from './errors.js';

/** The address and the token, checked. */
export interface Configuration {
  readonly url: string;
  readonly token: string;
}

/** Take what is given, else what the environment has; throws `NotConfigured`. */
export function configuration(
  givenUrl: string | undefined,
  givenToken: string | undefined,
): Configuration {
  const url = (givenUrl || environment('QHRONOS_URL')).trim().replace(/\/+$/, '');
  const token = (givenToken || environment('QHRONOS_TOKEN')).trim();
  if (!url) throw new NotConfigured('Say where Qhronos is: give a url, or set QHRONOS_URL.');
  if (!isAddress(url)) {
    throw new NotConfigured(
      'The address of Qhronos has to be like https://qhronos.example.com, without a user.',
    );
  }
  if (!token) throw new NotConfigured('Say who you are: give a token, or set QHRONOS_TOKEN.');
  if (!/^[!-~]+$/.test(token)) {
    throw new NotConfigured('The token has a character that no token has: copy it once more.');
  }
  return { url, token };
}

/** The host of an address, for messages. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** Workers have no environment of this kind, and browsers none at all. */
function environment(name: string): string {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] ?? '';
}

function isAddress(text: string): boolean {
  if (!/^https?:\/\//i.test(text)) return false;
  try {
    const { hostname, search, hash, username, password, port } = new URL(text);
    return Boolean(hostname) && port !== '0' && !(search || hash || username || password);
  } catch {
    return false;
  }
}
