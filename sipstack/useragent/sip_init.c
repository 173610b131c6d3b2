/* SPDX-License-Identifier: MIT */
/* Counted initialisation of the stack: the libraries must be of one build (K13), and every
 * service's class becomes known to the factory. It stands here because this package sees all
 * services below. Any thread. */
#include "framework/ecom/ecom_priv.h"
#include "sipstack/core/core_priv.h"
#include "sipstack/coresvc/coresvc_priv.h"
#include "sipstack/useragent/useragent_priv.h"
#include <peal/version.h>

static unsigned users; /* atomic */

peal_result peal__sip_useragent_register(void)
{
    static const struct {
        const peal_clsid *clsid;
        const peal_class *cls;
    } classes[] = {
        { &peal_sip_user_agent_clsid, &peal__sip_user_agent_class },
        { &peal_sip_session_clsid, &peal__sip_session_class },
        { &peal_sip_generic_clsid, &peal__sip_generic_class },
    };
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(classes); i++) {
        r = peal_class_register(classes[i].clsid, classes[i].cls);
    }
    return r;
}

peal_result peal_sip_init(void)
{
    if (!peal_x_is_initialised()) {
        return PEAL_E_STATE;
    }
    peal_result r = peal_x_check_build(PEAL_BUILD_ID);
    if (r < 0 || (r = peal__sip_core_init()) < 0 || (r = peal__sip_coresvc_register()) < 0 ||
        (r = peal__sip_useragent_register()) < 0) {
        return r;
    }
    __atomic_add_fetch(&users, 1, __ATOMIC_ACQ_REL); /* all of the above may be done twice */
    return PEAL_OK;
}

peal_result peal_sip_fini(void)
{
    unsigned n = __atomic_load_n(&users, __ATOMIC_ACQUIRE);
    do {
        if (n == 0) {
            return PEAL_E_STATE;
        }
        if (n == 1) {
            peal_result r = peal__sip_core_fini();
            if (r < 0) {
                return r;
            }
        }
    } while (!__atomic_compare_exchange_n(&users, &n, n - 1, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_ACQUIRE));
    return PEAL_OK;
}
