#include "kal_state.h"

#define ABOVE 14
#define BELOW 6
#define LEAST_MEQ 2000
#define BIN_MEQ 250
#define WHOLE 10000

static uint16_t quantile(const uint32_t weights[KAL_BINS], uint64_t total, uint32_t percent) {
    uint64_t left = total * percent;
    int place = 0;
    while (place < KAL_BINS - 1 && (uint64_t)weights[place] * 100 < left) {
        left -= (uint64_t)weights[place++] * 100;
    }
    const uint64_t inside = BIN_MEQ * left / ((uint64_t)weights[place] * 100);
    return (uint16_t)(LEAST_MEQ + BIN_MEQ * place + (int)inside);
}

static uint16_t share(const uint32_t *weights, int count, uint64_t total) {
    uint64_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += weights[i];
    }
    return (uint16_t)(sum * WHOLE / total);
}

static enum kal_level level(unsigned above, unsigned below) {
    return above >= WHOLE / 2             ? KAL_HIGH
           : below >= WHOLE / 2           ? KAL_LOW
           : above + below <= WHOLE / 10 ? KAL_NORMAL
                                          : KAL_UNCERTAIN;
}

void kal_posterior(const int16_t log_prior[KAL_BINS], struct kal_statement *s) {
    int32_t most = INT32_MIN;
    for (int i = 0; i < KAL_BINS; i++) {
        const int32_t sum = s->log_likelihood[i] + log_prior[i];
        most = sum > most ? sum : most;
    }
    uint32_t weights[KAL_BINS];
    uint64_t total = 0;
    for (int i = 0; i < KAL_BINS; i++) {
        weights[i] = kal_exp_minus((uint32_t)(most - s->log_likelihood[i] - log_prior[i]));
        total += weights[i];
    }
    s->low_meq = quantile(weights, total, 5);
    s->middle_meq = quantile(weights, total, 50);
    s->high_meq = quantile(weights, total, 95);
    s->above = share(weights + ABOVE, KAL_BINS - ABOVE, total);
    s->below = share(weights, BELOW, total);
    s->level = (uint8_t)level(s->above, s->below);
}
