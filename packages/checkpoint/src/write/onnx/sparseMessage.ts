import type { Work } from '@espalier/base';
import { byteLength, type Dtype, encodeValues } from '@espalier/tensor';
import type { OutputTensor } from '../output.js';
import { bytesPiece, type Piece } from '../pieces.js';
import { intField, piecesField } from '../protoBytes.js';
import { storedBytes } from '../storedBytes.js';
import { tensorMessage } from './newMessages.js';

/**
 * SparseTensorProto of what is not +0 in a dense tensor; places are linear. What stays is held in memory until it is written: how much that is stands before it in the
 * file.
 */
export async function sparseMessage(name: string, output: OutputTensor, dtype: Dtype, work: Work): Promise<Piece[]> {
  const { windows } = storedBytes(output, dtype, 'ONNX');
  const width = byteLength(dtype, 1);
  const kept: number[] = [];
  const places: number[] = [];
  let at = 0;
  for await (const window of windows(work)) {
    for (let begin = 0; begin < window.length; begin += width, at++) {
      let isZero = true;
      for (let i = 0; i < width; i++) if (window[begin + i] !== 0) isZero = false;
      if (isZero) continue;
      places.push(at);
      for (let i = 0; i < width; i++) kept.push(window[begin + i]!);
    }
  }
  const values = tensorOf(dtype, places.length, Uint8Array.from(kept));
  const indices = tensorOf('I64', places.length, encodeValues('I64', places) as Uint8Array);
  return [
    ...piecesField(1, tensorMessage(name, values)),
    ...piecesField(2, tensorMessage('', indices)),
    ...output.shape.map((length) => bytesPiece(intField(3, length))),
  ];
}

const tensorOf = (
  dtype: Dtype,
  elements: number,
  bytes: Uint8Array,
): Pick<OutputTensor, 'dtype' | 'shape' | 'byteLength' | 'windows'> => ({
  dtype,
  shape: [elements],
  byteLength: bytes.length,
  async *windows() {
    yield bytes;
  },
});
