// The loops that the kernels are measured against: what a careful C programmer would write with AVX2.
// loops MODE FILE BEGIN BYTES WINDOW COLUMNS REPEATS → one line of seconds (wall, CPU) for each repetition, then a check sum.
// Modes: read (nothing but reading), f32 (one-pass statistics), u16 (occurrences of 16-bit patterns and row zeros), hist (256 bins).
#define _GNU_SOURCE
#include <fcntl.h>
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct {
  double sum, squares;
  float min, max;
  uint64_t zeros, nan, inf, rows;
} Stats;

static void scan(const float *x, size_t rows, size_t columns, Stats *stats, uint32_t *row_zeros) {
  const __m256i magnitude = _mm256_set1_epi32(0x7fffffff), largest = _mm256_set1_epi32(0x7f7fffff), none = _mm256_setzero_si256();
  __m256 low = _mm256_set1_ps(stats->min), high = _mm256_set1_ps(stats->max);
  for (size_t r = 0; r < rows; r++) {
    uint32_t zeros_in_row = 0;
    for (size_t c = 0; c < columns; c += 1024) {
      const size_t count = columns - c < 1024 ? columns - c : 1024;
      __m256 s0 = _mm256_setzero_ps(), s1 = s0, q0 = s0, q1 = s0;
      __m256i zeros = none, odd = none;
      size_t i = 0;
      for (; i + 16 <= count; i += 16) {
        const __m256 v = _mm256_loadu_ps(x + i), w = _mm256_loadu_ps(x + i + 8);
        const __m256i a = _mm256_and_si256(_mm256_castps_si256(v), magnitude), b = _mm256_and_si256(_mm256_castps_si256(w), magnitude);
        zeros = _mm256_sub_epi32(zeros, _mm256_add_epi32(_mm256_cmpeq_epi32(a, none), _mm256_cmpeq_epi32(b, none)));
        odd = _mm256_or_si256(odd, _mm256_or_si256(_mm256_cmpgt_epi32(a, largest), _mm256_cmpgt_epi32(b, largest)));
        low = _mm256_min_ps(v, _mm256_min_ps(w, low));
        high = _mm256_max_ps(v, _mm256_max_ps(w, high));
        s0 = _mm256_add_ps(s0, v);
        s1 = _mm256_add_ps(s1, w);
        q0 = _mm256_fmadd_ps(v, v, q0);
        q1 = _mm256_fmadd_ps(w, w, q1);
      }
      int32_t z[8];
      _mm256_storeu_si256((__m256i *)z, zeros);
      for (int k = 0; k < 8; k++) zeros_in_row += z[k];
      size_t from = i;
      if (_mm256_testz_si256(odd, odd)) {
        float s[8], q[8];
        _mm256_storeu_ps(s, _mm256_add_ps(s0, s1));
        _mm256_storeu_ps(q, _mm256_add_ps(q0, q1));
        for (int k = 0; k < 8; k++) stats->sum += s[k], stats->squares += q[k];
      } else {
        from = 0;
      }
      for (size_t k = from; k < count; k++) {
        const double value = x[k];
        if (k >= i) zeros_in_row += value == 0;
        if (isnan(value)) stats->nan++;
        else if (isinf(value)) stats->inf++;
        else stats->sum += value, stats->squares += value * value;
      }
      x += count;
    }
    row_zeros[stats->rows++ & 65535] = zeros_in_row;
    stats->zeros += zeros_in_row;
  }
  float l[8], h[8];
  _mm256_storeu_ps(l, low);
  _mm256_storeu_ps(h, high);
  for (int k = 0; k < 8; k++) {
    if (l[k] < stats->min) stats->min = l[k];
    if (h[k] > stats->max) stats->max = h[k];
  }
}

static void count16(const uint16_t *x, size_t rows, size_t columns, uint32_t *counts, uint32_t *row_zeros) {
  for (size_t r = 0; r < rows; r++) {
    uint32_t zeros = 0;
    for (size_t c = 0; c < columns; c++) {
      counts[x[c]]++;
      zeros += (x[c] & 0x7fff) == 0;
    }
    row_zeros[r & 65535] += zeros;
    x += columns;
  }
}

static void histogram(const float *x, size_t count, float low, float scale, uint32_t *tables) {
  for (size_t i = 0; i + 4 <= count; i += 4) {
    for (int k = 0; k < 4; k++) {
      int bin = (int)((x[i + k] - low) * scale);
      tables[256 * k + (bin > 255 ? 255 : bin < 0 ? 0 : bin)]++;
    }
  }
}

static double seconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  const char *mode = argv[1];
  const int file = open(argv[2], O_RDONLY);
  const off_t begin = atoll(argv[3]);
  const size_t bytes = atoll(argv[4]), window = atoll(argv[5]), columns = atoll(argv[6]);
  const int repeats = atoi(argv[7]);
  char *buffer = aligned_alloc(4096, window);
  uint32_t *rows = calloc(65536, 4), *counts = calloc(65536, 4);
  if (file < 0 || buffer == NULL || rows == NULL || counts == NULL) return 1;
  double check = 0;
  for (int r = 0; r < repeats; r++) {
    const double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    Stats stats = {0, 0, INFINITY, -INFINITY, 0, 0, 0, 0};
    memset(counts, 0, 65536 * 4);
    for (size_t done = 0; done < bytes; done += window) {
      const size_t length = bytes - done < window ? bytes - done : window;
      for (size_t got = 0; got < length;) {
        const ssize_t part = pread(file, buffer + got, length - got, begin + done + got);
        if (part <= 0) return 1;
        got += part;
      }
      if (mode[0] == 'f') scan((float *)buffer, length / 4 / columns, columns, &stats, rows);
      else if (mode[0] == 'u') count16((uint16_t *)buffer, length / 2 / columns, columns, counts, rows);
      else if (mode[0] == 'h') histogram((float *)buffer, length / 4, -0.1f, 1280, counts);
    }
    printf("%.6f %.6f\n", seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    check += stats.sum + stats.zeros + stats.max + counts[1] + rows[0];
  }
  printf("%g\n", check);
  return 0;
}
