#include "kal_nnet.h"

#include <string.h>

#include "kal_tables.h"

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

void kal_widen(int16_t *wide, const int8_t *weights, int count) {
    for (const int8_t *end = weights + count; weights < end; weights += 4, wide += 4) {
        wide[0] = weights[0], wide[1] = weights[1], wide[2] = weights[2], wide[3] = weights[3];
    }
}

#if defined(__ARM_FEATURE_SIMD32) /* two products an instruction, the same sums */

/* Two neighbors, wherever they lie. */
static int16x2_t pair(const int16_t *values) {
    int16x2_t both;
    memcpy(&both, values, sizeof both);
    return both;
}

/* Add two taps to three neighboring steps; return the neighbors that the next two begin with. */
static inline int16x2_t two_taps(int32_t sums[3], int16x2_t here, const int16_t *row, const int16_t *taps) {
    const int16x2_t both = pair(taps), next = pair(row + 2);
    sums[0] = __smlad(here, both, sums[0]);
    sums[1] = __smlad(pair(row + 1), both, sums[1]);
    sums[2] = __smlad(next, both, sums[2]);
    return next;
}

static void three_steps(int32_t to[3], const int16_t *row, const int16_t *taps, int tap_count) {
    int32_t sums[3] = {0, 0, 0};
    int16x2_t here = pair(row);
    for (const int16_t *end = taps + tap_count; taps < end; taps += 8, row += 8) {
        here = two_taps(sums, here, row, taps);
        here = two_taps(sums, here, row + 2, taps + 2);
        here = two_taps(sums, here, row + 4, taps + 4);
        here = two_taps(sums, here, row + 6, taps + 6);
    }
    memcpy(to, sums, sizeof sums);
}

/* Add four products. */
static inline int32_t add_four(int32_t sum, const int8_t *weights, int16x2_t first, int16x2_t last) {
    uint32_t four;
    memcpy(&four, weights, sizeof four);
    sum = __smlad((int16x2_t)__sxtb16((int8x4_t)four), first, sum);
    return __smlad((int16x2_t)__sxtb16((int8x4_t)(four >> 8 | four << 24)), last, sum);
}

static void four_rows(int32_t sums[4], const int8_t *weights, const int16_t *values, int count) {
    const int8_t *below = weights + 2 * count;
    int32_t first = 0, second = 0, third = 0, fourth = 0;
    for (const int16_t *end = values + count; values < end; values += 4, weights += 4, below += 4) {
        const int16x2_t left = pair(values), right = pair(values + 2);
        first = add_four(first, weights, left, right);
        second = add_four(second, weights + count, left, right);
        third = add_four(third, below, left, right);
        fourth = add_four(fourth, below + count, left, right);
    }
    sums[0] = first, sums[1] = second, sums[2] = third, sums[3] = fourth;
}

#else

static void three_steps(int32_t sums[3], const int16_t *row, const int16_t *taps, int tap_count) {
    int32_t first = 0, second = 0, third = 0;
    for (int k = 0; k < tap_count; k++) {
        first += taps[k] * row[k];
        second += taps[k] * row[k + 1];
        third += taps[k] * row[k + 2];
    }
    sums[0] = first, sums[1] = second, sums[2] = third;
}

static inline int32_t add_four(int32_t sum, const int8_t *weights, const int16_t *values) {
    return sum + weights[0] * values[0] + weights[2] * values[1] + weights[1] * values[2] + weights[3] * values[3];
}

static void four_rows(int32_t sums[4], const int8_t *weights, const int16_t *values, int count) {
    const int8_t *below = weights + 2 * count;
    int32_t first = 0, second = 0, third = 0, fourth = 0;
    for (const int16_t *end = values + count; values < end; values += 4, weights += 4, below += 4) {
        first = add_four(first, weights, values);
        second = add_four(second, weights + count, values);
        third = add_four(third, below, values);
        fourth = add_four(fourth, below + count, values);
    }
    sums[0] = first, sums[1] = second, sums[2] = third, sums[3] = fourth;
}

#endif

void kal_products(int32_t *sums, const int8_t *weights, int rows, const int16_t *values, int count) {
    for (int row = 0; row < rows; row += 4) {
        four_rows(sums + row, weights + row * count, values, count);
    }
}

void kal_convolve(int16_t *to, int stride, const int16_t *row, int count, const int16_t *taps, int tap_count,
                  int32_t scale) {
    for (int i = 0; i < count; i += 3) {
        int32_t sums[3];
        three_steps(sums, row + i, taps, tap_count);
        for (int j = 0; j < 3; j++) {
            to[(i + j) * stride] = kal_clip(kal_scaled(sums[j], scale));
        }
    }
}

/* Return what a table of steps of 1/16 from 0 to 8 says of a number in Q12 that is not negative. */
static int32_t looked_up(const uint16_t table[KAL_TABLE], int32_t x) {
    if (x >= (KAL_TABLE - 1) << 8) {
        return table[KAL_TABLE - 1];
    }
    const int32_t low = table[x >> 8], high = table[(x >> 8) + 1];
    return low + (((high - low) * (x & 255) + 128) >> 8);
}

int16_t kal_sigmoid(int32_t x) {
    return (int16_t)(x < 0 ? 32768 - looked_up(kal_sigmoids, -x) : looked_up(kal_sigmoids, x));
}

int16_t kal_tanh(int32_t x) {
    return (int16_t)(x < 0 ? 32768 - 2 * looked_up(kal_sigmoids, -2 * x) : 2 * looked_up(kal_sigmoids, 2 * x) - 32768);
}

int32_t kal_log_add(int32_t a, int32_t b) {
    const int32_t most = a > b ? a : b, apart = a > b ? a - b : b - a;
    return most + looked_up(kal_log_sums, apart >> 4);
}
