import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';
import { type Box, runsOf } from '../heatmap/box.js';
import { meaningOf } from '../stats/meaning.js';
import type { ElementRange, StructureAnswer, StructureQuestion } from '../stats/question.js';
import type { TensorReader } from '../stats/reader.js';
import { SLAB_ELEMENTS } from './slabs.js';
import { addStructure, type StructureCounts, structureOf } from './structure.js';

/** Boxes begin at multiples of this along every axis that is cut. */
const UNIT = 16;

/**
 * Cuts a tensor into boxes of at most `limit` elements (or the smallest there are): outer axes in steps of 16 until one axis can be cut so
 * that everything below it fits. Groups and blocks lie whole within boxes.
 */
export function boxesOf(shape: readonly number[], limit = SLAB_ELEMENTS): Box[] {
  const below = (axis: number): number => shape.slice(axis + 1).reduce((product, length) => product * length, 1);
  const steps = shape.map((length) => length);
  let outer = 1;
  for (let axis = 0; axis < shape.length; axis++) {
    const room = Math.floor(limit / (outer * below(axis)) / UNIT) * UNIT;
    if (room >= UNIT) {
      steps[axis] = Math.min(shape[axis]!, room);
      break;
    }
    steps[axis] = Math.min(shape[axis]!, UNIT);
    outer *= steps[axis]!;
  }
  let boxes: Box[] = [[]];
  shape.forEach((length, axis) => {
    boxes = boxes.flatMap((box) =>
      Array.from({ length: Math.ceil(length / steps[axis]!) }, (_, i) => [
        ...box,
        { begin: i * steps[axis]!, end: Math.min(length, (i + 1) * steps[axis]!) },
      ]),
    );
  });
  return boxes;
}

/** Structure of the boxes with the numbers in `ranges`, read run by run. */
export async function answerStructure(
  reader: TensorReader,
  entry: TensorEntry,
  head: TensorHead,
  question: StructureQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<StructureAnswer> {
  const boxes = boxesOf(entry.shape);
  let found: StructureCounts | null = null;
  for (const { begin, end } of ranges) {
    for (const box of boxes.slice(begin, end)) {
      const lengths = box.map((range) => range.end - range.begin);
      const total = lengths.reduce((product, length) => product * length, 1);
      const region = kernels().take(Math.ceil(total / 8) + 8);
      try {
        const bits = new Uint8Array(region.buffer, region.byteOffset, Math.ceil(total / 8)).fill(0);
        let at = 0;
        for (const run of runsOf(box, entry.shape)) {
          const range = [{ begin: run.begin, end: run.begin + run.count }];
          for await (const zeros of zeroBits(reader, entry, question, range, work)) {
            placeBits(bits, at, zeros.bits, zeros.count);
            at += zeros.count;
          }
        }
        const corner = box.map((part) => part.begin);
        found = addStructure(found, structureOf(head, bits, lengths, corner));
      } finally {
        region.release();
      }
    }
  }
  return { kind: 'structure', structure: found! };
}

/** Zero bits of a range, window by window. */
async function* zeroBits(
  reader: TensorReader,
  entry: TensorEntry,
  { mode }: StructureQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): AsyncGenerator<{ bits: Uint8Array; count: number }> {
  const k = kernels();
  if (mode.kind === 'patterns' && entry.data.kind === 'raw') {
    const { zero } = meaningOf(entry.data, mode.width);
    for await (const { data: x } of reader.windows(ranges, work, reader.patterns)) {
      const bits = new Uint8Array(Math.ceil(x.length / 8));
      if (zero === null) bits.fill(0);
      else if (x instanceof Uint16Array) k.matchBits16(x, zero.mask, zero.match, bits);
      else k.matchBits8(x, zero.mask, zero.match, bits);
      yield { bits, count: x.length };
    }
  } else if (mode.kind === 'float32') {
    for await (const { data } of reader.windows(ranges, work, reader.float32)) {
      const bits = new Uint8Array(Math.ceil(data.values.length / 8));
      k.scanFloat32(data.values, bits, false);
      data.alsoZero?.forEach((also, i) => {
        bits[i]! |= also;
      });
      yield { bits, count: data.values.length };
    }
  } else {
    for await (const { data: x } of reader.windows(ranges, work, reader.float64)) {
      const bits = new Uint8Array(Math.ceil(x.length / 8));
      for (let i = 0; i < x.length; i++) if (x[i] === 0) bits[i >> 3]! |= 1 << (i & 7);
      yield { bits, count: x.length };
    }
  }
}

/** Copies `count` bits to bit `at`; the bits there are clear. */
export function placeBits(target: Uint8Array, at: number, bits: Uint8Array, count: number): void {
  const shift = at & 7;
  const first = Math.floor(at / 8);
  const bytes = Math.ceil(count / 8);
  if (shift === 0) {
    target.set(bits.subarray(0, bytes), first);
    return;
  }
  for (let i = 0; i < bytes; i++) {
    target[first + i]! |= bits[i]! << shift;
    const high = bits[i]! >> (8 - shift);
    if (high !== 0) target[first + i + 1]! |= high;
  }
}
