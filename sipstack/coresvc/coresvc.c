/* SPDX-License-Identifier: MIT */
/* Makes the connection services known to the factory. Any thread. */
#include "sipstack/coresvc/coresvc_priv.h"

peal_result peal__sip_coresvc_register(void)
{
    static const struct {
        const peal_clsid *clsid;
        const peal_class *cls;
    } classes[] = {
        { &peal_sip_destination_selection_clsid, &peal__sip_destination_selection_class },
        { &peal_sip_server_location_clsid, &peal__sip_server_location_class },
        { &peal_sip_via_management_clsid, &peal__sip_via_management_class },
        { &peal_sip_symmetric_udp_clsid, &peal__sip_symmetric_udp_class },
    };
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(classes); i++) {
        r = peal_class_register(classes[i].clsid, classes[i].cls);
    }
    return r;
}
