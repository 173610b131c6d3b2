/* SPDX-License-Identifier: MIT */
/* Role: hierarchical timer wheel with a resolution of 1 ms: start and stop in constant time, the
 * next deadline from bitmaps, timers fired in the order of (deadline, start). Lists stay in start
 * order: a slot is spread over the level below at the moment the wheel's time enters it, before
 * anything can be started there directly. Thread: the owner's. */
#include "framework/thread/thread_priv.h"

enum { SLOT_MASK = PEAL__WHEEL_SLOTS - 1 };

/* What the top level reaches (139 years), less than the wheel's whole turn. */
#define LONGEST_MS ((UINT64_C(1) << (PEAL__WHEEL_BITS * PEAL__WHEEL_LEVELS)) - 1)

void peal__wheel_init(peal__wheel *wheel, uint64_t now_ms)
{
    memset(wheel, 0, sizeof *wheel);
    wheel->time_ms = now_ms;
    for (size_t i = 0; i < PEAL_COUNT_OF(wheel->slots); ++i) {
        peal_list_init(&wheel->slots[i].timers);
        wheel->slots[i].earliest = PEAL__NEVER;
    }
}

static unsigned level_of(const peal__wheel *wheel, uint64_t deadline_ms)
{
    uint64_t differing = (deadline_ms ^ wheel->time_ms) | 1;
    unsigned level = (63u - (unsigned)__builtin_clzll(differing)) / PEAL__WHEEL_BITS;
    return level < PEAL__WHEEL_LEVELS ? level : PEAL__WHEEL_LEVELS - 1;
}

static void link_timer(peal__wheel *wheel, peal_timer *timer)
{
    unsigned level = level_of(wheel, timer->deadline_ms);
    unsigned index = (unsigned)(timer->deadline_ms >> (level * PEAL__WHEEL_BITS)) & SLOT_MASK;
    timer->slot = level * PEAL__WHEEL_SLOTS + index;
    peal__wheel_slot *slot = &wheel->slots[timer->slot];
    peal_list_append(&slot->timers, &timer->node);
    if (timer->deadline_ms <= slot->earliest) {
        slot->earliest = timer->deadline_ms;
        wheel->inexact[level] &= ~(UINT64_C(1) << index);
    }
    wheel->used[level] |= UINT64_C(1) << index;
    wheel->levels |= 1u << level;
}

static void forget_slot(peal__wheel *wheel, unsigned level, unsigned index)
{
    wheel->slots[level * PEAL__WHEEL_SLOTS + index].earliest = PEAL__NEVER;
    wheel->inexact[level] &= ~(UINT64_C(1) << index);
    wheel->used[level] &= ~(UINT64_C(1) << index);
    if (!wheel->used[level]) {
        wheel->levels &= ~(1u << level);
    }
}

static void unlink_timer(peal__wheel *wheel, peal_timer *timer)
{
    unsigned level = timer->slot / PEAL__WHEEL_SLOTS;
    unsigned index = timer->slot & SLOT_MASK;
    peal__wheel_slot *slot = &wheel->slots[timer->slot];
    peal_node_unlink(&timer->node);
    if (peal_list_is_empty(&slot->timers)) {
        forget_slot(wheel, level, index);
    } else if (level > 0 && timer->deadline_ms == slot->earliest) {
        wheel->inexact[level] |= UINT64_C(1) << index;
    }
}

void peal__wheel_start(peal__wheel *wheel, peal_timer *timer, uint64_t deadline_ms)
{
    if (peal_timer_is_running(timer)) {
        unlink_timer(wheel, timer);
    } else {
        ++wheel->count;
    }
    if (deadline_ms < wheel->time_ms) {
        deadline_ms = wheel->time_ms;
    } else if (deadline_ms - wheel->time_ms > LONGEST_MS / 2) {
        deadline_ms = wheel->time_ms + LONGEST_MS / 2;
    }
    timer->deadline_ms = deadline_ms;
    timer->sequence = ++wheel->sequence;
    link_timer(wheel, timer);
}

void peal__wheel_stop(peal__wheel *wheel, peal_timer *timer)
{
    if (peal_timer_is_running(timer)) {
        unlink_timer(wheel, timer);
        --wheel->count;
    }
}

/* The slot that holds the earliest timer: everything on a level is due before all of the next one.
 * On the top level slots wrap round, so the first one is counted from the wheel's time. */
