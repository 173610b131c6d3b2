/* SPDX-License-Identifier: MIT */
/* What a rude host does: as callee and as caller, one of the manners below, by the plan's number.
 * None of it is excused by ignorance. The rude host's thread. */
#include "apps/sim/rude.h"

/* As callee. */
enum callee_manner {
    CALLEE_POLITE,
    CALLEE_FORKS_EARLY, /* two early dialogs, the second is answered */
    CALLEE_FORKS_BOTH,  /* two 2xx */
    CALLEE_GARBAGE,     /* between the responses */
    CALLEE_WRONG_TAG,   /* BYE in a dialog that is none */
    CALLEE_LATE,        /* 200 after CANCEL */
    CALLEE_SILENT,
    CALLEE_STUBBORN,  /* repeats its refusal whatever comes */
    CALLEE_DEAF,      /* answers no BYE */
    CALLEE_UNDECIDED, /* 486, then 200 */
    CALLEE_FORGETFUL, /* knows no CANCEL */
    CALLEE_HASTY,     /* re-INVITE before the ACK */
    CALLEE_MANNERS
};

/* As caller. */
enum caller_manner {
    CALLER_POLITE,
    CALLER_NO_ACK,
    CALLER_CANCELS,   /* before any response */
    CALLER_TWICE,     /* the same INVITE with another branch */
    CALLER_WRONG_TAG, /* BYE in a dialog that is none */
    CALLER_GARBAGE,
    CALLER_BACKWARDS, /* re-INVITE with a lower CSeq */
    CALLER_GONE,      /* after the INVITE */
    CALLER_TOO_LATE,  /* CANCEL after the 2xx */
    CALLER_NO_HOPS,   /* Max-Forwards: 0 */
    CALLER_MANNERS
};

enum { TICK_MS = 500, TICKS_MAX = 60 };

static const char *const garbage[] = {
    "\r\n\r\n",
    "SIP/2.0 200 OK\r\n\r\n",
    "INVITE sip:x SIP/2.0\r\nVia: ;;;\r\nContent-Length: -1\r\n\r\n",
    "SIP/2.0 999 \r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bK\r\nCSeq: 99999999999 X\r\n\r\n",
    "BYE sip:nobody SIP/3.0\r\nTo: \"\r\n",
    "\x01\x02\x03",
    "ACK sip:c1@x SIP/2.0\r\nCall-ID: 1\r\nCSeq: 1 ACK\r\nFrom: <sip:a>;tag=1\r\nTo: "
    "<sip:b>\r\n\r\n",
};

static void litter(struct rude_leg *leg)
{
    const size_t which = (leg->plan->rude + leg->step) % PEAL_COUNT_OF(garbage);
    peal__rude_put(leg->rude, &leg->peer, garbage[which]);
}

/* ---- responses ---- */

void peal__rude_answer(struct rude *rude, const peal_socket_addr *to, peal_str request,
                       const char *status, const char *tag)
{
    char text[RUDE_TEXT_MAX], via[512], from[RUDE_VALUE_MAX], target[RUDE_VALUE_MAX];
    char call_id[RUDE_VALUE_MAX], cseq[64];
    peal__rude_header(request, "Via", via, sizeof via);
    peal__rude_header(request, "From", from, sizeof from);
    peal__rude_header(request, "To", target, sizeof target);
    peal__rude_header(request, "Call-ID", call_id, sizeof call_id);
    peal__rude_header(request, "CSeq", cseq, sizeof cseq);
    (void)snprintf(text, sizeof text,
                   "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
                   "Content-Length: 0\r\n\r\n",
                   status, via, from, target, tag ? ";tag=" : "", tag ? tag : "", call_id, cseq);
    peal__rude_put(rude, to, text);
}

static void respond(struct rude_leg *leg, const char *status, const char *tag)
{
    (void)snprintf(leg->last, sizeof leg->last,
                   "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=%s%u\r\nCall-ID: %s\r\n"
                   "CSeq: %u INVITE\r\nContact: <sip:c%u@%s>\r\nContent-Length: 0\r\n\r\n",
                   status, leg->via, leg->from, leg->to, tag, leg->plan->number, leg->call_id,
                   leg->cseq, leg->plan->number, leg->rude->host->text);
    peal__rude_put(leg->rude, &leg->peer, leg->last);
}

static void repeat(struct rude_leg *leg)
{
    if (leg->last[0]) {
        peal__rude_put(leg->rude, &leg->peer, leg->last);
    }
}

/* ---- requests ---- */

