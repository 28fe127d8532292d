/* The parts of the state, each with what happens to it; a part is one file. See the Python of the same name. */
#ifndef KAL_STATE_H
#define KAL_STATE_H

#include "kal.h"

/* integers */
int64_t kal_floor(int64_t dividend, int64_t divisor);   /* rounded down; the divisor is positive */
int64_t kal_rounded(int64_t dividend, int64_t divisor); /* to the nearest, half up */
int kal_bits(uint64_t value);                           /* how many bits it takes */
int16_t kal_ln_mv(uint32_t microvolts);                 /* natural logarithm of mV, Q10 */
uint32_t kal_exp_minus(uint32_t logarithm);             /* exp(-v), v in Q8, in 2^31sts */
int32_t kal_middle_twice(int32_t *values, int count);   /* twice the median; sorts the values */

/* conditioning */
#define KAL_LATE 450        /* ticks that the signal without baseline comes after the low-passed one */
#define KAL_BASELINE 301
#define KAL_STEPS_KEPT (3 * KAL_BASELINE)
#define KAL_REACH 65        /* samples that the low-pass takes, at most */
#define KAL_NOT_KNOWN INT16_MIN /* in place of a conditioned sample */
#define KAL_FRESH 4000      /* ticks of a segment are counted up to here */

struct kal_conditioner {
    const struct kal_lowpass *lowpass;
    int64_t sums[4];
    int32_t samples[KAL_REACH];
    int32_t low, middle; /* the low-passed signal, and 450 ticks ago, that against its start */
    int32_t need;        /* which tap the newest sample takes for the next tick */
    uint16_t newest, head, known_slot, ticks;
    int16_t steps[KAL_STEPS_KEPT];
    uint8_t seen, known[KAL_REACH];
    uint8_t unknown[(KAL_LATE + 7) / 8]; /* bits of the latest 450 ticks */
};

void kal_conditioner_begin(struct kal_conditioner *c, const struct kal_lowpass *lowpass);
void kal_conditioner_add(struct kal_conditioner *c, int32_t microvolts, int known);
int kal_conditioner_due(const struct kal_conditioner *c); /* whether the samples complete a tick */
struct kal_tick {
    int32_t low;
    int16_t step, conditioned;
    uint8_t known;
};
struct kal_tick kal_conditioner_tick(struct kal_conditioner *c);
uint32_t kal_conditioner_ahead(const struct kal_conditioner *c); /* ticks from the next one to the next sample */

/* detection */
#define KAL_LAG 6
#define KAL_WIDTH 21
#define KAL_BEND_LATE (KAL_LAG + KAL_WIDTH / 2)
#define KAL_WAIT 390
#define KAL_LOST 1500
#define KAL_PLACES 8
#define KAL_LATEST 8

struct kal_latest_few {
    uint32_t values[KAL_LATEST];
    uint8_t count, next;
};

struct kal_place {
    uint32_t at, bend;
};

struct kal_detector {
    struct kal_place waiting[KAL_PLACES];
    struct kal_latest_few usual, intervals, pairs;
    struct kal_place most, last;
    int32_t newer, older;
    uint32_t sum, bends[KAL_WIDTH];
    int16_t steps[2 * KAL_LAG];
    uint8_t head, bend_head, count, has_last;
};

/* Take in a step; return whether a beat was told, and where. `ticks` are those of the segment before this one. */
int kal_detector_tick(struct kal_detector *d, int16_t step, uint32_t tick, unsigned ticks, uint32_t *at);

/* pacing */
#define KAL_SPIKES 16

struct kal_spikes {
    uint32_t at[KAL_SPIKES];
    uint8_t count, next;
};

void kal_spikes_add(struct kal_spikes *s, const struct kal_conditioner *c, uint32_t tick);
int kal_spikes_lead(const struct kal_spikes *s, uint32_t peak);

/* window */
#define KAL_STORED 16
#define KAL_BEFORE 108 /* ticks of a beat that are kept before R */
#define KAL_KEPT 306
#define KAL_INTERVALS 52
#define KAL_WINDOW 3000

struct kal_window {
    union { /* beats are no longer needed when the network runs */
        int16_t beats[KAL_STORED][KAL_KEPT];
        struct kal_net_scratch scratch;
    } work;
    int16_t wave[KAL_SAMPLES];
    uint16_t intervals[KAL_INTERVALS];
    uint16_t left; /* ticks */
    uint8_t interval_count, beat_count, whole, paced, unmeasured;
    uint8_t off; /* whether the lead was off in any second of it */
};

void kal_window_begin(struct kal_window *w, uint16_t ticks);

/* Make of the beats a wave, and say in the statement what they are like; return why not, or KAL_NONE. */
enum kal_reason kal_window_judge(struct kal_window *w, struct kal_statement *statement);

/* posterior */
void kal_posterior(const int16_t log_prior[KAL_BINS], struct kal_statement *statement);

/* warning */
struct kal_warner {
    uint32_t speaks_for, against;
    uint16_t resting;
    uint8_t on;
};

/* Take in a window's P(above 5.5), or -1; return whether the warning changed. */
int kal_warner_push(struct kal_warner *w, const struct kal_settings *settings, int32_t above);

/* Pass windows that say nothing, after as many as are remembered. */
void kal_warner_rest(struct kal_warner *w, uint64_t windows);

/* chain */
#define KAL_NEAR 342     /* conditioned ticks in which a beat lies */
#define KAL_COMPLETE 665 /* ticks after a place at which its beat is complete */
#define KAL_COMPLETING 8
#define KAL_SECONDS 4

struct kal_lead {
    int32_t low[KAL_SECONDS], high[KAL_SECONDS];
    uint16_t left, known;
    uint8_t second, seconds;
};

struct kal {
    struct kal_conditioner conditioner;
    struct kal_window window;
    struct kal_detector detector;
    struct kal_settings settings;
    struct kal_statement statement;
    const struct kal_net *net;
    struct kal_event *events;
    struct kal_lead lead;
    struct kal_spikes spikes;
    struct kal_warner warner;
    uint32_t tick, peak, completing[KAL_COMPLETING];
    int32_t held;
    int event_count;
    int16_t near[KAL_NEAR];
    uint16_t near_head;
    uint8_t completing_count, has_peak, stated, signal;
};

#endif
