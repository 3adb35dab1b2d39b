/**
 * The stream of changes: server-sent events.
 *
 * The format is that of https://html.spec.whatwg.org/multipage/server-sent-events.html.
 */

/** How long the stream may be quiet; the service sends a sign of life more often. */
export const QUIET_MS = 60_000;

/** Something that happened. */
export interface Change {
  readonly id: string;
  /** `ready`, `event`, `change`, `reset` or `end`. */
  readonly kind: string;
  /** What the service says of it. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Cut parts of a text into its lines, without their ends. */
export async function* lines(
  parts: AsyncIterable<string>,
): AsyncGenerator<string, void, undefined> {
  let rest = '';
  for await (const part of parts) {
    const found = (rest + part).split('\n');
    rest = found.pop() ?? '';
    for (const line of found) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest) yield rest;
}

/** Put the lines of a stream together into changes. */
export async function* changesOf(
  stream: AsyncIterable<string>,
): AsyncGenerator<Change, void, undefined> {
  let fields: Record<string, string> = {};
  let data: string[] = [];
  for await (const line of stream) {
    if (line === '') {
      if (data.length || 'event' in fields) {
        const { id = '', event: kind = 'message' } = fields;
        yield { id, kind, data: JSON.parse(data.join('\n') || '{}') as Change['data'] };
      }
      fields = {};
      data = [];
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (name === 'data') data.push(value);
    else if (name) fields[name] = value;
  }
}
