/** What the parts of the API have in common. */

import type { Call } from './calls.js';
import { List, type Part } from './paging.js';
import type { Sender } from './sending.js';

/** A part of the API. */
export abstract class Resource {
  readonly #sender: Sender;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  protected send<T>(call: Call<T>): Promise<T> {
    return this.#sender.send(call);
  }

  protected listOf<T>(first: Call<Part<T>>): List<T> {
    return new List(this.#sender, first);
  }
}
