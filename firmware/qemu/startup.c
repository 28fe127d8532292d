/* What runs before main on an emulated Cortex-M: the vector table, memory, and the counter of instructions. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"

/* Places that sections.ld names. */
extern uint32_t _stack_top[];
extern unsigned char _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];

int main(void);
void initialise_monitor_handles(void); /* of newlib's semihosting */

#define SYSTICK ((volatile uint32_t *)0xE000E010u) /* control, reload, current */
#define SYSTICK_RELOAD 0x00FFFFFFu

static void reset(void) {
    memcpy(_data_start, _data_load, (uintptr_t)_data_end - (uintptr_t)_data_start);
    memset(_bss_start, 0, (uintptr_t)_bss_end - (uintptr_t)_bss_start);
    initialise_monitor_handles();
    SYSTICK[1] = SYSTICK_RELOAD;
    SYSTICK[2] = 0;
    SYSTICK[0] = 5; /* the processor's clock, no interrupt */
    exit(main());
}

static void fault(void) { _Exit(2); }

typedef void (*handler)(void);

/* The stack's end, then reset and the exceptions, every one of which is a fault here. */
struct vectors {
    uint32_t *stack;
    handler handlers[15];
};
__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    _stack_top, {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault}};

uint32_t board_ticks(void) { return SYSTICK_RELOAD - SYSTICK[2]; }

uint32_t board_instructions(uint32_t since) {
    return (uint32_t)((uint64_t)((board_ticks() - since) & SYSTICK_RELOAD) * BOARD_TICK_PS / 1000);
}