static void ask(struct rude_leg *leg, const char *method, uint32_t cseq, const char *tag,
                bool is_new_branch)
{
    char text[RUDE_TEXT_MAX];
    const char *from = leg->is_caller ? leg->from : leg->to;
    const char *to = leg->is_caller ? leg->to : leg->from;
    const bool is_last = leg->is_caller && leg->plan->rude % CALLER_MANNERS == CALLER_NO_HOPS;
    const unsigned hops = is_last && strcmp(method, "INVITE") == 0 ? 0 : 70;
    char own[RUDE_VALUE_MAX] = "";
    leg->branches += is_new_branch;
    if (!leg->is_caller) {
        (void)snprintf(own, sizeof own, ";tag=%s%u", tag, leg->plan->number);
    }
    (void)snprintf(text, sizeof text,
                   "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%u.%u.%u\r\n"
                   "From: %s%s\r\nTo: %s%s%s\r\nCall-ID: %s\r\nCSeq: %u %s\r\nMax-Forwards: %u\r\n"
                   "Contact: <sip:c%u@%s>\r\nContent-Length: 0\r\n\r\n",
                   method, leg->target, leg->rude->host->text, leg->rude->host->number,
                   leg->plan->number, leg->branches, from, own, to,
                   leg->is_caller && tag[0] ? ";tag=" : "", leg->is_caller ? tag : "", leg->call_id,
                   cseq, method, hops, leg->plan->number, leg->rude->host->text);
    if (strcmp(method, "ACK") != 0 && strcmp(method, "CANCEL") != 0) {
        memcpy(leg->last, text, sizeof leg->last);
    }
    peal__rude_put(leg->rude, &leg->peer, text);
}

/* ---- the callee ---- */

static enum callee_manner callee(const struct rude_leg *leg)
{
    return (enum callee_manner)(leg->plan->rude % CALLEE_MANNERS);
}

static void note_target(struct rude_leg *leg, peal_str message)
{
    char contact[RUDE_VALUE_MAX];
    peal__rude_header(message, "Contact", contact, sizeof contact);
    const char *from = strchr(contact, '<'), *to = from ? strchr(from, '>') : NULL;
    if (to) {
        (void)snprintf(leg->target, sizeof leg->target, "%.*s", (int)(to - from - 1), from + 1);
    }
}

void peal__rude_invited(struct rude_leg *leg, peal_str message)
{
    note_target(leg, message);
    if (callee(leg) != CALLEE_SILENT && leg->plan->ring_code) {
        respond(leg, "180 Ringing", "r");
    }
    peal__rude_wait(leg, callee(leg) == CALLEE_SILENT ? 0 : leg->plan->answer + 1);
    if (callee(leg) == CALLEE_GARBAGE) {
        litter(leg);
    }
}

static void pick_up(struct rude_leg *leg)
{
    char status[32];
    switch (callee(leg)) {
    case CALLEE_FORKS_EARLY:
        respond(leg, "180 Ringing", "s");
        respond(leg, "200 OK", "s");
        break;
    case CALLEE_FORKS_BOTH:
        respond(leg, "200 OK", "r");
        respond(leg, "200 OK", "s");
        break;
    case CALLEE_STUBBORN:
    case CALLEE_UNDECIDED:
    case CALLEE_GARBAGE:
        (void)snprintf(status, sizeof status, "%u No",
                       leg->plan->answer_code >= 300 ? leg->plan->answer_code : 486);
        respond(leg, status, "r");
        break;
    default:
        (void)snprintf(status, sizeof status, "%u Answer",
                       leg->plan->answer_code ? leg->plan->answer_code : 480);
        respond(leg, leg->is_cancelled && callee(leg) != CALLEE_LATE ? "487 Cancelled" : status,
                "r");
        break;
    }
    leg->is_answered = true;
    if (callee(leg) == CALLEE_HASTY) {
        ask(leg, "INVITE", leg->next_cseq++, "r", true);
    }
}

static void callee_on_time(struct rude_leg *leg)
{
    leg->step++;
    if (!leg->is_answered) {
        pick_up(leg);
    } else if (callee(leg) == CALLEE_UNDECIDED && leg->step == 2) {
        respond(leg, "200 OK", "r");
    } else if (callee(leg) == CALLEE_WRONG_TAG && leg->step == 3) {
        ask(leg, "BYE", 100 + leg->next_cseq++, "wrong", true);
    } else if (callee(leg) == CALLEE_GARBAGE && leg->step < 6) {
        litter(leg);
    } else if (leg->is_acked && leg->plan->bye2 && leg->step * TICK_MS > leg->plan->bye2) {
        if (!leg->is_hung_up) {
            ask(leg, "BYE", 200 + leg->next_cseq++, "r", true);
            leg->is_hung_up = true;
        } else {
            repeat(leg);
        }
    } else if ((!leg->is_acked && leg->step < 12) || callee(leg) == CALLEE_STUBBORN) {
        repeat(leg);
    }
    if (leg->step > TICKS_MAX) {
        peal__rude_leg_free(leg);
    } else {
        peal__rude_wait(leg, TICK_MS);
    }
}

