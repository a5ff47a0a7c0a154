/** IEEE 754 binary16 to number. Exponent 0 has no implicit leading 1, so a subnormal is mantissa · 2⁻²⁴. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** bfloat16 is the upper half of a binary32. */
export function fromBfloat16(bits: number): number {
  word[0] = bits << 16;
  return single[0]!;
}

/** OCP 8-bit E4M3 "FN": bias 7, no infinities, only S.1111.111 is NaN. */
export function fromE4M3(bits: number): number {
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  return small(bits, 4, 3, 7);
}

/** OCP 8-bit E5M2: bias 15, infinities and NaN as in IEEE 754. */
export function fromE5M2(bits: number): number {
  if ((bits & 0x7c) === 0x7c) {
    if (bits & 3) return Number.NaN;
    return bits & 0x80 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  return small(bits, 5, 2, 15);
}

/** The FNUZ variants of AMD and Graphcore: bias one larger, no −0, 0x80 is NaN. */
export const fromE4M3FNUZ = (bits: number): number => (bits === 0x80 ? Number.NaN : small(bits, 4, 3, 8));
export const fromE5M2FNUZ = (bits: number): number => (bits === 0x80 ? Number.NaN : small(bits, 5, 2, 16));

/** OCP MX scale E8M0: 2^(bits − 127); 255 is NaN. */
export const fromE8M0 = (bits: number): number => (bits === 255 ? Number.NaN : 2 ** (bits - 127));

/** OCP FP4 E2M1: ±{0, 0.5, 1, 1.5, 2, 3, 4, 6}. */
export const fromE2M1 = (bits: number): number => small4[bits & 15]!;
const small4 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** OCP FP6: no infinities and no NaN. */
export const fromE2M3 = (bits: number): number => small(bits, 2, 3, 1);
export const fromE3M2 = (bits: number): number => small(bits, 3, 2, 3);

function small(bits: number, exponentBits: number, mantissaBits: number, bias: number): number {
  const mantissa = bits & (2 ** mantissaBits - 1);
  const exponent = (bits >> mantissaBits) & (2 ** exponentBits - 1);
  const sign = (bits >> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa / 2 ** mantissaBits) * 2 ** (exponent - bias);
}
