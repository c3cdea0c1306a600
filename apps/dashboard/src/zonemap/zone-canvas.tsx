/** The canvas: every zone a cell, its condition a colour, its written share a level. */

import { useId, useRef } from 'react';
import { describeZone } from './describe.ts';
import css from './map.module.css';
import type { PaintOptions } from './painter.ts';
import { useMapInput } from './use-map-input.ts';
import { usePainting } from './use-painting.ts';
import { useViewport } from './use-viewport.ts';
import { cellOf, mostHeight, type Viewport } from './viewport.ts';
import type { ZoneTable } from './zone-table.ts';
import { ZoneTip } from './zone-tip.tsx';

interface ZoneCanvasProps extends PaintOptions {
  table: ZoneTable;
  selected: number | undefined;
  onSelect: (index: number) => void;
}

export function ZoneCanvas({ table, selected, onSelect, ...options }: ZoneCanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const spoken = useId();
  const { zoneCount } = table;
  const map = useViewport(frame, zoneCount);
  const { view, ratio, pan } = map;
  usePainting(canvas, table, view, ratio, options);
  const { hovered, listeners } = useMapInput({ frame, map, zoneCount, selected, onSelect });
  const shown = hovered ?? selected;
  return (
    <div className={css.frame}>
      <div
        ref={frame}
        className={css.surface}
        style={{ maxHeight: mostHeight(view.width, zoneCount) / ratio }}
        role="application"
        aria-roledescription="zone map"
        aria-label={`${zoneCount} zones. Arrow keys move from zone to zone, plus and minus zoom, 0 shows all.`}
        aria-describedby={spoken}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the map is worked by keys
        tabIndex={0}
        {...listeners}
      >
        <canvas
          ref={canvas}
          width={view.width}
          height={view.height}
          style={{ width: view.width / ratio, height: view.height / ratio }}
          data-known={table.knownCount}
        />
        {selected !== undefined && <Mark view={view} index={selected} ratio={ratio} />}
        {hovered !== undefined && hovered !== selected && (
          <Mark view={view} index={hovered} ratio={ratio} light />
        )}
      </div>
      {hovered !== undefined && table.known[hovered] === 1 && (
        <ZoneTip zone={table.zone(hovered)} view={view} ratio={ratio} />
      )}
      <ScrollBar view={view} onScroll={(to) => pan(to - view.scroll)} />
      <div id={spoken} className={css.spoken} aria-live="polite">
        {shown !== undefined && table.known[shown] === 1 && describeZone(table.zone(shown))}
      </div>
    </div>
  );
}

function Mark(props: { view: Viewport; index: number; ratio: number; light?: boolean }) {
  const { view, index, ratio, light } = props;
  const { x, y } = cellOf(view, index);
  const side = view.cell / ratio;
  return (
    <div
      className={light ? css.hover : css.mark}
      style={{ left: x / ratio - 1, top: y / ratio - 1, width: side + 1, height: side + 1 }}
    />
  );
}

/** How much of the map is seen, and where. */
function ScrollBar({ view, onScroll }: { view: Viewport; onScroll: (to: number) => void }) {
  const whole = view.rows * view.cell;
  if (whole <= view.height) return null;
  return (
    <input
      className={css.scroll}
      type="range"
      aria-label="Scroll the zone map"
      min={0}
      max={whole - view.height}
      value={view.scroll}
      onChange={(event) => onScroll(Number(event.target.value))}
    />
  );
}
