/* SPDX-License-Identifier: MIT */
/* Role: counted initialisation and finalisation of the framework. Thread: any; counted under a
 * lock. */
#include <peal/peal.h>

#include "framework/base/base_priv.h"
#include "framework/ecom/ecom_priv.h"

static peal__mutex lock = PEAL__MUTEX_INIT;
static unsigned users;

/* The secret is drawn once, but for who names a port: a simulation begins with it. */
static peal_result init(peal_port *port)
{
    peal_result r = PEAL_OK;
    peal__mutex_lock(&lock);
    if (users == 0 && port) {
        peal__hash_forget_secret();
    }
    if (users == 0) {
        r = peal__hash_draw_secret(port ? port : peal_port_default());
    }
    if (peal_is_ok(r)) {
        users++;
    }
    peal__mutex_unlock(&lock);
    return r;
}

peal_result peal_init(void)
{
    return init(NULL);
}

peal_result peal_init_with(peal_port *port)
{
    return init(port);
}

bool peal_x_is_initialised(void)
{
    peal__mutex_lock(&lock);
    const bool is = users > 0;
    peal__mutex_unlock(&lock);
    return is;
}

static void trace_entry(const peal_census_entry *entry, void *arg)
{
    (void)arg;
    PEAL_TRACE(PEAL_TRACE_ECOM, PEAL_TRACE_ERROR, NULL, "still alive: %zu of %s", entry->live,
               entry->class_name);
}

static peal_result tear_down(void)
{
    if (peal__census_live() != 0) {
        peal_census_each(trace_entry, NULL);
        peal__track_trace_all();
        return PEAL_E_LIVE_OBJECTS;
    }
    peal_pool_flush();
    peal__quarantine_flush();
    peal__registry_fini();
    return PEAL_OK;
}

peal_result peal_fini(void)
{
    peal_result r = PEAL_E_STATE;
    peal__mutex_lock(&lock);
    if (users > 1) {
        users--;
        r = PEAL_OK;
    } else if (users == 1) {
        r = tear_down();
        users -= peal_is_ok(r);
    }
    peal__mutex_unlock(&lock);
    return r;
}
