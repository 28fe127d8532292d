#include <string.h>

#include "kal_state.h"

#define R_SAMPLE 90
#define SNAP_REACH 18
#define MOST_MOVED 5
#define ONSET_FROM (R_SAMPLE - 36)
#define ONSET_TO (R_SAMPLE + 12)
#define HEART_FROM (R_SAMPLE - 24)
#define SHAPE_BITS 10
#define LOUD_UV 20000
#define FLAT_UV 50
#define LEAST_BEATS 2
#define LEAST_QUALITY 700
#define ONE 16384

/* The beats of a window, each cut at its own R, from which its level is taken. */
struct cut {
    const int16_t (*beats)[KAL_KEPT];
    int32_t level[KAL_STORED];
    int32_t mean[KAL_STORED]; /* of the heart */
    uint8_t start[KAL_STORED], shift[KAL_STORED];
    uint16_t alike; /* bits */
    int count, heart_to;
};

static int32_t size_of(int32_t value) { return value < 0 ? -value : value; }

static int32_t sample(const struct cut *c, int beat, int at) {
    return c->beats[beat][c->start[beat] + at] - c->level[beat];
}

/* Return twice the median of what all beats, or those of some bits, have at a sample. */
static int32_t typical(const struct cut *c, int at, unsigned bits) {
    int32_t values[KAL_STORED];
    int count = 0;
    for (int b = 0; b < c->count; b++) {
        if (bits >> b & 1) {
            values[count++] = sample(c, b, at);
        }
    }
    return count ? kal_middle_twice(values, count) : 0;
}

static unsigned all(const struct cut *c) { return (1u << c->count) - 1; }

/* Return the sample where QRS begins; beats are not yet moved. */
static int onset_of(const struct cut *c) {
    int32_t steep[ONSET_TO - ONSET_FROM];
    int32_t before = typical(c, ONSET_FROM - 1, all(c)), here = typical(c, ONSET_FROM, all(c));
    int steepest = 0;
    for (int i = 0; i < ONSET_TO - ONSET_FROM; i++) {
        const int32_t after = typical(c, ONSET_FROM + i + 1, all(c));
        steep[i] = size_of(after - before);
        before = here;
        here = after;
        steepest = steep[i] > steep[steepest] ? i : steepest;
    }
    int quiet = 0; /* how many in a row */
    int onset = HEART_FROM;
    for (int i = 0; i < steepest; i++) {
        quiet = (int64_t)steep[i] * 100 < (int64_t)steep[steepest] * 8 ? quiet + 1 : 0;
        if (quiet >= 3) {
            onset = ONSET_FROM + i + 1;
        }
    }
    return onset;
}

static void find_levels(struct cut *c) {
    const int onset = SNAP_REACH + onset_of(c);
    for (int b = 0; b < c->count; b++) {
        int32_t sum = 4;
        for (int i = onset - 10; i < onset - 2; i++) {
            sum += c->beats[b][i];
        }
        c->level[b] = (int32_t)kal_floor(sum, 8);
    }
}

/* Move every beat to its own largest deflection, near that of the typical beat. */
static void align(struct cut *c) {
    memset(c->start, 0, sizeof c->start);
    int top = 0;
    int32_t most = 0, sign = -1;
    for (int i = 0; i <= 2 * SNAP_REACH; i++) {
        const int32_t value = typical(c, KAL_BEFORE - SNAP_REACH + i, all(c));
        if (size_of(value) > most) {
            top = i;
            most = size_of(value);
            sign = value > 0 ? 1 : -1;
        }
    }
    const int first = top > MOST_MOVED ? top - MOST_MOVED : 0;
    const int last = top + MOST_MOVED < 2 * SNAP_REACH ? top + MOST_MOVED : 2 * SNAP_REACH;
    for (int b = 0; b < c->count; b++) {
        int start = first;
        for (int i = first + 1; i <= last; i++) {
            const int16_t *near = c->beats[b] + KAL_BEFORE - SNAP_REACH;
            start = sign * near[i] > sign * near[start] ? i : start;
        }
        c->start[b] = (uint8_t)start;
    }
}

