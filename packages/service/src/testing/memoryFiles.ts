import { type Fault, fail, ok } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import type { Files } from '../ports.js';

/** A disk in memory whose files can be replaced and watched. For tests. */
export class MemoryFiles implements Files {
  readonly #files = new Map<string, { bytes: Uint8Array; modifiedMs: number }>();
  #clock = 1;
  opened = 0;

  write(path: string, bytes: Uint8Array): this {
    this.#files.set(path, { bytes, modifiedMs: this.#clock++ });
    return this;
  }

  remove(path: string): void {
    this.#files.delete(path);
  }

  async open(path: string) {
    this.opened++;
    const found = this.#files.get(path);
    if (found === undefined)
      return fail<Fault>({ code: 'path/not-found', message: `${path} does not exist.`, file: path });
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const beside = new Map(
      [...this.#files]
        .filter(([other]) => other.startsWith(folder))
        .map(([other, { bytes }]) => [other.slice(folder.length), bytes]),
    );
    return ok(memorySource(path.slice(folder.length), found.bytes, beside));
  }

  async stat(path: string) {
    const found = this.#files.get(path);
    if (found !== undefined)
      return { kind: 'file' as const, sizeBytes: found.bytes.length, modifiedMs: found.modifiedMs };
    return [...this.#files.keys()].some((other) => other.startsWith(`${path}/`))
      ? { kind: 'folder' as const, sizeBytes: 0, modifiedMs: 0 }
      : null;
  }

  async list(folder: string) {
    const prefix = `${folder.replace(/\/+$/, '')}/`;
    const names = new Map<string, boolean>();
    for (const path of this.#files.keys()) {
      if (!path.startsWith(prefix)) continue;
      const [name, ...rest] = path.slice(prefix.length).split('/');
      names.set(name!, rest.length > 0);
    }
    return [...names].map(([name, isFolder]) => ({ name, folder: isFolder }));
  }
}

/** Bytes of a safetensors file with F32 tensors. */
export function safetensorsBytes(
  tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>,
): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + 4 * values.length] };
    at += 4 * values.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const text = new Uint8Array(Math.ceil(json.length / 8) * 8).fill(0x20);
  text.set(json);
  const bytes = new Uint8Array(8 + text.length + at);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(
    new Uint8Array(Float32Array.from(Object.values(tensors).flatMap(({ values }) => values)).buffer),
    8 + text.length,
  );
  return bytes;
}
