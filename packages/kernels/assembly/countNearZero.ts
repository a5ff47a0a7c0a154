/** How many |x| ≤ limit. NaN is never near zero. */
export function countNearZero(x: usize, length: i32, limit: f32): f64 {
  const l = f32x4.splat(limit);
  let counts = i32x4.splat(0);
  const end = x + (<usize>(length & ~3) << 2);
  for (; x < end; x += 16) counts = i32x4.sub(counts, f32x4.le(f32x4.abs(v128.load(x)), l));
  let count: f64 = 0;
  for (let i = length & ~3; i < length; i++, x += 4) if (abs(load<f32>(x)) <= limit) count += 1;
  return (
    count + <f64>(<u32>i32x4.extract_lane(counts, 0)) + <f64>(<u32>i32x4.extract_lane(counts, 1)) +
    <f64>(<u32>i32x4.extract_lane(counts, 2)) + <f64>(<u32>i32x4.extract_lane(counts, 3))
  );
}
