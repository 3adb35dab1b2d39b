/** What works in the background: one action on many events, and imports of calendar files. */

import { call, reading } from './calls.js';
import { type List, listed } from './paging.js';
import { Resource } from './resource.js';
import type {
  BulkChange,
  BulkCount,
  BulkJob,
  CallOptions,
  ImportJob,
  ImportLine,
  ImportOptions,
  OnceOptions,
} from './types.js';

/** `qhronos.bulkJobs`: delete, pause, resume or retag all events that a filter means. */
export class BulkJobs extends Resource {
  /** Say how many events `start` would be about, and name some. */
  count(change: BulkChange, options: CallOptions = {}): Promise<BulkCount> {
    const parts = { ...options, body: { ...change, dry_run: true }, asksOnly: true };
    return this.send(reading(call('post', '/events/bulk', parts), (found) => found as BulkCount));
  }

  /** Start a job, as in `start({ action: 'retag', filter: { tags: ['a'] }, add_tags: ['b'] })`. */
  start(change: BulkChange, options: OnceOptions = {}): Promise<BulkJob> {
    const parts = { ...options, body: change };
    return this.send(reading(call('post', '/events/bulk', parts), (found) => found as BulkJob));
  }

  /** Say how far a job has come. */
  get(id: string, options: CallOptions = {}): Promise<BulkJob> {
    return this.send(call('get', '/bulk-jobs/{job_id}', { ...options, path: { job_id: id } }));
  }

  /** Go through the jobs, newest first. */
  list(options: CallOptions = {}): List<BulkJob> {
    return this.listOf(listed('/bulk-jobs', {}, options));
  }

  /** Stop a job. What it has changed stays so. */
  cancel(id: string, options: OnceOptions = {}): Promise<BulkJob> {
    const parts = { ...options, path: { job_id: id } };
    return this.send(call('post', '/bulk-jobs/{job_id}/cancel', parts));
  }
}

/** `qhronos.imports`: events from iCalendar files. */
export class Imports extends Resource {
  /**
   * Make or change an event of each entry of an iCalendar file; a large one makes a job.
   *
   * Its UIDs make it the same when it is sent again.
   */
  start(
    file: string | Uint8Array,
    asked: ImportOptions = {},
    options: CallOptions = {},
  ): Promise<ImportJob | ImportLine[]> {
    return this.send({
      ...call('post', '/imports', { ...options, query: asked, asksOnly: true }),
      headers: { 'Content-Type': 'text/calendar' },
      content: file,
    });
  }

  /** Say how far an import has come. */
  get(id: string, options: CallOptions = {}): Promise<ImportJob> {
    return this.send(call('get', '/imports/{import_id}', { ...options, path: { import_id: id } }));
  }

  /** Go through imports in the background, newest first. */
  list(options: CallOptions = {}): List<ImportJob> {
    return this.listOf(listed('/imports', {}, options));
  }

  /** Go through what became of each entry. */
  entries(id: string, options: CallOptions = {}): List<ImportLine> {
    return this.listOf(listed('/imports/{import_id}/entries', {}, options, { import_id: id }));
  }

  /** Stop an import. What it has written stays. */
  cancel(id: string, options: OnceOptions = {}): Promise<ImportJob> {
    const parts = { ...options, path: { import_id: id } };
    return this.send(call('post', '/imports/{import_id}/cancel', parts));
  }
}
