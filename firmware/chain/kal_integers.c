#include "kal_state.h"

int64_t kal_floor(int64_t dividend, int64_t divisor) {
    const int64_t quotient = dividend / divisor;
    return quotient - (dividend % divisor < 0);
}

int64_t kal_rounded(int64_t dividend, int64_t divisor) { return kal_floor(2 * dividend + divisor, 2 * divisor); }

int kal_bits(uint64_t value) {
    int bits = 0;
    for (; value; value >>= 1) {
        bits++;
    }
    return bits;
}

int16_t kal_ln_mv(uint32_t microvolts) {
    const int whole = kal_bits(microvolts) - 1;
    uint64_t part = (uint64_t)microvolts << (30 - whole);
    int32_t log2 = whole;
    for (int i = 0; i < 16; i++) {
        part = part * part >> 30;
        const int32_t bit = (int32_t)(part >> 31);
        log2 = 2 * log2 + bit;
        part >>= bit;
    }
    return (int16_t)kal_rounded((int64_t)(log2 - KAL_LOG2_1000) * KAL_LN_2, INT64_C(1) << 22);
}

uint32_t kal_exp_minus(uint32_t logarithm) {
    if (logarithm >> KAL_EXP_BITS) {
        return 0;
    }
    uint64_t value = UINT64_C(1) << 31;
    for (int bit = 0; bit < KAL_EXP_BITS; bit++) {
        if (logarithm >> bit & 1) {
            value = value * kal_exp_steps[bit] >> 31;
        }
    }
    return (uint32_t)value;
}

int32_t kal_middle_twice(int32_t *values, int count) {
    for (int i = 1; i < count; i++) {
        const int32_t value = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
    return values[(count - 1) / 2] + values[count / 2];
}
