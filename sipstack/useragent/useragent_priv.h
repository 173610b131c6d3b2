/* SPDX-License-Identifier: MIT */
/* What the user-agent services share among themselves. Everything here is the core thread's. */
#ifndef PEAL_SIP_USERAGENT_PRIV_H
#define PEAL_SIP_USERAGENT_PRIV_H

#include <peal/sip/connection_svc.h>
#include <peal/sip/dialog_matcher.h>
#include <peal/sip/generic_svc.h>
#include <peal/sip/service.h>
#include <peal/sip/session_svc.h>
#include <peal/sip/user_agent_svc.h>

/* ---- texts of a dialog (dialog.c) ---- */

typedef enum peal__sip_dialog_text {
    PEAL__DIALOG_CALL_ID = 0,
    PEAL__DIALOG_LOCAL_TAG,
    PEAL__DIALOG_REMOTE_TAG,
    PEAL__DIALOG_LOCAL_DISPLAY,
    PEAL__DIALOG_LOCAL_URI,
    PEAL__DIALOG_REMOTE_DISPLAY,
    PEAL__DIALOG_REMOTE_URI,
    PEAL__DIALOG_TARGET,
    PEAL__DIALOG_ROUTES, /* as a Route value */
    PEAL__DIALOG_CONTACT_USER,
    PEAL__DIALOG_CONTACT_PARAMS,
    PEAL__DIALOG_TEXTS
} peal__sip_dialog_text;

/* All texts of a dialog in one right-sized block (K11): changing one makes a new block, so that a
 * dialog of ten thousand re-INVITEs weighs what a fresh one does. */
typedef struct peal__sip_dialog peal__sip_dialog;

/* Texts to change; an empty text is taken away. */
typedef struct peal__sip_dialog_change {
    bool set[PEAL__DIALOG_TEXTS];
    peal_str text[PEAL__DIALOG_TEXTS];
} peal__sip_dialog_change;

/* A text; absent when empty or when @p dialog is NULL. Lives until the next change. */
peal_str peal__sip_dialog_get(const peal__sip_dialog *dialog, peal__sip_dialog_text which);
/* Makes the changed block. *ret is @p dialog itself when nothing would change; else the caller
 * frees @p dialog by peal_pool_free() (may be NULL). @return PEAL_OK, PEAL_E_NO_MEMORY,
 * PEAL_E_LIMIT */
peal_result peal__sip_dialog_changed(peal_pool *pool, peal__sip_dialog *dialog,
                                     const peal__sip_dialog_change *change,
                                     peal__sip_dialog **ret);
/* Notes a change. */
void peal__sip_dialog_put(peal__sip_dialog_change *change, peal__sip_dialog_text which,
                          peal_str text);
/* The route set of a message: its Record-Route values, in reverse order for a UAC (RFC 3261
 * §12.1.2). @param[out] ret to be freed by peal_pool_free(); NULL and absent when there are none */
peal_result peal__sip_dialog_routes(peal_pool *pool, peal_sip_packet *packet, bool reverse,
                                    char **ret, peal_str *ret_text);

/* ---- user agent (user_agent.c, user_agent_config.c, user_agent_tags.c) ---- */

typedef struct peal__sip_user_agent peal__sip_user_agent;
typedef struct peal__sip_extra_tag peal__sip_extra_tag;

enum { PEAL__TAG_BYTES = 12, PEAL__EXTRA_TAGS_MAX = 32 };

/* One more early dialog of an INVITE received (K6). */
struct peal__sip_extra_tag {
    peal__sip_extra_tag *next;
    peal_sip_dialog_matcher matcher;
    char tag[PEAL__TAG_BYTES];
};

struct peal__sip_user_agent {
    peal_obj obj;
    peal_sip_user_agent face;
    peal_sip_service service;
    peal_sip_context *context;       /* borrowed for life; NULL after clear */
    peal__sip_dialog *texts;         /* NULL: none yet */
    peal_sip_dialog_matcher matcher; /* listed while a dialog exists */
    peal__sip_extra_tag *extras;
    uint32_t local_cseq, remote_cseq;
    uint32_t max_forwards; /* 0: 70 */
    uint16_t usages;
    uint8_t state; /* peal_sip_dialog_state */
    uint8_t extra_count;
    bool listed;          /* the matcher is in the list */
    bool has_remote_cseq;
    bool is_server; /* the dialog, or what may become one, was asked for by the peer */
};

