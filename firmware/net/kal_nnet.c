#include "kal_nnet.h"

#include <string.h>

#include "kal_tables.h"

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#endif

int16_t kal_clip(int32_t value) {
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

int32_t kal_scaled(int32_t value, int32_t scale) {
    return (int32_t)(((int64_t)value * scale + INT64_C(0x80000000)) >> 32);
}

void kal_widen(int16_t *wide, const int8_t *weights, int count) {
    for (int i = 0; i < count; i++) {
        wide[i] = weights[i];
    }
}

#if defined(__ARM_FEATURE_SIMD32)

/* Two neighbors, wherever they lie. */
static int16x2_t pair(const int16_t *values) {
    int16x2_t both;
    memcpy(&both, values, sizeof both);
    return both;
}

/* Add three neighboring steps, two taps at a time. */
static void three(int32_t sums[3], const int16_t *row, const int16_t *taps, int tap_count) {
    int32_t first = 0, second = 0, third = 0;
    int16x2_t here = pair(row);
    for (int k = 0; k < tap_count; k += 2) {
        const int16x2_t both = pair(taps + k), next = pair(row + k + 2);
        first = __smlad(here, both, first);
        second = __smlad(pair(row + k + 1), both, second);
        third = __smlad(next, both, third);
        here = next;
    }
    sums[0] = first, sums[1] = second, sums[2] = third;
}

int32_t kal_dot(const int8_t *weights, const int16_t *values, int count) {
    int32_t sum = 0;
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        uint32_t four;
        memcpy(&four, weights + i, sizeof four);
        const uint32_t even = (uint32_t)__sxtb16((int8x4_t)four), odd = (uint32_t)__sxtb16((int8x4_t)(four >> 8));
        sum = __smlad((int16x2_t)((even & 0xffffu) | odd << 16), pair(values + i), sum);
        sum = __smlad((int16x2_t)(even >> 16 | (odd & 0xffff0000u)), pair(values + i + 2), sum);
    }
    for (; i < count; i++) {
        sum += weights[i] * values[i];
    }
    return sum;
}

#else

static void three(int32_t sums[3], const int16_t *row, const int16_t *taps, int tap_count) {
    int32_t first = 0, second = 0, third = 0;
    for (int k = 0; k < tap_count; k++) {
        first += taps[k] * row[k];
        second += taps[k] * row[k + 1];
        third += taps[k] * row[k + 2];
    }
    sums[0] = first, sums[1] = second, sums[2] = third;
}

int32_t kal_dot(const int8_t *weights, const int16_t *values, int count) {
    int32_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += weights[i] * values[i];
    }
    return sum;
}

#endif

void kal_convolve(int16_t *to, int stride, const int16_t *row, int count, const int16_t *taps, int tap_count,
                  int32_t scale) {
    for (int i = 0; i < count; i += 3) {
        int32_t sums[3];
        three(sums, row + i, taps, tap_count);
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
