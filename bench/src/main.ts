/** `zonelab bench`: runs benchmarks, prints their tables and keeps the results. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BENCHMARKS } from './benchmarks.ts';
import { describeMachine, measureNoise } from './machine.ts';
import { type Result, tableText, withResults } from './report.ts';
import { type Benchmark, Workbench } from './workbench.ts';

const USAGE = `Usage: zonelab bench [--list] [--tiny] [--output human|json] [NAME]…

Measures zonelab beside its peers, in turns. All benchmarks, or those named.
  --list    list them
  --tiny    sizes that only show that they work; nothing is kept
  --output  human (a table, the default) or json

Results go to bench/results and into docs/benchmarks.md.`;

/** Turns of each pair; an odd number has a median that was measured. */
const TURNS = 7;
const TINY_TURNS = 1;

async function main(root: string): Promise<number> {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(3),
    allowPositionals: true,
    options: {
      list: { type: 'boolean' },
      tiny: { type: 'boolean', default: false },
      output: { type: 'string', default: 'human' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return say(USAGE);
  if (values.list) return say(BENCHMARKS.map(({ name, about }) => `${name}: ${about}`).join('\n'));
  if (values.output !== 'human' && values.output !== 'json')
    return refuse(`--output ${values.output}: allowed are human, json`);
  const unknown = positionals.find((name) => !BENCHMARKS.some((one) => one.name === name));
  if (unknown !== undefined)
    return refuse(`${unknown}: allowed are ${BENCHMARKS.map(({ name }) => name).join(', ')}`);
  const chosen = BENCHMARKS.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  let failed = false;
  const results: Result[] = [];
  for (const benchmark of chosen) {
    try {
      const result = await measure(root, benchmark, values.tiny);
      results.push(result);
      if (values.output === 'human') process.stdout.write(tableText(result));
      if (!values.tiny) keep(root, result);
    } catch (error) {
      process.stderr.write(`zonelab bench: ${benchmark.name}: ${(error as Error).message}\n`);
      failed = true;
    }
  }
  if (values.output === 'json') say(JSON.stringify(results, null, 2));
  return failed ? 1 : 0;
}

async function measure(root: string, benchmark: Benchmark, tiny: boolean): Promise<Result> {
  const { name, about } = benchmark;
  const missing = benchmark.tools.filter((tool) => !onPath(tool));
  if (missing.length > 0) throw new Error(`not on PATH: ${missing.join(', ')}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `zonelab-bench-${name}-`));
  try {
    const bench = new Workbench(
      folder,
      tiny,
      tiny ? TINY_TURNS : TURNS,
      path.join(root, 'zonelab'),
    );
    const before = measureNoise();
    const figures = await benchmark.run(bench);
    const noise = { before, after: measureNoise() };
    const date = new Date().toISOString();
    return { name, about, date, machine: describeMachine(), noise, figures };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function keep(root: string, result: Result): void {
  const folder = path.join(root, 'bench/results');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, `${result.name}.json`),
    `${JSON.stringify(result, null, 1)}\n`,
  );
  const kept = BENCHMARKS.map(({ name }) => path.join(folder, `${name}.json`))
    .filter((file) => fs.existsSync(file))
    .map((file) => JSON.parse(fs.readFileSync(file, 'utf8')) as Result);
  const document = path.join(root, 'docs/benchmarks.md');
  fs.writeFileSync(document, withResults(fs.readFileSync(document, 'utf8'), kept));
}

function onPath(tool: string): boolean {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.some((folder) => fs.existsSync(path.join(folder, tool)));
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function refuse(text: string): number {
  process.stderr.write(`zonelab: bench: ${text}\n`);
  return 2;
}

try {
  process.exitCode = await main(process.env.ZONELAB_ROOT ?? process.cwd());
} catch (error) {
  if (!(error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS')) throw error;
  process.exitCode = refuse((error as Error).message);
}
