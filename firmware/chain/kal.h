/*
 * From the samples of one lead to a warning of high potassium: no heap, no recursion, no floating point, no libm.
 *
 * Give the state a place of kal_size() bytes, such as a struct kal_room, and push one sample after the other; what
 * happens comes back as events. Python's kalemia.stream says the same of the same samples, to the bit.
 *
 * A tick is 1/300 s; ticks are counted modulo 2^32. Research use. Not a medical device.
 */
#ifndef KAL_H
#define KAL_H

#include <stddef.h>
#include <stdint.h>

#include "kal_constants.h" /* enum kal_population */
#include "kal_net.h"       /* struct kal_net, KAL_BINS */

#define KAL_MISSING INT32_MIN   /* instead of a sample: none was taken, as where the front end finds the lead off */
#define KAL_MOST_UV (1L << 19)  /* a sample beyond is one of a converter at its limit */
#define KAL_MOST_WINDOWS 32
#define KAL_MOST_EVENTS 16      /* of one call */

/* Bytes of the state, which the compiler checks: beats, or what the network works in, and 4 kB beside it. */
#define KAL_BEAT_BYTES 9792U
#define KAL_BYTES (4240U + (sizeof(struct kal_net_scratch) > KAL_BEAT_BYTES ? sizeof(struct kal_net_scratch) : KAL_BEAT_BYTES))

struct kal;
struct kal_room {
    uint64_t place[(KAL_BYTES + 7) / 8];
};

/* What an event is about, and what its value is. */
enum kal_kind {
    KAL_BEAT = 1,  /* a beat was found; ticks since the one before, 0 where that is not known */
    KAL_REFUSED,   /* a beat was found of which no use can be made; a reason */
    KAL_STATEMENT, /* a window ended; a reason, KAL_NONE where potassium was estimated */
    KAL_SIGNAL,    /* the signal became another; a kal_signal */
    KAL_WARNING    /* the warning began, 1, or is over, 0 */
};

/* Why a window says nothing of potassium, or a beat is not used. */
enum kal_reason {
    KAL_NONE,
    KAL_LEAD_OFF,
    KAL_GAP,        /* the stream was interrupted */
    KAL_UNMEASURED, /* samples are missing, or the converter was at its limit */
    KAL_NO_BEATS,
    KAL_FEW,        /* fewer than two beats were recorded whole */
    KAL_DIFFERENT,  /* too few beats look alike */
    KAL_NOISY,
    KAL_LOUD,       /* the beat is higher than a heart's */
    KAL_FLAT,
    KAL_RATE_LIMIT, /* slower or faster than 35 to 170 bpm */
    KAL_HIDDEN_QRS,
    KAL_LONE_QRS,
    KAL_PACED,
    KAL_UNSETTLED   /* the filter has not seen enough before the beat */
};

/* What the signal is worth, kept apart from what it says of potassium. */
enum kal_signal { KAL_UNKNOWN, KAL_GOOD, KAL_POOR, KAL_OFF };

enum kal_level { KAL_UNCERTAIN, KAL_LOW, KAL_NORMAL, KAL_HIGH };

struct kal_settings {
    const int16_t *log_prior; /* KAL_BINS natural logarithms, Q8; it must outlive the state */
    uint32_t first_tick;
    int32_t rail_uv;          /* from which absolute value on a sample is one of a converter at its limit */
    uint16_t rate;            /* samples per second: 125, 250, 300 or 500 */
    uint16_t on, off;         /* P(above 5.5 mEq/L) from which a window speaks for, and below which against, 10,000ths */
    uint16_t rest;            /* windows after a warning's end before it can begin again */
    uint8_t enough, among;    /* N of the last M windows begin and end a warning */
};

struct kal_event {
    uint32_t tick;
    int16_t value;
    uint8_t kind;
};

/* What a window of ten seconds says; the quantiles of potassium in thousandths of mEq/L, probabilities in 10,000ths. */
struct kal_statement {
    uint32_t tick;
    uint16_t rr_ms, gain_uv, quality;
    uint16_t low_meq, middle_meq, high_meq; /* 5, 50 and 95 %; zero where it says nothing */
    uint16_t above, below;                  /* P(above 5.5), P(below 3.5) */
    uint8_t reason, beats, alike, level;
    int16_t log_likelihood[KAL_BINS]; /* what the beat says without a population, Q8; zero where it says nothing */
};

enum kal_error { KAL_OK, KAL_ERROR_RATE = -1, KAL_ERROR_SETTINGS = -2 };

/* Return how many bytes a state takes. */
size_t kal_size(void);

/* Fill in what is usual: kidney patients, 4 of 6 windows, on at 0.5, off below 0.3, five minutes of rest. */
void kal_usual(struct kal_settings *settings, uint16_t rate);

/*
 * Begin; the place must be aligned for uint64_t. KAL_ERROR_SETTINGS where a pointer is NULL. Where it did not return
 * KAL_OK, or a zeroed place has not begun, the calls below touch nothing: they return 0, NULL, or an error of the prior.
 */
enum kal_error kal_init(struct kal *state, const struct kal_net *net, const struct kal_settings *settings);

/* Take in a sample, microvolts or KAL_MISSING; return how many events there are. Without room for them: nothing. */
int kal_push(struct kal *state, int32_t microvolts, struct kal_event events[KAL_MOST_EVENTS]);

/* Leave out samples that were never taken: what was collected is lost, and the filter settles anew. */
int kal_gap(struct kal *state, uint32_t samples, struct kal_event events[KAL_MOST_EVENTS]);

/* Go on with samples of another rate, as after a gap; return KAL_ERROR_RATE where it is none that is taken. */
int kal_set_rate(struct kal *state, uint16_t rate, struct kal_event events[KAL_MOST_EVENTS]);

/* Replace the prior: another population, or what the patient's own blood tests say; KAL_ERROR_SETTINGS for NULL. */
enum kal_error kal_set_prior(struct kal *state, const int16_t log_prior[KAL_BINS]);

/* Return the latest statement, NULL before the first. */
const struct kal_statement *kal_latest(const struct kal *state);

/* Return what the signal is worth, and whether the warning is on. */
enum kal_signal kal_signal_now(const struct kal *state);
int kal_warns(const struct kal *state);

#endif
