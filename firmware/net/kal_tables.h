/* Written by kalemia.export.tables; do not edit. */
#ifndef KAL_TABLES_H
#define KAL_TABLES_H

#include <stdint.h>

#define KAL_TABLE 129 /* entries, in steps of 1/16 from 0 to 8 */
#define KAL_NORMAL_FIRST 6 /* bin of a normal potassium */
#define KAL_NORMAL_BINS 8
#define KAL_LOG_NORMAL_BINS 136278 /* natural logarithm of that many, Q16 */

extern const uint16_t kal_sigmoids[KAL_TABLE]; /* 1 / (1 + exp(-x)), Q15 */
extern const uint16_t kal_log_sums[KAL_TABLE]; /* ln(1 + exp(-x)), Q16 */
extern const int16_t kal_polynomials[30][6]; /* Legendre's, of the degrees 1 to 6 over the bins, Q14 */

#endif
