/*
 * What one beat of one lead says of potassium, in integers: no heap, no recursion, no floating point, no libm.
 *
 * The weights are a struct of constants that `kalemia export MODEL --to c` writes, with the sizes in kal_model.h.
 * kalemia/export/golden.py defines the arithmetic; kal_net.c equals it to the bit.
 */
#ifndef KAL_NET_H
#define KAL_NET_H

#include <limits.h>
#include <stdint.h>

#if INT_MAX < 2147483647
#error "an int has 16 bits here, and products would overflow; a processor of 32 bits is needed"
#endif

#include "kal_model.h" /* generated: KAL_MODEL_FORMAT, KAL_CHANNELS, KAL_STATES, kal_model */

#if KAL_MODEL_FORMAT != 2
#error "kal_model.h is of another format than this runtime; export the model again with the same kalemia"
#endif

#define KAL_SAMPLES 270 /* of a beat at 300 Hz, R at sample 90 */
#define KAL_BINS 30     /* of potassium, 0.25 mEq/L each, from 2.0 to 9.5 */

#define KAL_WAVE_TAPS 128 /* of the first depthwise kernel */
#define KAL_TAPS 64       /* of the second and the third */
#define KAL_CHUNK 45      /* steps of the second block that are worked on at a time: a third of them */
#define KAL_ROW (KAL_CHUNK + KAL_TAPS)
#define KAL_STEPS 27      /* that are left after pooling by 2 and by 5 */
#define KAL_WIDEST (KAL_CHANNELS > 4 * KAL_STATES ? KAL_CHANNELS : 4 * KAL_STATES)
#define KAL_FILLED ((KAL_STATES + 3) / 4 * 4) /* states, and zeros up to a multiple of 4 */
#if KAL_STATES
#define KAL_SEEN (KAL_STATES + 2)
#else
#define KAL_SEEN (KAL_CHANNELS + 2)
#endif
#define KAL_ORDER 6 /* a log-likelihood is a polynomial of this degree in potassium */

/* Depthwise kernel and 1x1 convolution, each row of weights with a scale of its own: accumulator * scale / 2^32. */
struct kal_block {
    int32_t depth_scale[KAL_CHANNELS];
    int32_t point_scale[KAL_CHANNELS];
    int32_t point_bias[KAL_CHANNELS];
    int8_t depth[KAL_CHANNELS][KAL_TAPS];
    int8_t point[KAL_CHANNELS][KAL_CHANNELS];
};

#if KAL_STATES
/*
 * Gates lie in the order input, output, forget, cell; biases are Q12. Here and in `point` above each four weights lie in
 * the order that kal_nnet.h says.
 */
struct kal_lstm {
    int32_t input_scale[4 * KAL_STATES];
    int32_t state_scale[4 * KAL_STATES];
    int32_t bias[4 * KAL_STATES];
    int8_t input[4 * KAL_STATES][KAL_CHANNELS];
    int8_t state[4 * KAL_STATES][KAL_FILLED];
};
#endif

struct kal_net {
    int32_t wave_scale;                        /* the first kernel's */
    int32_t dense_bias[KAL_ORDER];             /* Q16, times how sure the network may be, as is `dense` */
    int32_t dense[KAL_ORDER][KAL_SEEN];        /* Q16 a state or one a channel, then Q21 for log_gain, Q31 for rr_ms */
    int32_t first_bias[KAL_CHANNELS];          /* Q15 */
    int16_t first_point[KAL_CHANNELS];         /* Q15 */
    int16_t lead_code[KAL_CHANNELS];           /* added after the first block */
    int8_t wave[KAL_WAVE_TAPS];
    struct kal_block second, third;
#if KAL_STATES
    struct kal_lstm lstm;
#endif
};

/* What kal_net_run works in; nothing is kept from one beat to the next, so that it may be shared with anything. */
struct kal_net_scratch {
#if KAL_STATES
    int32_t cell[KAL_STATES];                           /* Q15 */
#else
    int32_t seen[KAL_CHANNELS];                         /* the sum of the steps so far */
#endif
    int32_t sums[KAL_WIDEST], most[KAL_WIDEST];
    int16_t wave[KAL_SAMPLES + KAL_WAVE_TAPS];          /* with zeros beyond its ends */
    int16_t row[KAL_ROW];                               /* of one channel, with what lies beside it */
    int16_t taps[KAL_WAVE_TAPS];
    int16_t steps[KAL_CHUNK][KAL_CHANNELS];
    int16_t pooled[KAL_CHANNELS][KAL_STEPS];
    int16_t input[KAL_CHANNELS];
#if KAL_STATES
    int16_t gates[4 * KAL_STATES];                      /* Q15 */
    int16_t seen[KAL_FILLED];                           /* the LSTM's state, Q15 */
#endif
};

/*
 * wave            one normalized beat, Q14: 1.0 is its largest deflection
 * log_gain        natural logarithm of that deflection in mV, Q10
 * rr_ms           RR interval, ms
 * log_likelihood  of each bin, natural logarithm, Q8; zero is the mean likelihood of a normal potassium (3.5 to 5.5)
 *
 * A wave of zeros is a lead that is absent: it says nothing, so that every bin is zero.
 */
void kal_net_run(const struct kal_net *net, const int16_t wave[KAL_SAMPLES], int16_t log_gain, uint16_t rr_ms,
                 int16_t log_likelihood[KAL_BINS], struct kal_net_scratch *scratch);

#endif
