/** Server-sent events over fetch: a browser's EventSource sends no Authorization header. */

export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly type: string;
  readonly data: string;
}

/**
 * Takes a stream's text in pieces, as they come, and gives its events. A field is `name: value`, an empty line ends an
 * event, a line that begins with a colon is a comment (WHATWG HTML, 9.2.6).
 */
export class EventParser {
  #rest = '';
  #id: string | undefined;
  #type = '';
  #data: string[] = [];

  *take(piece: string): Generator<ServerSentEvent> {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') this.#field(line);
      else if (this.#data.length > 0) yield this.#event();
      else this.#type = '';
    }
  }

  #field(line: string): void {
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'data') this.#data.push(value ?? '');
    else if (name === 'event') this.#type = value ?? '';
    else if (name === 'id') this.#id = value ?? '';
  }

  #event(): ServerSentEvent {
    const event = { id: this.#id, type: this.#type || 'message', data: this.#data.join('\n') };
    this.#type = '';
    this.#data = [];
    return event;
  }
}

/** First and longest wait before a broken stream is opened again. */
const RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;

export interface StreamOptions {
  readonly url: string;
  readonly key: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ServerSentEvent) => void;
  /** Told of every change: whether events arrive. */
  readonly onState?: (connected: boolean) => void;
}

/** Follows a stream until the signal aborts; a broken one goes on after the last event that arrived. */
export async function followEvents(options: StreamOptions): Promise<void> {
  const { signal, onState } = options;
  let lastId: string | undefined;
  let retryMs = RETRY_MS;
  while (!signal.aborted) {
    try {
      await readOnce(options, lastId, (event) => {
        lastId = event.id ?? lastId;
        retryMs = RETRY_MS;
        options.onEvent(event);
      });
    } catch {
      // an aborted or broken connection: the loop's condition tells which
    }
    if (signal.aborted) return;
    onState?.(false);
    await wait(retryMs, signal);
    retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
  }
}

async function readOnce(
  { url, key, signal, onState }: StreamOptions,
  lastId: string | undefined,
  onEvent: (event: ServerSentEvent) => void,
): Promise<void> {
  const headers = {
    authorization: `Bearer ${key}`,
    accept: 'text/event-stream',
    ...(lastId !== undefined && { 'last-event-id': lastId }),
  };
  const answer = await fetch(url, { headers, signal });
  if (!answer.ok || !answer.body) return;
  onState?.(true);
  const parser = new EventParser();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (const event of parser.take(value)) onEvent(event);
  }
}

function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
