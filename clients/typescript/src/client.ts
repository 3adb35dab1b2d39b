/** The client: one token's view of one instance. */

import { Alerts, Audit, Calendars, Flows, SigningSecrets, Slos, Tokens } from './administration.js';
import { call, reading, written } from './calls.js';
import { configuration } from './configuration.js';
import { Events } from './events.js';
import { BulkJobs, Imports } from './jobs.js';
import { DeadLetters, Occurrences } from './occurrences.js';
import { List, listed } from './paging.js';
import { RETRIES, type Retries } from './retries.js';
import { type Fetch, Sender } from './sending.js';
import { type Change, changesOf, lines, QUIET_MS } from './stream.js';
import type {
  Breaker,
  CallOptions,
  Draft,
  Forecast,
  Outlook,
  PreviewRange,
  Stats,
  StatsQuery,
  Status,
} from './types.js';

/** How a client is made. */
export interface Settings {
  /** Where Qhronos is; by default `QHRONOS_URL` of the environment. */
  readonly url?: string | undefined;
  /** By default `QHRONOS_TOKEN` of the environment. */
  readonly token?: string | undefined;
  /** For each time that a call is sent; 30 s by default. */
  readonly timeoutMs?: number | undefined;
  readonly retries?: Partial<Retries> | undefined;
  /** Instead of the `fetch` of the platform: for tests, proxies, authorities of your own. */
  readonly fetch?: Fetch | undefined;
}

/**
 * One token's view of one instance.
 *
 *     const qhronos = new Qhronos({ url: 'https://qhronos.example.com', token });
 *     await qhronos.events.create({ name: 'renewal', delay: '2s', webhook: 'https://example.com/' });
 */
export class Qhronos {
  readonly url: string;
  readonly events: Events;
  readonly occurrences: Occurrences;
  readonly deadLetters: DeadLetters;
  readonly tokens: Tokens;
  readonly calendars: Calendars;
  readonly flows: Flows;
  readonly signingSecrets: SigningSecrets;
  readonly alerts: Alerts;
  readonly slos: Slos;
  readonly bulkJobs: BulkJobs;
  readonly imports: Imports;
  readonly audit: Audit;
  readonly #sender: Sender;

  /** Throws `NotConfigured` if no address or no token is known. */
  constructor(settings: Settings = {}) {
    const { url, token, timeoutMs = 30_000, retries } = settings;
    const where = configuration(url, token);
    // Looked up for each call, and called on the global object: Workers insist on that.
    const fetch: Fetch = settings.fetch ?? ((to, init) => globalThis.fetch(to, init));
    const sender = new Sender(where, { ...RETRIES, ...retries }, timeoutMs, fetch);
    this.url = where.url;
    this.#sender = sender;
    this.events = new Events(sender);
    this.occurrences = new Occurrences(sender);
    this.deadLetters = new DeadLetters(sender);
    this.tokens = new Tokens(sender);
    this.calendars = new Calendars(sender);
    this.flows = new Flows(sender);
    this.signingSecrets = new SigningSecrets(sender);
    this.alerts = new Alerts(sender);
    this.slos = new Slos(sender);
    this.bulkJobs = new BulkJobs(sender);
    this.imports = new Imports(sender);
    this.audit = new Audit(sender);
  }

  /** Say how the instance is. */
  status(options: CallOptions = {}): Promise<Status> {
    return this.#sender.send(call('get', '/status', options));
  }

  /** Ask for the clock of the service; to the second, `undefined` if it does not say. */
  serverTime(options: CallOptions = {}): Promise<Date | undefined> {
    return this.#sender.send(
      reading(call('get', '/health', options), (_, { headers }) => {
        const sentAt = new Date(headers.get('Date') ?? '');
        return Number.isNaN(sentAt.getTime()) ? undefined : sentAt;
      }),
    );
  }

  /** Name the targets whose circuit breaker is open. */
  breakers(options: CallOptions = {}): List<Breaker> {
    return new List(this.#sender, listed('/breakers', {}, options));
  }

  /** Say what is planned for each minute of the next 24 hours, by target. */
  forecast(options: CallOptions = {}): Promise<Forecast> {
    return this.#sender.send(call('get', '/forecast', options));
  }

  /** Say what became of deliveries, how late they were and what receivers took. */
  stats(query: StatsQuery = {}, options: CallOptions = {}): Promise<Stats> {
    return this.#sender.send(call('get', '/stats', { ...options, query }));
  }

  /**
   * Say what a schedule would do that is not saved.
   *
   * It is a `text` in words, or a `schedule` with a `start_time`; also `timezone`.
   */
  explain(draft: Draft, range: PreviewRange = {}, options: CallOptions = {}): Promise<Outlook> {
    const parts = { ...options, body: draft, query: range, asksOnly: true };
    return this.#sender.send(call('post', '/preview', parts));
  }

  /**
   * Hear what changes, from now on or from the change with `lastId`.
   *
   * It ends when the connection does: throws `Unreachable`, or just ends. Call it again with the
   * `id` of the last change. `break` closes the connection.
   */
  changes(
    what: { readonly tags?: readonly string[]; readonly lastId?: string } = {},
    options: Pick<CallOptions, 'signal'> = {},
  ): AsyncGenerator<Change, void, undefined> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    if (what.lastId !== undefined) headers['Last-Event-ID'] = what.lastId;
    const query = written({ tags: what.tags });
    const { signal } = options;
    return changesOf(
      lines(this.#sender.stream('/events/stream', query, headers, QUIET_MS, signal)),
    );
  }

  /** Go through the whole audit log, oldest first: one entry in JSON a line. */
  auditLines(options: Pick<CallOptions, 'signal'> = {}): AsyncGenerator<string, void, undefined> {
    return lines(this.#sender.stream('/audit/export', '', {}, QUIET_MS, options.signal));
  }
}
