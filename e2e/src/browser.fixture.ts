/** The dashboard of a lab in a real Chromium, and what a page must never do. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { TestLab } from './lab.fixture.ts';
import { root, whichCommand } from './workspace.fixture.ts';

const SCREENSHOTS = join(root, '.zonelab/screenshots');
/** A machine that does other things beside. */
const PATIENCE_MS = 20_000;

export class Dashboard {
  private constructor(
    private readonly lab: TestLab,
    private readonly browser: Browser,
    readonly page: Page,
    /** What the console complained of, and requests to any other host. */
    readonly complaints: string[],
  ) {}

  static async open(lab: TestLab): Promise<Dashboard> {
    const executablePath = whichCommand('chromium');
    const browser = await chromium.launch({ executablePath, chromiumSandbox: false });
    const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    page.on('console', (message) => {
      const { url } = message.location();
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.type()}: ${message.text()} (${url})`);
    });
    page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`));
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== lab.facts.apiUrl)
        complaints.push(`request to ${request.url()}`);
    });
    const dashboard = new Dashboard(lab, browser, page, complaints);
    await page.goto(`${lab.facts.apiUrl}/`);
    return dashboard;
  }

  async logIn(key = this.lab.facts.token): Promise<void> {
    await this.page.getByLabel('API key').fill(key);
    await this.page.getByRole('button', { name: 'Log in' }).click();
  }

  /** Goes to a page by its path, as in `/images`. */
  async goTo(path: string): Promise<void> {
    await this.page.goto(`${this.lab.facts.apiUrl}/#${path}`);
  }

  /** Saves what can be seen now, for people to look at. */
  async screenshot(name: string): Promise<void> {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
  }

  /** Serious and critical findings of axe-core on what can be seen now. */
  async accessibilityIssues(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = (await this.page.evaluate('axe.run()')) as axe.AxeResults;
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`)}`,
      );
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
