import { sliced, sliceRange } from './folding.js';
import { computed, type Known, MAX_ELEMENTS, type Operation } from './operation.js';
import type { Axis } from './shape.js';

/** Names of the five masks in an operator's attributes; the operators of TensorFlow and TensorFlow Lite are the same. */
const MASKS = ['begin_mask', 'end_mask', 'ellipsis_mask', 'new_axis_mask', 'shrink_axis_mask'] as const;

/** StridedSlice: begin, end and strides are inputs 1 to 3; bits of the masks say what an entry means. Source: tensorflow/core/util/strided_slice_op.cc. */
export function stridedSlice(operation: Operation): Known {
  const x = operation.shape(0);
  const [begins, ends, steps] = [1, 2, 3].map((index) => operation.elements(index));
  const entries = begins?.length ?? ends?.length ?? steps?.length ?? operation.axis(1, 0);
  if (x === null || entries === null || entries > MAX_ELEMENTS) return { shape: null };
  const [beginMask, endMask, ellipsis, newAxis, shrink] = MASKS.map((name) => operation.int(name, 0)) as number[];
  const has = (mask: number | undefined, entry: number): boolean => ((mask ?? 0) & (1 << entry)) !== 0;
  const added = Array.from({ length: entries }, (_, entry) => has(newAxis, entry)).filter(Boolean).length;
  const hasEllipsis = Array.from({ length: entries }, (_, entry) => has(ellipsis, entry)).includes(true);
  const used = entries - added - (hasEllipsis ? 1 : 0);
  if (used > x.length) return { shape: null };
  const shape: Axis[] = [];
  let elements = x.length === 1 ? operation.elements(0) : undefined;
  let axis = 0;
  for (let entry = 0; entry < entries; entry++) {
    if (has(ellipsis, entry)) {
      for (let skipped = x.length - used; skipped > 0; skipped--) shape.push(x[axis++]!);
      continue;
    }
    if (has(newAxis, entry)) {
      shape.push(1);
      continue;
    }
    const length = x[axis++]!;
    const step = steps?.[entry] ?? null;
    if (has(shrink, entry)) {
      const begin = begins?.[entry] ?? null;
      elements = begin === null ? undefined : elements?.slice(begin).slice(0, 1);
      continue;
    }
    const begin = has(beginMask, entry)
      ? step === null
        ? null
        : step > 0
          ? 0
          : Number.MAX_SAFE_INTEGER
      : (begins?.[entry] ?? null);
    // As far as it goes; −1 would count from the end.
    const end = has(endMask, entry)
      ? step === null
        ? null
        : step > 0
          ? Number.MAX_SAFE_INTEGER
          : Number.MIN_SAFE_INTEGER
      : (ends?.[entry] ?? null);
    if (length === null || begin === null || end === null || step === null || step === 0) {
      shape.push(null);
      elements = undefined;
      continue;
    }
    const range = sliceRange(length, begin, end, step);
    shape.push(range.count);
    elements = range.count > MAX_ELEMENTS ? undefined : sliced(elements, range, step);
  }
  return computed([...shape, ...x.slice(axis)], elements, operation.inputs[0]?.isFloat);
}
