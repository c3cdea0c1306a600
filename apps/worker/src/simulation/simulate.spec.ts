import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ExperimentDefinition, runExperiment } from '@zonelab/zone-workload';
import { simulate } from './simulate.ts';
import { type BundledThread, bundleThread } from './thread.fixture.ts';

const definitionOf = (operations: number, blockSize = 4096): ExperimentDefinition => ({
  device: { preset: 'ideal' },
  workload: { phases: [{ kind: 'random-read', blockSize, operations }] },
});

describe('simulate', () => {
  let bundled: BundledThread;

  beforeAll(async () => {
    bundled = await bundleThread();
  });

  afterAll(() => bundled.dispose());

  const start = (definition: ExperimentDefinition, signal = new AbortController().signal) => {
    const seen: number[] = [];
    const onProgress = ({ progress }: { progress: number }) => void seen.push(progress);
    return {
      seen,
      report: simulate({ definition, traces: {} }, { onProgress, signal, thread: bundled.url }),
    };
  };

  it('gives the report that the same experiment gives on this thread, and its progress', async () => {
    const { seen, report } = start(definitionOf(300_000));
    expect((await report).report).toEqual(await runExperiment(definitionOf(300_000)));
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toBe(1);
  });

  it('passes on why a definition cannot run', async () => {
    const { report } = start(definitionOf(1, 1000));
    await expect(report).rejects.toMatchObject({ code: 'invalid_definition' });
    await expect(report).rejects.toThrow('workload.phases[0].blockSize: got 1000');
  });

  it('ends an endless run when it is aborted, with the reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const report = simulate(
      { definition: definitionOf(1e15), traces: {} },
      {
        onProgress: ({ operations }) => {
          if (operations > 0) controller.abort(reason);
        },
        signal: controller.signal,
        thread: bundled.url,
      },
    );
    await expect(report).rejects.toBe(reason);
  });

  it('does not start when it is already aborted', async () => {
    const { seen, report } = start(definitionOf(1), AbortSignal.abort(new Error('too late')));
    await expect(report).rejects.toThrow('too late');
    expect(seen).toEqual([]);
  });
});
