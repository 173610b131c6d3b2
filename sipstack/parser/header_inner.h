/* SPDX-License-Identifier: MIT */
/* What the header families share: the writer, parameters that have a member (fields), values made
 * of a head and parameters (shapes), and the table of kinds. The parser's header files only. */
#ifndef PEAL_SIP_HEADER_INNER_H
#define PEAL_SIP_HEADER_INNER_H

#include <peal/sip/header_auth.h>
#include <peal/sip/header_date.h>
#include <peal/sip/header_event.h>
#include <peal/sip/header_identity.h>
#include <peal/sip/header_session.h>

#include "sipstack/parser/parser_inner.h"

/* Where encoders write. It counts on when the room is used up, so that one run tells how much is
 * needed; what the grammar does not allow is remembered. */
typedef struct peal__sip_out {
    char *to;
    size_t room;
    size_t bytes; /* more than room: the text is not complete */
    bool bad;
} peal__sip_out;

/* header_out.c. All but put() check what they write, so that nothing can be injected. */
void peal__sip_put(peal__sip_out *out, peal_str text);
void peal__sip_put_number(peal__sip_out *out, uint64_t number);
/* One or more characters of the classes. */
void peal__sip_put_chars(peal__sip_out *out, peal_str text, unsigned classes);
void peal__sip_put_token(peal__sip_out *out, peal_str text);
/* The quotes and what stands between them. */
void peal__sip_put_quoted(peal__sip_out *out, peal_str inside);
/* A parameter's value: a quoted string with its quotes, or characters that need none. */
void peal__sip_put_value(peal__sip_out *out, peal_str value);
/* Words and quoted strings that a value is made of before its parameters. */
void peal__sip_put_words(peal__sip_out *out, peal_str text);
/* Any text without control characters. */
void peal__sip_put_text(peal__sip_out *out, peal_str text);
/* A comment with its parentheses. */
void peal__sip_put_comment(peal__sip_out *out, peal_str inside);
void peal__sip_put_call_id(peal__sip_out *out, peal_str text);
void peal__sip_put_uri(peal__sip_out *out, peal_str uri);
void peal__sip_put_method(peal__sip_out *out, peal_sip_method method, peal_str text);

/* How a field's member and its text belong together. */
typedef enum peal__sip_form {
    PEAL__SIP_FORM_TOKEN,  /* peal_str: a token */
    PEAL__SIP_FORM_VALUE,  /* peal_str: a token, host or quoted string, as written */
    PEAL__SIP_FORM_QUOTED, /* peal_str: between quotes; read without them too */
    PEAL__SIP_FORM_BARE,   /* peal_str: a token; read between quotes too */
    PEAL__SIP_FORM_ANGLE,  /* peal_str: a URI between brackets */
    PEAL__SIP_FORM_HEX32,  /* peal_str: 32 hexadecimal digits */
    PEAL__SIP_FORM_NUMBER, /* peal_sip_number */
    PEAL__SIP_FORM_NC,     /* peal_sip_number: eight hexadecimal digits */
    PEAL__SIP_FORM_Q,      /* peal_sip_number: thousandths */
    PEAL__SIP_FORM_FLAG,   /* bool: no value */
    PEAL__SIP_FORM_TRUE,   /* bool: true or anything else */
    PEAL__SIP_FORM_CHOICE, /* int: number of the choice, from 1 on */
    PEAL__SIP_FORM_DONE    /* read and written by the header's own code */
} peal__sip_form;

/* A parameter that has a member in the struct. */
typedef struct peal__sip_field {
    peal_str name;
    uint8_t form;
    bool needed;
    uint16_t at;             /* the member's offset */
    const peal_str *choices; /* ends with an absent one */
} peal__sip_field;
#define PEAL__SIP_FIELD(type, member, text, kind)                                                  \
    {                                                                                              \
        .name = { text, sizeof text - 1 }, .form = PEAL__SIP_FORM_##kind,                          \
        .at = offsetof(type, member)                                                               \
    }
#define PEAL__SIP_NEEDED(type, member, text, kind)                                                 \
    {                                                                                              \
        .name = { text, sizeof text - 1 }, .form = PEAL__SIP_FORM_##kind,                          \
        .at = offsetof(type, member), .needed = true                                               \
    }

/* What stands before the parameters. */
typedef enum peal__sip_head {
    PEAL__SIP_HEAD_NONE,      /* parameters alone, the first without ';' */
    PEAL__SIP_HEAD_SEMICOLON, /* parameters alone, each with ';' */
    PEAL__SIP_HEAD_TOKEN,     /* peal_str */
    PEAL__SIP_HEAD_CALL_ID,   /* peal_str */
    PEAL__SIP_HEAD_HEX32,     /* peal_str */
    PEAL__SIP_HEAD_WORDS,     /* peal_str: all before the first ';' */
    PEAL__SIP_HEAD_NUMBER,    /* uint32_t */
    PEAL__SIP_HEAD_TRUE,      /* bool: true or false */
    PEAL__SIP_HEAD_ADDRESS    /* peal_sip_address; its params are the parameters */
} peal__sip_head;