extern const peal_class peal__sip_user_agent_class;
/* The user agent of a context, borrowed. @return PEAL_OK, PEAL_E_SIP_SERVICE_MISSING */
peal_result peal__sip_user_agent_of(peal_sip_context *context, peal__sip_user_agent **ret);
peal_str peal__sip_user_agent_text(const peal__sip_user_agent *ua, peal__sip_dialog_text which);
/* Changes texts and keeps the matcher right. */
peal_result peal__sip_user_agent_change(peal__sip_user_agent *ua,
                                        const peal__sip_dialog_change *change);
/* Puts Call-ID and local tag where there are none. */
peal_result peal__sip_user_agent_identify(peal__sip_user_agent *ua);
peal_result peal__sip_user_agent_configure(peal__sip_user_agent *ua,
                                           const peal_sip_user_agent_params *params);
/* In and out of the list of dialogs. */
void peal__sip_user_agent_list(peal__sip_user_agent *ua);
void peal__sip_user_agent_unlist(peal__sip_user_agent *ua);
/* Makes a request to the remote target. PEAL_E_SIP_NO_TARGET when none is set. */
peal_result peal__sip_user_agent_new_request(peal__sip_user_agent *ua, peal_sip_method method,
                                             peal_str method_text, peal_sip_packet **ret);
/* A 1xx or 2xx of our INVITE belongs to this dialog, or there is none yet (§13.2.2.4). */
bool peal__sip_user_agent_is_mine(const peal__sip_user_agent *ua, peal_sip_packet *response);
/* @p fresh becomes what @p ua was when it sent the INVITE (C11). */
peal_result peal__sip_user_agent_fork(const peal__sip_user_agent *ua, peal__sip_user_agent *fresh);
/* @p fresh takes the dialog over; @p ua has none afterwards. */
void peal__sip_user_agent_hand_over(peal__sip_user_agent *ua, peal__sip_user_agent *fresh);

/* Local tags of an INVITE received (K6). */
peal_result peal__sip_tags_add(peal__sip_user_agent *ua, peal_str *ret);
peal__sip_extra_tag *peal__sip_tags_find(const peal__sip_user_agent *ua, peal_str tag);
void peal__sip_tags_drop(peal__sip_user_agent *ua, peal__sip_extra_tag *extra);
void peal__sip_tags_drop_all(peal__sip_user_agent *ua);
/* A provisional response with this tag goes out: its early dialog can be found from here on. */
void peal__sip_tags_list(peal__sip_user_agent *ua, peal__sip_extra_tag *extra);

/* ---- session (session.c, session_uac.c, session_fork.c, session_uas.c, session_bye.c,
 * session_rest.c) ---- */

typedef struct peal__sip_session peal__sip_session;
typedef struct peal__sip_invite peal__sip_invite;
typedef struct peal__sip_stray peal__sip_stray;
struct peal__sip_rest;

/* An INVITE of ours, until its transaction has left Accepted. */
struct peal__sip_invite {
    peal__sip_invite *next;
    peal_sip_client_request *request; /* counted */
    peal_sip_resend *ack;             /* of the 2xx; NULL: none sent */
    peal_sip_packet *failure;         /* the local 487 to be reported for a 2xx after CANCEL */
    uint32_t cseq;
    bool initial;  /* no re-INVITE */
    bool answered; /* a 2xx of this dialog came */
    bool failed;   /* a final response that is no 2xx came */
};

/* A 2xx to our INVITE from a dialog that nobody wanted: its ACK is repeated on demand. */
struct peal__sip_stray {
    peal__sip_stray *next;
    peal_sip_resend *ack;
    size_t tag_bytes;
    char tag[];
};

typedef enum peal__sip_session_clock {
    PEAL__CLOCK_OFF = 0,
    PEAL__CLOCK_ANSWER,  /* our 2xx is not acknowledged: send it again */
    PEAL__CLOCK_UNACKED, /* the application has not acknowledged the peer's 2xx */
    PEAL__CLOCK_END      /* report the end, outside of the application's call */
} peal__sip_session_clock;

