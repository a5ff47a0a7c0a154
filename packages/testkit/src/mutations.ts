import { seeded } from '@espalier/base';

/** A spoilt copy of a file, with words that say what was done to it. */
export interface Mutation {
  readonly what: string;
  readonly bytes: Uint8Array;
}

/**
 * Spoilt copies of a file: cut, flipped, with lengths blown up, with pieces swapped, doubled or blanked. The same seed gives the same copies.
 * Half of the changes fall into the first and last 512 bytes, where headers and directories stand.
 */
export function* mutations(bytes: Uint8Array, seed: number, count: number): Generator<Mutation> {
  const rng = seeded(seed);
  const edge = Math.min(512, bytes.length);
  const place = (): number => {
    const choice = rng.below(4);
    if (choice === 0) return rng.below(edge);
    if (choice === 1) return bytes.length - 1 - rng.below(edge);
    return rng.below(bytes.length);
  };
  if (bytes.length === 0) return;
  for (let index = 0; index < count; index++) {
    const copy = bytes.slice();
    const at = place();
    switch (rng.below(8)) {
      case 0: {
        yield { what: `cut at ${at}`, bytes: copy.subarray(0, at) };
        break;
      }
      case 1: {
        const bit = rng.below(8);
        copy[at]! ^= 1 << bit;
        yield { what: `bit ${bit} of byte ${at} flipped`, bytes: copy };
        break;
      }
      case 2: {
        const flips = 1 + rng.below(16);
        for (let i = 0; i < flips; i++) copy[place()]! ^= 1 + rng.below(255);
        yield { what: `${flips} bytes changed, case ${index}`, bytes: copy };
        break;
      }
      case 3: {
        const width = [1, 2, 4, 8][rng.below(4)]!;
        copy.fill(0xff, at, at + width);
        yield { what: `${width} bytes of 0xff at ${at}`, bytes: copy };
        break;
      }
      case 4: {
        // A length that is large, but not absurdly so: 2^31, 2^40, 2^62.
        const width = [4, 6, 8][rng.below(3)]!;
        copy.fill(0, at, at + width);
        if (at + width <= copy.length) copy[at + width - 1] = 0x40;
        yield { what: `${width} bytes inflated at ${at}`, bytes: copy };
        break;
      }
      case 5: {
        const length = 1 + rng.below(64);
        const other = place();
        const piece = bytes.slice(at, at + length);
        copy.set(
          bytes.subarray(other, Math.min(other + piece.length, copy.length)),
          at > copy.length - length ? 0 : at,
        );
        copy.set(piece.subarray(0, copy.length - other), other);
        yield { what: `${length} bytes at ${at} and ${other} swapped`, bytes: copy };
        break;
      }
      case 6: {
        const length = 1 + rng.below(Math.min(1024, bytes.length));
        const doubled = new Uint8Array(bytes.length + length);
        doubled.set(bytes.subarray(0, at));
        doubled.set(bytes.subarray(at, at + length), at);
        doubled.set(bytes.subarray(at), at + Math.min(length, bytes.length - at));
        yield { what: `${length} bytes at ${at} doubled`, bytes: doubled };
        break;
      }
      default: {
        const length = 1 + rng.below(256);
        copy.fill(rng.below(2) === 0 ? 0 : 0x20, at, at + length);
        yield { what: `${length} bytes at ${at} blanked`, bytes: copy };
      }
    }
  }
}

/** Values that a JSON file of strangers may hold where others are expected. */
const ODD: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  0.5,
  2 ** 31,
  2 ** 53,
  1e308,
  '',
  '../x',
  '__proto__',
  'constructor',
  '\0',
  'x'.repeat(5000),
  [],
  {},
  [[[[[[]]]]]],
  [-1],
  [2 ** 40, 2 ** 40],
  { __proto__: null, toString: 1 },
  [null],
  ['a', 0, 0],
  Array.from({ length: 300 }, () => 1),
];

/** Copies of a JSON value in which some parts were replaced by odd ones, left out, or put somewhere else. The same seed gives the same copies. */
export function* jsonMutations(
  value: unknown,
  seed: number,
  count: number,
): Generator<{ readonly what: string; readonly value: unknown }> {
  const rng = seeded(seed);
  for (let index = 0; index < count; index++) {
    const copy: unknown = structuredClone(value);
    const places: { readonly holder: Record<string, unknown>; readonly key: string; readonly path: string }[] = [];
    const walk = (holder: unknown, path: string): void => {
      if (typeof holder !== 'object' || holder === null) return;
      for (const key of Object.keys(holder)) {
        places.push({ holder: holder as Record<string, unknown>, key, path: `${path}.${key}` });
        walk((holder as Record<string, unknown>)[key], `${path}.${key}`);
      }
    };
    walk(copy, '');
    const done: string[] = [];
    const changes = 1 + rng.below(3);
    for (let change = 0; change < changes && places.length > 0; change++) {
      const { holder, key, path } = places[rng.below(places.length)]!;
      const choice = rng.below(8);
      if (choice === 0) delete holder[key];
      else if (choice === 1) {
        const other = places[rng.below(places.length)]!;
        holder[key] = structuredClone(other.holder[other.key]);
      } else holder[key] = structuredClone(ODD[rng.below(ODD.length)]);
      done.push(path);
    }
    // As a file would bring it: a hole in a list is null there.
    yield { what: done.join(' and '), value: JSON.parse(JSON.stringify(copy)) };
  }
}
