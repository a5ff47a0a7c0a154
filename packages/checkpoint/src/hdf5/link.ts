import { brief } from '../names.js';
import type { Block } from './block.js';

/** An entry of a group. */
export type Link =
  | { readonly kind: 'hard'; readonly name: string; readonly address: number }
  | { readonly kind: 'soft'; readonly name: string; readonly target: string }
  | { readonly kind: 'external'; readonly name: string };

/** Reads a link message. Source: HDF5 File Format Specification 3.0, section IV.A.2.g. */
export function readLink(block: Block): Link & { readonly order?: number } {
  const version = block.u8();
  if (version !== 1) block.unsupported(`A link of version ${version}`);
  const flags = block.u8();
  const type = flags & 8 ? block.u8() : 0;
  const order = flags & 4 ? { order: block.uint(8) } : {};
  if (flags & 16) block.u8();
  const name = block.text(block.uint(2 ** (flags & 3)));
  if (type === 0) {
    const address = block.address();
    if (address === null) return block.malformed(`The link ${brief(name)} leads nowhere`);
    return { kind: 'hard', name, address, ...order };
  }
  if (type === 1) return { kind: 'soft', name, target: block.text(block.u16()), ...order };
  return { kind: 'external', name, ...order };
}
