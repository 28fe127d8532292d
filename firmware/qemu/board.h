/* Counting instructions: QEMU with -icount shift=0 lets each take 1 ns, and SysTick counts those. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#ifndef BOARD_TICK_PS
#define BOARD_TICK_PS 40000 /* 25 MHz: mps2-an385, an386, an500; an547 has 32 MHz */
#endif

uint32_t board_ticks(void);

/* Return how many instructions were executed since, of at most 600 million. */
uint32_t board_instructions(uint32_t since);

#endif
