/* SPDX-License-Identifier: MIT */
/* application/simple-message-summary. Any thread. RFC 3842 §5.2 (grammar); RFC 3458 §6.2 (classes).
 */
#include "sipstack/parser/parser_inner.h"
#include "sipstack/parser/parser_write.h"

#include <peal/sip/body.h>
#include <peal/sip/multipart.h>

static const peal_str class_names[PEAL_SIP_MESSAGE_CLASS_COUNT] = {
    [PEAL_SIP_MESSAGE_VOICE] = { "Voice-Message", 13 },
    [PEAL_SIP_MESSAGE_FAX] = { "Fax-Message", 11 },
    [PEAL_SIP_MESSAGE_PAGER] = { "Pager-Message", 13 },
    [PEAL_SIP_MESSAGE_MULTIMEDIA] = { "Multimedia-Message", 18 },
    [PEAL_SIP_MESSAGE_TEXT] = { "Text-Message", 12 },
    [PEAL_SIP_MESSAGE_NONE] = { "None", 4 },
};

/* White space, digits, white space; gives what follows, NULL when there is no number. */
static const char *take_number(const char *p, const char *end, uint32_t *ret)
{
    p = peal__sip_skip_ws(p, end);
    const char *start = p;
    while (p < end && peal__sip_is_digit(*p)) {
        ++p;
    }
    return peal__sip_number_decode(peal__sip_between(start, p), ret) >= 0
               ? peal__sip_skip_ws(p, end)
               : NULL;
}

/* new/old */
static const char *take_pair(const char *p, const char *end, uint32_t *ret_new, uint32_t *ret_old)
{
    p = take_number(p, end, ret_new);
    return p && p < end && *p == '/' ? take_number(p + 1, end, ret_old) : NULL;
}

/* new/old [(new/old)] */
static bool take_counts(peal_str value, peal_sip_message_counts *counts)
{
    const char *end = value.p + value.n;
    const char *p = take_pair(value.p, end, &counts->new_count, &counts->old_count);
    if (counts->given || !p) {
        return false;
    }
    counts->given = true;
    if (p < end && *p == '(') {
        p = take_pair(p + 1, end, &counts->new_urgent, &counts->old_urgent);
        if (!p || p == end || *p != ')') {
            return false;
        }
        counts->urgent_given = true;
        ++p;
    }
    return p == end;
}

static bool take_summary_line(peal_sip_message_summary *summary, const peal_sip_line *line)
{
    if (peal_str_ieq(line->name, PEAL_STR("Message-Account"))) {
        peal_sip_uri uri;
        bool first = !summary->account.p;
        summary->account = line->value;
        return first && peal_sip_uri_decode(line->value, &uri) >= 0;
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(class_names); ++i) {
        if (peal_str_ieq(line->name, class_names[i])) {
            return take_counts(line->value, &summary->counts[i]);
        }
    }
    return !peal_str_ieq(line->name, PEAL_STR("Messages-Waiting"));
}

static bool take_status(peal_str value, bool *ret)
{
    *ret = peal_str_ieq(value, PEAL_STR("yes"));
    return *ret || peal_str_ieq(value, PEAL_STR("no"));
}

/* Blocks of header lines with blank lines between. */
static bool details_ok(peal_str details)
{
    peal_sip_line line;
    while (details.n) {
        peal_result r = peal_sip_lines_next(&details, &line);
        if (r < 0) {
            return false;
        }
    }
    return true;
}

peal_result peal_sip_message_summary_decode(peal_str text, peal_sip_message_summary *ret)
{
    peal_sip_message_summary summary = { .waiting = false };
    peal_str cursor = text;
    peal_sip_line line;
    peal_result r = peal_sip_lines_next(&cursor, &line);
    if (r != PEAL_OK || !peal_str_ieq(line.name, PEAL_STR("Messages-Waiting")) ||
        !take_status(line.value, &summary.waiting)) {
        return PEAL_E_SYNTAX;
    }
    while ((r = peal_sip_lines_next(&cursor, &line)) == PEAL_OK) {
        if (!take_summary_line(&summary, &line)) {
            return PEAL_E_SYNTAX;
        }
    }
    summary.details = cursor.p ? cursor : peal_str_of(text.p + text.n, 0);
    if (r < 0 || !details_ok(summary.details)) {
        return PEAL_E_SYNTAX;
    }
    *ret = summary;
    return PEAL_OK;
}

static void put_pair(peal__sip_writer *w, uint32_t new_count, uint32_t old_count)
{
    char text[20];
    peal__sip_put(w, peal_str_of(text, peal__sip_format_number(new_count, text)));
    peal__sip_put_char(w, '/');
    peal__sip_put(w, peal_str_of(text, peal__sip_format_number(old_count, text)));
}

static void put_counts(peal__sip_writer *w, peal_str name, const peal_sip_message_counts *counts)
{
    peal__sip_put(w, name);
    peal__sip_put(w, PEAL_STR(": "));
    put_pair(w, counts->new_count, counts->old_count);
    if (counts->urgent_given) {
        peal__sip_put(w, PEAL_STR(" ("));
        put_pair(w, counts->new_urgent, counts->old_urgent);
        peal__sip_put_char(w, ')');
    }
    peal__sip_put(w, PEAL_STR("\r\n"));
}

static bool ends_its_line(peal_str text)
{
    return text.n == 0 || (text.n > 2 && memcmp(text.p + text.n - 2, "\r\n", 2) == 0);
}

peal_result peal_sip_message_summary_encode(const peal_sip_message_summary *summary, peal_blob *out)
{
    peal__sip_writer w = peal__sip_write_to(out);
    peal_sip_uri uri;
    if ((summary->account.p && peal_sip_uri_decode(summary->account, &uri) < 0) ||
        !details_ok(summary->details) || !ends_its_line(summary->details)) {
        return PEAL_E_ARGUMENT;
    }
    peal__sip_put(&w, PEAL_STR("Messages-Waiting: "));
    peal__sip_put(&w, summary->waiting ? PEAL_STR("yes\r\n") : PEAL_STR("no\r\n"));
    if (summary->account.p) {
        peal__sip_put(&w, PEAL_STR("Message-Account: "));
        peal__sip_put(&w, summary->account);
        peal__sip_put(&w, PEAL_STR("\r\n"));
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(class_names); ++i) {
        if (summary->counts[i].given) {
            put_counts(&w, class_names[i], &summary->counts[i]);
        }
    }
    if (summary->details.n) {
        peal__sip_put(&w, PEAL_STR("\r\n"));
        peal__sip_put(&w, summary->details);
    }
    return peal__sip_write_end(&w);
}
