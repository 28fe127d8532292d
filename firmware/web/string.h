/* What the chain and the network need of a C library; WebAssembly has instructions for all three (-mbulk-memory). */
#ifndef KAL_WEB_STRING_H
#define KAL_WEB_STRING_H

#include <stddef.h>

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset

#endif