/* Prepare to compare beats in their hearts: the mean of each, and by how many bits it is shifted. */
static void weigh(struct cut *c) {
    const int length = c->heart_to - HEART_FROM;
    for (int b = 0; b < c->count; b++) {
        int32_t sum = 0, most = 0;
        for (int i = HEART_FROM; i < c->heart_to; i++) {
            sum += sample(c, b, i);
        }
        c->mean[b] = (int32_t)kal_floor(sum, length);
        for (int i = HEART_FROM; i < c->heart_to; i++) {
            const int32_t size = size_of(sample(c, b, i) - c->mean[b]);
            most = size > most ? size : most;
        }
        const int bits = kal_bits((uint64_t)most);
        c->shift[b] = (uint8_t)(bits > SHAPE_BITS ? bits - SHAPE_BITS : 0);
    }
}

static int64_t product(const struct cut *c, int one, int other) {
    const int16_t *first = c->beats[one] + c->start[one], *second = c->beats[other] + c->start[other];
    const int32_t below = c->level[one] + c->mean[one], beneath = c->level[other] + c->mean[other];
    const int shift = c->shift[one], move = c->shift[other];
    int32_t sum = 0;
    for (int i = HEART_FROM; i < c->heart_to; i++) {
        sum += ((first[i] - below) >> shift) * ((second[i] - beneath) >> move);
    }
    return sum;
}

