/** One REST API and one key: requests, and refusals as one line. */
import type { Problem } from '@zonelab/contracts';
import { CliError } from '../errors.ts';
import { readRunningLab } from '../lab/lab-file.ts';

export interface RestPlace {
  readonly apiUrl: string;
  readonly token: string;
}

/** From ZONELAB_URL and ZONELAB_TOKEN, else from the lab that runs in this checkout. */
export async function findApi(home: string, environment: NodeJS.ProcessEnv): Promise<RestPlace> {
  const { ZONELAB_URL: apiUrl, ZONELAB_TOKEN: token } = environment;
  if (apiUrl && token) return { apiUrl: apiUrl.replace(/\/$/, ''), token };
  if (apiUrl || token) {
    throw new CliError('usage', 'ZONELAB_URL, ZONELAB_TOKEN: got one, allowed is both or neither');
  }
  const lab = await readRunningLab(home);
  if (lab) return lab;
  throw new CliError('failed', 'no lab runs here: start one (up), or set ZONELAB_URL and _TOKEN');
}

export class RestSession {
  constructor(
    private readonly place: RestPlace,
    private readonly signal?: AbortSignal,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.request('GET', path);
  }

  post<T>(path: string, body?: object): Promise<T> {
    return this.request('POST', path, body);
  }

  delete(path: string): Promise<void> {
    return this.request('DELETE', path);
  }

  /** `path` begins with `/v1`. @throws CliError with what the API said */
  private async request<T>(method: string, path: string, body?: object): Promise<T> {
    const { apiUrl, token } = this.place;
    const init = {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(this.signal && { signal: this.signal }),
    };
    const response = await fetch(`${apiUrl}${path}`, init).catch((cause: unknown) => {
      this.signal?.throwIfAborted();
      throw new CliError('failed', `${apiUrl}: no answer`, { cause });
    });
    const text = await response.text();
    if (response.ok) return (text ? JSON.parse(text) : undefined) as T;
    throw new CliError('failed', `${method} ${path}: ${refusal(response.status, text)}`);
  }
}

/** Problem details in one line; other bodies only by their status. */
function refusal(status: number, text: string): string {
  try {
    const { code, detail, title, errors = [] } = JSON.parse(text) as Problem;
    const fields = errors.map(({ path, given, allowed }) => {
      return `${path}: got ${JSON.stringify(given)}, allowed is ${allowed}`;
    });
    return `${code}: ${[detail ?? title, ...fields].join('; ')}`;
  } catch {
    return `status ${status}`;
  }
}
