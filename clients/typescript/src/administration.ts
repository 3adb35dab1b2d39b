/** What the API has for those who run it: tokens, calendars, flows, alerts, objectives, secrets, log. */

import { call } from './calls.js';
import { type List, listed } from './paging.js';
import { Resource } from './resource.js';
import type {
  Alert,
  AlertInput,
  AlertTest,
  AlertUpdate,
  AuditEntry,
  AuditFilters,
  Calendar,
  CalendarDefinition,
  CallOptions,
  Compliance,
  Flow,
  FlowLimits,
  OnceOptions,
  Rotation,
  Slo,
  SloInput,
  TagSecret,
  TagSecretWritten,
  Token,
  TokenCreate,
  TokenRecord,
} from './types.js';

/** `qhronos.tokens`: who may do what. Admins alone. */
export class Tokens extends Resource {
  /** Make a token from `sub`, `access`, `scope` and `expires_at`. */
  create(token: TokenCreate, options: OnceOptions = {}): Promise<Token> {
    const body = { type: 'jwt' as const, ...token };
    return this.send(call('post', '/tokens', { ...options, body }));
  }

  /** Go through the tokens, never showing one. */
  list(filters: { sub?: string } = {}, options: CallOptions = {}): List<TokenRecord> {
    return this.listOf(listed('/tokens', filters, options));
  }

  /** Revoke one token, at once and everywhere. */
  revoke(jti: string, options: CallOptions = {}): Promise<void> {
    return this.send(call('delete', '/tokens/{jti}', { ...options, path: { jti } }));
  }

  /** Revoke all tokens of a `sub`. */
  async revokeAll(sub: string, options: CallOptions = {}): Promise<void> {
    await this.send(call('delete', '/tokens', { ...options, query: { sub } }));
  }
}

/** `qhronos.calendars`: days on which nothing fires. */
export class Calendars extends Resource {
  /** Go through the calendars. */
  list(options: CallOptions = {}): List<Calendar> {
    return this.listOf(listed('/calendars', {}, options));
  }

  /** Read a calendar. */
  get(name: string, options: CallOptions = {}): Promise<Calendar> {
    return this.send(call('get', '/calendars/{name}', { ...options, path: { name } }));
  }

  /** Create or replace a calendar. */
  put(name: string, definition: CalendarDefinition, options: CallOptions = {}): Promise<Calendar> {
    const parts = { ...options, path: { name }, body: definition };
    return this.send(call('put', '/calendars/{name}', parts));
  }

  /** Delete a calendar; throws `Conflict` while an event names it. */
  delete(name: string, options: CallOptions = {}): Promise<void> {
    return this.send(call('delete', '/calendars/{name}', { ...options, path: { name } }));
  }
}

/** The space of a flow: that of another token's scope. */
export interface FlowOptions extends CallOptions {
  readonly space?: string | undefined;
}

/** `qhronos.flows`: limits that events share. */
export class Flows extends Resource {
  /** Go through the flows. */
  list(options: CallOptions = {}): List<Flow> {
    return this.listOf(listed('/flows', {}, options));
  }

  /** Read a flow. */
  get(key: string, { space, ...options }: FlowOptions = {}): Promise<Flow> {
    return this.send(call('get', '/flows/{key}', { ...options, path: { key }, query: { space } }));
  }

  /** Set limits; `null` clears one. */
  put(key: string, limits: FlowLimits, { space, ...options }: FlowOptions = {}): Promise<Flow> {
    const parts = { ...options, path: { key }, query: { space }, body: limits };
    return this.send(call('put', '/flows/{key}', parts));
  }

  /** Send nothing more of a flow. */
  pause(key: string, { space, ...options }: FlowOptions & OnceOptions = {}): Promise<Flow> {
    const parts = { ...options, path: { key }, query: { space } };
    return this.send(call('post', '/flows/{key}/pause', parts));
  }

