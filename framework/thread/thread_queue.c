/* SPDX-License-Identifier: MIT */
/* Role: the message queue of a servicing thread. Producers push on a lock-free stack, one
 * compare-and-swap each; the consumer takes the whole stack at once, so there is no ABA.
 * Thread: push any, the rest the owner. */
#include "framework/thread/thread_priv.h"

void peal__queue_init(peal__queue *queue)
{
    atomic_init(&queue->stack, NULL);
    atomic_init(&queue->pushed, 0);
    atomic_init(&queue->own, 0);
    atomic_init(&queue->taken, 0);
    queue->first = NULL;
    queue->last = &queue->first;
}

bool peal__queue_push(peal__queue *queue, peal_msg *msg)
{
    /* Counted first, so that the length never falls below zero. */
    atomic_fetch_add_explicit(&queue->pushed, 1, memory_order_relaxed);
    peal_msg *old = atomic_load_explicit(&queue->stack, memory_order_relaxed);
    do {
        msg->next = old;
        /* Sequentially consistent: paired with the consumer's "asleep, then look again". */
    } while (!atomic_compare_exchange_weak_explicit(&queue->stack, &old, msg, memory_order_seq_cst,
                                                    memory_order_relaxed));
    return old == NULL;
}

void peal__queue_collect(peal__queue *queue)
{
    if (!atomic_load_explicit(&queue->stack, memory_order_relaxed)) {
        return;
    }
    peal_msg *msg = atomic_exchange_explicit(&queue->stack, NULL, memory_order_acquire);
    peal_msg **last = &msg->next; /* the newest ends the list */
    peal_msg *older = NULL;
    while (msg) {
        peal_msg *next = msg->next;
        msg->next = older;
        older = msg;
        msg = next;
    }
    *queue->last = older;
    queue->last = last;
}

size_t peal__queue_length(const peal__queue *queue)
{
    size_t taken = atomic_load_explicit(&queue->taken, memory_order_relaxed);
    size_t posted = atomic_load_explicit(&queue->pushed, memory_order_relaxed) +
                    atomic_load_explicit(&queue->own, memory_order_relaxed);
    return posted > taken ? posted - taken : 0;
}
