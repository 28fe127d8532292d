#include "kal_state.h"

#define SPIKE_UV 250
#define NEAREST 14
#define FARTHEST 74

void kal_spikes_add(struct kal_spikes *s, const struct kal_conditioner *c, uint32_t tick) {
    const struct kal_lowpass *l = c->lowpass;
    const int lag = l->rate < 250 ? 0 : l->rate < 375 ? 1 : 2; /* 4 ms */
    if (!lag) {
        return;
    }
    int32_t three[3];
    for (int i = 0; i < 3; i++) {
        const int back = i * lag;
        three[i] = c->samples[c->newest >= back ? c->newest - back : c->newest - back + KAL_REACH];
    }
    const int32_t after = three[0] - three[1], before = three[1] - three[2];
    if ((before > SPIKE_UV && after < -SPIKE_UV) || (before < -SPIKE_UV && after > SPIKE_UV)) {
        s->at[s->next] = tick + (uint32_t)kal_floor(l->count / 2 - c->need - lag * l->up, l->down);
        s->next = (uint8_t)((s->next + 1) % KAL_SPIKES);
        s->count = (uint8_t)(s->count < KAL_SPIKES ? s->count + 1 : KAL_SPIKES);
    }
}

int kal_spikes_lead(const struct kal_spikes *s, uint32_t peak) {
    for (int i = 0; i < s->count; i++) {
        const uint32_t before = peak - s->at[i];
        if (before >= NEAREST && before <= FARTHEST) {
            return 1;
        }
    }
    return 0;
}
