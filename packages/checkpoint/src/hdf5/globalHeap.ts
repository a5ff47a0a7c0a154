import type { Block } from './block.js';
import type { Hdf5Bytes } from './file.js';

/** Collections hold texts of variable length; a large config makes one of some megabytes. */
const MAX_COLLECTION_BYTES = 128 * 1024 * 1024;
const MAX_CACHED = 8;

/** Global heap collections: where elements of variable length lie. Source: HDF5 File Format Specification 3.0, section III.E. */
export class GlobalHeaps {
  private readonly cached = new Map<number, Map<number, Uint8Array>>();

  constructor(private readonly bytes: Hdf5Bytes) {}

  /** The object that an element refers to: length, address of the collection, index. null: an empty element. */
  async object(reference: Block): Promise<Uint8Array | null> {
    const length = reference.u32();
    const address = reference.address();
    const index = reference.u32();
    if (length === 0 || address === null || address === 0 || index === 0) return null;
    const found = (await this.collection(address)).get(index);
    if (found === undefined) return reference.malformed(`Object ${index} is missing in its heap`);
    return found;
  }

  private async collection(address: number): Promise<Map<number, Uint8Array>> {
    const known = this.cached.get(address);
    if (known !== undefined) return known;
    const { lengthBytes } = this.bytes.widths;
    const head = await this.bytes.block(address, 8 + lengthBytes, 'A global heap');
    head.signature('GCOL');
    head.skip(4);
    const size = head.length();
    if (size > MAX_COLLECTION_BYTES) head.malformed(`A global heap has ${size} bytes`);
    const body = await this.bytes.block(address, size, 'A global heap');
    body.skip(8 + lengthBytes);
    const objects = new Map<number, Uint8Array>();
    while (body.left >= 8 + lengthBytes) {
      const index = body.u16();
      body.skip(6);
      const length = body.length();
      // Object 0 is the free space up to the end.
      if (index === 0) break;
      objects.set(index, body.take(length));
      body.skip(Math.min(body.left, (8 - (length % 8)) % 8));
    }
    this.cached.set(address, objects);
    if (this.cached.size > MAX_CACHED) this.cached.delete(this.cached.keys().next().value!);
    return objects;
  }
}
