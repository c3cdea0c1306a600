/** Which REST API the commands talk to. */
import { type ApiClient, createApiClient } from '@zonelab/client';
import { CliError } from '../errors.ts';
import { readRunningLab } from '../lab/lab-file.ts';

/** A client of ZONELAB_URL with ZONELAB_TOKEN, else of the lab that runs in `home`. */
export async function connect(home: string, environment: NodeJS.ProcessEnv): Promise<ApiClient> {
  const { ZONELAB_URL: url, ZONELAB_TOKEN: token } = environment;
  if (url && token) return createApiClient({ url: url.replace(/\/$/, ''), token });
  if (url || token) {
    throw new CliError('usage', 'ZONELAB_URL, ZONELAB_TOKEN: got one, allowed is both or neither');
  }
  const lab = await readRunningLab(home);
  if (lab) return createApiClient({ url: lab.apiUrl, token: lab.token });
  throw new CliError('failed', 'no lab runs here: start one (up), or set ZONELAB_URL and _TOKEN');
}
