#include "kal_state.h"

static int count_bits(uint32_t bits) {
    int count = 0;
    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

int kal_warner_push(struct kal_warner *w, const struct kal_settings *settings, int32_t above) {
    const uint32_t window = (uint32_t)((UINT64_C(1) << settings->among) - 1);
    w->speaks_for = (w->speaks_for << 1 | (above >= settings->on)) & window;
    w->against = (w->against << 1 | (above >= 0 && above < settings->off)) & window;
    w->resting = (uint16_t)(w->resting ? w->resting - 1 : 0);
    if (!w->on && !w->resting && count_bits(w->speaks_for) >= settings->enough) {
        w->on = 1;
        return 1;
    }
    if (w->on && count_bits(w->against) >= settings->enough) {
        w->on = 0;
        w->resting = settings->rest;
        w->speaks_for = 0;
        return 1;
    }
    return 0;
}

void kal_warner_rest(struct kal_warner *w, uint64_t windows) {
    w->resting = (uint16_t)(windows < w->resting ? w->resting - windows : 0);
}
