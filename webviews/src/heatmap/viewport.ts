import type { MatrixSize } from '@espalier/protocol';
import type { PixelGrid } from './raster.js';

/** CSS pixels per value. Below 1 a pixel stands for a block of values. Coarser steps follow where a matrix needs them. */
export const ZOOM_STEPS = [1 / 12, 1 / 6, 1 / 3, 1, 2, 4, 8, 16, 40] as const;
export const STANDARD_ZOOM = 4;
/** From here on kernels are set apart by a line, and exact zeros are hatched. */
export const DETAIL_ZOOM = 4;
/** From here on the value is written in its cell. */
export const FIGURE_ZOOM = 40;
const GAP = 1;

/** Part of a matrix in a window. Offsets are CSS pixels from the matrix's corner, at this zoom. */
export interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  /** The outlined cell. */
  readonly row: number;
  readonly column: number;
}

export interface Window {
  readonly width: number;
  readonly height: number;
}

interface Axis {
  readonly length: number;
  /** Values between two gaps; 0 where there are none. */
  readonly group: number;
}

export const columnAxis = ({ columns, kernelColumns }: MatrixSize): Axis => ({ length: columns, group: kernelColumns });
export const rowAxis = ({ rows, kernelRows }: MatrixSize): Axis => ({ length: rows, group: kernelRows });

/** Width of the line between kernels at a zoom; none between kernels of one value. */
const gapOf = (axis: Axis, zoom: number): number => (zoom >= DETAIL_ZOOM && axis.group > 1 ? GAP : 0);

/** Distance of a value's edge from the matrix's edge, in CSS pixels. */
export function positionOf(index: number, axis: Axis, zoom: number): number {
  const gap = gapOf(axis, zoom);
  return index * zoom + (gap === 0 ? 0 : Math.floor(index / axis.group) * gap);
}

/** Extent of the whole matrix along an axis. */
export function extentOf(axis: Axis, zoom: number): number {
  if (axis.length === 0) return 0;
  return positionOf(axis.length - 1, axis, zoom) + zoom;
}

/** The value at a distance, or −1 in a gap and outside. */
export function indexAt(distance: number, axis: Axis, zoom: number): number {
  if (distance < 0) return -1;
  const gap = gapOf(axis, zoom);
  let index: number;
  if (gap === 0) index = Math.floor(distance / zoom + 1e-9);
  else {
    const pitch = axis.group * zoom + gap;
    const kernel = Math.floor(distance / pitch);
    const within = Math.floor((distance - kernel * pitch) / zoom);
    if (within >= axis.group) return -1;
    index = kernel * axis.group + within;
  }
  return index < axis.length ? index : -1;
}

/** The nearest value to a distance: gaps and margins belong to their neighbours. */
export function nearestIndex(distance: number, axis: Axis, zoom: number): number {
  const inside = Math.max(0, Math.min(distance, extentOf(axis, zoom) - 1e-6));
  const index = indexAt(inside, axis, zoom);
  return index >= 0 ? index : Math.max(0, Math.min(axis.length - 1, indexAt(inside - GAP, axis, zoom)));
}

/** The zoom steps of a matrix: the usual ones, preceded by halves until the whole matrix fits the window. */
export function zoomSteps(size: MatrixSize, window: Window): number[] {
  const steps: number[] = [...ZOOM_STEPS];
  const fits = (zoom: number): boolean => size.columns * zoom <= window.width && size.rows * zoom <= window.height;
  while (!fits(steps[0]!) && steps[0]! > 1e-9 && window.width > 0 && window.height > 0) steps.unshift(steps[0]! / 2);
  return steps;
}

/** The largest step at which the whole matrix is seen, but no larger than the standard zoom needs. */
export function fittingZoom(size: MatrixSize, window: Window): number {
  const steps = zoomSteps(size, window);
  const fits = (zoom: number): boolean =>
    extentOf(columnAxis(size), zoom) <= window.width && extentOf(rowAxis(size), zoom) <= window.height;
  return steps.findLast(fits) ?? steps[0]!;
}

