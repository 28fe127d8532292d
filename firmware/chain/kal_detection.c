#include "kal_state.h"

#define APART 60
#define LOOK 330
#define HIGH 40
#define LOW 14
#define T_LATEST 126
#define T_PERCENT 70
#define PAIR_SPREAD 7
#define PAIR_TIMES 3
#define MOST_FOLD 3
#define USUAL_RR 300
#define LONGEST_RR 600

static void keep(struct kal_latest_few *f, uint32_t value) {
    f->values[f->next] = value;
    f->next = (uint8_t)((f->next + 1) % KAL_LATEST);
    f->count = (uint8_t)(f->count < KAL_LATEST ? f->count + 1 : KAL_LATEST);
}

/* Return the upper one of the middle values. */
static uint32_t middle(const struct kal_latest_few *f) {
    uint32_t ordered[KAL_LATEST] = {0};
    for (int i = 0; i < f->count; i++) {
        int at = i;
        for (; at > 0 && ordered[at - 1] > f->values[i]; at--) {
            ordered[at] = ordered[at - 1];
        }
        ordered[at] = f->values[i];
    }
    return ordered[f->count / 2];
}

/* Return how much the signal bends KAL_BEND_LATE ticks ago. */
static uint32_t bend_of(struct kal_detector *d, int16_t step) {
    const int16_t six = d->steps[(d->head + KAL_LAG) % (2 * KAL_LAG)]; /* of six ticks ago */
    d->newer += step - six;
    d->older += six - d->steps[d->head];
    d->steps[d->head] = step;
    d->head = (uint8_t)((d->head + 1) % (2 * KAL_LAG));
    const int32_t difference = d->newer - d->older;
    const uint32_t bend = (uint32_t)(difference < 0 ? -difference : difference);
    d->sum += bend - d->bends[d->bend_head];
    d->bends[d->bend_head] = bend;
    d->bend_head = (uint8_t)((d->bend_head + 1) % KAL_WIDTH);
    return d->sum;
}

/* Find the places that bend most. */
static void look(struct kal_detector *d, uint32_t at, uint32_t bend) {
    if (bend > d->most.bend) {
        d->most.at = at;
        d->most.bend = bend;
    } else if (at - d->most.at >= APART) {
        if (d->most.bend && d->count < KAL_PLACES) {
            d->waiting[d->count++] = d->most;
        }
        d->most.at = at;
        d->most.bend = bend;
    }
}

static void learn(struct kal_detector *d, uint32_t bend) {
    d->usual.count = d->intervals.count = d->pairs.count = 0;
    d->usual.next = d->intervals.next = d->pairs.next = 0;
    for (int i = 0; i < 3; i++) {
        keep(&d->usual, bend);
    }
}

static int is_t_wave(struct kal_detector *d, uint32_t bend, uint32_t since, uint32_t following) {
    if ((uint64_t)bend * 100 < (uint64_t)T_PERCENT * d->last.bend) {
        return 1;
    }
    if (following * 5 <= since * 6) {
        return 0;
    }
    int seen = 0;
    for (int i = 0; i < d->pairs.count; i++) {
        const uint32_t pair = d->pairs.values[i];
        seen += (pair > since ? pair - since : since - pair) <= PAIR_SPREAD;
    }
    keep(&d->pairs, since);
    return seen >= PAIR_TIMES;
}

/* Tell whether a place that bends little is the likeliest beat in a pause. */
static int in_pause(const struct kal_detector *d, const struct kal_place *place, uint32_t since, uint32_t following) {
    for (int i = 0; i < d->count; i++) {
        const uint32_t late = d->waiting[i].at - place->at;
        if (late <= LOOK && late < following && d->waiting[i].bend > place->bend) {
            return 0;
        }
    }
    const uint32_t rr = d->intervals.count >= 2 ? middle(&d->intervals) : USUAL_RR;
    since = since < LONGEST_RR ? since : LONGEST_RR;
    return since * 10 > rr * 6 && following * 10 > rr * 6 && (since + following) * 10 > rr * 16;
}

static void take(struct kal_detector *d, const struct kal_place *place, uint32_t since) {
    if (d->has_last && since < LONGEST_RR) {
        keep(&d->intervals, since);
    }
    if (d->has_last && since > T_LATEST) {
        keep(&d->pairs, 0);
    }
    const uint32_t most = MOST_FOLD * middle(&d->usual);
    keep(&d->usual, place->bend < most ? place->bend : most);
    d->last = *place;
    d->has_last = 1;
}

/* Tell whether a place is a beat; those that follow it are waiting. */
static int is_beat(struct kal_detector *d, const struct kal_place *place) {
    if (!d->has_last) {
        uint32_t most = place->bend;
        for (int i = 0; i < d->count; i++) {
            if (d->waiting[i].at - place->at <= LOOK && d->waiting[i].bend > most) {
                most = d->waiting[i].bend;
            }
        }
        learn(d, most);
    }
    const uint64_t usual = middle(&d->usual);
    const uint32_t since = d->has_last ? place->at - d->last.at : LONGEST_RR;
    const uint64_t percent = (uint64_t)place->bend * 100;
    if (percent < LOW * usual) {
        return 0;
    }
    uint32_t following = LOOK;
    for (int i = d->count - 1; i >= 0; i--) {
        const uint32_t late = d->waiting[i].at - place->at;
        if (late <= LOOK && (uint64_t)d->waiting[i].bend * 100 >= HIGH * usual) {
            following = late;
        }
    }
    if (d->has_last && since <= T_LATEST && is_t_wave(d, place->bend, since, following)) {
        return 0;
    }
    if (percent < HIGH * usual && !in_pause(d, place, since, following)) {
        return 0;
    }
    take(d, place, since);
    return 1;
}

int kal_detector_tick(struct kal_detector *d, int16_t step, uint32_t tick, unsigned ticks, uint32_t *at) {
    const uint32_t bend = bend_of(d, step);
    if (ticks == KAL_BEND_LATE) {
        d->most.at = tick - KAL_BEND_LATE;
    }
    if (ticks >= KAL_BEND_LATE) {
        look(d, tick - KAL_BEND_LATE, bend);
    }
    if (d->has_last && tick - d->last.at > KAL_LOST + KAL_WAIT + KAL_BEND_LATE) {
        d->has_last = 0;
    }
    if (!d->count || d->waiting[0].at + KAL_WAIT + KAL_BEND_LATE != tick) {
        return 0;
    }
    const struct kal_place place = d->waiting[0];
    d->count--;
    for (int i = 0; i < d->count; i++) {
        d->waiting[i] = d->waiting[i + 1];
    }
    *at = place.at;
    return is_beat(d, &place);
}
