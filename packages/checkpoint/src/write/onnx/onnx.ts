import { type Fault, raise, type Work } from '@espalier/base';
import { isDtype } from '@espalier/tensor';
import type { TensorEntry } from '../../checkpoint.js';
import { ExternalFiles } from '../../formats/onnx/external.js';
import { containerBytes, otherContainer, unstorable } from '../container.js';
import type { OutputContent, OutputFolder, OutputTensor, Writer } from '../output.js';
import { lengthOf, type Piece, writePieces } from '../pieces.js';
import { DataFile } from './dataFile.js';
import { rewriteModel } from './rewriteModel.js';

/** A protobuf message has less than 2 GiB. (protobuf.dev, "Size limits") */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/**
 * ONNX, written around the model that was read: changed tensors get new bytes where the old ones were, everything else stays byte for byte. Tensors in files beside the model
 * come into one file beside the output, as do all large ones of a model that is too large for one message.
 */
export const onnx: Writer = onnxWriter(MAX_MODEL_BYTES);

/** The limit is for tests. */
export function onnxWriter(maxModelBytes: number): Writer {
  return {
    format: 'onnx',
    label: 'ONNX',
    extensions: ['.onnx'],
    refuses: (content): Fault | null =>
      otherContainer(content.input, 'onnx', 'An ONNX file') ?? unstorable(content, 'ONNX', whyNot),
    keeps: () => true,
    bytesOf: containerBytes,
    async write(folder, name, content, work) {
      const external = new ExternalFiles(content.input.container!);
      try {
        await write(folder, name, content, external, maxModelBytes, work);
      } finally {
        await external.close();
      }
    },
  };
}

async function write(
  folder: OutputFolder,
  name: string,
  content: OutputContent,
  external: ExternalFiles,
  maxModelBytes: number,
  work: Work,
): Promise<void> {
  const { model, data } = await plan(content, external, `${name}.data`, maxModelBytes, work);
  const total = lengthOf(model) + lengthOf(data.pieces);
  let done = 0;
  const file = async (name: string, pieces: readonly Piece[]): Promise<void> => {
    await writeFile(folder, name, pieces, work, (bytes) => {
      done += bytes;
      work.progress({ done, total, label: name });
    });
  };
  await file(name, model);
  if (data.pieces.length > 0) await file(data.name, data.pieces);
}

/** Codes without one that means zero, types that nothing writes number by number, and types that the nodes which read the tensor do not expect. */
function whyNot({ dtype }: OutputTensor, { storage }: TensorEntry): string | null {
  if (/affine|^F4$|^F6_|INT2/.test(storage)) return `it is stored as ${storage}`;
  const becomes = isDtype(storage) && dtype !== storage && dtype !== 'F32' && dtype !== 'F64';
  return becomes ? `it would become ${dtype}, and the nodes that read it take ${storage}` : null;
}

async function plan(
  content: OutputContent,
  external: ExternalFiles,
  dataName: string,
  maxModelBytes: number,
  work: Work,
): Promise<{ readonly model: readonly Piece[]; readonly data: DataFile }> {
  const source = content.input.container!;
  for (const movesAll of [false, true]) {
    const data = new DataFile(dataName);
    const model = await rewriteModel(source, content, external, data, movesAll, work);
    if (lengthOf(model) <= maxModelBytes) return { model, data };
  }
  return raise({
    code: 'output/too-large',
    message: `The model would have more than ${maxModelBytes} bytes besides its tensors; a message of ONNX has at most that.`,
    file: source.name,
  });
}

async function writeFile(
  folder: OutputFolder,
  name: string,
  pieces: readonly Piece[],
  work: Work,
  wrote: (bytes: number) => void,
): Promise<void> {
  const created = await folder.create(name);
  if (!created.ok) raise(created.fault);
  await writePieces(created.value, pieces, work, wrote);
}
