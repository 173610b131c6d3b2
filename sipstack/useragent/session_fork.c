/* SPDX-License-Identifier: MIT */
/* Forking: one INVITE of ours, several dialogs (C11). The session that sent it keeps a list of the
 * others, none counted; each leaves the list at its clear. Core thread.
 * RFC 3261 §12.1.2, §13.2.2.4; RFC 6026 §7.2. */
#include "sipstack/useragent/useragent_priv.h"

static peal__sip_session *fork_of(peal_node *node)
{
    return PEAL_CONTAINER_OF(node, peal__sip_session, fork_node);
}

static peal_str tag_of(peal_sip_packet *response)
{
    const peal_sip_address *to = NULL;
    return peal_sip_packet_to(response, &to) >= 0 ? to->tag : peal_str_of(NULL, 0);
}

/* ---- joining ---- */

/* The new dialog's requests take the same way (C11). */
peal_result peal__sip_session_copy_destination(peal__sip_session *s, peal__sip_session *fresh)
{
    peal_sip_destination_selection *from = NULL, *to = NULL;
    peal_result r = PEAL_OK;
    if (peal_sip_destination_selection_query(&s->context->unk, &from) >= 0 &&
        peal_sip_destination_selection_query(&fresh->context->unk, &to) >= 0) {
        r = peal_sip_destination_selection_copy_from(to, from);
    }
    peal_sip_destination_selection_unref(from);
    peal_sip_destination_selection_unref(to);
    return r;
}

static peal_result join(peal__sip_session *s, peal__sip_session *fresh)
{
    const peal__sip_invite *of = peal__sip_session_find(s, s->fork_request);
    if (!of) {
        return PEAL_E_STATE;
    }
    peal_result r = peal__sip_user_agent_fork(s->ua, fresh->ua);
    if (r < 0 || (r = peal__sip_session_copy_destination(s, fresh)) < 0 ||
        (r = peal__sip_session_use_dialog(fresh)) < 0) {
        return r;
    }
    peal__sip_invite *invite = peal__sip_invite_new(fresh);
    if (!invite) {
        return PEAL_E_NO_MEMORY;
    }
    invite->request = peal_sip_client_request_ref(s->fork_request);
    invite->cseq = of->cseq;
    invite->initial = true;
    fresh->state = PEAL_SIP_SESSION_INVITING;
    fresh->parent = s;
    peal_list_append(&s->forks, &fresh->fork_node);
    return PEAL_OK;
}

peal_result peal__sip_session_fork_into(peal_sip_session *self, peal_sip_session *other)
{
    peal__sip_session *s = peal__sip_session_of_face(self);
    peal__sip_session *fresh = peal__sip_session_of_face(other);
    if (!s->fork_request || s->forked || fresh == s || fresh->cleared ||
        fresh->state != PEAL_SIP_SESSION_IDLE) {
        return PEAL_E_STATE;
    }
    if (!fresh->mgr) {
        return PEAL_E_SIP_NO_MANAGER;
    }
    peal_result r = join(s, fresh);
    if (r >= 0) {
        s->forked = fresh->context;
    }
    return r;
}

/* ---- dialogs that nobody wants ---- */

static peal__sip_stray *find_stray(const peal__sip_session *s, peal_str tag)
{
    for (peal__sip_stray *stray = s->strays; stray; stray = stray->next) {
        if (peal_str_eq(tag, peal_str_of(stray->tag, stray->tag_bytes))) {
            return stray;
        }
    }
    return NULL;
}

void peal__sip_session_free_strays(peal__sip_session *s)
{
    while (s->strays) {
        peal__sip_stray *stray = s->strays;
        s->strays = stray->next;
        peal_sip_resend_free(stray->ack);
        peal_pool_free(stray);
    }
}

/* Each costs a BYE with its repetitions, sent to where the peer wants it: who invents tags without
 * end shall not make us send without end. No forking proxy has so many branches answer. */
enum { STRAYS_MAX = 32 };

static bool has_room(const peal__sip_session *s)
{
    size_t count = 0;
    for (const peal__sip_stray *stray = s->strays; stray; stray = stray->next) {
        count++;
    }
    return count < STRAYS_MAX;
}

