/**
 * Plays a sequence on two images, one driven by us, the other by QEMU, and holds them against each other: around
 * each step, and whole before each step that needs closed images. Most of the time goes into starting QEMU's tools, so
 * that one process does all that can wait for it.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { qemuCheck } from '../disk.fixture.ts';
import { isZero } from '../operations/zeroes.ts';
import { dataFileOf, stockCreate } from './files.fixture.ts';
import { ourContent, ourCreate, ourFindings, ourImage, ourIo } from './ours.fixture.ts';
import {
  type ImageStep,
  type IoStep,
  isIo,
  SECTOR,
  type Sequence,
  type Step,
} from './steps.fixture.ts';
import {
  type MapRun,
  runsOf,
  stockContent,
  stockImage,
  stockIo,
  stockMap,
  type Task,
} from './stock.fixture.ts';

/** The two sides differ, or one failed. `step` is how many steps had been taken. */
export class Mismatch extends Error {
  constructor(
    message: string,
    readonly step: number,
  ) {
    super(message);
  }
}

/** Plays the whole sequence in a folder of its own. Throws `Mismatch`. */
export async function play(sequence: Sequence): Promise<void> {
  const folder = fs.mkdtempSync(path.join(scratch(), 'zonelab-differential-'));
  try {
    await new Play(sequence, folder).run();
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Memory where there is a file system in it: the sequences flush often, and the disk is not what is tested. */
function scratch(): string {
  return fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
}

type ResizeStep = Extract<ImageStep, { op: 'resize' }>;

class Play {
  readonly #sequence: Sequence;
  #ours: string;
  #theirs: string;
  #size: number;
  readonly #snapshots = new Map<string, number>();
  #taken = 0;
  /** Whether there is a file below the image. */
  #overlaid: boolean;
  /** What our side has done, and the other is still to do: tasks of one opening each. */
  #pending: Task[][] = [];
  #comparisons = 0;

  constructor(sequence: Sequence, folder: string) {
    this.#sequence = sequence;
    this.#size = sequence.size;
    this.#overlaid = sequence.choice.backing !== 'none';
    this.#ours = path.join(folder, 'a', 'disk.qcow2');
    this.#theirs = path.join(folder, 'b', 'disk.qcow2');
  }

  async run(): Promise<void> {
    await this.#guard('create', () => this.#create());
    await this.#guard('compare', () => this.#compareWhole());
    for (const batch of batchesOf(this.#sequence.steps)) {
      await this.#guard(JSON.stringify(batch), () => this.#take(batch));
      this.#taken += batch.length;
    }
    await this.#guard('compare at the end', () => this.#compareWhole());
  }

  async #guard(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Mismatch(`${what}: ${reason}`, this.#taken);
    }
  }

  async #create(): Promise<void> {
    const { choice, size, seed } = this.#sequence;
    stockCreate(this.#ours, choice, size, seed);
    stockCreate(this.#theirs, choice, size, seed);
    if (choice.madeBy === 'ours') {
      await ourCreate(this.#ours, choice, size);
    }
  }

  async #take(batch: readonly Step[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    if (!isIo(first)) return this.#change(first);
    const fitting = (batch as readonly IoStep[])
      .filter((step) => this.#fits(step))
      .flatMap((step) => this.#asBothDo(step));
    if (fitting.length > 0) this.#pending.push(await ourIo(this.#ours, fitting));
  }

  /** False for a step drawn for another size of the disk or its clusters. */
  #fits(step: IoStep): boolean {
    if (step.op === 'flush') return true;
    const end = step.at + step.length;
    if (step.op !== 'compressed') return end <= this.#size;
    const { clusterSize } = this.#sequence.choice;
    return (
      step.at % clusterSize === 0 &&
      (end === this.#size || (end < this.#size && end % clusterSize === 0))
    );
  }

  /** What QEMU 7.2 takes otherwise than we do: compressed writes over stored clusters, discards of subclusters. */
  #asBothDo(step: IoStep): IoStep[] {
    if (step.op === 'compressed') return [{ ...step, op: 'discard' }, step];
    if (step.op !== 'discard' || this.#sequence.choice.extendedL2 === 'off') return [step];
    const { clusterSize } = this.#sequence.choice;
    const at = Math.ceil(step.at / clusterSize) * clusterSize;
    const end = step.at + step.length;
    const last = end === this.#size ? end : Math.floor(end / clusterSize) * clusterSize;
    return last > at ? [{ ...step, at, length: last - at }] : [];
  }

  async #change(step: ImageStep): Promise<void> {
    if (step.op === 'reopen') return;
    if (step.op === 'swap') {
      await this.#compare();
      [this.#ours, this.#theirs] = [this.#theirs, this.#ours];
      return;
    }
    const change = step.op === 'resize' ? this.#withoutRest(step) : step;
    if (!this.#makesSense(change)) return;
    await this.#compare();
    await ourImage(this.#ours, change);
    stockImage(this.#theirs, change);
  }

  /** Shrinks to whole clusters: QEMU 7.2 keeps the rest of the last one, and shows it when the disk grows again. */
  #withoutRest(step: ResizeStep): ResizeStep {
    const { clusterSize } = this.#sequence.choice;
    if (step.size >= this.#size) return step;
    return {
      ...step,
      size: Math.min(this.#size, Math.ceil(step.size / clusterSize) * clusterSize),
    };
  }

  /** False for a step that another, taken out of the sequence, had made possible. Keeps the books otherwise. */
  #makesSense(step: ImageStep): boolean {
    // a cluster may have one reference from each snapshot, the disk, and a snapshot being made or applied
    const room = this.#snapshots.size + 2 < 2 ** this.#sequence.choice.refcountBits;
    if (step.op === 'snapshot') {
      if (this.#snapshots.has(step.name) || !room) return false;
      this.#snapshots.set(step.name, this.#size);
    } else if (step.op === 'apply') {
      const size = this.#snapshots.get(step.name);
      if (size === undefined || !room) return false;
      this.#size = size;
    } else if (step.op === 'delete') return this.#snapshots.delete(step.name);
    else if (step.op === 'resize') return this.#resizes(step.size);
    else if (step.op === 'commit') return this.#overlaid;
    else if (step.op === 'rebase') {
      // what was discarded meanwhile is unmapped in ours and zeroes in QEMU's: only the first would show what comes below
      if (this.#sequence.choice.backing === 'none' || (step.unsafe && !this.#overlaid))
        return false;
      this.#overlaid = step.to !== 'none';
    }
    return true;
  }

  /**
   * QEMU resizes no image of version 2 that has snapshots, and cannot hide with zeroes what such a one shows from below.
   * Where the disk ends inside a cluster that QEMU 7.2 copied from a longer file below, it shows the copied bytes past
   * the end when the disk grows after that file was taken away.
   */
  #resizes(size: number): boolean {
    const { compat, backing, clusterSize } = this.#sequence.choice;
    if (compat === '0.10' && (backing !== 'none' || this.#snapshots.size > 0)) return false;
    const endsInside = this.#size % clusterSize !== 0;
    if (backing !== 'none' && !this.#overlaid && endsInside && size > this.#size) return false;
    this.#size = size;
    return true;
  }

  /** Contents, read by both engines; then each checks one of the images, by turns. */
  async #compare(): Promise<void> {
    const content = await ourContent(this.#ours);
    const runs = runsOf(0, content);
    stockIo([
      ...this.#pending.map((tasks) => [this.#theirs, tasks] as const),
      [this.#theirs, runs],
      [this.#ours, runs],
    ]);
    this.#pending = [];
    expectSame("our reading of QEMU's image", await ourContent(this.#theirs), content);
    const even = this.#comparisons++ % 2 === 0;
    expectSound(even ? this.#ours : this.#theirs);
    await expectSoundToUs(even ? this.#theirs : this.#ours);
  }

  /** The same, byte for byte through files, with maps, and both images checked by both. */
  async #compareWhole(): Promise<void> {
    await this.#compare();
    await this.#compare();
    const theirs = stockContent(this.#theirs);
    expectSame('content of the two images', await ourContent(this.#ours), theirs);
    expectSame('our image as QEMU reads it', stockContent(this.#ours), theirs);
    if (this.#sequence.choice.dataFile === 'raw')
      for (const image of [this.#ours, this.#theirs])
        expectSame(
          `${sideOf(image)}: data file on its own`,
          dataFileContent(image, this.#size),
          theirs,
        );
    const maps = [stockMap(this.#ours), stockMap(this.#theirs)] as const;
    compareMaps(maps, this.#mapsAgree() ? undefined : theirs);
  }

  /**
   * False where one of us may store zeroes that the other only marks: over a backing file QEMU looks whether the rest of
   * a cluster happens to be zeroes below, and with extended L2 entries it writes a whole request as data where a part
   * of it lies in a compressed cluster.
   */
  #mapsAgree(): boolean {
    const { choice, steps } = this.#sequence;
    const compressed = choice.extendedL2 === 'on' && steps.some(({ op }) => op === 'compressed');
    return choice.backing === 'none' && !compressed;
  }
}

async function expectSoundToUs(file: string): Promise<void> {
  const findings = await ourFindings(file);
  if (findings.length > 0) throw new Error(`our check: ${sideOf(file)}: ${findings[0]}`);
}

/** Folder `a` holds the image that was ours at first. */
function sideOf(file: string): string {
  return `image ${path.basename(path.dirname(file))}`;
}

function expectSound(file: string): void {
  const { corruptions, leaks, errors } = qemuCheck(file);
  if (corruptions + leaks + errors === 0) return;
  const counts = `${corruptions} corruptions, ${leaks} leaks, ${errors} errors`;
  throw new Error(`qemu-img check: ${sideOf(file)}: ${counts}`);
}

/**
 * Steps that one opening carries out: some of what needs an open image, or one that needs a closed one. At most one
 * compressed write, the first: QEMU 7.2 goes on to fill a host cluster with compressed data after that cluster was freed
 * and taken for something else.
 */
function batchesOf(steps: readonly Step[]): Step[][] {
  const batches: Step[][] = [];
  let open = false;
  for (const step of steps) {
    if (isIo(step) && open && step.op !== 'compressed') batches.at(-1)?.push(step);
    else batches.push([step]);
    open = isIo(step);
  }
  return batches;
}

/** A data file may end before the disk does, or after it where the disk became smaller. */
function dataFileContent(image: string, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  fs.readFileSync(dataFileOf(image)).copy(bytes);
  return bytes;
}

function expectSame(what: string, mine: Buffer, theirs: Buffer): void {
  if (mine.equals(theirs)) return;
  if (mine.length !== theirs.length)
    throw new Error(`${what}: ${mine.length} bytes here, ${theirs.length} there`);
  const at = mine.findIndex((byte, index) => byte !== theirs[index]);
  throw new Error(`${what}: byte ${at} is ${mine[at]} here, ${theirs[at]} there`);
}

/** `content`: zeroes in it count as zeroes whether they are stored or not. */
function compareMaps(maps: readonly (readonly MapRun[])[], content?: Buffer): void {
  const [mine = [], theirs = []] = maps.map((map) => joined(map, content));
  const index = mine.findIndex((one, at) => one !== theirs[at]);
  if (index >= 0) throw new Error(`map: ${mine[index]} here, ${theirs[index]} there`);
}

/**
 * Runs of one meaning, wherever they lie. What reads as zeroes because a cluster says so, and what does because
 * nothing is there, is one: QEMU leaves a zero cluster where it discards, we an unmapped one where that shows nothing
 * from below.
 */
function joined(map: readonly MapRun[], content: Buffer | undefined): string[] {
  const runs: { start: number; end: number; kind: string }[] = [];
  const add = (start: number, end: number, kind: string): void => {
    const last = runs.at(-1);
    if (last?.kind === kind) last.end = end;
    else runs.push({ start, end, kind });
  };
  for (const { start, length, depth, data } of map) {
    const kind = data ? `data at depth ${depth}` : 'zeroes';
    if (!data || content === undefined) add(start, start + length, kind);
    else
      for (let at = start; at < start + length; at += SECTOR)
        add(at, at + SECTOR, isZero(content.subarray(at, at + SECTOR)) ? 'zeroes' : kind);
  }
  return runs.map(({ start, end, kind }) => `${start} to ${end}: ${kind}`);
}
