/** Lists, read a page at a time. */

import { type Call, call, document, written } from './calls.js';
import type { Method, Operation, PathOf, PathParametersOf } from './operations.js';
import type { Sender } from './sending.js';
import type { CallOptions } from './types.js';

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next part begins: a filter for a later call; `undefined` after the last one. */
  readonly cursor: string | undefined;
  /** How many partitions of the store this part lacks, as they were away. */
  readonly missing: number;
}

/** The same, with the query of the next part. */
export interface Part<T> {
  readonly items: readonly T[];
  readonly following: string | undefined;
  readonly missing: number;
}

/**
 * A list that reads its next page when you come to it: `for await (const event of list)`.
 *
 * Nothing is sent before that. Each time it is gone through, it is read anew.
 */
export class List<T> implements AsyncIterable<T> {
  readonly #sender: Sender;
  readonly #first: Call<Part<T>>;

  constructor(sender: Sender, first: Call<Part<T>>) {
    this.#sender = sender;
    this.#first = first;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** Go through it a page at a time. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let query: string | undefined = this.#first.query;
    while (query !== undefined) {
      const { items, following, missing }: Part<T> = await this.#sender.send({
        ...this.#first,
        query,
      });
      const cursor = new URLSearchParams(following).get('cursor') ?? undefined;
      yield { items, cursor, missing };
      query = following;
    }
  }

  /** Read it to its end, or as much of it as you say. */
  async toArray(most = Number.POSITIVE_INFINITY): Promise<T[]> {
    const found: T[] = [];
    if (most <= 0) return found;
    for await (const one of this) {
      found.push(one);
      if (found.length >= most) break;
    }
    return found;
  }
}

/** Make the first call of a list. */
export function listed<T, P extends PathOf<'get'>>(
  path: P,
  query: object,
  options: CallOptions = {},
  parameters?: PathParametersOf<Operation<'get' & Method, P>>,
): Call<Part<T>> {
  const parts = parameters === undefined ? options : { ...options, path: parameters };
  return {
    ...call('get', path, parts as object),
    query: written(query),
    read: (answer) => {
      const found = document<T[] | { data: T[] }>(answer);
      const items = Array.isArray(found) ? found : found.data;
      const missing = Number(answer.headers.get('Qhronos-Partial') ?? 0) || 0;
      return { items, following: nextQuery(answer.headers.get('Link') ?? ''), missing };
    },
  };
}

/** Only the query is taken: the host is the one that we were told, and gets the token. */
function nextQuery(link: string): string | undefined {
  const target = /<([^>]*)>\s*;[^,<]*\brel="?next\b/.exec(link)?.[1];
  return target?.replace(/^[^?]*\??/, '');
}