struct peal__sip_session {
    peal_obj obj;
    peal_sip_session face;
    peal_sip_service service;
    peal_sip_context *context; /* borrowed for life */
    peal__sip_user_agent *ua;  /* the same */
    peal_sip_session_mgr *mgr; /* borrowed, NULL: none */

    peal__sip_invite *invites; /* ours, newest first */
    peal__sip_invite *sending; /* inside peal_sip_send_request() */
    peal__sip_stray *strays;
    peal_sip_context *forked;      /* made inside on_new_session_needed */
    peal_sip_client_request *fork_request; /* its INVITE while asking; else NULL */
    peal__sip_session *parent;     /* whose INVITE made this dialog, while it is open */
    peal_node forks, fork_node;

    /* The peer's INVITE: borrowed until its final response; counted while a 2xx waits for its ACK.
     */
    peal_sip_server_event_control *invited;
    peal_sip_resend *answer; /* the 2xx; made when it is first repeated */
    uint32_t invited_cseq;
    uint32_t interval_ms, waited_ms;
    uint64_t clock_at_ms; /* when the clock is due */

    peal_sip_client_request *bye; /* ours that the application hears of; not counted */
    peal_sip_packet *held_bye;    /* waits for the ACK */
    void *held_opaque;
    struct peal__sip_rest *rest; /* no application: ends itself (session_rest.c); else NULL */
    peal_timer timer;
    uint8_t clock; /* peal__sip_session_clock */
    uint8_t state; /* peal_sip_session_state */
    uint8_t why;   /* peal_sip_session_end, for PEAL__CLOCK_END */
    bool reinvited;     /* the peer's open INVITE is a re-INVITE */
    bool awaiting_ack;  /* of our 2xx */
    bool holding_bye;   /* as soon as the ACK is there, or never will be */
    bool bye_sent;      /* also one that nobody hears of */
    bool over;          /* on_ended was reported */
    bool cleared;
    bool in_bye;        /* inside on_bye */
    bool has_usage;
};

/* Codes of client events. */
enum {
    PEAL__SESSION_PROGRESS = 1,
    PEAL__SESSION_SUCCESS,
    PEAL__SESSION_FAILURE,
    PEAL__SESSION_CANCELLED, /* a 2xx that came after CANCEL */
    PEAL__SESSION_BYE_ANSWERED
};

#define PEAL__SESSION_HEARS(s, fn)                                                                \
    ((s)->mgr && !(s)->over && !(s)->cleared &&                                                   \
     PEAL_VT_HAS(peal_sip_session_mgr, (s)->mgr->vt, fn))

extern const peal_class peal__sip_session_class;
peal__sip_session *peal__sip_session_of_face(peal_sip_session *face);
peal__sip_session *peal__sip_session_of(peal_sip_service *service);
uint64_t peal__sip_session_now_ms(const peal__sip_session *s);
uint32_t peal__sip_session_t1(const peal__sip_session *s);
uint32_t peal__sip_session_t2(const peal__sip_session *s);
peal_pool *peal__sip_session_pool(const peal__sip_session *s);
void peal__sip_session_start_clock(peal__sip_session *s, peal__sip_session_clock clock,
                                   uint64_t delay_ms);
void peal__sip_session_stop_clock(peal__sip_session *s);
peal_result peal__sip_session_use_dialog(peal__sip_session *s);
/* The session is over: reports it, once, at once. */
void peal__sip_session_over(peal__sip_session *s, peal_sip_session_end why);
/* The same, but from the timer: never inside the application's call. */
void peal__sip_session_over_soon(peal__sip_session *s, peal_sip_session_end why);
/* Puts "number method" as CSeq. */
peal_result peal__sip_put_cseq(peal_sip_packet *packet, uint32_t number, peal_str method);

/* session_uac.c */
peal__sip_invite *peal__sip_session_find(const peal__sip_session *s,
                                         const peal_sip_client_request *request);
