/* SPDX-License-Identifier: MIT */
/* Role: the servicing thread as an ECOM class, its small queries, and the hooks by which ECOM sends
 * bound objects home.
 * Thread: as <peal/thread.h> says. */
#include "framework/base/base_priv.h"
#include "framework/ecom/ecom_priv.h"
#include "framework/thread/thread_priv.h"

const peal_iid peal_thread_iid = { "peal.thread/1", UINT64_C(0x43ebab53da4b5feb) };
const peal_clsid peal_thread_clsid = { "peal.class.thread/1", UINT64_C(0x30b3fdeacb430551) };

typedef struct thread_object {
    peal_obj obj;
    peal_thread thread;
    peal__engine *engine;
} thread_object;

/* What the object that is being made right now shall be like: init has no such parameter. */
static PEAL__THREAD_LOCAL const peal_thread_options *options_for_init;

static peal__engine *engine_of(const peal_thread *self)
{
    return ((const thread_object *)(const void *)((const char *)self -
                                                  offsetof(thread_object, thread)))
        ->engine;
}

/* ---- the interface ---- */

static peal_result thread_activate(peal_thread *self, const char *name, size_t stack_bytes,
                                   int priority)
{
    return peal__engine_activate(engine_of(self), name, stack_bytes, priority);
}

static peal_result thread_activate_for(peal_thread *self, uint32_t timeout_ms, bool *ret_ready)
{
    return peal__engine_activate_for(engine_of(self), timeout_ms, ret_ready);
}

static void thread_stop(peal_thread *self)
{
    peal__engine_stop(engine_of(self));
}

static peal_result thread_join(peal_thread *self)
{
    return peal__engine_join(engine_of(self));
}

static int thread_pollable_fd(peal_thread *self)
{
    peal__engine *engine = engine_of(self);
    return engine->port->vt->loop_fd(engine->loop);
}

static size_t thread_pollfds(peal_thread *self, int *fds, short *events, size_t max)
{
    peal__engine *engine = engine_of(self);
    return engine->port->vt->loop_pollfds(engine->loop, fds, events, max);
}

static int64_t thread_next_deadline_ms(peal_thread *self)
{
    return peal__engine_next_deadline_ms(engine_of(self));
}

static void thread_post(peal_thread *self, peal_msg *msg)
{
    peal__engine_post(engine_of(self), msg);
}

static peal_result thread_post_wait(peal_thread *self, peal_msg *msg)
{
    return peal__engine_post_wait(engine_of(self), msg);
}

/* The deadline is rounded up to the wheel's millisecond: a timer is never early. */
static void thread_timer_start(peal_thread *self, peal_timer *timer, uint64_t delay_ms,
                               uint32_t period_ms)
{
    peal__engine *engine = engine_of(self);
    uint64_t now_ms = (peal__engine_now_ns(engine) + 999999) / 1000000;
    (void)PEAL_ON_THREAD(self, "timer");
    timer->period_ms = period_ms;
    peal__wheel_start(&engine->wheel, timer,
                      delay_ms < UINT64_MAX - now_ms ? now_ms + delay_ms : UINT64_MAX);
    if (engine->runner.port && peal__engine_current != engine) {
        peal__sim_touch(&engine->runner);
    }
}

static void thread_timer_stop(peal_thread *self, peal_timer *timer)
{
    (void)PEAL_ON_THREAD(self, "timer");
    peal__wheel_stop(&engine_of(self)->wheel, timer);
}

static void thread_attach(peal_thread *self)
{
    atomic_fetch_add_explicit(&engine_of(self)->attached, 1, memory_order_relaxed);
}

static void thread_detach(peal_thread *self)
{
    peal__engine_detach(engine_of(self));
}

static const peal_thread_vt thread_vt = { .unk = PEAL_UNK(thread_object, thread),
                                          .activate = thread_activate,
                                          .activate_for = thread_activate_for,
                                          .stop = thread_stop,
                                          .join = thread_join,
                                          .pollable_fd = thread_pollable_fd,
                                          .pollfds = thread_pollfds,
                                          .next_deadline_ms = thread_next_deadline_ms,
                                          .post = thread_post,
                                          .post_wait = thread_post_wait,
                                          .timer_start = thread_timer_start,
                                          .timer_stop = thread_timer_stop,
                                          .attach = thread_attach,
                                          .detach = thread_detach };

/* ---- the class ---- */

static void destroy_run(peal_msg *msg)
{
    peal__ecom_destroy_posted(peal__ecom_obj_of_node(msg));
}

_Static_assert(sizeof(peal_msg) <= sizeof(((peal_obj *)0)->node),
               "the message of a posted destruction lives in the object");

static void post_destroy(peal_thread *home, peal_obj *obj)
{
    peal_msg *msg = (peal_msg *)(void *)obj->node;
    msg->run = destroy_run;
    peal_thread_post(home, msg);
}

static peal_result thread_init(peal_obj *obj)
{
    thread_object *self = PEAL_CONTAINER_OF(obj, thread_object, obj);
    return peal__engine_new(options_for_init, &self->engine);
}

static void thread_fini(peal_obj *obj)
{
    thread_object *self = PEAL_CONTAINER_OF(obj, thread_object, obj);
    if (self->engine) {
        peal__engine_abandon(self->engine);
    }
}

