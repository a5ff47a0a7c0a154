import { raise } from '@espalier/base';
import type { Block } from './block.js';
import type { Hdf5Bytes } from './file.js';

/** One message of an object header: a property of a group or dataset. */
export interface Message {
  readonly type: number;
  /** Bit 1: the content is not here, but a reference to where it is shared. */
  readonly flags: number;
  readonly block: Block;
}

export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** A header with more pieces or messages than this is not one that a library wrote: attributes go to a heap long before. */
const MAX_PIECES = 10_000;
const MAX_MESSAGES = 100_000;

/** All messages of the object at an address, continuations followed. Source: HDF5 File Format Specification 3.0, section IV.A. */
export async function readObjectHeader(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const first = await bytes.upTo(address, 16, 32, 'An object header');
  return first.bytes[0] === 1 ? readVersion1(bytes, address, first) : readVersion2(bytes, address);
}

async function readVersion1(bytes: Hdf5Bytes, address: number, prefix: Block): Promise<Message[]> {
  prefix.skip(8);
  const length = prefix.u32();
  const messages: Message[] = [];
  const queue: (readonly [number, number])[] = [[address + 16, length]];
  for (let next = 0; next < queue.length; next++) {
    const block = await bytes.block(...queue[next]!, 'An object header');
    while (block.left >= 8) {
      const type = block.u16();
      const size = block.u16();
      const flags = block.u8();
      block.skip(3);
      add(messages, queue, { type, flags, block: block.part(size) });
    }
  }
  return messages;
}

async function readVersion2(bytes: Hdf5Bytes, address: number): Promise<Message[]> {
  const prefix = await bytes.upTo(address, 16, 64, 'An object header');
  prefix.signature('OHDR');
  const version = prefix.u8();
  if (version !== 2) prefix.unsupported(`An object header of version ${version}`);
  const flags = prefix.u8();
  if (flags & 0x20) prefix.skip(16);
  if (flags & 0x10) prefix.skip(4);
  const length = prefix.uint(2 ** (flags & 3));
  const ordered = (flags & 4) !== 0;
  const messages: Message[] = [];
  const queue: (readonly [number, number])[] = [];
  walkVersion2(await bytes.block(address + prefix.at, length, 'An object header'), ordered, messages, queue);
  for (let next = 0; next < queue.length; next++) {
    const block = await bytes.block(...queue[next]!, 'The continuation of an object header');
    block.signature('OCHK');
    walkVersion2(block.part(Math.max(0, block.left - 4)), ordered, messages, queue);
  }
  return messages;
}

function walkVersion2(block: Block, ordered: boolean, messages: Message[], queue: (readonly [number, number])[]): void {
  const prefix = ordered ? 6 : 4;
  // What is shorter than a message's prefix at the end is a gap.
  while (block.left >= prefix) {
    const type = block.u8();
    const size = block.u16();
    const flags = block.u8();
    if (ordered) block.skip(2);
    add(messages, queue, { type, flags, block: block.part(size) });
  }
}

function add(messages: Message[], queue: (readonly [number, number])[], message: Message): void {
  if (message.type === MESSAGE.continuation) {
    const address = message.block.address();
    if (address !== null) queue.push([address, message.block.length()]);
  } else if (message.type !== 0) messages.push(message);
  if (queue.length > MAX_PIECES || messages.length > MAX_MESSAGES) {
    raise({
      code: 'checkpoint/too-complex',
      file: message.block.file,
      offset: message.block.begin,
      message: 'An object header of the HDF5 file does not end.',
    });
  }
}

/** The content of a message that may be shared: itself, or the message of the same type in the object it refers to. */
export async function contentOf(bytes: Hdf5Bytes, message: Message): Promise<Block> {
  if ((message.flags & 2) === 0) return message.block;
  return readShared(bytes, message.block, message.type);
}

/** Follows a shared message reference to a committed object. */
export async function readShared(bytes: Hdf5Bytes, reference: Block, type: number): Promise<Block> {
  const version = reference.u8();
  const kind = reference.u8();
  if (version === 1) reference.skip(6);
  if (version === 3 && kind === 1) reference.unsupported('A message in the shared message heap');
  const address = reference.address();
  if (address === null) return reference.malformed('A shared message refers to nothing');
  const found = (await readObjectHeader(bytes, address)).find((other) => other.type === type);
  // Shared again would allow a cycle; libraries never write that.
  if (found === undefined || (found.flags & 2) !== 0)
    return reference.malformed('A shared message is not where it should be');
  return found.block;
}
