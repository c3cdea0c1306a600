/** The zone map in a real browser: how soon a large disk is seen, and whether the page keeps up with its changes. */
import path from 'node:path';
import { type Browser, type CDPSession, chromium } from 'playwright-core';
import type { Figure } from '../figure.ts';
import { IMAGE_ID, PageServer } from '../page-server.ts';
import { summarize } from '../statistics.ts';
import { type Benchmark, run, type Workbench } from '../workbench.ts';

export const dashboard: Benchmark = {
  name: 'dashboard',
  about: 'zone map of 100,000 zones in Chromium, 200 of them changing 10 times a second (no peer)',
  tools: ['chromium'],
  async run(bench) {
    const zoneCount = bench.size(100_000, 200);
    const watchMs = bench.size(5_000, 300);
    const server = await PageServer.start(buildPage(bench), zoneCount);
    const browser = await chromium.launch({
      executablePath: run('sh', '-c', 'command -v chromium').trim(),
      chromiumSandbox: false,
    });
    try {
      const turns: Turn[] = [];
      for (let turn = 0; turn < bench.turns; turn++) {
        turns.push(await measure(browser, server.url, zoneCount, watchMs));
      }
      return figuresOf(turns);
    } finally {
      await browser.close();
      server.close();
    }
  },
};

interface Turn {
  readonly firstMs: number;
  readonly allMs: number;
  /** Between two frames each, while zones change. */
  readonly frameGapsMs: readonly number[];
  /** Processor time of the page's thread: until all zones are painted, and then a second. */
  readonly loadCpuMs: number;
  readonly cpuMsPerSecond: number;
}

/** The page as it is in this checkout. */
function buildPage(bench: Workbench): string {
  const root = path.dirname(bench.zonelab);
  const folder = bench.path('page');
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  const source = path.join(root, 'apps/dashboard');
  const words = ['-c', path.join(source, 'vite.config.mjs'), '--outDir', folder];
  run(process.execPath, vite, 'build', path.join(source, 'src'), ...words, '--logLevel', 'error');
  return folder;
}

/** Notes, at each frame, how many zones have been painted. Times count from the start of the navigation. */
const WATCH = (zoneCount: number) => `
  sessionStorage.setItem('zonelab.key', 'zl_benchmark');
  window.painted = {};
  const look = (now) => {
    const known = Number(document.querySelector('canvas')?.dataset.known ?? 0);
    if (known > 0) window.painted.first ??= now;
    if (known === ${zoneCount}) window.painted.all ??= now;
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);`;

const FRAME_GAPS = (durationMs: number) => `
  new Promise((resolve) => {
    const gaps = [];
    let last;
    const begin = performance.now();
    const note = (now) => {
      if (last !== undefined) gaps.push(now - last);
      last = now;
      if (now - begin < ${durationMs}) requestAnimationFrame(note);
      else resolve(gaps);
    };
    requestAnimationFrame(note);
  })`;

async function measure(
  browser: Browser,
  url: string,
  zoneCount: number,
  watchMs: number,
): Promise<Turn> {
  const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' });
  await session.send('Performance.enable');
  await page.addInitScript({ content: WATCH(zoneCount) });
  await page.goto(`${url}/#/images/${IMAGE_ID}`);
  await page.locator(`canvas[data-known="${zoneCount}"]`).waitFor();
  const painted = await page.evaluate<{ first: number; all: number }>(
    'new Promise((resolve) => requestAnimationFrame(() => resolve(window.painted)))',
  );
  const loadCpuMs = await threadMs(session);
  const frameGapsMs = await page.evaluate<number[]>(FRAME_GAPS(watchMs));
  const cpuMsPerSecond = ((await threadMs(session)) - loadCpuMs) / (watchMs / 1000);
  await page.close();
  return {
    ...{ firstMs: painted.first, allMs: painted.all },
    ...{ frameGapsMs, loadCpuMs, cpuMsPerSecond },
  };
}

/** Processor time of the page's thread so far: other programs take the core away, but not this. */
async function threadMs(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0);
}

function figuresOf(turns: readonly Turn[]): Figure[] {
  const figure = (
    name: string,
    goal: number | undefined,
    read: (turn: Turn) => number,
  ): Figure => ({
    ...{ name, unit: 'ms', better: 'lower' },
    ...(goal !== undefined && { goal: { value: goal } }),
    ours: summarize(turns.map(read)),
  });
  return [
    figure('first zones painted', 2000, ({ firstMs }) => firstMs),
    figure('all zones painted', 2000, ({ allMs }) => allMs),
    figure('processor time to paint all zones', undefined, ({ loadCpuMs }) => loadCpuMs),
    figure('99 % of frames while zones change', 50, ({ frameGapsMs }) => share(frameGapsMs, 0.99)),
    figure('longest frame while zones change', 50, ({ frameGapsMs }) => Math.max(...frameGapsMs)),
    figure('processor time a second while zones change', undefined, (turn) => turn.cpuMsPerSecond),
  ];
}

function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
