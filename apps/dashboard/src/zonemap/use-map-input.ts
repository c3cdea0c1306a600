/** Pointer, wheel and keys on the map. */

import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from 'react';
import type { MapViewport } from './use-viewport.ts';
import { type Viewport, zoneAt } from './viewport.ts';

const WHEEL_ZOOM = 1.0015;
/** A pointer that moves less is not dragging. */
const DRAG_FROM = 4;

interface MapInput {
  readonly frame: RefObject<HTMLElement | null>;
  readonly map: MapViewport;
  readonly zoneCount: number;
  readonly selected: number | undefined;
  readonly onSelect: (index: number) => void;
}

/** The zone under the pointer, and what the map's element listens to. */
export function useMapInput({ frame, map, zoneCount, selected, onSelect }: MapInput) {
  const { view, ratio, pan, zoom } = map;
  const [hovered, setHovered] = useState<number>();
  const drag = useRef<{ y: number; moved: boolean }>(undefined);
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    // React listens to the wheel passively, and the page would scroll too
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const [x, y] = [(event.clientX - box.left) * ratio, (event.clientY - box.top) * ratio];
      if (event.shiftKey) pan((event.deltaY || event.deltaX) * ratio);
      else zoom(WHEEL_ZOOM ** -event.deltaY, x, y);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  });
  const under = ({ currentTarget, clientX, clientY }: PointerEvent): number | undefined => {
    const box = currentTarget.getBoundingClientRect();
    return zoneAt(view, (clientX - box.left) * ratio, (clientY - box.top) * ratio, zoneCount);
  };
  const listeners = {
    onKeyDown: (event: KeyboardEvent) => {
      if (onKey(event.key, map, zoneCount, selected ?? 0, onSelect)) event.preventDefault();
    },
    onPointerDown: (event: PointerEvent) => {
      drag.current = { y: event.clientY, moved: false };
    },
    onPointerMove: (event: PointerEvent) => {
      const held = drag.current;
      if (held && (held.moved || Math.abs(event.clientY - held.y) > DRAG_FROM)) {
        pan((held.y - event.clientY) * ratio);
        drag.current = { y: event.clientY, moved: true };
      }
      setHovered(under(event));
    },
    onPointerUp: (event: PointerEvent) => {
      const index = under(event);
      if (index !== undefined && !drag.current?.moved) onSelect(index);
      drag.current = undefined;
    },
    onPointerLeave: () => {
      drag.current = undefined;
      setHovered(undefined);
    },
  };
  return { hovered, listeners };
}

/** True where the key means something here. */
function onKey(
  key: string,
  { view, zoom, fit, reveal }: MapViewport,
  zoneCount: number,
  from: number,
  onSelect: (index: number) => void,
): boolean {
  const step = stepOf(key, view, zoneCount);
  if (step !== undefined) {
    const index = Math.max(0, Math.min(zoneCount - 1, from + step));
    onSelect(index);
    reveal(index);
    return true;
  }
  if (key === '+' || key === '=') zoom(1.25, 0, 0);
  else if (key === '-') zoom(0.8, 0, 0);
  else if (key === '0') fit();
  else return false;
  return true;
}

/** How many zones a key leads on; undefined for keys that lead nowhere. */
function stepOf(key: string, view: Viewport, zoneCount: number): number | undefined {
  const page = Math.max(1, Math.floor(view.height / view.cell) - 1) * view.columns;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -view.columns,
    ArrowDown: view.columns,
    PageUp: -page,
    PageDown: page,
    Home: -zoneCount,
    End: zoneCount,
  };
  return steps[key];
}