void peal__rude_on_request(struct rude_leg *leg, const struct wire_text *t, peal_str message)
{
    struct rude *rude = leg->rude;
    const enum callee_manner manner = callee(leg);
    if (peal_str_eq(t->method, PEAL_STR("ACK"))) {
        leg->is_acked = true;
    } else if (peal_str_eq(t->method, PEAL_STR("INVITE"))) {
        if (t->to_tag.n) {
            peal__rude_answer(rude, &leg->peer, message, "488 No", NULL);
        } else if (!leg->is_caller && manner != CALLEE_SILENT) {
            repeat(leg);
        }
    } else if (peal_str_eq(t->method, PEAL_STR("CANCEL"))) {
        leg->is_cancelled = leg->is_cancelled || !leg->is_answered;
        peal__rude_answer(rude, &leg->peer, message,
                          manner == CALLEE_FORGETFUL ? "481 No Such Call" : "200 OK", "r");
        if (manner != CALLEE_LATE && manner != CALLEE_SILENT && manner != CALLEE_FORGETFUL &&
            !leg->is_answered && !leg->is_caller) {
            respond(leg, "487 Cancelled", "r");
            leg->is_answered = true;
        }
    } else if (manner != CALLEE_DEAF || leg->is_caller) {
        peal__rude_answer(rude, &leg->peer, message, "200 OK", NULL);
    }
}

/* ---- the caller ---- */

static enum caller_manner caller(const struct rude_leg *leg)
{
    return (enum caller_manner)(leg->plan->rude % CALLER_MANNERS);
}

void peal__rude_begin(struct rude_leg *leg)
{
    const struct scenario_call *p = leg->plan;
    const struct world *world = leg->rude->host->world;
    const struct host *next = &world->hosts[p->via ? p->via : p->to];
    leg->peer = next->address;
    leg->cseq = leg->next_cseq = 10;
    (void)snprintf(leg->call_id, sizeof leg->call_id, "rude%u@%s", p->number,
                   leg->rude->host->text);
    (void)snprintf(leg->from, sizeof leg->from, "<sip:c%u@a.example>;tag=x%u", p->number,
                   p->number);
    (void)snprintf(leg->to, sizeof leg->to, "<sip:c%u@b.example>", p->number);
    (void)snprintf(leg->target, sizeof leg->target, "sip:c%u@%s", p->number,
                   world->hosts[p->to].text);
    ask(leg, "INVITE", leg->next_cseq++, "", true);
    if (caller(leg) == CALLER_TWICE) {
        ask(leg, "INVITE", leg->cseq, "", true);
    } else if (caller(leg) == CALLER_CANCELS) {
        ask(leg, "CANCEL", leg->cseq, "", false);
    } else if (caller(leg) == CALLER_GARBAGE) {
        litter(leg);
    }
    peal__rude_wait(leg, TICK_MS);
}

/* What it does once it has been answered by 2xx. */
static void talk(struct rude_leg *leg)
{
    const char *tag = leg->peer_tag;
    switch (caller(leg)) {
    case CALLER_WRONG_TAG:
        ask(leg, "BYE", leg->next_cseq++, "nobody", true);
        break;
    case CALLER_BACKWARDS:
        ask(leg, "INVITE", leg->cseq - 1, tag, true);
        break;
    case CALLER_TOO_LATE:
        ask(leg, "CANCEL", leg->cseq, "", false);
        break;
    case CALLER_GARBAGE:
        litter(leg);
        break;
    default:
        break;
    }
}

static void caller_on_time(struct rude_leg *leg)
{
    leg->step++;
    if (!leg->is_answered) {
        if (leg->step < 8 && !leg->is_heard && caller(leg) != CALLER_GONE) {
            repeat(leg);
        }
    } else if (leg->peer_tag[0] && leg->step % 4 == 0 && leg->step < 24) {
        talk(leg);
    } else if (leg->peer_tag[0] && leg->plan->bye && leg->step * TICK_MS > leg->plan->bye) {
        if (!leg->is_hung_up) {
            ask(leg, "BYE", leg->next_cseq++, leg->peer_tag, true);
            leg->is_hung_up = true;
        } else if (leg->step < TICKS_MAX) {
            repeat(leg);
        }
    }
    if (leg->step > TICKS_MAX) {
        peal__rude_leg_free(leg);
    } else {
        peal__rude_wait(leg, TICK_MS);
    }
}

static void acknowledge(struct rude_leg *leg, const struct wire_text *t)
{
    char tag[RUDE_VALUE_MAX];
    if (caller(leg) == CALLER_NO_ACK || caller(leg) == CALLER_GONE) {
        return;
    }
    (void)snprintf(tag, sizeof tag, "%.*s", PEAL_STR_ARG(t->to_tag));
    ask(leg, "ACK", t->cseq, tag, t->status < 300);
}

void peal__rude_on_response(struct rude_leg *leg, const struct wire_text *t, peal_str message)
{
    if (!peal_str_eq(t->method, PEAL_STR("INVITE"))) {
        leg->last[0] = '\0';
        return;
    }
    leg->is_heard = true;
    if (t->status < 200) {
        return;
    }
    leg->is_answered = true;
    if (t->status < 300 && leg->is_caller) {
        note_target(leg, message);
        (void)snprintf(leg->peer_tag, sizeof leg->peer_tag, "%.*s", PEAL_STR_ARG(t->to_tag));
    }
    if (leg->is_caller) {
        leg->last[0] = '\0';
        acknowledge(leg, t);
    }
}

void peal__rude_on_time(struct rude_leg *leg)
{
    if (leg->is_caller) {
        caller_on_time(leg);
    } else {
        callee_on_time(leg);
    }
}
