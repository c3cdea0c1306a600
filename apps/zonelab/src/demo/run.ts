/** `zonelab demo`: the main job on real input, every step verified, and where to look next. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Experiment, Image, Zone } from '@zonelab/contracts';
import { type ExperimentReport, renderSummary } from '@zonelab/zone-workload';
import { startLab } from '../lab/lab.ts';
import { type LabFacts, readRunningLab } from '../lab/lab-file.ts';
import type { LabPlace } from '../lab/up.ts';
import type { Output } from '../output.ts';
import { RestSession } from '../rest/session.ts';
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
  const lab = await progress.step('bring up the lab', async () => {
    if (running) return [`the one that runs in ${home}`, undefined];
    const own = join(home, 'demo');
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
    const rest = new RestSession(facts, signal);
    const findings = await runSteps({ rest, progress, signal, scratch });
    out.write(closingText(findings, out));
    if (!running)
      out.write('\nThe lab of this demo stops now; "./zonelab up" starts one that stays.\n');
    else out.write(`\nThe lab is still up: ${facts.apiUrl}/docs\n`);
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

function closingText({ image, zones, experiment, report }: Findings, out: Output): string {
  return [
    '\nEvery step was verified.\n',
    `\nZones of ${image.name}\n`,
    drawZoneMap(zones, { colours: out.isTerminal, columns: out.columns }),
    '\n',
    renderSummary(report),
    '\nWhere to look next\n',
    '  ./zonelab up                                       a lab that stays, with API docs at /docs\n',
    `  ./zonelab image zones ${image.id}   these zones over REST\n`,
    `  ./zonelab experiment report ${experiment.id}   this report as JSON\n`,
    '  ./zonelab img create disk.qcow2 1G -o zone_size=64M   an image without any service\n',
    '  ./zonelab zones --map disk.qcow2                      its zones, drawn\n',
  ].join('');
}
