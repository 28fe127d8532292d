/* A network without weights, the same as `network` of bench/compiled.py: the taller T, the higher potassium. */
#include "kal_net.h"

const struct kal_net kal_model = {0};

void kal_net_run(const struct kal_net *net, const int16_t wave[KAL_SAMPLES], int16_t log_gain, uint16_t rr_ms,
                 int16_t log_likelihood[KAL_BINS], struct kal_net_scratch *scratch) {
    int tall = wave[150];
    (void)net;
    for (int i = 150; i < 200; i++) {
        tall = wave[i] > tall ? wave[i] : tall;
    }
    const int up = (tall * 12) >> 14, middle = 4 + up + (log_gain >> 9) + (rr_ms & 1);
    for (int i = 0; i < KAL_BINS; i++) {
        log_likelihood[i] = (int16_t)(-18 * (i - middle) * (i - middle));
    }
    scratch->seen[0] = log_likelihood[0]; /* what the scratch holds belongs to the network */
}