/* A struct of a head and parameters. */
typedef struct peal__sip_shape {
    uint8_t head;
    uint8_t count;      /* of fields */
    uint16_t bytes;     /* of the struct */
    uint16_t head_at;   /* the head's offset */
    uint16_t params_at; /* the offset of the text of all parameters; not for an address */
    const peal__sip_field *fields;
} peal__sip_shape;
#define PEAL__SIP_SHAPE(type, head_kind, member, field_list)                                       \
    {                                                                                              \
        .head = PEAL__SIP_HEAD_##head_kind, .count = PEAL_COUNT_OF(field_list),                    \
        .bytes = sizeof(type), .head_at = offsetof(type, member),                                  \
        .params_at = offsetof(type, params), .fields = (field_list)                                \
    }

/* header_shape.c */
peal_result peal__sip_shape_decode(const peal__sip_shape *shape, peal_str text, void *ret);
void peal__sip_shape_write(const peal__sip_shape *shape, peal__sip_out *out, const void *value);

/* header_field.c */
bool peal__sip_is_hex32(peal_str text);
/* Fills the members from parameters that are separated by ';' or ','. base was zeroed. */
peal_result peal__sip_fields_take(const peal__sip_field *fields, size_t count, char separator,
                                  peal_str params, void *base);
/* Writes the members, then those of params that have none; lead: the separator before the first. */
void peal__sip_fields_put(peal__sip_out *out, const peal__sip_field *fields, size_t count,
                          char separator, bool lead, const void *base, peal_str params);

/* header_simple.c: may stand where a Call-ID stands in another value. */
bool peal__sip_is_call_id(peal_str text);
/* header_address.c: a URI starts with a scheme and a colon. */
bool peal__sip_has_scheme(peal_str uri);
/* What stands in Contact alone, and there alone (RFC 3261 §20.10). */
static inline bool peal__sip_is_star(const peal_sip_address *address)
{
    return address->uri.n == 1 && address->uri.p[0] == '*';
}
/* Without parameters. */
void peal__sip_put_address(peal__sip_out *out, const peal_sip_address *address);

/* What each kind is made of: a shape, or a function for each way. */
typedef struct peal__sip_kind {
    uint16_t bytes; /* of its struct; 0: no typed form */
    uint8_t list;   /* peal_sip_header_kind of one value, for kinds that hold lists; 0: no list */
    bool words;     /* the list is split at each comma */
    peal_result (*decode)(peal_str text, void *ret);
    void (*write)(peal__sip_out *out, const void *value);
    const peal__sip_shape *shape;
} peal__sip_kind;
extern const peal__sip_kind peal__sip_kinds[PEAL_SIP_KIND_COUNT];
static inline peal_result peal__sip_kind_decode(const peal__sip_kind *kind, peal_str text,
                                                void *ret)
{
    return kind->decode ? kind->decode(text, ret) : peal__sip_shape_decode(kind->shape, text, ret);
}

static inline peal_sip_header_kind peal__sip_kind_of(peal_sip_header_id id)
{
    return (unsigned)id < PEAL_SIP_HEADER_COUNT
               ? (peal_sip_header_kind)peal__sip_header_rows[id].kind
               : PEAL_SIP_KIND_RAW;
}
/* RFC 3261 §20.22: Max-Forwards is at most 255; RFC 3262 §7.1: RSeq counts from 1. */
static inline bool peal__sip_number_fits(peal_sip_header_id id, uint32_t number)
{
    return id == PEAL_SIP_HEADER_MAX_FORWARDS ? number <= 255
                                              : number > 0 || id != PEAL_SIP_HEADER_RSEQ;
}
/* packet_typed.c: the nth value over all lines with the id, decoded if need be. */
peal_result peal__sip_packet_find(peal_sip_packet *packet, peal_sip_header_id id, size_t nth,
                                  const void **ret);

/* One line for each family: what header_kind.c puts into the table. */
extern const peal__sip_shape peal__sip_session_expires_shape, peal__sip_min_se_shape,
    peal__sip_replaces_shape, peal__sip_join_shape, peal__sip_target_dialog_shape,
    peal__sip_session_id_shape, peal__sip_reason_shape, peal__sip_refer_sub_shape,
    peal__sip_answer_mode_shape, peal__sip_event_shape, peal__sip_identity_shape,
    peal__sip_history_info_shape, peal__sip_diversion_shape, peal__sip_charging_vector_shape,
    peal__sip_contact_params_shape, peal__sip_alert_error_shape;
#define PEAL__SIP_CODEC(name)                                                                      \
    peal_result peal__sip_##name##_decode(peal_str text, void *ret);                               \
    void peal__sip_##name##_write(peal__sip_out *out, const void *value);
PEAL__SIP_CODEC(via)
PEAL__SIP_CODEC(address)
PEAL__SIP_CODEC(cseq)
PEAL__SIP_CODEC(value)
PEAL__SIP_CODEC(text)
void peal__sip_word_write(peal__sip_out *out, const void *value);
PEAL__SIP_CODEC(number_kind)
PEAL__SIP_CODEC(params)
PEAL__SIP_CODEC(call_id)
PEAL__SIP_CODEC(rack)
PEAL__SIP_CODEC(date)
PEAL__SIP_CODEC(timestamp)
PEAL__SIP_CODEC(retry_after)
PEAL__SIP_CODEC(warning)
PEAL__SIP_CODEC(mime_version)
PEAL__SIP_CODEC(challenge)
PEAL__SIP_CODEC(credentials)
PEAL__SIP_CODEC(auth_info)
PEAL__SIP_CODEC(subscription_state)
PEAL__SIP_CODEC(privacy)

#endif
