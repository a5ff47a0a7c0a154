/** Numbers and texts as a GGUF file of this version and byte order has them. (ggml, docs/gguf.md) */
export class GgufBytes {
  constructor(
    private readonly version: number,
    private readonly bigEndian: boolean,
  ) {}

  u32(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, !this.bigEndian);
    return new Uint8Array(view.buffer);
  }

  u64(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), !this.bigEndian);
    return new Uint8Array(view.buffer);
  }

  /** Counts and lengths have 32 bits in version 1. */
  size(value: number): Uint8Array {
    return this.version === 1 ? this.u32(value) : this.u64(value);
  }

  text(value: string): Uint8Array[] {
    const bytes = new TextEncoder().encode(value);
    return [this.size(bytes.length), bytes];
  }
}
