#include "kal_net.h"

#include <string.h>

#include "kal_nnet.h"
#include "kal_tables.h"

#define BEFORE ((KAL_TAPS - 1) / 2) /* zeros before a row, as "same" convolutions with an even kernel have it */
#define SUREST (-50 * 65536)        /* Q16: the least log-likelihood beside the greatest; surer is no evidence */

static int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

/* The first depthwise kernel, over the whole wave; the result lies where the wave lay. */
static void filter_wave(const struct kal_net *net, const int16_t wave[KAL_SAMPLES], struct kal_net_scratch *s) {
    memset(s->wave, 0, sizeof s->wave);
    memcpy(s->wave + (KAL_WAVE_TAPS - 1) / 2, wave, KAL_SAMPLES * sizeof wave[0]);
    kal_widen(s->taps, net->wave, KAL_WAVE_TAPS);
    kal_convolve(s->wave, 1, s->wave, KAL_SAMPLES, s->taps, KAL_WAVE_TAPS, net->wave_scale);
}

/*
 * The first block's channel around the steps of a chunk, zero beyond its ends: 1x1 convolution, the larger of two, ReLU,
 * and the lead's bias.
 */
static void first_block(const struct kal_net *net, int channel, int first, struct kal_net_scratch *s) {
    const int32_t point = net->first_point[channel], bias = net->first_bias[channel] + (1 << 14);
    const int32_t code = net->lead_code[channel];
    const int begin = first < BEFORE ? BEFORE - first : 0, left = KAL_SAMPLES / 2 + BEFORE - first;
    const int end = left < KAL_ROW ? left : KAL_ROW;
    const int16_t *filtered = s->wave + 2 * (first + begin - BEFORE);
    memset(s->row, 0, (size_t)begin * sizeof s->row[0]);
    memset(s->row + end, 0, (size_t)(KAL_ROW - end) * sizeof s->row[0]);
    for (int i = begin; i < end; i++, filtered += 2) {
        const int32_t sum = larger(filtered[0] * point, filtered[1] * point) + bias;
        s->row[i] = kal_clip(larger(sum >> 15, 0) + code);
    }
}

/* The second block of a chunk: depthwise kernel, 1x1 convolution, the largest of five, ReLU. */
static void second_block(const struct kal_net *net, int first, struct kal_net_scratch *s) {
    const struct kal_block *block = &net->second;
    for (int c = 0; c < KAL_CHANNELS; c++) {
        first_block(net, c, first, s);
        kal_widen(s->taps, block->depth[c], KAL_TAPS);
        kal_convolve(&s->steps[0][c], KAL_CHANNELS, s->row, KAL_CHUNK, s->taps, KAL_TAPS, block->depth_scale[c]);
    }
    for (int i = 0; i < KAL_CHUNK; i += 5) {
        kal_products(s->most, block->point[0], KAL_CHANNELS, s->steps[i], KAL_CHANNELS);
        for (int j = i + 1; j < i + 5; j++) {
            kal_products(s->sums, block->point[0], KAL_CHANNELS, s->steps[j], KAL_CHANNELS);
            for (int c = 0; c < KAL_CHANNELS; c++) {
                s->most[c] = larger(s->most[c], s->sums[c]);
            }
        }
        for (int c = 0; c < KAL_CHANNELS; c++) {
            const int32_t scaled = kal_scaled(s->most[c] + block->point_bias[c], block->point_scale[c]);
            s->pooled[c][(first + i) / 5] = kal_clip(larger(scaled, 0));
        }
    }
}

/* The third block's depthwise kernel. */
static void third_depth(const struct kal_net *net, struct kal_net_scratch *s) {
    const struct kal_block *block = &net->third;
    for (int c = 0; c < KAL_CHANNELS; c++) {
        memset(s->row, 0, sizeof s->row);
        memcpy(s->row + BEFORE, s->pooled[c], sizeof s->pooled[c]);
        kal_widen(s->taps, block->depth[c], KAL_TAPS);
        kal_convolve(&s->steps[0][c], KAL_CHANNELS, s->row, KAL_STEPS, s->taps, KAL_TAPS, block->depth_scale[c]);
    }
}

/* The third block's 1x1 convolution and ReLU at one step. */
static void third_point(const struct kal_net *net, int step, struct kal_net_scratch *s) {
    const struct kal_block *block = &net->third;
    kal_products(s->sums, block->point[0], KAL_CHANNELS, s->steps[step], KAL_CHANNELS);
    for (int c = 0; c < KAL_CHANNELS; c++) {
        s->input[c] = kal_clip(larger(kal_scaled(s->sums[c] + block->point_bias[c], block->point_scale[c]), 0));
    }
}

#if KAL_STATES
#define GATES (4 * KAL_STATES)

static void forget(struct kal_net_scratch *s) {
    memset(s->cell, 0, sizeof s->cell);
    memset(s->seen, 0, sizeof s->seen);
}

