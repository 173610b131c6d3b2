/* SPDX-License-Identifier: MIT */
/* Makes the connection services known to the factory, any thread, and attaches them all at once. */
#include "sipstack/coresvc/coresvc_priv.h"

/* In attach order. */
static const struct {
    const peal_clsid *clsid;
    const peal_class *cls;
} classes[] = {
    { &peal_sip_destination_selection_clsid, &peal__sip_destination_selection_class },
    { &peal_sip_server_location_clsid, &peal__sip_server_location_class },
    { &peal_sip_via_management_clsid, &peal__sip_via_management_class },
    { &peal_sip_symmetric_udp_clsid, &peal__sip_symmetric_udp_class },
};

peal_result peal__sip_coresvc_register(void)
{
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(classes); i++) {
        r = peal_class_register(classes[i].clsid, classes[i].cls);
    }
    return r;
}

peal_result peal_sip_context_attach_connection_services(peal_sip_context *context)
{
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(classes); i++) {
        r = peal_sip_context_attach(context, classes[i].clsid, NULL);
    }
    return r;
}

peal_result peal_sip_context_template_add_connection_services(peal_sip_context_template *kind)
{
    peal_result r = PEAL_OK;
    for (size_t i = 0; r >= 0 && i < PEAL_COUNT_OF(classes); i++) {
        r = peal_sip_context_template_add(kind, classes[i].clsid, NULL);
    }
    return r;
}
