// The most that one thread computes with 128-bit vectors: peak FLOPS prints the seconds that so many operations take in multiply-adds
// that wait for nothing but each other's registers.
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  // 12 sums of 4 numbers, 2 operations each.
  const long turns = (long)(atof(argv[1]) / (12 * 4 * 2));
  __m128 s[12];
  for (int i = 0; i < 12; i++) s[i] = _mm_set1_ps(i);
  const __m128 a = _mm_set1_ps(0.9999f), b = _mm_set1_ps(1e-6f);
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long turn = 0; turn < turns; turn++) {
    for (int i = 0; i < 12; i++) s[i] = _mm_fmadd_ps(s[i], a, b);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  float sum = 0;
  for (int i = 0; i < 12; i++) sum += _mm_cvtss_f32(s[i]);
  printf("%.9f %g\n", (end.tv_sec - begin.tv_sec) + 1e-9 * (end.tv_nsec - begin.tv_nsec), sum);
  return 0;
}
