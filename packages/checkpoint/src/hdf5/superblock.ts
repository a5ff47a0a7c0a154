import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { Block } from './block.js';
import { Hdf5Bytes } from './file.js';

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
/** A user block before the superblock may be 512 bytes, or that times a power of two. */
const MAX_USER_BLOCK = 64 * 1024 * 1024;

/** True when the superblock stands at the very beginning, as Keras and h5py write it. */
export const looksLikeHdf5 = (head: Uint8Array): boolean => SIGNATURE.every((byte, index) => head[index] === byte);

export interface Superblock {
  readonly bytes: Hdf5Bytes;
  /** Address of the object header of the root group. */
  readonly root: number;
}

/** Finds and checks the superblock (versions 0 to 3). Source: HDF5 File Format Specification 3.0, section II.A. */
export async function readSuperblock(source: ByteSource, signal?: AbortSignal): Promise<Superblock> {
  for (let at = 0; at + 48 <= source.sizeBytes && at <= MAX_USER_BLOCK; at = at === 0 ? 512 : at * 2) {
    const head = await source.read(at, Math.min(128, source.sizeBytes - at), signal);
    if (looksLikeHdf5(head)) return parse(source, head, at, signal);
  }
  return raise({
    code: 'hdf5/malformed',
    file: source.name,
    offset: 0,
    message: 'The file has no HDF5 superblock.',
  });
}

function parse(source: ByteSource, head: Uint8Array, at: number, signal: AbortSignal | undefined): Superblock {
  const version = head[8]!;
  if (version > 3) {
    raise({
      code: 'hdf5/unsupported',
      file: source.name,
      offset: at + 8,
      expected: '0 to 3',
      found: version,
      message: `The superblock has version ${version}.`,
    });
  }
  const old = version < 2;
  const widths = { offsetBytes: head[old ? 13 : 9]!, lengthBytes: head[old ? 14 : 10]! };
  const block = new Block(source.name, head, at, widths);
  block.at = old ? (version === 0 ? 24 : 28) : 12;
  if (![2, 4, 8].includes(widths.offsetBytes) || ![2, 4, 8].includes(widths.lengthBytes)) {
    block.malformed(`Addresses of ${widths.offsetBytes} and lengths of ${widths.lengthBytes} bytes are not possible`);
  }
  const base = block.address() ?? 0;
  block.address();
  block.address();
  if (old) {
    block.address();
    // The symbol table entry of the root group: its name, then its object header.
    block.address();
  }
  const root = block.address();
  if (root === null) return block.malformed('The file has no root group');
  // With a user block the base address is the superblock's own; files that were moved into one keep 0.
  const bytes = new Hdf5Bytes(source, base === 0 && at > 0 ? at : base, widths, signal);
  return { bytes, root };
}
