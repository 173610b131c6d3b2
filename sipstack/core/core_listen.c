/* SPDX-License-Identifier: MIT */
/* Listening, asynchronous (T4): a command to transport, its result to the core user. Core
 * thread. */
#include "sipstack/core/core_priv.h"

#include <peal/trace.h>

/* One command under way; it always completes, also at shutdown. */
typedef struct listen_command {
    peal__sip_listen base;
    peal__core *core; /* up until transport is down, which is later */
    void *opaque;
    peal__listener *listener; /* made before, so that success cannot fail for memory */
} listen_command;

static listen_command *command_new(peal__core *core, void *opaque,
                                   void (*on_done)(peal__sip_listen *listen))
{
    listen_command *command = peal_calloc(1, sizeof *command);
    if (command) {
        command->core = core;
        command->opaque = opaque;
        command->base.on_done = on_done;
        command->base.transport = core->transport;
    }
    return command;
}

static void report_listening(listen_command *command, peal_result result)
{
    peal__core *core = command->core;
    if (PEAL_VT_HAS(peal_sip_core_user, core->user->vt, on_listening)) {
        core->user->vt->on_listening(core->user, result, result < 0 ? 0 : command->base.listener,
                                     &command->base.address, command->opaque);
    }
    peal_free(command->listener);
    peal_free(command);
}

static void on_listening(peal__sip_listen *base)
{
    listen_command *command = PEAL_CONTAINER_OF(base, listen_command, base);
    peal__core *core = command->core;
    peal__listener *listener = command->listener;
    peal_result result = base->result;
    if (result >= 0) {
        listener->id = base->listener;
        listener->transport = base->protocol;
        listener->bound = base->address;
        peal_list_append(&core->listeners, &listener->node);
        command->listener = NULL;
        if (peal__local_listener_up(core, listener) < 0) {
            PEAL_TRACE(PEAL_TRACE_SIP_CORE, PEAL_TRACE_ERROR, core,
                       "no memory for the local address of listener %u", listener->id);
        }
    }
    report_listening(command, result);
}

peal_result peal__core_listen(peal__core *core, peal_sip_transport transport,
                              const peal_socket_addr *address, void *opaque)
{
    if (core->state != PEAL__CORE_RUNNING) {
        return PEAL_E_STATE;
    }
    if (transport != PEAL_SIP_TRANSPORT_UDP) {
        return PEAL_E_NOT_BUILT_IN;
    }
    if (!address || address->family == PEAL_AF_NONE) {
        return PEAL_E_ARGUMENT;
    }
    listen_command *command = command_new(core, opaque, on_listening);
    if (!command || !(command->listener = peal_calloc(1, sizeof *command->listener))) {
        peal_free(command);
        return PEAL_E_NO_MEMORY;
    }
    command->base.protocol = transport;
    command->base.address = *address;
    peal__sip_transport_listen(core->transport, &command->base);
    return PEAL_OK;
}

static peal__listener *find_listener(peal__core *core, uint32_t id)
{
    for (peal_node *n = peal_list_first(&core->listeners); n;
         n = peal_list_next(&core->listeners, n)) {
        peal__listener *listener = PEAL_CONTAINER_OF(n, peal__listener, node);
        if (listener->id == id) {
            return listener;
        }
    }
    return NULL;
}

static void on_unlistened(peal__sip_listen *base)
{
    listen_command *command = PEAL_CONTAINER_OF(base, listen_command, base);
    peal__core *core = command->core;
    if (PEAL_VT_HAS(peal_sip_core_user, core->user->vt, on_listening_ended)) {
        core->user->vt->on_listening_ended(core->user, command->base.listener, command->opaque);
    }
    peal_free(command);
}

peal_result peal__core_unlisten(peal__core *core, uint32_t id, void *opaque)
{
    peal__listener *listener = find_listener(core, id);
    if (!peal__core_is_up(core) || core->state == PEAL__CORE_CLOSING) {
        return PEAL_E_STATE;
    }
    if (!listener) {
        return PEAL_E_NOT_FOUND;
    }
    listen_command *command = command_new(core, opaque, on_unlistened);
    if (!command) {
        return PEAL_E_NO_MEMORY;
    }
    command->base.protocol = listener->transport;
    command->base.listener = id;
    /* From here on nothing new leaves by it. */
    peal_node_unlink(&listener->node);
    peal_free(listener);
    peal__local_listener_down(core, id);
    peal__sip_transport_unlisten(core->transport, &command->base);
    return PEAL_OK;
}

void peal__core_free_listeners(peal__core *core)
{
    for (peal_node *n; (n = peal_list_first(&core->listeners)) != NULL;) {
        peal__listener *listener = PEAL_CONTAINER_OF(n, peal__listener, node);
        peal_node_unlink(n);
        peal__local_listener_down(core, listener->id);
        peal_free(listener);
    }
}
