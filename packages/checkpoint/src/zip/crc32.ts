const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of zip and gzip (polynomial 0xedb88320, reflected). `crc` continues an earlier call; 0 begins. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  let state = ~crc >>> 0;
  for (let i = 0; i < bytes.length; i++) state = (state >>> 8) ^ table[(state ^ bytes[i]!) & 255]!;
  return ~state >>> 0;
}
