/** The dashboard in a real browser, against a lab as `zonelab up` starts it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Dashboard } from './browser.fixture.ts';
import { TestLab } from './lab.fixture.ts';
import { root } from './workspace.fixture.ts';

let lab: TestLab;
let dashboard: Dashboard;
beforeAll(async () => {
  lab = await TestLab.start();
  dashboard = await Dashboard.open(lab);
});
afterAll(async () => {
  await dashboard?.close();
  await lab?.discard();
});

it('is where `zonelab up` says, and answers a strict policy', async () => {
  const answer = await fetch(`${lab.facts.apiUrl}/`);
  expect(answer.status).toBe(200);
  const policy = answer.headers.get('content-security-policy');
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
});

it('lets nobody in without a valid key, and says so', async () => {
  const { page } = dashboard;
  expect(await dashboard.accessibilityIssues()).toEqual([]);
  await dashboard.logIn('zl_no-such-key-no-such-key-no-such-key-00');
  await page.getByText('The key is not valid').waitFor();
  expect(dashboard.complaints.splice(0)).toEqual([expect.stringContaining('401')]);
  await dashboard.logIn();
  await page.getByRole('heading', { name: 'Images', level: 1 }).waitFor();
  expect(await page.evaluate('Object.keys(localStorage)')).toEqual([]);
});

it('shows the zones of an image', async () => {
  const { page } = dashboard;
  const image = await lab.createImage('shown');
  await lab.rest('POST', `/v1/images/${image.id}/zones/2/finish`);
  await page.getByRole('link', { name: 'shown' }).click();
  await page.locator('canvas[data-known="16"]').waitFor();
  await page.getByRole('application').focus();
  for (let step = 0; step < 2; step++) await page.keyboard.press('ArrowRight');
  await page.getByText('Zone 2: full, 12 MiB of 12 MiB written, reset 0 times').waitFor();
  await dashboard.screenshot('image');
  expect(await dashboard.accessibilityIssues()).toEqual([]);
});

it('has nothing to complain of in the console, and asks no other host', () => {
  expect(dashboard.complaints).toEqual([]);
});

it('is below 400 kB compressed in all', () => {
  const folder = join(root, 'apps/dashboard/dist/page');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const sizes = files
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => gzipSync(readFileSync(join(parentPath, name))).length);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(400_000);
});
