import { FaultError, type Shape, stridesOf } from '@espalier/base';
import type { Values } from '@espalier/tensor';
import type { Affine, Finding, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { dequantize, readValues } from '../../values/readValues.js';
import { isCode, rezeroedCodes } from '../../values/rezeroed.js';
import { blockedData } from './blocked.js';
import type { FoundNode } from './collect.js';
import { isQuantized } from './elementType.js';
import type { Draft } from './entries.js';
import { intAttribute, type Links } from './links.js';

/** Scales of one tensor that are held in memory with its entry. Those of blocks are read with the codes. */
const MAX_SCALES = 1_048_576;

/** Where an operator has a quantized tensor and what undoes it, as indices of its inputs. */
interface Operand {
  readonly tensor: number;
  readonly scale: number | null;
  readonly zeroPoint: number;
  /** Axis of per-channel scales, counted from the end where negative. */
  readonly axis: number;
}

/** Operators of ONNX and of ONNX Runtime (ContribOperators.md, 1.20) that take quantized weights. `DequantizeLinear` is apart. */
const OPERATORS: Readonly<Record<string, readonly Operand[]>> = {
  QLinearConv: [{ tensor: 3, scale: 4, zeroPoint: 5, axis: 0 }],
  QLinearMatMul: [
    { tensor: 0, scale: 1, zeroPoint: 2, axis: -2 },
    { tensor: 3, scale: 4, zeroPoint: 5, axis: -1 },
  ],
  ConvInteger: [{ tensor: 1, scale: null, zeroPoint: 3, axis: 0 }],
  MatMulInteger: [{ tensor: 1, scale: null, zeroPoint: 3, axis: -1 }],
  MatMulIntegerToFloat: [{ tensor: 1, scale: 3, zeroPoint: 5, axis: -1 }],
  DynamicQuantizeMatMul: [{ tensor: 1, scale: 2, zeroPoint: 3, axis: -1 }],
  QAttention: [{ tensor: 1, scale: 4, zeroPoint: 7, axis: -1 }],
  QGemm: [{ tensor: 3, scale: 4, zeroPoint: 5, axis: -1 }],
};

const LABELS: Readonly<Record<string, string>> = {
  I4: 'int4',
  U4: 'uint4',
  I8: 'int8',
  U8: 'uint8',
  I16: 'int16',
  U16: 'uint16',
  I32: 'int32',
  U32: 'uint32',
};

/** Gives quantized tensors their scales and zero points. Those of a tensor that cannot be read are reported and left out. */
export async function applyQuantization(links: Links, signal: AbortSignal | undefined): Promise<Finding[]> {
  const findings: Finding[] = [];
  const done = new Set<Draft>();
  for (const found of links.collected.nodes) {
    signal?.throwIfAborted();
    for (const operand of operandsOf(found)) {
      const draft = links.stored(found.inputs[operand.tensor]);
      if (draft === undefined || done.has(draft) || draft.data.kind === 'none') continue;
      if (!isQuantized(draft.dtype) && !draft.dtype.startsWith('F8_') && draft.dtype !== 'F4') continue;
      try {
        const quantization = await quantizationOf(found, operand, draft, links, signal);
        if (quantization === null) continue;
        done.add(draft);
        quantize(draft, quantization);
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        findings.push({
          code: error.fault.code,
          severity: 'warning',
          message: `The quantization of ${brief(draft.name)} is unknown: ${error.fault.message}`,
          tensor: draft.name,
        });
      }
    }
    if (found.node.operator === 'QLinearConv') await biasOfQLinearConv(found, links, done, signal);
  }
  return findings;
}

type Quantization =
  | {
      readonly kind: 'affine';
      readonly scales: Float32Array | Float64Array;
      readonly zeroPoints: Float64Array;
      readonly axis: number | null;
      readonly dtype: Draft['dtype'];
    }
  /** Elements along `axis` share scales in blocks. */
  | {
      readonly kind: 'blocked';
      readonly scale: Draft;
      readonly zeroPoint: Draft | null;
      readonly axis: number;
      readonly block: number;
      readonly dtype: Draft['dtype'];
    };

function operandsOf({ node }: FoundNode): readonly Operand[] {
  if (node.operator === 'DequantizeLinear') return [{ tensor: 0, scale: 1, zeroPoint: 2, axis: 1 }];
  return Object.hasOwn(OPERATORS, node.operator) ? OPERATORS[node.operator]! : [];
}

async function quantizationOf(
  found: FoundNode,
  operand: Operand,
  draft: Draft,
  links: Links,
  signal: AbortSignal | undefined,
): Promise<Quantization | null> {
  const { shape } = draft;
  const stated = found.node.operator === 'DequantizeLinear' ? intAttribute(found, 'axis', 1) : operand.axis;
  const axis = stated < 0 ? stated + shape.length : stated;
  const scale = operand.scale === null ? scaleAfter(found, links) : links.stored(found.inputs[operand.scale]);
  const zeroPoint = links.stored(found.inputs[operand.zeroPoint]);
  if (operand.scale !== null && scale === undefined) return null;
  const dtype = scale === undefined ? 'F32' : scale.dtype;
  const block = found.node.operator === 'DequantizeLinear' ? intAttribute(found, 'block_size', 0) : 0;
  if (block > 0 && scale !== undefined && scale.shape.length === shape.length && axis >= 0 && axis < shape.length) {
    const fits = (draft: Draft): boolean =>
      draft.data.kind !== 'none' &&
      draft.shape.every((length, at) => length === (at === axis ? Math.ceil(shape[at]! / block) : shape[at]));
    if (!fits(scale) || (zeroPoint !== undefined && !fits(zeroPoint))) return null;
    return { kind: 'blocked', scale, zeroPoint: zeroPoint ?? null, axis, block, dtype };
  }
  const scaleValues = scale === undefined ? Float32Array.of(1) : await small(scale, signal);
  const zeroValues = zeroPoint === undefined ? Float64Array.of(0) : await small(zeroPoint, signal);
  if (scaleValues === null || zeroValues === null || scaleValues.length === 0 || zeroValues.length === 0) return null;
  const count = Math.max(scaleValues.length, zeroValues.length);
  if (count === 1)
    return { kind: 'affine', scales: scaleValues, zeroPoints: Float64Array.from(zeroValues), axis: null, dtype };
  if (axis < 0 || axis >= shape.length || shape[axis] !== count) return null;
  if (
    (scaleValues.length !== 1 && scaleValues.length !== count) ||
    (zeroValues.length !== 1 && zeroValues.length !== count)
  )
    return null;
  const scales =
    scaleValues.length === count
      ? scaleValues
      : scaleValues instanceof Float32Array
        ? new Float32Array(count).fill(scaleValues[0]!)
        : new Float64Array(count).fill(scaleValues[0]!);
  return { kind: 'affine', scales, zeroPoints: spread(zeroValues, count), axis, dtype };
}

/** The bias of a `QLinearConv` is int32 with the product of the scales of input and weight (ONNX operators, `QLinearConv`). */
async function biasOfQLinearConv(
  found: FoundNode,
  links: Links,
  done: Set<Draft>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bias = links.stored(found.inputs[8]);
  const input = links.stored(found.inputs[1]);
  const weight = links.stored(found.inputs[4]);
  if (
    bias === undefined ||
    input === undefined ||
    weight === undefined ||
    done.has(bias) ||
    bias.dtype !== 'I32' ||
    bias.shape.length !== 1
  )
    return;
  const inputScale = await small(input, signal);
  const weightScales = await small(weight, signal);
  if (inputScale?.length !== 1 || weightScales === null) return;
  if (weightScales.length !== 1 && weightScales.length !== bias.elements) return;
  done.add(bias);
  const scales = Float32Array.from(weightScales, (scale) => scale * inputScale[0]!);
  const axis = scales.length === 1 ? null : 0;
  quantize(bias, { kind: 'affine', scales, zeroPoints: new Float64Array(scales.length), axis, dtype: 'F32' });
}

/**
 * The weight's scale where an integer product is scaled afterwards: `Mul(Cast(MatMulInteger(…)), Mul(x_scale, w_scale))`, the form that ONNX Runtime's
 * dynamic quantization writes.
 */
function scaleAfter(found: FoundNode, links: Links): Draft | undefined {
  let value = found.outputs[0];
  for (let step = 0; step < 3 && value !== undefined; step++) {
    const takers: readonly { node: FoundNode; index: number }[] = links.consumers.get(value) ?? [];
    const [taker] = takers;
    if (taker === undefined || takers.length !== 1) return undefined;
    const { operator } = taker.node.node;
    if (operator === 'Mul') {
      const other = taker.node.inputs[1 - taker.index];
      const direct = links.stored(other);
      if (direct !== undefined) return direct;
      const product = other === undefined ? undefined : links.producers.get(other);
      if (product?.node.operator !== 'Mul') return undefined;
      return links.stored(product.inputs[1]) ?? links.stored(product.inputs[0]);
    }
    if (operator !== 'Cast') return undefined;
    value = taker.node.outputs[0];
  }
  return undefined;
}

async function small(draft: Draft, signal: AbortSignal | undefined): Promise<Values | null> {
  if (draft.data.kind === 'none' || draft.elements > MAX_SCALES) return null;
  return readValues(draft, 0, draft.elements, signal);
}

const spread = (values: Values, count: number): Float64Array =>
  values.length === count ? Float64Array.from(values) : new Float64Array(count).fill(values[0]!);

/** Turns the stored integers of a draft into logical values. */
function quantize(draft: Draft, quantization: Quantization): void {
  const codes = draft.dtype;
  const stored = LABELS[codes] ?? draft.storage;
  draft.dtype = quantization.dtype;
  if (quantization.kind === 'affine') {
    const { scales, zeroPoints, axis } = quantization;
    draft.storage = `${stored} affine`;
    draft.data = withAffine(draft, codes, { form: 'zero-point', scales, zeroPoints, axis });
  } else {
    const { scale, zeroPoint, axis, block } = quantization;
    const { name, data, shape, elements } = draft;
    draft.storage = `${stored} affine, blocks of ${block}`;
    draft.data = blockedData({
      codes: { name, data, shape, elements },
      scales: scale,
      zeroPoints: zeroPoint,
      axis,
      block,
      dtype: codes,
    });
  }
}

function withAffine(
  { name, data, shape, elements }: Draft,
  codes: Draft['dtype'],
  affine: Extract<Affine, { form: 'zero-point' }>,
): TensorData {
  if (data.kind === 'raw') return { ...data, affine };
  if (data.kind === 'none') return data;
  const stored = { name, data, shape, elements };
  const isWhole = affine.zeroPoints.every(Number.isInteger);
  return {
    kind: 'decoded',
    blockElements: data.blockElements,
    read: async (begin, count, signal) => dequantize(await data.read(begin, count, signal), affine, shape, begin),
    ...(isCode(codes) && isWhole
      ? {
          rezeroed: (zeroed) =>
            rezeroedCodes(stored, codes, async (begin, count) => pointsOf(affine, shape, begin, count), zeroed),
        }
      : {}),
  };
}

/** The zero points of a range of elements. */
function pointsOf(
  { zeroPoints, axis }: Extract<Affine, { form: 'zero-point' }>,
  shape: Shape,
  begin: number,
  count: number,
): Float64Array {
  if (axis === null) return new Float64Array(count).fill(zeroPoints[0]!);
  const stride = stridesOf(shape)[axis]!;
  return Float64Array.from({ length: count }, (_, i) => zeroPoints[Math.floor((begin + i) / stride) % shape[axis]!]!);
}
