#include <string.h>

#include "kal_state.h"

#define LONGEST_STEP 32767
#define WEIGHT ((int64_t)KAL_BASELINE * KAL_BASELINE * KAL_BASELINE)

static int32_t within(int32_t value, int32_t limit) { return value > limit ? limit : value < -limit ? -limit : value; }

void kal_conditioner_begin(struct kal_conditioner *c, const struct kal_lowpass *lowpass) {
    memset(c, 0, sizeof *c);
    c->lowpass = lowpass;
    c->need = lowpass->count / 2 + lowpass->up;
}

void kal_conditioner_add(struct kal_conditioner *c, int32_t microvolts, int known) {
    if (!c->seen) { /* before the first sample it was as the first */
        for (int i = 0; i < KAL_REACH; i++) {
            c->samples[i] = microvolts;
            c->known[i] = 1;
        }
        c->seen = 1;
    }
    c->newest = (uint16_t)(c->newest + 1 < KAL_REACH ? c->newest + 1 : 0);
    c->samples[c->newest] = microvolts;
    c->known[c->newest] = (uint8_t)known;
    c->need -= c->lowpass->up;
}

int kal_conditioner_due(const struct kal_conditioner *c) { return c->need < c->lowpass->up; }

/* Return where in the ring a sample lies that came so many before the newest. */
static int place(const struct kal_conditioner *c, int back) {
    return c->newest >= back ? c->newest - back : c->newest - back + KAL_REACH;
}

static int32_t lowpassed(const struct kal_conditioner *c) {
    const struct kal_lowpass *l = c->lowpass;
    int64_t sum = 1 << (KAL_TAP_BITS - 1);
    int at = c->newest;
    for (int tap = c->need; tap < l->count; tap += l->up) {
        sum += (int64_t)l->taps[tap] * c->samples[at];
        at = at ? at - 1 : KAL_REACH - 1;
    }
    return (int32_t)kal_floor(sum, 1 << KAL_TAP_BITS);
}

/* Return whether the sample nearest to the next tick was measured. */
static uint8_t nearest_known(const struct kal_conditioner *c) {
    const int32_t up = c->lowpass->up;
    return c->known[place(c, (int)-kal_floor(2 * (c->need - c->lowpass->count / 2) + up, 2 * up))];
}

static int16_t step_before(const struct kal_conditioner *c, int lag) {
    return c->steps[c->head >= lag ? c->head - lag : c->head - lag + KAL_STEPS_KEPT];
}

/* Keep a step; return the signal of 450 ticks ago without its baseline. */
static int16_t without_baseline(struct kal_conditioner *c, int16_t step) {
    const int32_t oldest = c->steps[c->head]; /* 903 ticks ago; the step takes its place */
    int64_t part = step - 3 * step_before(c, KAL_BASELINE) + 3 * step_before(c, 2 * KAL_BASELINE) - oldest;
    for (int i = 0; i < 4; i++) {
        part = c->sums[i] += part;
    }
    c->middle += step_before(c, KAL_LATE);
    c->steps[c->head] = step;
    c->head = (uint16_t)(c->head + 1 < KAL_STEPS_KEPT ? c->head + 1 : 0);
    return (int16_t)within((int32_t)kal_rounded(c->middle * WEIGHT - part, WEIGHT), LONGEST_STEP);
}

/* Keep whether a tick is known; return whether the one of 450 ticks ago was. */
static int was_known(struct kal_conditioner *c, int known, int slot) {
    const int bit = 1 << (slot & 7), was = !(c->unknown[slot >> 3] & bit);
    c->unknown[slot >> 3] = (uint8_t)(known ? c->unknown[slot >> 3] & ~bit : c->unknown[slot >> 3] | bit);
    return was;
}

struct kal_tick kal_conditioner_tick(struct kal_conditioner *c) {
    struct kal_tick tick;
    const int32_t low = lowpassed(c);
    tick.known = nearest_known(c);
    if (!c->ticks) {
        c->low = low;
    }
    tick.step = (int16_t)within(low - c->low, LONGEST_STEP);
    tick.low = c->low += tick.step;
    const int16_t conditioned = without_baseline(c, tick.step);
    const int was = was_known(c, tick.known, c->known_slot);
    c->known_slot = (uint16_t)(c->known_slot + 1 < KAL_LATE ? c->known_slot + 1 : 0);
    tick.conditioned = (int16_t)(c->ticks < KAL_LATE ? 0 : was ? conditioned : KAL_NOT_KNOWN);
    c->ticks = (uint16_t)(c->ticks < KAL_FRESH ? c->ticks + 1 : KAL_FRESH);
    c->need += c->lowpass->down;
    return tick;
}

uint32_t kal_conditioner_ahead(const struct kal_conditioner *c) {
    const struct kal_lowpass *l = c->lowpass;
    return (uint32_t)kal_floor(l->count / 2 - c->need + l->up, l->down);
}
