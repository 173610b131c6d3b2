/* SPDX-License-Identifier: MIT */
/* Which service may stand behind which, as data: one row for each service the stack knows, by the
 * name of its CLSID, whether it is built in or not. Services of third parties stand where they are
 * put. No thread. */
#include "sipstack/core/core_priv.h"

/* Ranks: a service may follow only those of the same or a lower rank. */
enum {
    RANK_FREE = 0,
    RANK_USER_AGENT,
    RANK_HANDLER, /* each owns methods; their order among themselves is free … */
    RANK_GENERIC, /* … but who takes what nobody else owns comes after them */
    RANK_ASSERTED_IDENTITY,
    RANK_REPLACES,
    RANK_GLARE,
    RANK_SESSION_TIMER,
    RANK_DIGEST_CLIENT,
    RANK_REDIRECTION,
    RANK_SERVER_MONITOR,
    RANK_COMPLETION,
    RANK_REASON,
    RANK_PRIVACY,
    RANK_DESTINATION, /* from here on: connection services */
    RANK_ENUM,
    RANK_PERSISTENT,
    RANK_LOCATION,
    RANK_OUTBOUND,
    RANK_VIA,
    RANK_SYMMETRIC,
    RANK_OUTPUT /* output controlling and blacklist: either way round */
};

typedef struct order_row {
    const char *name;
    uint8_t rank;
    const char *needs; /* the service that must be there too, or NULL */
    const char *bars;  /* the service that must not be there, or NULL */
} order_row;

static const order_row rows[] = {
    { "peal.sip.user_agent", RANK_USER_AGENT, NULL, NULL },
    { "peal.sip.session", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.reliable_provisional", RANK_HANDLER, "peal.sip.session", NULL },
    { "peal.sip.update", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.transfer", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.registration", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.subscriber", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.notifier", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.publish", RANK_HANDLER, "peal.sip.user_agent", NULL },
    { "peal.sip.generic", RANK_GENERIC, "peal.sip.user_agent", NULL },
    { "peal.sip.asserted_identity", RANK_ASSERTED_IDENTITY, NULL, NULL },
    { "peal.sip.replaces", RANK_REPLACES, NULL, NULL },
    { "peal.sip.glare", RANK_GLARE, NULL, NULL },
    { "peal.sip.session_timer", RANK_SESSION_TIMER, "peal.sip.session", NULL },
    { "peal.sip.digest_client", RANK_DIGEST_CLIENT, NULL, NULL },
    { "peal.sip.redirection", RANK_REDIRECTION, NULL, NULL },
    { "peal.sip.server_monitor", RANK_SERVER_MONITOR, NULL, NULL },
    { "peal.sip.transaction_completion", RANK_COMPLETION, NULL, NULL },
    { "peal.sip.reason", RANK_REASON, NULL, NULL },
    { "peal.sip.privacy", RANK_PRIVACY, NULL, NULL },
    { "peal.sip.destination_selection", RANK_DESTINATION, NULL, NULL },
    { "peal.sip.enum", RANK_ENUM, NULL, NULL },
    { "peal.sip.persistent_connection", RANK_PERSISTENT, NULL, "peal.sip.outbound_connection" },
    { "peal.sip.server_location", RANK_LOCATION, NULL, NULL },
    { "peal.sip.outbound_connection", RANK_OUTBOUND, NULL, "peal.sip.persistent_connection" },
    { "peal.sip.via_management", RANK_VIA, NULL, NULL },
    { "peal.sip.symmetric_udp", RANK_SYMMETRIC, NULL, NULL },
    { "peal.sip.output_controlling", RANK_OUTPUT, NULL, NULL },
    { "peal.sip.connection_blacklist", RANK_OUTPUT, NULL, NULL },
};

static const order_row *row_of(const peal_clsid *clsid)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(rows); i++) {
        if (strcmp(rows[i].name, clsid->name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool is_there(peal__clsid_at *at, const void *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(at(list, i)->name, name) == 0) {
            return true;
        }
    }
    return false;
}

peal_result peal__order_check(peal__clsid_at *at, const void *list, size_t count,
                              const peal_clsid *next)
{
    const order_row *row = row_of(next);
    for (size_t i = 0; i < count; i++) {
        const peal_clsid *present = at(list, i);
        const order_row *before = row_of(present);
        if (peal_iid_eq(present, next)) {
            return PEAL_E_EXISTS;
        }
        if (row && before && before->rank > row->rank) {
            return PEAL_E_SIP_SERVICE_ORDER;
        }
        if (row && row->bars && strcmp(row->bars, present->name) == 0) {
            return PEAL_E_SIP_SERVICE_ORDER;
        }
    }
    return PEAL_OK;
}

peal_result peal__order_complete(peal__clsid_at *at, const void *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const order_row *row = row_of(at(list, i));
        if (row && row->needs && !is_there(at, list, count, row->needs)) {
            return PEAL_E_SIP_SERVICE_MISSING;
        }
    }
    return PEAL_OK;
}
