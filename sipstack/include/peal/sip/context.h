/* SPDX-License-Identifier: MIT */
/** @file
 * The SIP context: an ECOM aggregate of attached services. For a user agent one context is one
 * dialog or one series of requests outside of dialogs. Everything here is the core thread's. */
#ifndef PEAL_SIP_CONTEXT_H
#define PEAL_SIP_CONTEXT_H

#include <peal/sip/core_config.h>
#include <peal/sip/events.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A context. Any attached service's interface can be queried from it. */
PEAL_INTERFACE(peal_sip_context) {
    peal_unk_vt unk;
    peal_result (*attach)(peal_sip_context *self, const peal_clsid *clsid, void *manager);
    void (*clear)(peal_sip_context *self);
    peal_result (*handle_packet)(peal_sip_context *self, peal_sip_packet *packet);
    void *(*opaque)(peal_sip_context *self);
    void (*set_opaque)(peal_sip_context *self, void *opaque);
    peal_sip_core_config *(*core)(peal_sip_context *self);
    void (*set_entity)(peal_sip_context *self, uint32_t entity);
};

/** What contexts of one kind are made of: services in order, with their managers (K10). Immutable
 * once the first context was made of it; counted. */
PEAL_INTERFACE(peal_sip_context_template) {
    peal_unk_vt unk;
    peal_result (*add)(peal_sip_context_template *self, const peal_clsid *clsid, void *manager);
    peal_result (*make)(peal_sip_context_template *self, void *opaque, peal_sip_context **ret);
};
/** Makes an empty template for contexts of this stack (referenced). @thread core, or any before
 * use */
PEAL_API peal_result peal_sip_context_template_new(peal_sip_core_config *core,
                                                   peal_sip_context_template **ret);
/** Appends a service. Order constraints are checked here (see doc/guide/contexts.md).
 * @param manager the service's manager, borrowed, may be NULL for services that report nothing
 * @return PEAL_OK, PEAL_E_NO_CLASS, PEAL_E_SIP_SERVICE_ORDER, PEAL_E_EXISTS, PEAL_E_STATE when
 * used */
PEAL_INLINE peal_result peal_sip_context_template_add(peal_sip_context_template *t,
                                                      const peal_clsid *clsid, void *manager)
{
    return t->vt->add(t, clsid, manager);
}
/** Makes a context with all services of the template, in one allocation.
 * @param opaque the application's own, see peal_sip_context_opaque()
 * @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_SIP_SHUTTING_DOWN, PEAL_E_SIP_SERVICE_MISSING */
PEAL_INLINE peal_result peal_sip_context_template_make(peal_sip_context_template *t, void *opaque,
                                                       peal_sip_context **ret)
{
    return t->vt->make(t, opaque, ret);
}

/** Makes a context without services. @return PEAL_OK, PEAL_E_NO_MEMORY, PEAL_E_SIP_SHUTTING_DOWN */
PEAL_API peal_result peal_sip_context_new(peal_sip_core_config *core, peal_sip_context **ret);
/** Attaches a service behind the others. Same rules and result as
 * peal_sip_context_template_add(). */
PEAL_INLINE peal_result peal_sip_context_attach(peal_sip_context *c, const peal_clsid *clsid,
                                                void *manager)
{
    return c->vt->attach(c, clsid, manager);
}
/** Ends the context (K9): sends what is owed (CANCEL, BYE, 487, 500), takes it out of every table;
 * no event is ever reported after it. Legal in any callback, more than once. Before the last
 * release. */
PEAL_INLINE void peal_sip_context_clear(peal_sip_context *c)
{
    c->vt->clear(c);
}
/** Gives the context a request from on_packet (borrowed): it passes the services in attach order.
 * @return PEAL_OK; an error when nothing was answered yet: PEAL_E_SIP_CLEARED, PEAL_E_ARGUMENT for
 * a response or a malformed request, PEAL_E_SIP_TXN_EXISTS when it was given to a context already,
 * PEAL_E_SIP_SEND when its Via names no place to answer to, PEAL_E_NO_MEMORY */
PEAL_INLINE peal_result peal_sip_context_handle_packet(peal_sip_context *c, peal_sip_packet *p)
{
    return c->vt->handle_packet(c, p);
}
/** The application's own pointer: managers shared by many contexts find their call by it. */
PEAL_INLINE void *peal_sip_context_opaque(peal_sip_context *c)
{
    return c->vt->opaque(c);
}
/** Sets the application's own pointer. */
PEAL_INLINE void peal_sip_context_set_opaque(peal_sip_context *c, void *opaque)
{
    c->vt->set_opaque(c, opaque);
}
/** The stack, borrowed. */
PEAL_INLINE peal_sip_core_config *peal_sip_context_core(peal_sip_context *c)
{
    return c->vt->core(c);
}
/** Restricts the context to local addresses of this entity (T2). */
PEAL_INLINE void peal_sip_context_set_entity(peal_sip_context *c, uint32_t entity)
{
    c->vt->set_entity(c, entity);
}

#ifdef __cplusplus
}
#endif
#endif
