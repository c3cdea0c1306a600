/** `zonelab demo`: the main job on real input, every step verified, and where to look next. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient } from '@zonelab/client';
import type { Experiment, Image, Zone } from '@zonelab/contracts';
import { type ExperimentReport, renderSummary } from '@zonelab/zone-workload';
import { startLab } from '../lab/lab.ts';
import { type LabFacts, readRunningLab } from '../lab/lab-file.ts';
import type { LabPlace } from '../lab/up.ts';
import type { Output } from '../output.ts';
import { drawZoneMap } from '../zones/map.ts';
import { runExperiment } from './experiment-steps.ts';
import {
  createImage,
  type DemoContext,
  endExport,
  exportImage,
  refuseWrongPlace,
  resetZone,
  verifyWritePointers,
  writeThroughClients,
} from './image-steps.ts';
import { Progress } from './progress.ts';

const STEPS = 10;

interface Findings {
  readonly image: Image;
  readonly zones: readonly Zone[];
  readonly experiment: Experiment;
  readonly report: ExperimentReport;
}

/** Uses the lab that runs in `home`, else one of its own beside it. Interrupted, it stops what it started. */
export async function runDemo({ home, root }: LabPlace, out: Output): Promise<void> {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  }
  const { signal } = interrupted;
  const progress = new Progress(out, STEPS);
  const running = await readRunningLab(home);
  const own = join(home, 'demo');
  const lab = await progress.step('bring up the lab', async () => {
    if (running) return [`the one that runs in ${home}`, undefined];
    const environment = process.env;
    const made = await startLab({ home: own, root, environment, signal, onStep: () => undefined });
    return [`one of its own in ${own}`, made];
  });
  const facts = running ?? (lab?.facts as LabFacts);
  const scratch = mkdtempSync(join(tmpdir(), 'zonelab-demo-'));
  const broken = lab?.broken.then((part) =>
    interrupted.abort(new Error(`${part} ended by itself`)),
  );
  void broken;
  try {
    const api = createApiClient({
      url: facts.apiUrl,
      token: facts.token,
      fetch: (request) => fetch(request, { signal }),
    });
    const findings = await runSteps({ api, progress, signal, scratch });
    out.write(closingText(findings, out));
    out.write(running ? liveText(findings, facts) : restingText(findings, own));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    await lab?.stop();
  }
}

async function runSteps(context: DemoContext): Promise<Findings> {
  const image = await createImage(context);
  const { id, uri } = await exportImage(context, image);
  await writeThroughClients(context, uri);
  await verifyWritePointers(context, image);
  await refuseWrongPlace(context, image, uri);
  await resetZone(context, image, uri);
  const zones = await endExport(context, image, id);
  const [experiment, report] = await runExperiment(context);
  return { image, zones, experiment, report };
}

function closingText({ image, zones, report }: Findings, out: Output): string {
  return [
    '\nEvery step was verified.\n',
    `\nZones of ${image.name}\n`,
    drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }),
    '\n',
    renderSummary(report),
    '\nWhere to look next\n',
  ].join('');
}

function liveText({ image, experiment }: Findings, { apiUrl }: LabFacts): string {
  return [
    `  the API and its documentation   ${apiUrl}/docs\n`,
    `  these zones, over REST          ./zonelab image zones ${image.id} --map\n`,
    `  this report, as JSON            ./zonelab experiment report ${experiment.id} --output json\n`,
  ].join('');
}

/** The lab of the demo stops; its image stays. */
function restingText({ image }: Findings, home: string): string {
  const file = join(home, 'pool', image.id, 'image.qcow2');
  return [
    '  a lab that stays                ./zonelab up\n',
    `  this image, at rest             ./zonelab zones --map ${file}\n`,
    `  the same, with QEMU's tools     qemu-img check ${file}\n`,
    '  an image without any service    ./zonelab img create disk.qcow2 1G -o zone_size=64M\n',
  ].join('');
}
