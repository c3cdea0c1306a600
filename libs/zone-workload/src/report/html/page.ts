/** The page around plots and tables: one file that asks for nothing else, light or dark as the reader has it. */
import { escapeText } from './svg.ts';

const STYLE = `
:root{color-scheme:light dark;--text:#1c1c1c;--soft:#5c5c5c;--line:#d9d9d9;--paper:#fff;--tile:#f5f6f7}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--soft:#a8a8a8;--line:#454545;--paper:#1b1c1e;--tile:#26282b}}
body{margin:0 auto;max-width:1360px;padding:24px;font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--paper)}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 8px;border-bottom:1px solid var(--line)}
p{margin:4px 0;color:var(--soft)}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:16px 0}
.tile{background:var(--tile);border-radius:8px;padding:10px 16px;min-width:110px}
.tile b{display:block;font-size:20px}.tile span{color:var(--soft);font-size:13px}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,520px),1fr));gap:16px}
figure{margin:0;background:var(--tile);border-radius:8px;padding:8px}
svg{width:100%;height:auto;display:block;font:11px system-ui,sans-serif}
svg text{fill:var(--text)}svg .label{fill:var(--soft)}svg .title{font-size:14px;font-weight:600}
svg .grid{stroke:var(--line);stroke-width:1}svg .axis{stroke:var(--soft);stroke-width:1}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:3px 12px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:500}
pre{background:var(--tile);border-radius:8px;padding:12px;overflow-x:auto;font-size:13px}
`;

export function renderPage(title: string, body: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeText(title)}</title><style>${STYLE}</style></head><body>
${body.filter((part) => part !== '').join('\n')}
</body></html>
`;
}

export function renderTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = (row: readonly string[], tag: string) =>
    row.map((cell) => `<${tag}>${escapeText(cell)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('\n');
  return `<div class="wide"><table><thead><tr>${cells(heading, 'th')}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

export function renderTiles(tiles: readonly (readonly [string, string])[]): string {
  const all = tiles.map(
    ([name, value]) =>
      `<div class="tile"><b>${escapeText(value)}</b><span>${escapeText(name)}</span></div>`,
  );
  return `<div class="tiles">${all.join('')}</div>`;
}

export function renderPlots(plots: readonly string[]): string {
  const figures = plots.filter((plot) => plot !== '').map((plot) => `<figure>${plot}</figure>`);
  return figures.length > 0 ? `<div class="plots">${figures.join('\n')}</div>` : '';
}

export function heading(text: string): string {
  return `<h2>${escapeText(text)}</h2>`;
}
