/* SPDX-License-Identifier: MIT */
/* What hosts of all kinds have in common: start, sudden death, census. Between turns. */
#include "apps/sim/sim_priv.h"

peal_result peal__host_start(struct host *host)
{
    peal_result r = PEAL_E_ARGUMENT;
    host->is_cut = false;
    host->life++;
    host->has_blocks = false;
    switch (host->kind) {
    case HOST_UA:
        r = peal__ua_start(host);
        break;
    case HOST_B2BUA:
        r = peal__bridge_start(host);
        break;
    default:
        r = peal__rude_start(host);
        break;
    }
    host->is_up = r >= 0;
    return r;
}

static bool is_down(void *arg)
{
    const struct host *host = arg;
    return host->kind == HOST_UA ? peal__ua_is_down(host) : peal__bridge_is_down(host);
}

/* Its machine dies first, so nothing that the taking apart sends goes out. */
void peal__host_kill(struct host *host)
{
    enum { PATIENCE_MS = 5000 };
    host->is_cut = true;
    host->is_up = false;
    peal_sim_host_kill(host->machine);
    if (host->kind == HOST_RUDE) {
        peal__rude_free(host);
        return;
    }
    if (host->kind == HOST_UA) {
        peal__ua_shut_down(host);
    } else {
        peal__bridge_shut_down(host);
    }
    (void)peal_sim_run(host->world->sim, PATIENCE_MS, is_down, host);
    if (!is_down(host)) {
        peal__rule_broken(host->world, "shutdown", 0, "host %u does not shut down", host->number);
    } else if (host->kind == HOST_UA) {
        peal__ua_free(host);
    } else {
        peal__bridge_free(host);
    }
}

bool peal__host_census(const struct host *host, peal_sip_census *ret)
{
    if (host->kind == HOST_RUDE || !host->is_up) {
        return false;
    }
    peal_sip_core_config *core =
        host->kind == HOST_UA ? peal__ua_core(host) : peal__bridge_core(host);
    peal_sip_core_config_census(core, ret);
    return true;
}