/** Keeps the view inside its matrix and on whole device pixels. */
export function clampView(view: View, size: MatrixSize, window: Window, pixelRatio = 1): View {
  const limit = (offset: number, axis: Axis, room: number): number => {
    const most = Math.max(0, extentOf(axis, view.zoom) - room);
    return Math.round(Math.max(0, Math.min(offset, most)) * pixelRatio) / pixelRatio;
  };
  const inside = (index: number, length: number): number => Math.max(0, Math.min(length - 1, index));
  return {
    zoom: view.zoom,
    x: limit(view.x, columnAxis(size), window.width),
    y: limit(view.y, rowAxis(size), window.height),
    row: inside(view.row, size.rows),
    column: inside(view.column, size.columns),
  };
}

/** Changes the zoom so that the value under `anchor` (window coordinates) stays under it. */
export function zoomAround(
  view: View,
  zoom: number,
  size: MatrixSize,
  anchor: { readonly x: number; readonly y: number },
): View {
  const move = (offset: number, at: number, axis: Axis): number => {
    const index = nearestIndex(offset + at, axis, view.zoom);
    const fraction = Math.max(0, Math.min(1, (offset + at - positionOf(index, axis, view.zoom)) / view.zoom));
    return positionOf(index, axis, zoom) + fraction * zoom - at;
  };
  return { ...view, zoom, x: move(view.x, anchor.x, columnAxis(size)), y: move(view.y, anchor.y, rowAxis(size)) };
}

/** Scrolls just far enough that the cell is seen with a little room around it. */
export function revealCell(view: View, size: MatrixSize, window: Window): View {
  const reveal = (offset: number, index: number, axis: Axis, room: number): number => {
    const begin = positionOf(index, axis, view.zoom);
    const margin = Math.min(Math.max(view.zoom, 3), Math.max(0, (room - view.zoom) / 2));
    if (begin - margin < offset) return begin - margin;
    const end = begin + view.zoom;
    return end + margin > offset + room ? end + margin - room : offset;
  };
  return {
    ...view,
    x: reveal(view.x, view.column, columnAxis(size), window.width),
    y: reveal(view.y, view.row, rowAxis(size), window.height),
  };
}

/** Puts the cell in the middle of the window. */
export function centreCell(view: View, size: MatrixSize, window: Window): View {
  const centre = (index: number, axis: Axis, room: number): number =>
    positionOf(index, axis, view.zoom) + view.zoom / 2 - room / 2;
  return {
    ...view,
    x: centre(view.column, columnAxis(size), window.width),
    y: centre(view.row, rowAxis(size), window.height),
  };
}

/** Which value each device pixel of the window shows. */
export function pixelGrid(view: View, size: MatrixSize, window: Window, pixelRatio: number): PixelGrid {
  const along = (room: number, offset: number, axis: Axis): Int32Array =>
    Int32Array.from({ length: Math.round(room * pixelRatio) }, (_, i) =>
      indexAt((i + 0.5) / pixelRatio + offset, axis, view.zoom),
    );
  return {
    columns: along(window.width, view.x, columnAxis(size)),
    rows: along(window.height, view.y, rowAxis(size)),
  };
}

/** The part of the matrix in the window: half-open ranges. */
export function visiblePart(view: View, size: MatrixSize, window: Window) {
  const along = (offset: number, axis: Axis, room: number): readonly [number, number] => [
    nearestIndex(offset, axis, view.zoom),
    Math.min(axis.length, nearestIndex(offset + room, axis, view.zoom) + 1),
  ];
  const [columnBegin, columnEnd] = along(view.x, columnAxis(size), window.width);
  const [rowBegin, rowEnd] = along(view.y, rowAxis(size), window.height);
  return { rowBegin, rowEnd, columnBegin, columnEnd };
}

/** How many values a tile stands for, along each side, so that it fills about one device pixel. */
export const stepFor = (zoom: number, pixelRatio: number): number => Math.max(1, Math.round(1 / (zoom * pixelRatio)));