static peal__sip_stray *new_stray(peal__sip_session *s, peal_str tag)
{
    if (!has_room(s)) {
        return NULL;
    }
    peal__sip_stray *stray =
        peal_pool_alloc(peal__sip_session_pool(s), sizeof *stray + tag.n);
    if (stray) {
        stray->ack = NULL;
        stray->tag_bytes = tag.n;
        memcpy(stray->tag, tag.p, tag.n);
        stray->next = s->strays;
        s->strays = stray;
    }
    return stray;
}

/* A request in the dialog that @p response would have made: everything is taken from there. */
static peal_result stray_request(peal__sip_session *s, peal_sip_packet *response,
                                 peal_sip_method method, uint32_t number, peal_sip_packet **ret)
{
    const peal_sip_address *contact = NULL;
    peal_str target, routes = { NULL, 0 };
    peal_sip_packet *packet = NULL;
    char *block = NULL;
    peal_pool *pool = peal__sip_session_pool(s);
    peal_result r =
        peal_sip_packet_address(response, PEAL_SIP_HEADER_CONTACT, 0, &contact);
    target = r >= 0 ? contact->uri : peal_sip_user_agent_remote_target(&s->ua->face);
    r = peal__sip_dialog_routes(pool, response, true, &block, &routes);
    if (r < 0 || (r = peal_sip_packet_new_request(pool, method, peal_str_of(NULL, 0), target,
                                                  &packet)) < 0) {
        goto out;
    }
    if ((r = peal_sip_packet_add_from(packet, response, PEAL_SIP_HEADER_FROM)) < 0 ||
        (r = peal_sip_packet_add_from(packet, response, PEAL_SIP_HEADER_TO)) < 0 ||
        (r = peal_sip_packet_add_from(packet, response, PEAL_SIP_HEADER_CALL_ID)) < 0 ||
        (r = peal__sip_put_cseq(packet, number, peal_sip_method_text(method))) < 0) {
        goto out;
    }
    r = routes.n ? peal_sip_packet_add(packet, PEAL_SIP_HEADER_ROUTE, routes) : PEAL_OK;
out:
    peal_pool_free(block);
    if (r < 0) {
        peal_sip_packet_unref(packet);
        return r;
    }
    *ret = packet;
    return PEAL_OK;
}

/* §13.2.2.4: each 2xx is acknowledged; a dialog that is not wanted is ended by BYE. When memory is
 * short nothing is done, and the peer's next 2xx is another chance. */
static void refuse_stray(peal__sip_session *s, peal__sip_invite *invite, peal_sip_packet *response)
{
    peal_sip_packet *packet = NULL;
    peal__sip_stray *stray = find_stray(s, tag_of(response));
    if (stray && stray->ack) {
        peal_sip_resend_now(stray->ack);
        return;
    }
    if (!stray) {
        stray = new_stray(s, tag_of(response));
    }
    if (!stray || stray_request(s, response, PEAL_SIP_METHOD_ACK, invite->cseq, &packet) < 0 ||
        peal_sip_send_ack(s->context, &s->service, packet, invite->request, &stray->ack) < 0) {
        return;
    }
    if (stray_request(s, response, PEAL_SIP_METHOD_BYE, invite->cseq + 1, &packet) >= 0) {
        (void)peal_sip_send_request(s->context, &s->service, packet, NULL, NULL);
    }
}

/* ---- routing ---- */

static peal__sip_session *find_fork(const peal__sip_session *s, peal_str tag)
{
    for (peal_node *n = peal_list_first(&s->forks); n; n = peal_list_next(&s->forks, n)) {
        const peal__sip_session *fork = fork_of(n);
        if (peal_str_eq(tag, peal__sip_user_agent_text(fork->ua, PEAL__DIALOG_REMOTE_TAG))) {
            return fork_of(n);
        }
    }
    return NULL;
}

