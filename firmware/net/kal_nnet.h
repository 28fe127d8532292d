/* The kernels that a network is made of: int8 weights, int16 activations, int32 sums that cannot overflow. */
#ifndef KAL_NNET_H
#define KAL_NNET_H

#include <stdint.h>

/* Return a number within the 16 bits of an activation. */
static inline int16_t kal_clip(int32_t value) {
#if defined(__ARM_FEATURE_SAT)
    __asm__("ssat %0, #16, %1" : "=r"(value) : "r"(value));
    return (int16_t)value;
#else
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
#endif
}

/* Return value * scale / 2^32, rounded. Compilers shift negative numbers arithmetically, all that there are. */
static inline int32_t kal_scaled(int32_t value, int32_t scale) {
    return (int32_t)(((int64_t)value * scale + INT64_C(0x80000000)) >> 32);
}

/* Widen weights, a multiple of 4, once for the row whose convolution they serve. */
void kal_widen(int16_t *wide, const int8_t *weights, int count);

/*
 * Write `count` steps, a multiple of 3, of a convolution whose taps are a multiple of 8: to[i * stride] is the scaled sum
 * of taps[k] * row[i + k]. It may be written over the row.
 */
void kal_convolve(int16_t *to, int stride, const int16_t *row, int count, const int16_t *taps, int tap_count,
                  int32_t scale);

/*
 * Write the sum of products of each row of weights with the values. Rows and their lengths are multiples of 4; each four
 * weights lie in the order 0, 2, 1, 3, as the instruction SXTB16 unpacks them.
 */
void kal_products(int32_t *sums, const int8_t *weights, int rows, const int16_t *values, int count);

/* Return the logistic function and the hyperbolic tangent of a number in Q12: Q15. */
int16_t kal_sigmoid(int32_t x);
int16_t kal_tanh(int32_t x);

/* Return the logarithm of exp(a) + exp(b); all are Q16. */
int32_t kal_log_add(int32_t a, int32_t b);

#endif
