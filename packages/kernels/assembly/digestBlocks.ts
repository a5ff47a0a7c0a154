const BLOCK_WORDS: i32 = 1024;

/**
 * Hashes of consecutive blocks, added to the four 32-bit words at `sum`. `keys` holds 80 64-bit numbers: 72 keys and 8 initial lanes. What
 * it computes is said at its plain twin. The words after `length` up to a whole stripe of 16 must be readable; they count as 0.
 */
export function digestBlocks(words: usize, length: i32, firstBlock: f64, canonical: i32, keys: usize, sum: usize): void {
  let block = <u64>firstBlock;
  let first = load<u64>(sum);
  let second = load<u64>(sum, 8);
  for (let at = 0; at < length; at += BLOCK_WORDS, block++) {
    const count = min(BLOCK_WORDS, length - at);
    let l0 = v128.load(keys, 576), l1 = v128.load(keys, 592), l2 = v128.load(keys, 608), l3 = v128.load(keys, 624);
    let k = keys;
    let p = words + (<usize>at << 2);
    const whole = p + (<usize>(count & ~15) << 2);
    if (canonical) {
      for (; p < whole; p += 64, k += 8) {
        const x0 = canonicalWords(v128.load(p)), x1 = canonicalWords(v128.load(p, 16));
        const x2 = canonicalWords(v128.load(p, 32)), x3 = canonicalWords(v128.load(p, 48));
        l0 = mixLane(l0, x0, v128.load(k));
        l1 = mixLane(l1, x1, v128.load(k, 16));
        l2 = mixLane(l2, x2, v128.load(k, 32));
        l3 = mixLane(l3, x3, v128.load(k, 48));
      }
    } else {
      for (; p < whole; p += 64, k += 8) {
        l0 = mixLane(l0, v128.load(p), v128.load(k));
        l1 = mixLane(l1, v128.load(p, 16), v128.load(k, 16));
        l2 = mixLane(l2, v128.load(p, 32), v128.load(k, 32));
        l3 = mixLane(l3, v128.load(p, 48), v128.load(k, 48));
      }
    }
    const rest = count & 15;
    if (rest) {
      let x0 = firstWords(v128.load(p), rest), x1 = firstWords(v128.load(p, 16), rest - 4);
      let x2 = firstWords(v128.load(p, 32), rest - 8), x3 = firstWords(v128.load(p, 48), rest - 12);
      if (canonical) {
        x0 = canonicalWords(x0);
        x1 = canonicalWords(x1);
        x2 = canonicalWords(x2);
        x3 = canonicalWords(x3);
      }
      l0 = mixLane(l0, x0, v128.load(k));
      l1 = mixLane(l1, x1, v128.load(k, 16));
      l2 = mixLane(l2, x2, v128.load(k, 32));
      l3 = mixLane(l3, x3, v128.load(k, 48));
    }
    let a = mix(block + 0x9e3779b97f4a7c15);
    let b = mix(block + 0xc2b2ae3d27d4eb4f);
    a = mix(a ^ lane(l0, 0)); b = mix(b + lane(l3, 1) * SPREAD);
    a = mix(a ^ lane(l0, 1)); b = mix(b + lane(l3, 0) * SPREAD);
    a = mix(a ^ lane(l1, 0)); b = mix(b + lane(l2, 1) * SPREAD);
    a = mix(a ^ lane(l1, 1)); b = mix(b + lane(l2, 0) * SPREAD);
    a = mix(a ^ lane(l2, 0)); b = mix(b + lane(l1, 1) * SPREAD);
    a = mix(a ^ lane(l2, 1)); b = mix(b + lane(l1, 0) * SPREAD);
    a = mix(a ^ lane(l3, 0)); b = mix(b + lane(l0, 1) * SPREAD);
    a = mix(a ^ lane(l3, 1)); b = mix(b + lane(l0, 0) * SPREAD);
    first += a;
    second += b;
  }
  store<u64>(sum, first);
  store<u64>(sum, second, 8);
}

const SPREAD: u64 = 0x9fb21c651e98df25;

// @ts-ignore: decorator
@inline
function lane(v: v128, i: u8): u64 {
  return i == 0 ? <u64>i64x2.extract_lane(v, 0) : <u64>i64x2.extract_lane(v, 1);
}

/** lane[i ^ 1] += x[i]; lane[i] += low32(x ^ k) · high32(x ^ k), for two lanes. */
// @ts-ignore: decorator
@inline
function mixLane(lanes: v128, x: v128, key: v128): v128 {
  const d = v128.xor(x, key);
  const low = i32x4.shuffle(d, d, 0, 2, 0, 2);
  const high = i32x4.shuffle(d, d, 1, 3, 1, 3);
  const product = i64x2.extmul_low_i32x4_u(low, high);
  return i64x2.add(i64x2.add(lanes, i64x2.shuffle(x, x, 1, 0)), product);
}

/** −0 becomes +0, every NaN 0x7fc00000. */
// @ts-ignore: decorator
@inline
function canonicalWords(x: v128): v128 {
  const zero = f32x4.eq(x, f32x4.splat(0));
  const number = f32x4.eq(x, x);
  return v128.bitselect(v128.andnot(x, zero), i32x4.splat(0x7fc00000), number);
}

/** Keeps the first `count` of four words (none if it is negative), clears the others. */
// @ts-ignore: decorator
@inline
function firstWords(x: v128, count: i32): v128 {
  return v128.and(x, i32x4.gt_s(i32x4.splat(count), i32x4(0, 1, 2, 3)));
}

// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  let z = value;
  z = (z ^ (z >> 33)) * 0xff51afd7ed558ccd;
  z = (z ^ (z >> 33)) * 0xc4ceb9fe1a85ec53;
  return z ^ (z >> 33);
}
