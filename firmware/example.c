/* A minute of a simulated patient through the whole chain, and what comes of it; on an emulated processor, its cost. */
#include <stdio.h>

#include "kal.h"
#include "kal_signal.h"

#if defined(__arm__)
#include "board.h"
#endif

static struct kal_room room; /* the state; nothing else is kept */

static const char *const signals[] = {"unknown", "good", "poor", "off"};
static const char *const levels[] = {"uncertain", "low", "normal", "high"};
static const char *const reasons[] = {
    "", "the lead is off", "a gap", "samples are missing or clipped", "no heartbeat", "too few whole beats",
    "too few beats look alike", "noise", "larger than a heart", "flat", "a rate that no network knows",
    "no QRS complex stands out", "nothing follows QRS", "paced", "the filter has not settled"};

static void print_statement(const struct kal_statement *s) {
    if (s->reason != KAL_NONE) {
        printf("nothing is said of potassium: %s\n", reasons[s->reason]);
        return;
    }
    printf("%u beats, RR %u ms: %u.%02u mEq/L (%u.%02u to %u.%02u), P(above 5.5) %u.%02u, %s\n", s->alike, s->rr_ms,
           s->middle_meq / 1000, s->middle_meq % 1000 / 10, s->low_meq / 1000, s->low_meq % 1000 / 10,
           s->high_meq / 1000, s->high_meq % 1000 / 10, s->above / 10000, s->above % 10000 / 100, levels[s->level]);
}

static void print_event(const struct kal *state, const struct kal_event *event) {
    if (event->kind == KAL_BEAT || event->kind == KAL_REFUSED) {
        return;
    }
    printf("%3lu s  ", (unsigned long)(event->tick / KAL_RATE));
    if (event->kind == KAL_STATEMENT) {
        print_statement(kal_latest(state));
    } else if (event->kind == KAL_SIGNAL) {
        printf("the signal is %s\n", signals[event->value]);
    } else {
        printf("the warning %s\n", event->value ? "begins" : "is over");
    }
}

int main(void) {
    struct kal *state = (struct kal *)&room;
    struct kal_event events[KAL_MOST_EVENTS];
    struct kal_settings settings;
    kal_usual(&settings, KAL_SIGNAL_RATE);
    if (kal_init(state, &kal_model, &settings) != KAL_OK) {
        return 1;
    }
#if defined(__arm__)
    uint32_t most = 0, most_of_a_window = 0, all = 0;
#endif
    for (int i = 0; i < KAL_SIGNAL_SAMPLES; i++) {
#if defined(__arm__)
        const uint32_t since = board_ticks();
#endif
        const int count = kal_push(state, kal_simulated[i], events); /* microvolts */
#if defined(__arm__)
        const uint32_t spent = board_instructions(since);
        int judged = 0;
        for (int e = 0; e < count; e++) {
            judged += events[e].kind == KAL_STATEMENT;
        }
        all += spent;
        most = !judged && spent > most ? spent : most;
        most_of_a_window = spent > most_of_a_window ? spent : most_of_a_window;
#endif
        for (int e = 0; e < count; e++) {
            print_event(state, &events[e]);
        }
    }
    printf("the state takes %lu bytes\n", (unsigned long)kal_size());
#if defined(__arm__)
    printf("%lu instructions a second of signal\n", (unsigned long)(all / (KAL_SIGNAL_SAMPLES / KAL_SIGNAL_RATE)));
    printf("%lu instructions at most a sample, %lu where a window ends\n", (unsigned long)most,
           (unsigned long)most_of_a_window);
#endif
    return 0;
}
