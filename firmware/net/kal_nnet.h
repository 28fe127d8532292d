/* The kernels that a network is made of: int8 weights, int16 activations, int32 sums that cannot overflow. */
#ifndef KAL_NNET_H
#define KAL_NNET_H

#include <stdint.h>

/* Return a number within the 16 bits of an activation. */
int16_t kal_clip(int32_t value);

/* Return value * scale / 2^32, rounded. */
int32_t kal_scaled(int32_t value, int32_t scale);

/* Widen weights, once for a row of the convolution that they serve. */
void kal_widen(int16_t *wide, const int8_t *weights, int count);

/*
 * Write `count` steps, a multiple of 3, of a convolution with an even number of taps: to[i * stride] is the scaled sum
 * of taps[k] * row[i + k]. It may be written over the row.
 */
void kal_convolve(int16_t *to, int stride, const int16_t *row, int count, const int16_t *taps, int tap_count,
                  int32_t scale);

/* Return the sum of weights[i] * values[i]. */
int32_t kal_dot(const int8_t *weights, const int16_t *values, int count);

/* Return the logistic function and the hyperbolic tangent of a number in Q12: Q15. */
int16_t kal_sigmoid(int32_t x);
int16_t kal_tanh(int32_t x);

/* Return the logarithm of exp(a) + exp(b); all are Q16. */
int32_t kal_log_add(int32_t a, int32_t b);

#endif
