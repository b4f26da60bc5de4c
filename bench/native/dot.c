// The native ceiling of bench/kernels.ts: dots in 128-bit vectors with four accumulators, the widest that WebAssembly has.
//   usage: dot f32|i16|i8xi16|i8 rows columns seconds < rows of x, then z
// Prints the sum over all rows of their dots with z, and the rate in multiply-adds per second. columns: a multiple of 16.
// i8: x in 0..127, so that x is also a valid unsigned operand.
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int32_t sum_i32(__m128i v) {
  int32_t lanes[4];
  _mm_storeu_si128((__m128i *)lanes, v);
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

#define LOAD(p) _mm_loadu_si128((const __m128i *)(p))

static double dot_f32(const void *x0, const void *z0, int columns) {
  const float *x = x0, *z = z0;
  __m128 a[4] = {_mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps(), _mm_setzero_ps()};
  for (int j = 0; j < columns; j += 16) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) a[k] = _mm_add_ps(a[k], _mm_mul_ps(_mm_loadu_ps(x + j + 4 * k), _mm_loadu_ps(z + j + 4 * k)));
  }
  float lanes[4];
  _mm_storeu_ps(lanes, _mm_add_ps(_mm_add_ps(a[0], a[1]), _mm_add_ps(a[2], a[3])));
  return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

static double dot_i16(const void *x0, const void *z0, int columns) {
  const int16_t *x = x0, *z = z0;
  // timing only: int32 lanes may wrap, so the caller sends small values
  __m128i a[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
  for (int j = 0; j < columns; j += 16) {
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) a[k] = _mm_add_epi32(a[k], _mm_madd_epi16(LOAD(x + j + 8 * k), LOAD(z + j + 8 * k)));
  }
  return sum_i32(_mm_add_epi32(a[0], a[1]));
}

static double dot_i8i16(const void *x0, const void *z0, int columns) {
  const int8_t *x = x0;
  const int16_t *z = z0;
  __m128i a[2] = {_mm_setzero_si128(), _mm_setzero_si128()};
  for (int j = 0; j < columns; j += 16) {
#pragma GCC unroll 2
    for (int k = 0; k < 2; k++) {
      const __m128i wide = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(x + j + 8 * k)));
      a[k] = _mm_add_epi32(a[k], _mm_madd_epi16(wide, LOAD(z + j + 8 * k)));
    }
  }
  return sum_i32(_mm_add_epi32(a[0], a[1]));
}

static inline __m128i dot4(__m128i sum, __m128i x, __m128i z) {
#if defined(__AVXVNNI__)
  return _mm_dpbusd_avx_epi32(sum, x, z);
#elif defined(__AVX512VNNI__) && defined(__AVX512VL__)
  return _mm_dpbusd_epi32(sum, x, z);
#else
  return _mm_add_epi32(sum, _mm_madd_epi16(_mm_maddubs_epi16(x, z), _mm_set1_epi16(1)));
#endif
}

static double dot_i8(const void *x0, const void *z0, int columns) {
  const int8_t *x = x0, *z = z0;
  __m128i a[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
  int j = 0;
  for (; j + 64 <= columns; j += 64) {
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) a[k] = dot4(a[k], LOAD(x + j + 16 * k), LOAD(z + j + 16 * k));
  }
  for (; j < columns; j += 16) a[0] = dot4(a[0], LOAD(x + j), LOAD(z + j));
  return sum_i32(_mm_add_epi32(_mm_add_epi32(a[0], a[1]), _mm_add_epi32(a[2], a[3])));
}

static void *read_exactly(size_t bytes) {
  void *block = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (block == NULL || fread(block, 1, bytes, stdin) != bytes) {
    fprintf(stderr, "dot: expected %zu bytes more\n", bytes);
    exit(1);
  }
  return block;
}

int main(int count, char **words) {
  if (count != 5) return 2;
  const int rows = atoi(words[2]), columns = atoi(words[3]);
  const double seconds = atof(words[4]);
  double (*kernel)(const void *, const void *, int);
  size_t x_bytes, z_bytes;
  if (strcmp(words[1], "f32") == 0) kernel = dot_f32, x_bytes = 4, z_bytes = 4;
  else if (strcmp(words[1], "i16") == 0) kernel = dot_i16, x_bytes = 2, z_bytes = 2;
  else if (strcmp(words[1], "i8xi16") == 0) kernel = dot_i8i16, x_bytes = 1, z_bytes = 2;
  else if (strcmp(words[1], "i8") == 0) kernel = dot_i8, x_bytes = 1, z_bytes = 1;
  else return 2;
  const size_t stride = (size_t)columns * x_bytes;
  const char *x = read_exactly((size_t)rows * stride);
  const void *z = read_exactly((size_t)columns * z_bytes);

  double sum = 0;
  for (int i = 0; i < rows; i++) sum += kernel(x + (size_t)i * stride, z, columns);
  // the first half warms up the clock
  volatile double sink = 0;
  const double started = seconds_now();
  double from = started, now = started;
  long sweeps = 0;
  int is_warm = 0;
  while (now - started < 1.5 * seconds) {
    for (int i = 0; i < rows; i++) sink += kernel(x + (size_t)i * stride, z, columns);
    sweeps++;
    now = seconds_now();
    if (!is_warm && now - started >= 0.5 * seconds) {
      is_warm = 1;
      from = now;
      sweeps = 0;
    }
  }
  printf("%.17g %.17g\n", sum, (double)sweeps * rows * columns / (now - from));
  return 0;
}
