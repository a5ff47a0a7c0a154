import type { WireTile } from '@espalier/protocol';
import type { Tile } from './shade.js';
import type { TileWindow } from './tileGrid.js';

/** Bytes of base64. Throws on what is not base64: that is a bug of the host. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export async function base64Of(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  // In slices, because a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** A tile as drawings use it, from the window that was asked for and what came over the wire. */
export function tileOf(wire: WireTile, window: TileWindow, mask: { newZero?: string; newKept?: string } = {}): Tile {
  return {
    rowBegin: window.rowBegin,
    columnBegin: window.columnBegin,
    step: window.step,
    rows: wire.rows,
    columns: wire.columns,
    levels: bytesOf(wire.levels),
    zeroShare: bytesOf(wire.zeroShare),
    nonFinite: new Set(wire.nonFinite),
    low: wire.low,
    high: wire.high,
    ...(mask.newZero === undefined ? {} : { newZero: bytesOf(mask.newZero) }),
    ...(mask.newKept === undefined ? {} : { newKept: bytesOf(mask.newKept) }),
  };
}
