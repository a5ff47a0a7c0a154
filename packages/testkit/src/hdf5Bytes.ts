/** The part of h5wasm that tests use. The module holds the HDF5 library and is loaded when the first file is written. */
type H5wasm = typeof import('h5wasm');
export type Hdf5Writer = InstanceType<H5wasm['File']>;
export type Hdf5Version = import('h5wasm').LIBVER_BOUND;

interface Memory {
  readFile(name: string): Uint8Array;
  unlink(name: string): void;
}

let files = 0;

/** An HDF5 file that the HDF5 library itself wrote (compiled to WebAssembly), of any version of the format that it knows. */
export async function hdf5Bytes(
  write: (file: Hdf5Writer) => void,
  { version = 'earliest', trackOrder = false }: { version?: Hdf5Version; trackOrder?: boolean } = {},
): Promise<Uint8Array> {
  const { default: h5wasm } = await import('h5wasm');
  const memory = ((await h5wasm.ready) as unknown as { FS: Memory }).FS;
  // A file of its own each time: the library keeps a file open whose writing was given up.
  const name = `test-${++files}.h5`;
  const file = new h5wasm.File(name, 'w', { libver: [version, 'latest'], track_order: trackOrder });
  try {
    write(file);
  } finally {
    file.close();
  }
  const bytes = memory.readFile(name).slice();
  memory.unlink(name);
  return bytes;
}