static unsigned first_slot(const peal__wheel *wheel, unsigned *ret_level)
{
    unsigned level = (unsigned)__builtin_ctz(wheel->levels);
    uint64_t used = wheel->used[level];
    *ret_level = level;
    if (level < PEAL__WHEEL_LEVELS - 1) {
        return (unsigned)__builtin_ctzll(used);
    }
    unsigned from = (unsigned)(wheel->time_ms >> (level * PEAL__WHEEL_BITS)) & SLOT_MASK;
    uint64_t turned = from ? used >> from | used << (PEAL__WHEEL_SLOTS - from) : used;
    return (from + (unsigned)__builtin_ctzll(turned)) & SLOT_MASK;
}

uint64_t peal__wheel_next(const peal__wheel *wheel)
{
    if (!wheel->levels) {
        return PEAL__NEVER;
    }
    unsigned level;
    unsigned index = first_slot(wheel, &level);
    return wheel->slots[level * PEAL__WHEEL_SLOTS + index].earliest;
}

uint64_t peal__wheel_next_exact(peal__wheel *wheel)
{
    if (!wheel->levels) {
        return PEAL__NEVER;
    }
    unsigned level;
    unsigned index = first_slot(wheel, &level);
    peal__wheel_slot *slot = &wheel->slots[level * PEAL__WHEEL_SLOTS + index];
    if (wheel->inexact[level] & UINT64_C(1) << index) {
        slot->earliest = PEAL__NEVER;
        for (peal_node *n = slot->timers.next; n != &slot->timers; n = n->next) {
            const peal_timer *timer = PEAL_CONTAINER_OF(n, peal_timer, node);
            if (timer->deadline_ms < slot->earliest) {
                slot->earliest = timer->deadline_ms;
            }
        }
        wheel->inexact[level] &= ~(UINT64_C(1) << index);
    }
    return slot->earliest;
}

/* Spreads a slot over the lower levels. The wheel's time is the slot's start, or (top level) later,
 * so every timer finds a place further down or stays in another turn of the top level. */
static void cascade(peal__wheel *wheel, unsigned level, unsigned index)
{
    peal_node *list = &wheel->slots[level * PEAL__WHEEL_SLOTS + index].timers;
    peal_node moved;
    peal_list_init(&moved);
    moved.next = list->next;
    moved.prev = list->prev;
    moved.next->prev = &moved;
    moved.prev->next = &moved;
    peal_list_init(list);
    forget_slot(wheel, level, index);
    for (peal_node *n; (n = peal_list_first(&moved)) != NULL;) {
        peal_node_unlink(n);
        link_timer(wheel, PEAL_CONTAINER_OF(n, peal_timer, node));
    }
}

/* Moves the wheel's time on to @p now_ms or to the next due slot of level 0, whichever comes first.
 * Gives the index of that slot, or -1. */
static int advance(peal__wheel *wheel, uint64_t now_ms)
{
    while (wheel->levels) {
        unsigned level;
        unsigned index = first_slot(wheel, &level);
        unsigned shift = level * PEAL__WHEEL_BITS;
        uint64_t behind = (index - (wheel->time_ms >> shift)) & SLOT_MASK;
        uint64_t start = ((wheel->time_ms >> shift) + behind) << shift;
        if (start > now_ms) {
            break;
        }
        if (start > wheel->time_ms) {
            wheel->time_ms = start;
        }
        if (level == 0) {
            return (int)index;
        }
        cascade(wheel, level, index);
    }
    if (now_ms > wheel->time_ms) {
        wheel->time_ms = now_ms;
    }
    return -1;
}

/* A periodic timer that is late skips what it missed. */
static void repeat(peal__wheel *wheel, peal_timer *timer, uint64_t now_ms)
{
    uint64_t next = timer->deadline_ms + timer->period_ms;
    if (next <= now_ms) {
        next += (now_ms - next) / timer->period_ms * timer->period_ms + timer->period_ms;
    }
    peal__wheel_start(wheel, timer, next);
}

unsigned peal__wheel_fire(peal__wheel *wheel, uint64_t now_ms, unsigned max)
{
    unsigned fired = 0;
    const uint64_t last = wheel->sequence; /* what a callback starts waits for the next call */
    for (int index; fired < max && (index = advance(wheel, now_ms)) >= 0; ++fired) {
        peal_node *n = peal_list_first(&wheel->slots[index].timers);
        peal_timer *timer = PEAL_CONTAINER_OF(n, peal_timer, node);
        if (timer->sequence > last) {
            break;
        }
        if (timer->period_ms) {
            repeat(wheel, timer, now_ms);
        } else {
            peal__wheel_stop(wheel, timer);
        }
        timer->on_timer(timer); /* may free it */
    }
    return fired;
}

void peal__wheel_clear(peal__wheel *wheel)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(wheel->slots); ++i) {
        for (peal_node *n; (n = peal_list_first(&wheel->slots[i].timers)) != NULL;) {
            peal__wheel_stop(wheel, PEAL_CONTAINER_OF(n, peal_timer, node));
        }
    }
}
