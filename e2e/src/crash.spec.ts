/** What a lab keeps when parts of it are killed. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { waitUntil } from '@zonelab/testing';
import { isAlive, isListening, qemuIo, run, TestLab } from './lab.fixture.ts';

const MIB = 1024 ** 2;
const ZONE = 16 * MIB;

let lab: TestLab;

beforeEach(async () => {
  lab = await TestLab.start();
});

afterEach(async () => {
  await lab?.discard();
});

const portsOf = ({ facts }: TestLab) => [
  Number(new URL(facts.apiUrl).port),
  facts.nbd.port,
  Number(new URL(facts.databaseUrl).port),
  Number(new URL(facts.redisUrl).port),
];

async function expectNothingLeft(ended: TestLab): Promise<void> {
  const pids = Object.values(ended.facts.pids);
  await waitUntil('every process ended', () => !pids.some(isAlive));
  const open = await Promise.all(portsOf(ended).map(isListening));
  expect(open).toEqual([false, false, false, false]);
  expect(existsSync(join(ended.home, 'lab.json'))).toBe(false);
}

it('finds every flushed byte and write pointer again after the gateway was killed', async () => {
  const image = await lab.createImage('crash');
  const { id: exportId, uri } = await lab.exportImage(image);
  const written = await run(
    'qemu-io',
    ...qemuIo(
      uri,
      'write -P 1 0 3M',
      `write -P 2 ${ZONE} 12M`,
      `write -f -P 3 ${2 * ZONE} 64k`,
      'flush',
    ),
  );
  expect(written.exitCode).toBe(0);
  const flushed = await lab.zones(image);
  process.kill(lab.facts.pids['device-gateway'] as number, 'SIGKILL');
  await expectNothingLeft(lab); // a lab that lost a part stops as a whole

  lab = await TestLab.start(lab.home);
  const zones = await lab.zones(image);
  expect(zones.map(({ writePointer }) => writePointer)).toEqual(
    flushed.map(({ writePointer }) => writePointer),
  );
  expect(zones.slice(0, 4).map(({ condition }) => condition)).toEqual([
    ...['closed', 'full', 'closed', 'empty'],
  ]);
  const { uri: servedAgain } = await lab.activeExport(exportId);
  const read = await run(
    'qemu-io',
    ...qemuIo(
      servedAgain,
      'read -P 1 0 3M',
      `read -P 2 ${ZONE} 12M`,
      `read -P 3 ${2 * ZONE} 64k`,
      'read -P 0 3M 1M',
      'write -P 4 3M 64k',
      'read -P 4 3M 64k',
    ),
  );
  expect([read.exitCode, read.stdout]).toEqual([0, expect.not.stringContaining('failed')]);
  await lab.rest('DELETE', `/v1/exports/${exportId}`);
  expect(await run('qemu-img', 'check', lab.fileOf(image))).toMatchObject({ exitCode: 0 });
});

it('leaves nothing running when its supervisor is killed, and starts again on the same data', async () => {
  const image = await lab.createImage('kept');
  const { pids } = lab.facts;
  process.kill(pids.lab as number, 'SIGKILL');
  await waitUntil('every process ended', () => !Object.values(pids).some(isAlive), 60_000);
  lab = await TestLab.start(lab.home);
  expect(await lab.rest('GET', `/v1/images/${image.id}`)).toMatchObject({ status: 200 });
});

it('keeps images, key and zones over a stop and a start', async () => {
  const image = await lab.createImage('stays');
  await lab.rest('POST', `/v1/images/${image.id}/zones/5/finish`);
  const zones = await lab.zones(image);
  const { token } = lab.facts;
  await lab.stop();
  await expectNothingLeft(lab);
  lab = await TestLab.start(lab.home);
  expect(lab.facts.token).toBe(token);
  expect(await lab.zones(image)).toEqual(zones);
});
