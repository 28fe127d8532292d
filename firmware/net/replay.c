/* Reads beats from beats.bin and writes what the network says of them to answers.bin: for tests with many beats. */
#include <stdio.h>

#include "kal_net.h"

struct beat {
    int16_t wave[KAL_SAMPLES];
    int16_t log_gain;
    uint16_t rr_ms;
};

int main(void) {
    static struct kal_net_scratch scratch;
    FILE *beats = fopen("beats.bin", "rb"), *answers = fopen("answers.bin", "wb");
    struct beat beat;
    int16_t said[KAL_BINS];
    if (!beats || !answers) {
        (void)fputs("replay: beats.bin cannot be read, or answers.bin not written, in this folder\n", stderr);
        return 1;
    }
    while (fread(&beat, sizeof beat, 1, beats) == 1) {
        kal_net_run(&kal_model, beat.wave, beat.log_gain, beat.rr_ms, said, &scratch);
        if (fwrite(said, sizeof said, 1, answers) != 1) {
            return 1;
        }
    }
    return fclose(answers) != 0;
}
