/** CRC-32C, bit by bit: written apart from the product's, so that a mistake there shows. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

const little = (value: number): number[] => [
  value & 255,
  (value >> 8) & 255,
  (value >> 16) & 255,
  (value >>> 24) & 255,
];

/**
 * A sorted string table (LevelDB, and the index of a TensorFlow checkpoint) of entries in order, with right checksums:
 * for tests that spoil what is inside. `perBlock` entries go into each block, whole keys stand at every `restart`-th.
 */
export function tableBytes(
  entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[],
  perBlock = 16,
  restart = 4,
): Uint8Array {
  const file: number[] = [];
  const add = (block: readonly number[]): number[] => {
    const stored = [...block, 0];
    const crc = crc32c(Uint8Array.from(stored));
    const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    const handle = [...varint(file.length), ...varint(block.length)];
    for (const byte of [...stored, ...little(masked)]) file.push(byte);
    return handle;
  };
  const handles: [Uint8Array, Uint8Array][] = [];
  for (let from = 0; from < entries.length; from += perBlock) {
    const part = entries.slice(from, from + perBlock);
    handles.push([part.at(-1)![0], Uint8Array.from(add(block(part, restart)))]);
  }
  const meta = add(block([], 1));
  const index = add(block(handles, 1));
  const footer = [...meta, ...index];
  while (footer.length < 40) footer.push(0);
  return Uint8Array.from([...file, ...footer, 0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
}

function block(entries: readonly (readonly [Uint8Array, Uint8Array])[], restart: number): number[] {
  const bytes: number[] = [];
  const restarts: number[] = [];
  let before: Uint8Array = new Uint8Array(0);
  for (const [index, [key, value]] of entries.entries()) {
    let shared = 0;
    if (index % restart === 0) restarts.push(bytes.length);
    else while (shared < key.length && key[shared] === before[shared]) shared++;
    bytes.push(
      ...varint(shared),
      ...varint(key.length - shared),
      ...varint(value.length),
      ...key.subarray(shared),
      ...value,
    );
    before = key;
  }
  if (restarts.length === 0) restarts.push(0);
  return [...bytes, ...restarts.flatMap(little), ...little(restarts.length)];
}