/* Asks the application for a context. Gives it, borrowed, or NULL. */
static peal_sip_context *ask_for_context(peal__sip_session *s, peal_sip_client_request *request,
                                         peal_sip_packet *response)
{
    if (!PEAL__SESSION_HEARS(s, on_new_session_needed) ||
        peal_sip_client_request_is_cancelled(request)) {
        return NULL;
    }
    s->fork_request = request;
    s->forked = NULL;
    s->mgr->vt->on_new_session_needed(s->mgr, &s->face, response);
    s->fork_request = NULL;
    peal_sip_context *made = s->forked;
    s->forked = NULL;
    return made;
}

peal_result peal__sip_session_route_response(peal_sip_service *self,
                                             peal_sip_client_request *request,
                                             peal_sip_packet *response, peal_sip_context **ret)
{
    peal__sip_session *s = peal__sip_session_of(self);
    const unsigned status = peal_sip_packet_status(response);
    peal__sip_invite *invite = peal__sip_session_find(s, request);
    if (!invite || !invite->initial || status <= 100 || status >= 300 ||
        peal__sip_user_agent_is_mine(s->ua, response)) {
        return PEAL_OK;
    }
    const peal__sip_session *fork = find_fork(s, tag_of(response));
    peal_sip_context *context = fork ? fork->context : NULL;
    if (!context && !find_stray(s, tag_of(response))) {
        context = ask_for_context(s, request, response);
    }
    if (context) {
        *ret = peal_sip_context_ref(context);
    } else if (status >= 200 && !s->cleared) {
        refuse_stray(s, invite, response);
    }
    return PEAL_OK;
}

/* ---- leaving ---- */

static bool has_answer(const peal__sip_session *s)
{
    for (const peal__sip_invite *i = s->invites; i; i = i->next) {
        if (i->initial && i->answered) {
            return true;
        }
    }
    return false;
}

bool peal__sip_session_fork_won(const peal__sip_session *s)
{
    if (s->strays || has_answer(s)) {
        return true;
    }
    for (peal_node *n = peal_list_first(&s->forks); n; n = peal_list_next(&s->forks, n)) {
        if (has_answer(fork_of(n))) {
            return true;
        }
    }
    return false;
}

/* No 2xx can come any more: the fork's hold on the INVITE goes, unless it still owes the ACK. */
static void let_invite_go(peal__sip_session *fork)
{
    for (peal__sip_invite *i = fork->invites; i; i = i->next) {
        if (i->initial && (!i->answered || i->ack)) {
            peal__sip_invite_free(fork, i);
            return;
        }
    }
}

static void part(peal__sip_session *s, bool invite_is_over, peal_sip_session_end why)
{
    for (peal_node *n; (n = peal_list_first(&s->forks)) != NULL;) {
        peal__sip_session *fork = fork_of(n);
        peal_node_unlink(n);
        fork->parent = NULL;
        if (invite_is_over) {
            let_invite_go(fork);
        }
        if (fork->state == PEAL_SIP_SESSION_INVITING) {
            peal__sip_session_over_soon(fork, why);
        }
    }
}

void peal__sip_session_end_forks(peal__sip_session *s, peal_sip_session_end why)
{
    part(s, true, why);
}

/* The 2xx of a forked dialog may come again after its end: it gets the same ACK, and makes no
 * dialog a second time. Without memory the application is asked again. */
static void leave_ack(peal__sip_session *fork)
{
    peal__sip_session *parent = fork->parent;
    const peal_str tag = peal__sip_user_agent_text(fork->ua, PEAL__DIALOG_REMOTE_TAG);
    for (peal__sip_invite *i = fork->invites; parent && i; i = i->next) {
        peal__sip_stray *stray =
            i->initial && i->answered && i->ack ? new_stray(parent, tag) : NULL;
        if (stray) {
            stray->ack = i->ack;
            i->ack = NULL;
        }
    }
}

void peal__sip_session_leave_forks(peal__sip_session *s)
{
    leave_ack(s);
    peal_node_unlink(&s->fork_node);
    s->parent = NULL;
    /* A fork that is up goes on getting further 2xx of its dialog from the core. */
    part(s, false,
         peal__sip_session_fork_won(s) ? PEAL_SIP_SESSION_END_FORK_LOST
                                       : PEAL_SIP_SESSION_END_FAILED);
}
