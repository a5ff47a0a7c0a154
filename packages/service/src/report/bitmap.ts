const HEADER = 14 + 40;
const PALETTE = 256 * 4;
/** Pixels a metre; nobody prints by it. */
const RESOLUTION = 2835;

/** A picture of at most 256 colours as a BMP: bytes without any compression that every browser shows. `pixels` are indices, row-major from the top. */
export function bitmap(
  width: number,
  height: number,
  pixels: Uint8Array,
  palette: readonly (readonly [red: number, green: number, blue: number])[],
): Uint8Array {
  const stride = (width + 3) & ~3;
  const bytes = new Uint8Array(HEADER + PALETTE + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(2, bytes.length, true);
  view.setUint32(10, HEADER + PALETTE, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  // A negative height: rows begin at the top.
  view.setInt32(22, -height, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, 8, true);
  view.setUint32(34, stride * height, true);
  view.setInt32(38, RESOLUTION, true);
  view.setInt32(42, RESOLUTION, true);
  view.setUint32(46, 256, true);
  for (const [i, [red, green, blue]] of palette.entries()) bytes.set([blue, green, red, 0], HEADER + i * 4);
  for (let row = 0; row < height; row++)
    bytes.set(pixels.subarray(row * width, (row + 1) * width), HEADER + PALETTE + row * stride);
  return bytes;
}

/** Bytes as a text that may stand in a page. */
export function dataUri(type: string, bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return `data:${type};base64,${btoa(text)}`;
}