  /** Go on sending. */
  resume(key: string, { space, ...options }: FlowOptions & OnceOptions = {}): Promise<Flow> {
    const parts = { ...options, path: { key }, query: { space } };
    return this.send(call('post', '/flows/{key}/resume', parts));
  }
}

/** `qhronos.slos`: which share of a tag's deliveries is to begin in time. */
export class Slos extends Resource {
  /** Give a tag an objective. */
  put(tag: string, objective: SloInput, options: CallOptions = {}): Promise<Slo> {
    const parts = { ...options, path: { tag }, body: objective };
    return this.send(call('put', '/slos/{tag}', parts));
  }

  /** Read a tag's objective, and how it fares. */
  get(tag: string, options: CallOptions = {}): Promise<Compliance> {
    return this.send(call('get', '/slos/{tag}', { ...options, path: { tag } }));
  }

  /** Go through the objectives, and how they fare. */
  list(options: CallOptions = {}): List<Compliance> {
    return this.listOf(listed('/slos', {}, options));
  }

  /** Delete a tag's objective. */
  delete(tag: string, options: CallOptions = {}): Promise<void> {
    return this.send(call('delete', '/slos/{tag}', { ...options, path: { tag } }));
  }
}

/** `qhronos.alerts`: who is told, by mail or in a chat, when deliveries go wrong. */
export class Alerts extends Resource {
  /** Make an alert. */
  create(alert: AlertInput, options: OnceOptions = {}): Promise<Alert> {
    return this.send(call('post', '/alerts', { ...options, body: alert }));
  }

  /** Go through the alerts. */
  list(options: CallOptions = {}): List<Alert> {
    return this.listOf(listed('/alerts', {}, options));
  }

  /** Read an alert, and whether its notifications arrive. */
  get(id: string, options: CallOptions = {}): Promise<Alert> {
    return this.send(call('get', '/alerts/{alert_id}', { ...options, path: { alert_id: id } }));
  }

  /** Change what is given, and keep the rest. */
  update(id: string, changes: AlertUpdate, options: CallOptions = {}): Promise<Alert> {
    const parts = { ...options, path: { alert_id: id }, body: changes };
    return this.send(call('put', '/alerts/{alert_id}', parts));
  }

  /** Delete an alert. */
  delete(id: string, options: CallOptions = {}): Promise<void> {
    return this.send(call('delete', '/alerts/{alert_id}', { ...options, path: { alert_id: id } }));
  }

  /** Send a test now, and say whether it arrived. */
  test(id: string, options: OnceOptions = {}): Promise<AlertTest> {
    const parts = { ...options, path: { alert_id: id } };
    return this.send(call('post', '/alerts/{alert_id}/test', parts));
  }
}

/** `qhronos.audit`: who changed what. Admins alone. */
export class Audit extends Resource {
  /** Go through the log, newest first. */
  list(filters: AuditFilters = {}, options: CallOptions = {}): List<AuditEntry> {
    return this.listOf(listed('/audit', filters, options));
  }
}

/** `qhronos.signingSecrets`: what signs for events with a tag. Admins alone. */
export class SigningSecrets extends Resource {
  /** Go through the tags that have a secret, never showing one. */
  list(options: CallOptions = {}): List<TagSecret> {
    return this.listOf(listed('/signing-secrets', {}, options));
  }

  /**
   * Give a tag a secret, or another one; without `secret` the service makes one.
   *
   * It is not sent again when it may have been done: that would end the overlap of the one before.
   */
  put(tag: string, rotation: Rotation = {}, options: CallOptions = {}): Promise<TagSecretWritten> {
    const parts = { ...options, path: { tag }, body: rotation, again: false };
    return this.send(call('put', '/signing-secrets/{tag}', parts));
  }

  /** Take a tag's secret away: the service's own signs from now on. */
  delete(tag: string, options: CallOptions = {}): Promise<void> {
    return this.send(call('delete', '/signing-secrets/{tag}', { ...options, path: { tag } }));
  }
}
