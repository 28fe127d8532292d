/*
 * Reads samples.bin in the working folder, and prints what happens.
 *
 * It holds int32 in the machine's order: first rate, rail_uv, first_tick, on, off, enough, among, rest, population; then
 * samples, among which INT32_MAX announces what is no sample: 0 and the samples of a gap, or 1 and another rate, or 2
 * and another population.
 */
#include <stdio.h>

#include "kal.h"

static struct kal_room room;
static FILE *samples;

static int32_t next(int *more) {
    int32_t value = 0;
    *more = fread(&value, sizeof value, 1, samples) == 1;
    return value;
}

static void print(const struct kal *state, const struct kal_event *events, int count) {
    const struct kal_statement *s = kal_latest(state);
    for (int i = 0; i < count; i++) {
        printf("%u %lu %d", (unsigned)events[i].kind, (unsigned long)events[i].tick, events[i].value);
        if (events[i].kind == KAL_STATEMENT) {
            printf(" %u %u %u %u %u %u %u %u %u %u %u", (unsigned)s->beats, (unsigned)s->alike, (unsigned)s->rr_ms,
                   (unsigned)s->gain_uv, (unsigned)s->quality, (unsigned)s->low_meq, (unsigned)s->middle_meq,
                   (unsigned)s->high_meq, (unsigned)s->above, (unsigned)s->below, (unsigned)s->level);
            for (int bin = 0; bin < KAL_BINS; bin++) {
                printf(" %d", s->log_likelihood[bin]);
            }
        }
        putchar('\n');
    }
}

static int other(struct kal *state, struct kal_event *events) {
    int more;
    const int32_t what = next(&more), value = next(&more);
    if (what == 2) {
        kal_set_prior(state, kal_populations[value]);
        return 0;
    }
    return what ? kal_set_rate(state, (uint16_t)value, events) : kal_gap(state, (uint32_t)value, events);
}

int main(void) {
    struct kal *state = (struct kal *)&room;
    struct kal_event events[KAL_MOST_EVENTS];
    struct kal_settings settings;
    int more;
    samples = fopen("samples.bin", "rb");
    if (!samples) {
        (void)fputs("there is no samples.bin in this folder\n", stderr);
        return 1;
    }
    kal_usual(&settings, (uint16_t)next(&more));
    settings.rail_uv = next(&more);
    settings.first_tick = (uint32_t)next(&more);
    settings.on = (uint16_t)next(&more);
    settings.off = (uint16_t)next(&more);
    settings.enough = (uint8_t)next(&more);
    settings.among = (uint8_t)next(&more);
    settings.rest = (uint16_t)next(&more);
    settings.log_prior = kal_populations[next(&more)];
    const enum kal_error error = kal_init(state, &kal_model, &settings);
    if (error) {
        (void)fprintf(stderr, "kal_init returns %d\n", (int)error);
        return 1;
    }
    for (int32_t sample = next(&more); more; sample = next(&more)) {
        const int count = sample == INT32_MAX ? other(state, events) : kal_push(state, sample, events);
        print(state, events, count);
    }
    printf("0 %d %d\n", (int)kal_signal_now(state), kal_warns(state));
    return fclose(samples);
}
