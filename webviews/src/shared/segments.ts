/** A layer of the strip: how wide it wants to be, and how much of that it knows. */
export interface StripLayer {
  readonly name: string;
  readonly weight: number;
}

/** A piece of the strip, in pixels. `first` to `last` are the layers it stands for: one, unless many must share the room. */
export interface Segment {
  readonly x: number;
  readonly width: number;
  readonly first: number;
  readonly last: number;
}

export const MIN_SEGMENT_WIDTH = 3;
const GAP = 1;

/**
 * Divides a width among layers in proportion to their weights, none narrower than 3 px, 1 px apart. Where even that does
 * not fit, neighbours are put together until it does, the lightest pairs first.
 */
export function segments(layers: readonly StripLayer[], width: number): Segment[] {
  const capacity = Math.max(1, Math.floor((width + GAP) / (MIN_SEGMENT_WIDTH + GAP)));
  const groups = group(
    layers.map((layer) => layer.weight),
    capacity,
  );
  const widths = shareOut(
    groups.map(({ weight }) => weight),
    width - GAP * (groups.length - 1),
  );
  let x = 0;
  return groups.map(({ first, last }, i) => {
    const segment = { x, width: widths[i]!, first, last };
    x += widths[i]! + GAP;
    return segment;
  });
}

interface Group {
  readonly first: number;
  readonly last: number;
  readonly weight: number;
}

/** Runs of neighbours with about the same weight; a layer heavier than its share stands alone. */
function group(weights: readonly number[], capacity: number): Group[] {
  if (weights.length <= capacity) return weights.map((weight, i) => ({ first: i, last: i, weight }));
  let low = 0;
  let high = weights.reduce((sum, weight) => sum + weight, 0) + 1;
  let best = runs(weights, high);
  // The smallest limit under which the runs fit: at most 40 halvings, each linear.
  for (let step = 0; step < 40 && high - low > 1e-9 * high; step++) {
    const middle = (low + high) / 2;
    const made = runs(weights, middle);
    if (made.length <= capacity) {
      best = made;
      high = middle;
    } else low = middle;
  }
  // Layers without weight never reach a limit; by number they still divide.
  return best.length <= capacity ? best : byNumber(weights, capacity);
}

function runs(weights: readonly number[], limit: number): Group[] {
  const made: Group[] = [];
  let first = 0;
  let weight = 0;
  for (let i = 0; i < weights.length; i++) {
    if (i > first && weight + weights[i]! > limit) {
      made.push({ first, last: i - 1, weight });
      first = i;
      weight = 0;
    }
    weight += weights[i]!;
  }
  if (weights.length > 0) made.push({ first, last: weights.length - 1, weight });
  return made;
}

function byNumber(weights: readonly number[], capacity: number): Group[] {
  const size = Math.ceil(weights.length / capacity);
  return Array.from({ length: Math.ceil(weights.length / size) }, (_, i) => {
    const first = i * size;
    const last = Math.min(weights.length, first + size) - 1;
    return { first, last, weight: weights.slice(first, last + 1).reduce((sum, weight) => sum + weight, 0) };
  });
}

/** Widths in proportion, but at least the minimum: what the small ones take is taken from the others, until nothing changes. */
function shareOut(weights: readonly number[], room: number): number[] {
  const widths = new Array<number>(weights.length).fill(0);
  let free = weights.map((_, i) => i);
  let left = room;
  let total = weights.reduce((sum, weight) => sum + weight, 0);
  for (;;) {
    const small = free.filter((i) => total <= 0 || (weights[i]! / total) * left < MIN_SEGMENT_WIDTH);
    if (small.length === 0 || small.length === free.length) break;
    for (const i of small) {
      widths[i] = MIN_SEGMENT_WIDTH;
      left -= MIN_SEGMENT_WIDTH;
      total -= weights[i]!;
    }
    const settled = new Set(small);
    free = free.filter((i) => !settled.has(i));
  }
  for (const i of free) widths[i] = total > 0 ? (weights[i]! / total) * left : left / free.length;
  return widths;
}

/** A name under part of the strip. */
export interface Stage {
  readonly label: string;
  readonly x: number;
  readonly width: number;
}

const MIN_STAGE_WIDTH = 36;
/** A stage wider than this share of the strip is told apart further, if its names allow. */
const WIDE_SHARE = 0.55;

/** Names parts of the strip by what the layers' names begin with: `layer3`, or `h.11` where everything begins with `h`. */
export function stages(layers: readonly StripLayer[], pieces: readonly Segment[], width: number): Stage[] {
  const paths = layers.map(({ name }) => name.split(name.includes('/') ? '/' : '.'));
  const bounds = (first: number, last: number): { x: number; width: number } => {
    const from = pieces.find((piece) => piece.last >= first);
    const to = pieces.findLast((piece) => piece.first <= last);
    return from === undefined || to === undefined ? { x: 0, width: 0 } : { x: from.x, width: to.x + to.width - from.x };
  };
  const split = (first: number, last: number, depth: number): Stage[] => {
    const found: Stage[] = [];
    for (let begin = first; begin <= last; ) {
      let end = begin;
      while (end < last && paths[end + 1]![depth] === paths[begin]![depth]) end++;
      const place = bounds(begin, end);
      const deeper = paths[begin]!.length > depth + 2 && end > begin;
      if (deeper && place.width > WIDE_SHARE * width) {
        const inner = split(begin, end, depth + 1);
        if (inner.length > 0) found.push(...inner);
        else found.push({ label: label(paths[begin]!, depth), ...place });
      } else if (place.width >= MIN_STAGE_WIDTH) found.push({ label: label(paths[begin]!, depth), ...place });
      begin = end + 1;
    }
    return found;
  };
  return layers.length === 0 ? [] : split(0, layers.length - 1, 0);
}

/** `layer3`; an index is written with the word before it: `h.11`. */
function label(path: readonly string[], depth: number): string {
  const part = path[depth]!;
  return /^\d+$/.test(part) && depth > 0 ? `${path[depth - 1]}.${part}` : part;
}
