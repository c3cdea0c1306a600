/** Keeps the canvas as the zones are. */

import { type RefObject, useEffect } from 'react';
import { LOOKS } from './conditions.ts';
import { type PaintOptions, paintZones } from './painter.ts';
import { useTableVersion } from './use-zones.ts';
import { cellOf, type Viewport, visibleZones } from './viewport.ts';
import type { ZoneTable } from './zone-table.ts';

/** Cells from this many CSS pixels on show the sign of their condition. */
const SIGNS_FROM = 18;

export function usePainting(
  canvas: RefObject<HTMLCanvasElement | null>,
  table: ZoneTable,
  viewport: Viewport,
  ratio: number,
  options: PaintOptions,
): void {
  const version = useTableVersion(table);
  const { width, height, cell, columns, rows, scroll } = viewport;
  const { view, only, dark } = options;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || version === 0) return;
    const place = { width, height, cell, columns, rows, scroll };
    paint(context, table, place, { view, only, dark });
    if (cell / ratio >= SIGNS_FROM && view === 'conditions') sign(context, table, place, dark);
  }, [canvas, table, version, width, height, cell, columns, rows, scroll, view, only, dark, ratio]);
}

function paint(
  context: CanvasRenderingContext2D,
  table: ZoneTable,
  view: Viewport,
  options: PaintOptions,
): void {
  const image = context.createImageData(view.width, view.height);
  paintZones(new Uint32Array(image.data.buffer), table, view, options);
  context.putImageData(image, 0, 0);
}

function sign(
  context: CanvasRenderingContext2D,
  table: ZoneTable,
  view: Viewport,
  dark: boolean,
): void {
  const { first, end } = visibleZones(view, table.zoneCount);
  context.font = `600 ${Math.round(view.cell * 0.4)}px ui-monospace, monospace`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = dark ? '#ffffff' : '#0b1118';
  for (let index = first; index < end; index++) {
    if (table.known[index] === 0) continue;
    const { condition } = table.zone(index);
    if (condition === 'empty') continue;
    const { x, y } = cellOf(view, index);
    context.fillText(LOOKS[condition].sign, x + view.cell / 2, y + view.cell / 2);
  }
}