static const peal_if_entry thread_ifs[] = { PEAL_IF(peal_thread, thread_object, thread, thread_vt),
                                            PEAL_IF_END };

static const peal_class thread_class = { .struct_size = sizeof thread_class,
                                         .name = "peal_thread",
                                         .size = sizeof(thread_object),
                                         .flags = PEAL_CLASS_NO_AGGREGATION,
                                         .ifs = thread_ifs,
                                         .init = thread_init,
                                         .fini = thread_fini };

static peal__builtin_class builtin = { &peal_thread_clsid, &thread_class, NULL };

/* Before main(), so that neither a first servicing thread nor memory is needed for either. */
__attribute__((constructor)) static void install(void)
{
    peal__ecom_set_thread_hooks(post_destroy, peal_thread_is_current);
    peal__builtin_class_add(&builtin);
}

peal_result peal_thread_new(const peal_thread_options *options, peal_thread **ret)
{
    thread_object *self = NULL;
    void *made = NULL;
    options_for_init = options;
    peal_result r = peal_obj_new(&thread_class, NULL, &made);
    options_for_init = NULL;
    if (r < 0) {
        return r;
    }
    self = made;
    *ret = &self->thread;
    return PEAL_OK;
}

/* ---- queries ---- */

bool peal_thread_is_current(const peal_thread *t)
{
    return peal__engine_is_mine(engine_of(t));
}

const char *peal_thread_name(const peal_thread *t)
{
    return atomic_load_explicit(&engine_of(t)->name, memory_order_acquire);
}

uint64_t peal_thread_now_ms(const peal_thread *t)
{
    return peal__engine_now_ns(engine_of(t)) / 1000000;
}

peal_pool *peal_thread_pool(peal_thread *t)
{
    return engine_of(t)->pool;
}

peal_port *peal_thread_port(const peal_thread *t)
{
    return engine_of(t)->port;
}

peal_loop *peal_thread_loop(const peal_thread *t)
{
    return engine_of(t)->loop;
}

size_t peal_thread_queue_length(const peal_thread *t)
{
    return peal__queue_length(&engine_of(t)->queue);
}

bool peal_thread_is_congested(const peal_thread *t)
{
    const peal__engine *engine = engine_of(t);
    return peal__queue_length(&engine->queue) > engine->queue_high;
}

size_t peal_thread_timer_count(const peal_thread *t)
{
    return engine_of(t)->wheel.count;
}

uint64_t peal_thread_seen(peal_thread *t, uint64_t value)
{
    peal__engine *engine = engine_of(t);
    if (PEAL_LIKELY(!engine->tape) || peal__engine_current != engine) {
        return value;
    }
    return engine->tape->vt->seen(engine->tape, value);
}

bool peal_thread_check(const peal_thread *t, const char *object)
{
    bool is_current = peal_thread_is_current(t);
#if PEAL_DEBUG
    if (!is_current) {
        const peal__engine *here = peal__engine_current;
        PEAL_TRACE(PEAL_TRACE_THREAD, PEAL_TRACE_ERROR, t, "%s of thread \"%s\" used on \"%s\"",
                   object, peal_thread_name(t),
                   here ? atomic_load(&here->name) : "a thread that is not Peal's");
        PEAL_ASSERT(!"called on the thread that owns the object");
    }
#else
    (void)object;
#endif
    return is_current;
}

/* ---- randomness ---- */

/* The port's source worked when the thread was made. Should it ever fail, what is drawn from the
 * key that it gave then is still beyond guessing. */
static void refill(peal__engine *engine)
{
    peal_result r = engine->port->vt->random(engine->port, engine->random, sizeof engine->random);
    for (size_t i = 0; r < 0 && i < sizeof engine->random; i += sizeof(uint64_t)) {
        uint64_t count = ++engine->random_count;
        uint64_t number = peal__siphash(engine->random_key, 2, 4,
                                        peal_str_of((const char *)&count, sizeof count));
        memcpy(engine->random + i, &number, sizeof number);
    }
    engine->random_left = sizeof engine->random;
}

void peal_thread_random(peal_thread *t, void *buffer, size_t bytes)
{
    peal__engine *engine = engine_of(t);
    char *to = buffer;
    while (bytes) {
        if (!engine->random_left) {
            refill(engine);
        }
        size_t n = bytes < engine->random_left ? bytes : engine->random_left;
        uint8_t *from = engine->random + sizeof engine->random - engine->random_left;
        memcpy(to, from, n);
        memset(from, 0, n); /* what was given out is not kept */
        engine->random_left = (uint16_t)(engine->random_left - n);
        to += n;
        bytes -= n;
    }
}

/* ---- groups ---- */

peal_result peal_thread_group_activate_for(peal_thread *const *threads, size_t count,
                                           uint32_t timeout_ms, bool *ret_ready_to_release)
{
    enum { FEW = 16 };
    peal__engine *few[FEW];
    if (!count) {
        return PEAL_E_ARGUMENT;
    }
    peal__engine **engines = count > FEW ? peal_calloc(count, sizeof(peal__engine *)) : few;
    if (!engines) {
        return PEAL_E_NO_MEMORY;
    }
    for (size_t i = 0; i < count; ++i) {
        engines[i] = engine_of(threads[i]);
    }
    peal_result r =
        peal__engine_group_activate_for(engines, count, timeout_ms, ret_ready_to_release);
    if (engines != few) {
        peal_free(engines);
    }
    return r;
}
