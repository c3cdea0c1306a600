/** Where each zone's cell lies: rows of equal squares, scrolled up and down. Lengths are device pixels. */

/** Smallest cell in which a condition can be told, and largest that still shows a neighbour. */
export const MIN_CELL = 3;
export const MAX_CELL = 96;

export interface Viewport {
  readonly width: number;
  readonly height: number;
  /** Side of a cell with its gap. */
  readonly cell: number;
  readonly columns: number;
  readonly rows: number;
  /** Pixels of the map above the top edge. */
  readonly scroll: number;
}

/** The largest cell with which all zones fit, within its bounds. */
export function fittingCell(width: number, height: number, zoneCount: number): number {
  let low = MIN_CELL;
  let high = MAX_CELL;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const columns = Math.max(1, Math.floor(width / middle));
    if (Math.ceil(zoneCount / columns) * middle <= height) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function viewportOf(
  width: number,
  height: number,
  zoneCount: number,
  cell: number,
  scroll: number,
): Viewport {
  const columns = Math.max(1, Math.min(zoneCount, Math.floor(width / cell)));
  const rows = Math.ceil(zoneCount / columns);
  const most = Math.max(0, rows * cell - height);
  return { width, height, cell, columns, rows, scroll: Math.min(most, Math.max(0, scroll)) };
}

/** Height that all zones take at most: a map of few zones needs no more. */
export function mostHeight(width: number, zoneCount: number): number {
  return Math.ceil(zoneCount / Math.max(1, Math.floor(width / MAX_CELL))) * MAX_CELL;
}

/** The zone at a point, or undefined beside the cells. */
export function zoneAt(
  view: Viewport,
  x: number,
  y: number,
  zoneCount: number,
): number | undefined {
  const column = Math.floor(x / view.cell);
  const row = Math.floor((y + view.scroll) / view.cell);
  if (column < 0 || column >= view.columns || row < 0) return undefined;
  const index = row * view.columns + column;
  return index < zoneCount ? index : undefined;
}

/** Top left corner of a zone's cell. */
export function cellOf(view: Viewport, index: number): { x: number; y: number } {
  return {
    x: (index % view.columns) * view.cell,
    y: Math.floor(index / view.columns) * view.cell - view.scroll,
  };
}

/** First and last zone of which something can be seen. */
export function visibleZones(view: Viewport, zoneCount: number): { first: number; end: number } {
  const firstRow = Math.floor(view.scroll / view.cell);
  const endRow = Math.ceil((view.scroll + view.height) / view.cell);
  return {
    first: Math.min(zoneCount, firstRow * view.columns),
    end: Math.min(zoneCount, endRow * view.columns),
  };
}

/** The scroll that brings a zone into view, or the present one where it is. */
export function scrollTo(view: Viewport, index: number): number {
  const { y } = cellOf(view, index);
  if (y < 0) return view.scroll + y;
  const below = y + view.cell - view.height;
  return below > 0 ? view.scroll + below : view.scroll;
}

/** Another cell size, with the zone under a point staying under it. */
export function zoomed(
  view: Viewport,
  cell: number,
  x: number,
  y: number,
  zoneCount: number,
): Viewport {
  const bounded = Math.round(Math.min(MAX_CELL, Math.max(MIN_CELL, cell)));
  const index = zoneAt(view, x, y, zoneCount) ?? 0;
  const inside = y - cellOf(view, index).y;
  const next = viewportOf(view.width, view.height, zoneCount, bounded, 0);
  const row = Math.floor(index / next.columns);
  const scroll = row * bounded + (inside / view.cell) * bounded - y;
  return viewportOf(view.width, view.height, zoneCount, bounded, scroll);
}
