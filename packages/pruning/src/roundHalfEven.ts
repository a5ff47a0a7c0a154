/** The nearest whole number, of two the even one: 2.5 → 2, 3.5 → 4. (IEEE 754 roundTiesToEven; Python's `round`.) */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  if (rest !== 0.5) return Math.round(value);
  return low % 2 === 0 ? low : low + 1;
}
