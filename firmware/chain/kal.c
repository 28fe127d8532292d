#include "kal.h"

#include <string.h>

#include "kal_state.h"

#define SETTLED KAL_LATE
#define FLAT_UV 50
#define UNSURE_TICKS (KAL_COMPLETE + 18) /* a completed R lies so far back at most */

typedef char kal_fits[sizeof(struct kal) <= sizeof(struct kal_room) ? 1 : -1];

size_t kal_size(void) { return sizeof(struct kal); }

static void tell(struct kal *k, enum kal_kind kind, uint32_t tick, int value) {
    if (k->event_count < KAL_MOST_EVENTS) {
        struct kal_event *event = &k->events[k->event_count++];
        event->tick = tick;
        event->value = (int16_t)value;
        event->kind = (uint8_t)kind;
    }
}

static void become(struct kal *k, uint32_t tick, enum kal_signal signal) {
    if (k->signal != signal) {
        k->signal = (uint8_t)signal;
        tell(k, KAL_SIGNAL, tick, (int)signal);
    }
}

static void warn(struct kal *k, uint32_t tick, int32_t above) {
    if (kal_warner_push(&k->warner, &k->settings, above)) {
        tell(k, KAL_WARNING, tick, k->warner.on);
    }
}

static void state(struct kal *k, uint32_t tick, enum kal_reason reason) {
    k->statement.tick = tick;
    k->statement.reason = (uint8_t)reason;
    k->stated = 1;
    tell(k, KAL_STATEMENT, tick, (int)reason);
}

/* A window is over: judge its beats, ask the network, multiply by the prior, and warn. */
static void end_window(struct kal *k, uint32_t tick) {
    struct kal_statement *s = &k->statement;
    struct kal_window *w = &k->window;
    memset(s, 0, sizeof *s);
    const enum kal_reason reason = kal_window_judge(w, s);
    if (!reason) {
        kal_net_run(k->net, w->wave, kal_ln_mv(s->gain_uv), s->rr_ms, s->log_likelihood, &w->work.scratch);
        kal_posterior(k->settings.log_prior, s);
    }
    kal_window_begin(w, KAL_WINDOW);
    state(k, tick, reason);
    if (k->signal != KAL_OFF) {
        become(k, tick, reason ? KAL_POOR : KAL_GOOD);
    }
    warn(k, tick, reason ? -1 : s->above);
}

/* Tell whether the lead is off: flat for four seconds, or half of this one was not measured. */
static int is_off(const struct kal_lead *l) {
    int32_t low = l->low[0], high = l->high[0];
    for (int i = 1; i < l->seconds; i++) {
        low = l->low[i] < low ? l->low[i] : low;
        high = l->high[i] > high ? l->high[i] : high;
    }
    return (l->seconds == KAL_SECONDS && high - low < FLAT_UV) || 2 * l->known <= KAL_RATE;
}

static void watch_lead(struct kal *k, const struct kal_tick *t, uint32_t tick) {
    struct kal_lead *l = &k->lead;
    int32_t *low = &l->low[l->second], *high = &l->high[l->second];
    if (l->left == KAL_RATE) {
        *low = *high = t->low;
        l->known = 0;
    }
    *low = t->low < *low ? t->low : *low;
    *high = t->low > *high ? t->low : *high;
    l->known = (uint16_t)(l->known + t->known);
    if (--l->left) {
        return;
    }
    l->left = KAL_RATE;
    l->second = (uint8_t)((l->second + 1) % KAL_SECONDS);
    l->seconds = (uint8_t)(l->seconds < KAL_SECONDS ? l->seconds + 1 : KAL_SECONDS);
    if (is_off(l)) {
        k->window.off = 1;
        become(k, tick, KAL_OFF);
    } else if (k->signal == KAL_OFF) {
        become(k, tick, KAL_POOR);
    }
}

/* Return a conditioned sample of those in which a beat lies, the oldest first. */
static int16_t near(const struct kal *k, int at) {
    at += k->near_head;
    return k->near[at < KAL_NEAR ? at : at - KAL_NEAR];
}

