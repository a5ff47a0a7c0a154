import { raise, type Work } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { BITS, byteLength } from '@espalier/tensor';
import type { RawData } from '../checkpoint.js';
import { brief } from '../names.js';
import { type DirectoryEntry, readDirectory } from '../zip/directory.js';
import { changedTensors } from './changedTensors.js';
import type { ByteSink, OutputContent, StoredTensor } from './output.js';
import { copyPiece, type Piece, pieceWindows, tensorPiece } from './pieces.js';
import { ZipWriter } from './zipWriter.js';

/** Values that are written over those of the input, at their place in the file. */
interface Change {
  readonly name: string;
  readonly begin: number;
  readonly stored: StoredTensor;
}

/**
 * What is written over the storages of a PyTorch archive so that all the rest can stay: nested dictionaries, optimizer states, modules, TorchScript code. null where that is not possible: another
 * format, other shapes or types, new names, storages that are compressed or seen with strides.
 */
export function archiveChanges(content: OutputContent): readonly Change[] | null {
  const { input } = content;
  if (!/^pytorch-(zip|torchscript)$/.test(input.format) || input.container === undefined) return null;
  const before = new Map(input.tensors.map((entry) => [entry.name, entry]));
  const changes = new Map<number, Change>();
  for (const [name, output] of changedTensors(content)) {
    const entry = before.get(name);
    const stored = output.stored ?? output;
    if (entry === undefined || !isPlain(entry.data) || entry.data.source !== input.container) return null;
    if (output.shape.join() !== entry.shape.join() || stored.dtype !== entry.data.dtype) return null;
    if (stored.byteLength !== byteLength(stored.dtype, entry.elements) || BITS[stored.dtype] < 8) return null;
    // Tied weights lie at one place, and change together.
    changes.set(entry.data.begin, { name, begin: entry.data.begin, stored });
  }
  const sorted = [...changes.values()].sort((a, b) => a.begin - b.begin);
  const overlap = sorted.some((change, i) => i > 0 && change.begin < endOf(sorted[i - 1]!));
  return overlap ? null : sorted;
}

const isPlain = (data: { readonly kind: string }): data is RawData => data.kind === 'raw';
const endOf = ({ begin, stored }: Change): number => begin + stored.byteLength;

/** Writes the archive of the input with the changes, entry by entry, and a record of how it came about. */
export async function writeKeptArchive(
  sink: ByteSink,
  source: ByteSource,
  changes: readonly Change[],
  record: Uint8Array,
  alignment: number,
  work: Work,
  wrote: (bytes: number) => void,
): Promise<void> {
  const { entries } = await readDirectory(source, work.signal);
  const zip = new ZipWriter(sink, alignment);
  const rest = [...changes];
  const recordName = `${rootOf(entries)}.data/espalier.json`;
  for (const entry of [...entries].sort((a, b) => a.headerOffset - b.headerOffset)) {
    if (entry.name === recordName) continue;
    const begin = await dataBegin(source, entry, work.signal);
    const pieces: Piece[] = [];
    let at = begin;
    while (entry.method === 0 && rest.length > 0 && rest[0]!.begin < begin + entry.storedBytes) {
      const change = rest.shift()!;
      if (change.begin < at || endOf(change) > begin + entry.storedBytes) astray(change, source.name);
      pieces.push(copyPiece(source, at, change.begin), tensorPiece(change.name, change.stored));
      at = endOf(change);
    }
    pieces.push(copyPiece(source, at, begin + entry.storedBytes));
    const windows = pieceWindows(pieces);
    const { sizeBytes, storedBytes, method, crc32 } = entry;
    if (pieces.length === 1) {
      const same = { size: sizeBytes, stored: storedBytes, method, crc: crc32 };
      await zip.addCopied(entry.name, same, windows, work, wrote);
    } else await zip.addTensor(entry.name, new Uint8Array(0), { byteLength: storedBytes, windows }, work, wrote);
  }
  if (rest.length > 0) astray(rest[0]!, source.name);
  await zip.addBytes(recordName, record);
  await zip.finish();
}

/** The directory of the archive and the places of its storages contradict each other. */
const astray = ({ name, begin, stored }: Change, file: string): never =>
  raise({
    code: 'output/incomplete',
    message: `The ${stored.byteLength} bytes of ${brief(name)} at ${begin} are not within one entry of the archive.`,
    file,
    offset: begin,
  });

/** The folder that every entry of the archive lies in, with its slash. */
function rootOf(entries: readonly DirectoryEntry[]): string {
  const main = entries.find(({ name }) => /^(?:[^/]*\/)?data\.pkl$/.test(name));
  return main === undefined ? '' : main.name.slice(0, main.name.length - 'data.pkl'.length);
}

/** Where the data of an entry begin: behind its local header, whose extra field has a length of its own. */
async function dataBegin(source: ByteSource, entry: DirectoryEntry, signal: AbortSignal): Promise<number> {
  const header = await source.read(entry.headerOffset, 30, signal);
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const begin = entry.headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  if (begin + entry.storedBytes > source.sizeBytes) {
    raise({
      code: 'output/incomplete',
      message: `The archive ends at ${source.sizeBytes}, entry ${entry.name} needs ${entry.storedBytes} bytes at ${begin}.`,
      file: source.name,
    });
  }
  return begin;
}
