/* For sketches, which are C++: what chain/kal.h and kal_net.h declare. */
#ifndef KALEMIA_H
#define KALEMIA_H

#ifdef __cplusplus
extern "C" {
#endif

#include "../chain/kal.h"

#ifdef __cplusplus
}
#endif

#endif