/* Return by how much the largest deflection lies after the first place where it may lie. */
static int moved(const struct kal *k) {
    int most = -1, found = 0;
    for (int i = 0; i <= 36; i++) {
        const int value = near(k, KAL_BEFORE + i);
        const int size = value == KAL_NOT_KNOWN ? 0 : value < 0 ? -value : value;
        if (size > most) {
            most = size;
            found = i;
        }
    }
    return found;
}

/* Keep a beat, or say why not. */
static enum kal_reason keep_beat(struct kal *k, int first, uint32_t peak, int local, int settled) {
    struct kal_window *w = &k->window;
    if (!settled && local < SETTLED + KAL_BEFORE) {
        return KAL_UNSETTLED;
    }
    for (int i = 0; i < KAL_KEPT; i++) {
        if (near(k, first + i) == KAL_NOT_KNOWN) {
            w->unmeasured++;
            return KAL_UNMEASURED;
        }
    }
    w->whole++;
    w->paced = (uint8_t)(w->paced + kal_spikes_lead(&k->spikes, peak));
    if (w->beat_count < KAL_STORED) {
        int16_t *beat = w->work.beats[w->beat_count++];
        for (int i = 0; i < KAL_KEPT; i++) {
            beat[i] = near(k, first + i);
        }
    }
    return KAL_NONE;
}

/* A beat is complete: find R at its largest deflection. */
static void complete(struct kal *k, uint32_t tick, unsigned ticks) {
    struct kal_window *w = &k->window;
    const int first = moved(k);
    const uint32_t peak = k->completing[0] - 18 + (uint32_t)first;
    const int settled = ticks >= KAL_FRESH - 1;
    const int local = (int)ticks - (int)(tick - peak); /* it may lie before the first tick */
    const uint32_t since = k->has_peak ? peak - k->peak : 0, rr = since <= KAL_LOST ? since : 0;
    k->has_peak = settled || local >= SETTLED;
    k->peak = peak;
    k->completing_count--;
    memmove(k->completing, k->completing + 1, k->completing_count * sizeof k->completing[0]);
    if (rr && w->interval_count < KAL_INTERVALS) {
        w->intervals[w->interval_count++] = (uint16_t)rr;
    }
    const enum kal_reason reason = keep_beat(k, first, peak, local, settled);
    tell(k, reason ? KAL_REFUSED : KAL_BEAT, peak, reason ? (int)reason : (int)rr);
}

static void one_tick(struct kal *k) {
    const unsigned ticks = k->conditioner.ticks;
    const uint32_t tick = k->tick++;
    const struct kal_tick t = kal_conditioner_tick(&k->conditioner);
    uint32_t at;
    k->near[k->near_head] = t.conditioned;
    k->near_head = (uint16_t)((k->near_head + 1) % KAL_NEAR);
    if (kal_detector_tick(&k->detector, t.step, tick, ticks, &at) && k->completing_count < KAL_COMPLETING) {
        k->completing[k->completing_count++] = at;
    }
    if (k->has_peak && tick - k->peak > KAL_LOST + UNSURE_TICKS) {
        k->has_peak = 0;
    }
    if (k->completing_count && tick - k->completing[0] == KAL_COMPLETE) {
        complete(k, tick, ticks);
    }
    watch_lead(k, &t, tick);
    if (!--k->window.left) {
        end_window(k, tick);
    }
}

/* Begin a segment. */
static void begin(struct kal *k, const struct kal_lowpass *lowpass) {
    kal_conditioner_begin(&k->conditioner, lowpass);
    memset(&k->detector, 0, sizeof k->detector);
    memset(&k->lead, 0, sizeof k->lead);
    memset(&k->spikes, 0, sizeof k->spikes);
    memset(k->near, 0, sizeof k->near);
    k->lead.left = KAL_RATE;
    k->completing_count = k->has_peak = 0;
    kal_window_begin(&k->window, KAL_LATE + SETTLED + KAL_WINDOW);
}

static const struct kal_lowpass *lowpass_of(uint16_t rate) {
    for (int i = 0; i < KAL_RATES; i++) {
        if (kal_lowpasses[i].rate == rate) {
            return &kal_lowpasses[i];
        }
    }
    return NULL;
}

void kal_usual(struct kal_settings *settings, uint16_t rate) {
    memset(settings, 0, sizeof *settings);
    settings->log_prior = kal_populations[KAL_POPULATION_KIDNEY];
    settings->rail_uv = KAL_MOST_UV;
    settings->rate = rate;
    settings->on = 5000;
    settings->off = 3000;
    settings->rest = 30;
    settings->enough = 4;
    settings->among = 6;
}