/* One step of the LSTM. */
static void remember(const struct kal_net *net, struct kal_net_scratch *s) {
    const struct kal_lstm *lstm = &net->lstm;
    kal_products(s->sums, lstm->input[0], GATES, s->input, KAL_CHANNELS);
    kal_products(s->most, lstm->state[0], GATES, s->seen, KAL_FILLED);
    for (int g = 0; g < GATES; g++) {
        const int32_t sum = kal_scaled(s->sums[g], lstm->input_scale[g]) +
                            kal_scaled(s->most[g], lstm->state_scale[g]) + lstm->bias[g];
        s->gates[g] = (int16_t)(g < 3 * KAL_STATES ? kal_sigmoid(sum) : kal_tanh(sum));
    }
    const int16_t *in = s->gates, *out = in + KAL_STATES, *keep = out + KAL_STATES, *fresh = keep + KAL_STATES;
    for (int i = 0; i < KAL_STATES; i++) {
        s->cell[i] = (int32_t)(((int64_t)keep[i] * s->cell[i] + (int64_t)in[i] * fresh[i] + (1 << 14)) >> 15);
        s->seen[i] = (int16_t)((out[i] * kal_tanh((s->cell[i] + 4) >> 3) + (1 << 14)) >> 15);
    }
}

#else

static void forget(struct kal_net_scratch *s) { memset(s->seen, 0, sizeof s->seen); }

/* One step of the mean over time; the division is in the weights of the dense layer. */
static void remember(const struct kal_net *net, struct kal_net_scratch *s) {
    (void)net;
    for (int c = 0; c < KAL_CHANNELS; c++) {
        s->seen[c] += s->input[c];
    }
}

#endif

/* The dense layer, and the polynomials whose coefficients it gives: log-likelihoods that lack a constant, Q16. */
static void answer(const struct kal_net *net, int16_t log_gain, uint16_t rr_ms, int32_t bins[KAL_BINS],
                   const struct kal_net_scratch *s) {
    int32_t coefficients[KAL_ORDER]; /* Q16 */
    for (int o = 0; o < KAL_ORDER; o++) {
        const int32_t *weights = net->dense[o];
        int64_t sum = (int64_t)weights[KAL_SEEN - 2] * log_gain + (int64_t)weights[KAL_SEEN - 1] * rr_ms; /* Q31 */
        for (int i = 0; i < KAL_SEEN - 2; i++) {
            sum += (int64_t)weights[i] * s->seen[i];
        }
        coefficients[o] = net->dense_bias[o] + (int32_t)((sum + (1 << 14)) >> 15);
    }
    for (int b = 0; b < KAL_BINS; b++) {
        int64_t sum = 0;
        for (int o = 0; o < KAL_ORDER; o++) {
            sum += (int64_t)coefficients[o] * kal_polynomials[b][o];
        }
        bins[b] = (int32_t)((sum + (1 << 13)) >> 14);
    }
}

/* Count from the mean likelihood of a normal potassium, and round to Q8. */
static void normalize(int32_t bins[KAL_BINS], int16_t log_likelihood[KAL_BINS]) {
    int32_t most = INT32_MIN;
    for (int b = 0; b < KAL_BINS; b++) {
        most = larger(most, bins[b]);
    }
    for (int b = 0; b < KAL_BINS; b++) {
        bins[b] = larger(bins[b] - most, SUREST);
    }
    int32_t normal = bins[KAL_NORMAL_FIRST];
    for (int b = KAL_NORMAL_FIRST + 1; b < KAL_NORMAL_FIRST + KAL_NORMAL_BINS; b++) {
        normal = kal_log_add(normal, bins[b]);
    }
    for (int b = 0; b < KAL_BINS; b++) {
        log_likelihood[b] = (int16_t)((bins[b] - normal + KAL_LOG_NORMAL_BINS + 128) >> 8);
    }
}

static int is_absent(const int16_t wave[KAL_SAMPLES]) {
    for (int i = 0; i < KAL_SAMPLES; i++) {
        if (wave[i]) {
            return 0;
        }
    }
    return 1;
}

void kal_net_run(const struct kal_net *net, const int16_t wave[KAL_SAMPLES], int16_t log_gain, uint16_t rr_ms,
                 int16_t log_likelihood[KAL_BINS], struct kal_net_scratch *scratch) {
    int32_t bins[KAL_BINS];
    memset(log_likelihood, 0, KAL_BINS * sizeof log_likelihood[0]);
    if (is_absent(wave)) {
        return;
    }
    filter_wave(net, wave, scratch);
    for (int first = 0; first < KAL_SAMPLES / 2; first += KAL_CHUNK) {
        second_block(net, first, scratch);
    }
    third_depth(net, scratch);
    forget(scratch);
    for (int step = 0; step < KAL_STEPS; step++) {
        third_point(net, step, scratch);
        remember(net, scratch);
    }
    answer(net, log_gain, rr_ms, bins, scratch);
    normalize(bins, log_likelihood);
}
