import type { Place } from './meaning.js';

/** Words that every map shares. */
export const MAP_WORDS = {
  output: (n: string) => `output ${n}`,
  input: (n: string) => `input ${n}`,
  inputOfGroup: (n: string, group: string) => `input ${n} of group ${group}`,
  kernelPosition: (n: string) => `kernel position ${n}`,
  kernelPlace: (row: string, column: string) => `kernel row ${row}, column ${column}`,
  kernelCell: (place: string) => `kernel cell ${place}`,
  element: (n: string) => `element ${n}`,
  axis: (axis: string, n: string) => `axis ${axis}: ${n}`,
  pixels: (n: string) => `${n} px per value`,
  block: (n: string) => `1 px = ${n} × ${n} values`,
};

/** `output 213, input 45, kernel row 0, column 2`. */
export function placeWords(place: Place, index: readonly number[]): string {
  const { output, input, group, kernel, other } = place;
  const words: string[] = [];
  if (output !== undefined) words.push(MAP_WORDS.output(String(output)));
  if (input !== undefined) {
    words.push(
      group === undefined ? MAP_WORDS.input(String(input)) : MAP_WORDS.inputOfGroup(String(input), String(group)),
    );
  }
  if (kernel.length === 1) words.push(MAP_WORDS.kernelPosition(String(kernel[0])));
  else if (kernel.length === 2) words.push(MAP_WORDS.kernelPlace(String(kernel[0]), String(kernel[1])));
  else if (kernel.length > 2) words.push(MAP_WORDS.kernelCell(kernel.join(' × ')));
  if (words.length === 0 && index.length === 1) return MAP_WORDS.element(String(index[0]));
  for (const [axis, at] of other) words.push(MAP_WORDS.axis(String(axis), String(at)));
  return words.join(', ');
}

/** A zoom as a label and as a sentence. */
export function zoomWords(zoom: number): { readonly short: string; readonly long: string } {
  if (zoom >= 1) return { short: `${zoom}\u202fpx`, long: MAP_WORDS.pixels(String(zoom)) };
  const values = String(Math.round(1 / zoom));
  return { short: `1:${values}`, long: MAP_WORDS.block(values) };
}
