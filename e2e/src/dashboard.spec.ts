/** The dashboard in a real browser, against a lab as `zonelab up` starts it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Dashboard } from './browser.fixture.ts';
import { qemuIo, run, TestLab } from './lab.fixture.ts';
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

/** What the page says of a zone that was chosen in the map. */
async function zoneText(index: number): Promise<string | null> {
  const { page } = dashboard;
  await page.getByRole('spinbutton', { name: 'Zone' }).fill(String(index));
  return page.locator('[aria-live]', { hasText: `Zone ${index}:` }).textContent();
}

async function exportUri(): Promise<string> {
  const address = dashboard.page.locator('td code', { hasText: 'nbd://' });
  return (await address.textContent()) ?? '';
}

async function expectAccessible(name: string): Promise<void> {
  await dashboard.screenshot(name);
  expect([name, await dashboard.accessibilityIssues()]).toEqual([name, []]);
}

it('checks a new image while it is typed, and makes it', async () => {
  const { page } = dashboard;
  await page.getByRole('button', { name: 'New image' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('typed');
  await form.getByLabel('Size', { exact: true }).fill('256M');
  await form.getByLabel('Zone size').fill('15M');
  await form.getByText('Under ZNS a multiple of the zone size, 15 MiB.').waitFor();
  expect(await form.getByRole('button', { name: 'Create image' }).isDisabled()).toBe(true);
  await form.getByLabel('Zone size').fill('16M');
  await form.getByLabel('Zone capacity').fill('12M');
  await form.getByText('16 zones of 16 MiB under ZNS rules, 12 MiB of each writable').waitFor();
  await expectAccessible('new-image');
  await form.getByRole('button', { name: 'Create image' }).click();
  await page.getByRole('heading', { name: 'typed', level: 1 }).waitFor();
  await page.locator('canvas[data-known="16"]').waitFor();
});

it('moves a write pointer while an NBD client writes', async () => {
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const uri = await exportUri();
  expect(await zoneText(1)).toBe('Zone 1: empty, 0 B of 12 MiB written, reset 0 times');
  expect((await run('qemu-io', ...qemuIo(uri, 'write 16M 3M', 'flush'))).exitCode).toBe(0);
  await page.getByText(/Zone 1: (implicitly open|closed), 3 MiB of 12 MiB written/).waitFor();
  await expectAccessible('zones');
});

it('asks before it resets a zone, and shows what that did', async () => {
  const { page } = dashboard;
  await page.getByRole('button', { name: 'reset', exact: true }).click();
  const question = page.getByRole('alertdialog');
  await question.getByText('Its data are lost').waitFor();
  await question.getByRole('button', { name: 'Reset' }).click();
  await page.getByText('Zone 1: empty, 0 B of 12 MiB written, reset once').waitFor();
});

it('breaks a zone, and shows it broken once a client wrote to it', async () => {
  const { page } = dashboard;
  expect(await zoneText(2)).toContain('empty');
  await page.getByRole('button', { name: 'Break: offline' }).click();
  await page.getByRole('button', { name: 'Make it offline' }).click();
  await page.getByText('Zone 2 becomes offline with the next write to it').first().waitFor();
  const uri = await exportUri();
  expect((await run('qemu-io', ...qemuIo(uri, 'write 32M 64k'))).stdout).toContain('failed');
  await page.getByText('Zone 2: offline').waitFor();
});

it('goes from zone to zone by keys', async () => {
  const { page } = dashboard;
  await page.getByRole('application').focus();
  await page.keyboard.press('Home');
  await page.getByText('Zone 0: empty').waitFor();
  await page.keyboard.press('ArrowRight');
  await page.getByText('Zone 1: empty').waitFor();
  await page.keyboard.press('End');
  await page.getByText('Zone 15: empty').waitFor();
});

it('tells what the clients of an export do, and how to attach it', async () => {
  const { page } = dashboard;
  await page.getByRole('table').getByRole('link', { name: 'typed' }).click();
  await page.getByText('Written in all').waitFor();
  await page.getByText('3 MiB').waitFor();
  await page.getByRole('tab', { name: 'libvirt' }).click();
  await page.locator('pre', { hasText: '<disk' }).waitFor();
  await expectAccessible('export');
});

it('runs an experiment to its report', async () => {
  const { page } = dashboard;
  await dashboard.goTo('/experiments/new');
  await page.getByLabel('Name').first().fill('from-the-page');
  await page.getByLabel('Preset').selectOption('ideal');
  await page.getByLabel('Operations').fill('20000');
  await expectAccessible('compose');
  await page.getByRole('button', { name: 'Queue the experiment' }).click();
  await page.getByRole('heading', { name: 'Zones at the end' }).waitFor();
  await page.getByRole('cell', { name: 'write', exact: true }).waitFor();
  await expectAccessible('report');
});

it('provisions a fleet, disk by disk', async () => {
  const { page } = dashboard;
  await dashboard.goTo('/fleets');
  await page.getByRole('button', { name: 'New fleet' }).click();
  const form = page.getByRole('dialog');
  await form.getByLabel('Name').fill('web');
  await form.getByLabel('Disks').fill('3');
  await form.getByRole('button', { name: 'Create fleet' }).click();
  await page.getByRole('heading', { name: 'web', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'web-2' }).waitFor();
  await page.getByRole('row', { name: /web-2 ready exported/ }).waitFor();
  await expectAccessible('fleet');
});

it.each(['images', 'exports', 'experiments', 'sweeps', 'fleets', 'system', 'nowhere'])(
  'can be read by everyone on /%s, in the dark too',
  async (path) => {
    const { page } = dashboard;
    await page.emulateMedia({ colorScheme: 'dark' });
    await dashboard.goTo(`/${path}`);
    await page.locator('main:has(h1, h2):not(:has([aria-label^="Loading"]))').waitFor();
    await expectAccessible(path);
    await page.emulateMedia({ colorScheme: 'light' });
  },
);

it('forgets the key when the session ends', async () => {
  const { page } = dashboard;
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('API key').waitFor();
  expect(await page.evaluate('Object.keys(sessionStorage)')).toEqual([]);
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
