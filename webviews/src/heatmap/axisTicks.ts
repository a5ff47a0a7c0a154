import type { MatrixSize } from '@espalier/protocol';
import { columnAxis, extentOf, nearestIndex, positionOf, rowAxis } from './viewport.js';

/** A label beside a map. `group` counts kernels, or values where there are none. */
export interface Tick {
  readonly group: number;
  /** CSS pixels from the edge of the window to where the group begins, and how many it takes. */
  readonly position: number;
  readonly pitch: number;
}

const NICE = [1, 2, 5];

/** The smallest of 1, 2, 5, 10, 20 … that is at least `least`. */
export function niceStep(least: number): number {
  for (let power = 1; ; power *= 10) for (const step of NICE) if (step * power >= least) return step * power;
}

/** Labels along an axis, at least `apart` pixels from each other, at round numbers. */
export function axisTicks(
  side: 'rows' | 'columns',
  size: MatrixSize,
  zoom: number,
  offset: number,
  room: number,
  apart: number,
): Tick[] {
  const axis = side === 'rows' ? rowAxis(size) : columnAxis(size);
  if (axis.length === 0) return [];
  const group = Math.max(1, axis.group);
  const groups = Math.ceil(axis.length / group);
  const pitch = groups > 1 ? positionOf(group, axis, zoom) : extentOf(axis, zoom);
  const step = niceStep(apart / pitch);
  const first = Math.floor(nearestIndex(offset, axis, zoom) / group);
  const ticks: Tick[] = [];
  for (let at = Math.ceil(first / step) * step; at < groups; at += step) {
    const position = positionOf(at * group, axis, zoom) - offset;
    if (position >= room) break;
    if (position >= -pitch / 2) ticks.push({ group: at, position, pitch });
  }
  return ticks;
}