static int count_of(unsigned bits) {
    int count = 0;
    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Mark the largest group of one shape: the beats that correlate by more than 0.9 with the most typical one. */
static void find_alike(struct cut *c) {
    int64_t power[KAL_STORED];
    uint16_t same[KAL_STORED] = {0};
    weigh(c);
    for (int b = 0; b < c->count; b++) {
        power[b] = product(c, b, b);
        for (int other = 0; other <= b; other++) {
            const int64_t both = other == b ? power[b] : product(c, b, other);
            if (both > 0 && both * both * 100 > 81 * power[b] * power[other]) {
                same[b] = (uint16_t)(same[b] | 1u << other);
                same[other] = (uint16_t)(same[other] | 1u << b);
            }
        }
    }
    c->alike = same[0];
    for (int b = 1; b < c->count; b++) {
        c->alike = count_of(same[b]) > count_of(c->alike) ? same[b] : c->alike;
    }
}

/* Count the samples of like beats that lie as near to twice their median. */
static int32_t count_near(const struct cut *c, const int32_t *twice, int32_t reach) {
    int32_t count = 0;
    for (int b = 0; b < c->count; b++) {
        for (int i = HEART_FROM; c->alike >> b & 1 && i < c->heart_to; i++) {
            count += size_of(2 * sample(c, b, i) - twice[i]) <= reach;
        }
    }
    return count;
}

/* Return how much of their power the like beats have in common, 0 to 1000. */
static uint16_t quality_of(const struct cut *c, const int32_t *twice) {
    const int length = c->heart_to - HEART_FROM;
    const int32_t half = (count_of(c->alike) * length - 1) / 2 + 1;
    int32_t scatter = 0; /* the median distance, bit by bit */
    for (int32_t bit = 1L << 18; bit; bit >>= 1) {
        if (count_near(c, twice, scatter + bit - 1) < half) {
            scatter += bit;
        }
    }
    int64_t power = 0;
    for (int i = HEART_FROM; i < c->heart_to; i++) {
        power += (int64_t)twice[i] * twice[i];
    }
    const int64_t apart = (int64_t)2198 * scatter * scatter * length / (power ? power : 1);
    return (uint16_t)(apart < 1000 ? 1000 - apart : 0);
}

static int16_t clip(int64_t value) {
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* Write the median beat, normalized. */
static void cycle(struct cut *c, int16_t wave[KAL_SAMPLES], struct kal_statement *s) {
    int32_t twice[KAL_SAMPLES], gain = 0;
    find_levels(c);
    align(c);
    find_alike(c);
    for (int i = 0; i < KAL_SAMPLES; i++) {
        twice[i] = typical(c, i, c->alike);
        if (i >= R_SAMPLE - 45 && i < R_SAMPLE + 60 && size_of(twice[i]) > gain) {
            gain = size_of(twice[i]);
        }
    }
    for (int i = 0; i < KAL_SAMPLES; i++) {
        wave[i] = clip(gain ? kal_rounded((int64_t)twice[i] * ONE, gain) : twice[i]);
    }
    s->alike = (uint8_t)count_of(c->alike);
    s->gain_uv = (uint16_t)((gain + 1) >> 1);
    s->quality = s->alike ? quality_of(c, twice) : 0;
}

static enum kal_reason fault(const struct kal_statement *s) {
    if (s->alike < LEAST_BEATS) {
        return KAL_DIFFERENT;
    }
    if (s->gain_uv > LOUD_UV) {
        return KAL_LOUD;
    }
    if (s->gain_uv < FLAT_UV) {
        return KAL_FLAT;
    }
    if (s->alike * 10 < s->beats * 4) {
        return KAL_DIFFERENT;
    }
    return s->quality < LEAST_QUALITY ? KAL_NOISY : KAL_NONE;
}

/* Say why no network can judge a sound beat. */
static enum kal_reason unlike(const int16_t wave[KAL_SAMPLES], int32_t rr_twice) {
    if (35 * rr_twice > 36000 || 170 * rr_twice < 36000) {
        return KAL_RATE_LIMIT;
    }
    int64_t heart = 0, qrs = 0, steepest = 0, rest = 0;
    for (int i = 40; i < 225; i++) {
        const int64_t slope = size_of(wave[i + 1] - wave[i]);
        heart += slope * slope;
        if (i >= 72 && i < 108) {
            qrs += slope * slope;
            steepest = slope > steepest ? slope : steepest;
        } else if ((i < 66 || i >= 114) && slope > rest) {
            rest = slope;
        }
    }
    if (qrs * 20 < heart * 9 || steepest * 20 < rest * 21) {
        return KAL_HIDDEN_QRS;
    }
    return steepest > 100 * rest ? KAL_LONE_QRS : KAL_NONE;
}

/* Say why the beats are not looked at. */
static enum kal_reason hindrance(const struct kal_window *w) {
    if (w->off) {
        return KAL_LEAD_OFF;
    }
    if (w->beat_count >= LEAST_BEATS && w->interval_count) {
        return KAL_NONE;
    }
    return w->unmeasured ? KAL_UNMEASURED : w->beat_count ? KAL_FEW : KAL_NO_BEATS;
}

void kal_window_begin(struct kal_window *w, uint16_t ticks) {
    w->left = ticks;
    w->interval_count = w->beat_count = w->whole = w->paced = w->unmeasured = w->off = 0;
}

enum kal_reason kal_window_judge(struct kal_window *w, struct kal_statement *s) {
    s->beats = w->beat_count;
    const enum kal_reason hindered = hindrance(w);
    if (hindered) {
        return hindered;
    }
    int32_t intervals[KAL_INTERVALS];
    for (int i = 0; i < w->interval_count; i++) {
        intervals[i] = w->intervals[i];
    }
    const int32_t rr_twice = kal_middle_twice(intervals, w->interval_count), end = rr_twice * 3 / 10;
    struct cut c = {.beats = (const int16_t(*)[KAL_KEPT])w->work.beats, .count = w->beat_count};
    c.heart_to = R_SAMPLE + (int)(end < 135 ? end : 135);
    memset(c.start, SNAP_REACH, sizeof c.start);
    s->rr_ms = (uint16_t)kal_rounded(rr_twice * 5, 3);
    cycle(&c, w->wave, s);
    const enum kal_reason faulty = fault(s), judged = faulty ? faulty : unlike(w->wave, rr_twice);
    return judged ? judged : w->whole >= 3 && w->paced * 10 > w->whole * 6 ? KAL_PACED : KAL_NONE;
}
