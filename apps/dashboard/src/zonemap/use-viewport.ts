/** The map's size, zoom and scroll, and how wheel, drag and keys change them. */

import { type RefObject, useCallback, useEffect, useState } from 'react';
import { fittingCell, scrollTo, type Viewport, viewportOf, zoomed } from './viewport.ts';

export interface MapViewport {
  readonly view: Viewport;
  /** Device pixels to a CSS pixel. */
  readonly ratio: number;
  pan(by: number): void;
  /** Factor above 1: larger cells. The point is in device pixels. */
  zoom(factor: number, x: number, y: number): void;
  fit(): void;
  reveal(index: number): void;
}

/** `cell` of 0 fits all zones in, whatever size the map takes. */
interface Place {
  readonly cell: number;
  readonly scroll: number;
}

export function useViewport(frame: RefObject<HTMLElement | null>, zoneCount: number): MapViewport {
  const ratio = window.devicePixelRatio || 1;
  const [size, setSize] = useState({ width: 1, height: 1 });
  const [place, setPlace] = useState<Place>({ cell: 0, scroll: 0 });
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = element;
      const side = (css: number) => Math.max(1, Math.floor(css * ratio));
      setSize({ width: side(clientWidth), height: side(clientHeight) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, ratio]);

  const make = useCallback(
    ({ cell, scroll }: Place) => {
      const { width, height } = size;
      return viewportOf(
        width,
        height,
        zoneCount,
        cell || fittingCell(width, height, zoneCount),
        scroll,
      );
    },
    [size, zoneCount],
  );
  const change = useCallback(
    (next: (view: Viewport) => Place) => setPlace((before) => next(make(before))),
    [make],
  );
  return {
    view: make(place),
    ratio,
    pan: (by) => change(({ cell, scroll }) => ({ cell, scroll: scroll + by })),
    zoom: (factor, x, y) =>
      change((view) => {
        const wanted =
          factor > 1 ? Math.max(view.cell + 1, view.cell * factor) : view.cell * factor;
        return zoomed(view, wanted, x, y, zoneCount);
      }),
    fit: () => setPlace({ cell: 0, scroll: 0 }),
    reveal: (index) => change((view) => ({ cell: view.cell, scroll: scrollTo(view, index) })),
  };
}
