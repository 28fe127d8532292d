/* Runs the network on the beats that were stored with it, and compares every bit of what it says. */
#include <stdio.h>
#include <string.h>

#include "kal_beats.h"
#include "kal_net.h"

#if defined(__arm__)
#include "board.h"
#endif

static struct kal_net_scratch scratch;

/* Return the potassium of the likeliest bin, in hundredths of a mEq/L. */
static int likeliest(const int16_t bins[KAL_BINS]) {
    int best = 0;
    for (int b = 1; b < KAL_BINS; b++) {
        best = bins[b] > bins[best] ? b : best;
    }
    return 212 + 25 * best;
}

int main(void) {
    int equal = 0;
    printf("%s\n", KAL_MODEL_NAME);
    for (int i = 0; i < KAL_BEATS; i++) {
        const struct kal_beat *beat = &kal_beats[i];
        int16_t said[KAL_BINS];
        kal_net_run(&kal_model, beat->wave, beat->log_gain, beat->rr_ms, said, &scratch);
        const int same = !memcmp(said, beat->log_likelihood, sizeof said);
        equal += same;
        printf("beat %d: simulated with %d.%02d mEq/L, likeliest at %d.%02d: %s\n", i, beat->potassium / 100,
               beat->potassium % 100, likeliest(said) / 100, likeliest(said) % 100, same ? "equal" : "DIFFERS");
    }
    printf("%d of %d beats equal the golden model to the bit\n", equal, KAL_BEATS);
    printf("constants %u bytes, RAM %u bytes\n", (unsigned)sizeof(struct kal_net), (unsigned)sizeof scratch);
#if defined(__arm__)
    const uint32_t since = board_ticks();
    int16_t said[KAL_BINS];
    kal_net_run(&kal_model, kal_beats[0].wave, kal_beats[0].log_gain, kal_beats[0].rr_ms, said, &scratch);
    printf("%lu instructions a beat\n", (unsigned long)board_instructions(since));
#endif
    return equal != KAL_BEATS;
}
