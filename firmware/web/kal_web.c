/*
 * The chain as a WebAssembly module without imports: one stream, whose events a page reads in the module's memory.
 *
 * An event takes 8 bytes: tick, value, kind. A statement takes 84: see the offsets that are checked below.
 */
#include "kal.h"
#include "kal_state.h"

#define EXPORTED(name) __attribute__((export_name(#name))) name
#define LIES_AT(member, offset) ((offsetof(struct kal_statement, member) == (offset)) ? 1 : -1)

typedef char kal_event_is_read[sizeof(struct kal_event) == 8 && offsetof(struct kal_event, kind) == 6 ? 1 : -1];
typedef char kal_rr_is_read[LIES_AT(rr_ms, 4)];
typedef char kal_low_is_read[LIES_AT(low_meq, 10)];
typedef char kal_above_is_read[LIES_AT(above, 16)];
typedef char kal_reason_is_read[LIES_AT(reason, 20)];
typedef char kal_likelihood_is_read[LIES_AT(log_likelihood, 24)];

static struct kal_room room;
static struct kal *const state = (struct kal *)&room;
static struct kal_event events[KAL_MOST_EVENTS];

int EXPORTED(begin)(int rate, int population) {
    struct kal_settings settings;
    kal_usual(&settings, (uint16_t)rate);
    settings.log_prior = kal_populations[population];
    return kal_init(state, &kal_model, &settings);
}

int EXPORTED(push)(int32_t microvolts) { return kal_push(state, microvolts, events); }
int EXPORTED(gap)(uint32_t samples) { return kal_gap(state, samples, events); }
const struct kal_event *EXPORTED(happened)(void) { return events; }
const struct kal_statement *EXPORTED(latest)(void) { return kal_latest(state); }
int EXPORTED(signal_now)(void) { return (int)kal_signal_now(state); }
int EXPORTED(warns)(void) { return kal_warns(state); }

/* Return the beat that the latest statement was made of, KAL_SAMPLES in Q14. */
const int16_t *EXPORTED(wave)(void) { return state->window.wave; }

/* Return what is known of a population before any beat, KAL_BINS natural logarithms in Q8. */
const int16_t *EXPORTED(prior)(int population) { return kal_populations[population]; }
