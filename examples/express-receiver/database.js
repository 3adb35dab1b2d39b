/**
 * The database of the receiver: SQLite, so that the example needs no server. What matters is the
 * one transaction, which any database has.
 */

import { rmSync } from 'node:fs';
import sqlite from 'node-sqlite3-wasm';

/** Ids are kept for longer than Qhronos can redeliver: QHRONOS_RETENTION_OCCURRENCES, 7 days. */
const KEPT_MS = 8 * 86_400_000;

/** Open the database, and forget ids that cannot come again. */
export function open(file) {
  // A process that was killed leaves its lock. No other uses this file.
  rmSync(`${file}.lock`, { recursive: true, force: true });
  const db = new sqlite.Database(file);
  db.exec('CREATE TABLE IF NOT EXISTS seen (webhook_id TEXT PRIMARY KEY, at INTEGER NOT NULL)');
  db.exec('CREATE TABLE IF NOT EXISTS reminders (customer TEXT NOT NULL, text TEXT NOT NULL)');
  db.run('DELETE FROM seen WHERE at < ?', [Date.now() - KEPT_MS]);
  return db;
}

/**
 * Do work once for an id; tell whether it was done now.
 *
 * The id is written in the transaction of the work. If the work throws, or the process is killed,
 * neither is there, and the next attempt does both.
 */
export function once(db, webhookId, work) {
  db.exec('BEGIN IMMEDIATE');
  try {
    const row = [webhookId, Date.now()];
    const isNew = db.run('INSERT OR IGNORE INTO seen VALUES (?, ?)', row).changes === 1;
    if (isNew) work();
    db.exec('COMMIT');
    return isNew;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