enum kal_error kal_init(struct kal *k, const struct kal_net *net, const struct kal_settings *s) {
    if (!k || !s) {
        return KAL_ERROR_SETTINGS;
    }
    memset(k, 0, sizeof *k); /* a refused state is one in which nothing happens */
    const struct kal_lowpass *lowpass = lowpass_of(s->rate);
    if (!lowpass) {
        return KAL_ERROR_RATE;
    }
    if (!net || !s->log_prior || s->enough < 1 || s->enough > s->among || s->among > KAL_MOST_WINDOWS ||
        s->off > s->on || s->on > 10000 || s->rail_uv < 1 || s->rail_uv > KAL_MOST_UV) {
        return KAL_ERROR_SETTINGS;
    }
    k->net = net;
    k->settings = *s;
    k->tick = s->first_tick;
    begin(k, lowpass);
    return KAL_OK;
}

/* Tell whether kal_init has begun a state. */
static int has_begun(const struct kal *k) { return k && k->conditioner.lowpass; }

static int32_t measured(struct kal *k, int32_t microvolts, int *known) {
    const int32_t rail = k->settings.rail_uv;
    *known = microvolts > -rail && microvolts < rail;
    if (microvolts != KAL_MISSING) {
        k->held = *known ? microvolts : microvolts < 0 ? -rail : rail;
    }
    return k->held;
}

int kal_push(struct kal *k, int32_t microvolts, struct kal_event events[KAL_MOST_EVENTS]) {
    int known;
    if (!has_begun(k) || !events) {
        return 0;
    }
    const int32_t value = measured(k, microvolts, &known);
    k->events = events;
    k->event_count = 0;
    kal_conditioner_add(&k->conditioner, value, known);
    kal_spikes_add(&k->spikes, &k->conditioner, k->tick);
    while (kal_conditioner_due(&k->conditioner)) {
        one_tick(k);
    }
    return k->event_count;
}

static int begin_anew(struct kal *k, uint32_t samples, const struct kal_lowpass *lowpass, struct kal_event *events) {
    const struct kal_lowpass *old = k->conditioner.lowpass;
    const uint64_t missed = (uint64_t)samples * old->up / old->down, windows = 1 + missed / KAL_WINDOW;
    const uint32_t tick = k->tick;
    k->events = events;
    k->event_count = 0;
    memset(&k->statement, 0, sizeof k->statement);
    state(k, tick, KAL_GAP);
    const uint64_t remembered = 1U + k->settings.among, counted = windows < remembered ? windows : remembered;
    for (uint64_t i = 0; i < counted; i++) {
        warn(k, tick, -1);
    }
    kal_warner_rest(&k->warner, windows - counted);
    become(k, tick, KAL_UNKNOWN);
    k->tick = tick + kal_conditioner_ahead(&k->conditioner) + (uint32_t)missed;
    begin(k, lowpass);
    return k->event_count;
}

int kal_gap(struct kal *k, uint32_t samples, struct kal_event events[KAL_MOST_EVENTS]) {
    return has_begun(k) && events ? begin_anew(k, samples, k->conditioner.lowpass, events) : 0;
}

int kal_set_rate(struct kal *k, uint16_t rate, struct kal_event events[KAL_MOST_EVENTS]) {
    const struct kal_lowpass *lowpass = lowpass_of(rate);
    if (!has_begun(k) || !events) {
        return 0;
    }
    return lowpass ? begin_anew(k, 0, lowpass, events) : KAL_ERROR_RATE;
}

enum kal_error kal_set_prior(struct kal *k, const int16_t log_prior[KAL_BINS]) {
    if (!has_begun(k) || !log_prior) {
        return KAL_ERROR_SETTINGS;
    }
    k->settings.log_prior = log_prior;
    return KAL_OK;
}

const struct kal_statement *kal_latest(const struct kal *k) { return k && k->stated ? &k->statement : NULL; }

enum kal_signal kal_signal_now(const struct kal *k) { return k ? (enum kal_signal)k->signal : KAL_UNKNOWN; }

int kal_warns(const struct kal *k) { return k ? k->warner.on : 0; }
