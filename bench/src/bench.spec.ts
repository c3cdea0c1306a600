/** The command itself, on sizes that show only that every benchmark works. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import { BENCHMARKS } from './benchmarks.ts';
import { type Result, withResults } from './report.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function bench(...words: string[]) {
  const env = { ...process.env, NODE_OPTIONS: '' };
  return spawnSync(`${root}zonelab`, ['bench', ...words], { encoding: 'utf8', env });
}

/** All but the one that starts a lab, which is built while these tests run. */
const LOCAL = BENCHMARKS.map(({ name }) => name).filter((name) => name !== 'fleets');

it('gives every benchmark figures, and keeps none of a tiny run', () => {
  const document = fs.readFileSync(`${root}docs/benchmarks.md`, 'utf8');
  const { status, stderr, stdout } = bench('--tiny', '--output', 'json', ...LOCAL);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const results = JSON.parse(stdout) as Result[];
  expect(results.map(({ name }) => name)).toEqual(LOCAL);
  for (const { name, figures } of results) {
    expect([name, figures.length]).not.toEqual([name, 0]);
    for (const { ours, ratio } of figures) {
      expect([name, Number.isFinite(ours.median)]).toEqual([name, true]);
      expect([name, ratio === undefined || ratio.median >= 0]).toEqual([name, true]);
    }
  }
  expect(fs.readFileSync(`${root}docs/benchmarks.md`, 'utf8')).toBe(document);
}, 120_000);

it('lists the benchmarks', () => {
  const lines = bench('--list').stdout.trim().split('\n');
  expect(lines).toEqual(BENCHMARKS.map(({ name, about }) => `${name}: ${about}`));
});

it('refuses names that it does not know, and says which it knows', () => {
  const { status, stderr } = bench('warp');
  expect(status).toBe(2);
  expect(stderr).toContain('warp: allowed are convert, ');
});

it('has a place in the document for its results', () => {
  const document = fs.readFileSync(`${root}docs/benchmarks.md`, 'utf8');
  expect(withResults(withResults(document, []), [])).toBe(withResults(document, []));
});