/* An INVITE of ours has no final response yet, or its 2xx no ACK. */
peal__sip_invite *peal__sip_session_open_invite(const peal__sip_session *s);
peal_result peal__sip_session_invite(peal_sip_session *self, peal_sip_packet *invite, void *opaque,
                                     peal_sip_client_request **ret);
peal_result peal__sip_session_ack(peal_sip_session *self, peal_sip_packet *ack);
/* Acknowledges without the application. */
peal_result peal__sip_session_auto_ack(peal__sip_session *s, peal__sip_invite *invite);
/* The INVITE whose 2xx waits for the application's ACK, or NULL. */
peal__sip_invite *peal__sip_session_find_unacked(const peal__sip_session *s);
peal_result peal__sip_session_on_response(peal_sip_service *self, peal_sip_client_request *request,
                                          peal_sip_packet *response);
void peal__sip_session_report(peal_sip_service *self, peal_sip_client_event_control *control,
                              unsigned code);
void peal__sip_session_on_request_ended(peal_sip_service *self, peal_sip_client_request *request);
peal__sip_invite *peal__sip_invite_new(peal__sip_session *s);
void peal__sip_invite_free(peal__sip_session *s, peal__sip_invite *invite);
void peal__sip_session_never_acked(peal__sip_session *s);

/* session_fork.c */
peal_result peal__sip_session_fork_into(peal_sip_session *self, peal_sip_session *fresh);
peal_result peal__sip_session_route_response(peal_sip_service *self,
                                             peal_sip_client_request *request,
                                             peal_sip_packet *response, peal_sip_context **ret);
/* The INVITE is over for good, or failed: so are the early dialogs it made. */
void peal__sip_session_end_forks(peal__sip_session *s, peal_sip_session_end why);
/* Copies what the application forced as destination. */
peal_result peal__sip_session_copy_destination(peal__sip_session *s, peal__sip_session *fresh);
/* Some dialog of the INVITE got a 2xx. */
bool peal__sip_session_fork_won(const peal__sip_session *s);
void peal__sip_session_leave_forks(peal__sip_session *s);
void peal__sip_session_free_strays(peal__sip_session *s);

/* session_uas.c */
peal_sip_verdict peal__sip_session_on_request(peal_sip_service *self, peal_sip_packet *request,
                                              peal_sip_server_event_control *control);
void peal__sip_session_manage(peal_sip_service *self, peal_sip_packet *request,
                              peal_sip_server_event_control *control);
void peal__sip_session_on_cancelled(peal_sip_service *self, peal_sip_server_event_control *control,
                                    peal_sip_packet *cancel);
peal_result peal__sip_session_on_outgoing_response(peal_sip_service *self,
                                                   peal_sip_packet *response,
                                                   peal_sip_server_event_control *control);
void peal__sip_session_on_server_request_ended(peal_sip_service *self,
                                               peal_sip_server_event_control *control,
                                               peal_result result);
void peal__sip_session_repeat_answer(peal__sip_session *s);
/* Answers the peer's open INVITE, if any, 487 (RFC 3261 §15.1.2). */
void peal__sip_session_refuse_invited(peal__sip_session *s);
/* The 2xx needs no repetition any more. */
void peal__sip_session_forget_answer(peal__sip_session *s);

/* session_bye.c */
peal_result peal__sip_session_bye(peal_sip_session *self, peal_sip_packet *bye, void *opaque,
                                  peal_sip_client_request **ret);
/* Sends a BYE that nobody hears of. */
void peal__sip_session_say_bye(peal__sip_session *s);
/* The ACK came, or never will: sends the BYE that waited for it. */
void peal__sip_session_release_bye(peal__sip_session *s);
void peal__sip_session_drop_held_bye(peal__sip_session *s);
void peal__sip_session_manage_bye(peal__sip_session *s, peal_sip_packet *bye,
                                  peal_sip_server_event_control *control);
void peal__sip_session_clear(peal_sip_service *self);

/* session_rest.c: what must go on after clear. Gives false when it could not be arranged. */
bool peal__sip_session_live_on(peal__sip_session *s);
void peal__sip_session_rest_over(peal__sip_session *s);

/* ---- generic (generic.c), registration (sip_init.c) ---- */
extern const peal_class peal__sip_generic_class;
peal_result peal__sip_useragent_register(void);

#endif
