/**
 * Element types whose values lie in memory one after the other, little-endian.
 * F8_E4M3 is the OCP "FN" variant (no infinities), F8_E5M2 follows IEEE rules; F4 (E2M1) packs two values a byte, low nibble first;
 * I4 and U4 likewise. E8M0 is a power-of-two scale (OCP MX). C64 is a pair of F32.
 */
export type Dtype =
  | 'F64'
  | 'F32'
  | 'F16'
  | 'BF16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'F8_E4M3FNUZ'
  | 'F8_E5M2FNUZ'
  | 'F8_E8M0'
  | 'F6_E2M3'
  | 'F6_E3M2'
  | 'F4'
  | 'I64'
  | 'I32'
  | 'I16'
  | 'I8'
  | 'I4'
  | 'U64'
  | 'U32'
  | 'U16'
  | 'U8'
  | 'U4'
  | 'BOOL'
  | 'C64'
  | 'C128';

/** What a tensor means to a person: an element type, or something that is not numbers. */
export type LogicalDtype = Dtype | 'STRING' | 'UNKNOWN';

/** Bits per element as stored. */
export const BITS: Readonly<Record<Dtype, number>> = {
  F64: 64,
  F32: 32,
  F16: 16,
  BF16: 16,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
  I64: 64,
  I32: 32,
  I16: 16,
  I8: 8,
  I4: 4,
  U64: 64,
  U32: 32,
  U16: 16,
  U8: 8,
  U4: 4,
  BOOL: 8,
  C64: 64,
  C128: 128,
};

export const isDtype = (name: string): name is Dtype => Object.hasOwn(BITS, name);

/** Bytes that `elements` values take; sub-byte types round up to whole bytes at the end. */
export const byteLength = (dtype: Dtype, elements: number): number => Math.ceil((elements * BITS[dtype]) / 8);

export const isFloat = (dtype: LogicalDtype): boolean => dtype.startsWith('F') || dtype === 'BF16';

/** True where every bit pattern of the type is one of at most 65 536, so that counting patterns gives exact statistics. */
export const isCountable = (dtype: Dtype): boolean => BITS[dtype] <= 16;
