/* SPDX-License-Identifier: MIT */
/* The start line of a received message. Any thread. RFC 3261 §7.1, §7.2, §25.1. */
#include "sipstack/parser/parser_inner.h"

/* SIP/digits.digits, case ignored (RFC 3261 §7.1); gives what follows, NULL when it is none. */
static const char *skip_version(const char *p, const char *end, bool *ret_is_2_0)
{
    if (end - p < 7 || !peal__sip_token_is(peal_str_of(p, 3), PEAL_STR("sip")) || p[3] != '/') {
        return NULL;
    }
    const char *major = p + 4, *dot = major;
    while (dot < end && peal__sip_is_digit(*dot)) {
        ++dot;
    }
    const char *stop = dot + 1;
    if (dot == major || dot == end || *dot != '.') {
        return NULL;
    }
    while (stop < end && peal__sip_is_digit(*stop)) {
        ++stop;
    }
    if (stop == dot + 1) {
        return NULL;
    }
    *ret_is_2_0 = peal_str_eq(peal__sip_between(major, stop), PEAL_STR("2.0"));
    return stop;
}

static peal_result broken(peal__sip_frame *frame, peal_result result, const char *at,
                          const char *reason)
{
    peal__sip_frame_fault(frame, result, at, PEAL_SIP_HEADER_OTHER, reason);
    return result;
}

/* SIP/2.0 SP 3DIGIT SP phrase. The last space may be missing: some leave it out with the phrase. */
static peal_result status_line(peal__sip_frame *frame, const char *p, const char *end, bool is_2_0)
{
    if (!is_2_0) {
        return broken(frame, PEAL_E_SIP_VERSION, frame->start.p, "unknown SIP version");
    }
    bool ok = end - p >= 4 && *p == ' ' && peal__sip_is_digit(p[1]) && peal__sip_is_digit(p[2]) &&
              peal__sip_is_digit(p[3]) && (end - p == 4 || p[4] == ' ');
    unsigned status =
        ok ? (unsigned)(p[1] - '0') * 100 + (unsigned)(p[2] - '0') * 10 + (unsigned)(p[3] - '0')
           : 0;
    if (status < 100 || status > 699) {
        return broken(frame, PEAL_E_SIP_START_LINE, p, "malformed status code");
    }
    frame->status = (uint16_t)status;
    frame->reason = end - p == 4 ? peal_str_of(end, 0) : peal__sip_between(p + 5, end);
    return PEAL_OK;
}

static const char *last_space(const char *p, const char *end)
{
    while (end > p && end[-1] != ' ') {
        --end;
    }
    return end > p ? end - 1 : NULL;
}

/* Method SP Request-URI SP SIP/2.0. Surplus spaces are a fault that can be answered
 * (RFC 4475 §3.1.2.8 to §3.1.2.10). */
static peal_result request_line(peal__sip_frame *frame, const char *p, const char *end)
{
    const char *method_end = peal__sip_skip(p, end, PEAL__SIP_TOKEN);
    const char *stop = end;
    while (stop > p && stop[-1] == ' ') {
        --stop;
    }
    const char *space = last_space(p, stop);
    bool is_2_0 = false;
    if (method_end == p || !space || space <= method_end || *method_end != ' ' ||
        skip_version(space + 1, stop, &is_2_0) != stop) {
        return broken(frame, PEAL_E_SIP_NOT_SIP, p, "neither a request nor a response");
    }
    frame->method_text = peal__sip_between(p, method_end);
    frame->method = (uint8_t)peal_sip_method_of(frame->method_text);
    frame->uri = peal__sip_between(method_end + 1, space);
    if (!is_2_0) {
        peal__sip_frame_fault(frame, PEAL_E_SIP_VERSION, space + 1, PEAL_SIP_HEADER_OTHER,
                              "unknown SIP version");
    }
    if (stop != end || frame->uri.n == 0 || memchr(frame->uri.p, ' ', frame->uri.n)) {
        const char *surplus = frame->uri.n ? memchr(frame->uri.p, ' ', frame->uri.n) : frame->uri.p;
        peal__sip_frame_fault(frame, PEAL_E_SIP_START_LINE, surplus ? surplus : stop,
                              PEAL_SIP_HEADER_OTHER, "surplus space in the request line");
    }
    return PEAL_OK;
}

peal_result peal__sip_frame_start_line(peal__sip_frame *frame, const char *p, const char *end)
{
    bool is_2_0 = false;
    const char *after = skip_version(p, end, &is_2_0);
    frame->start = peal__sip_between(p, end);
    frame->is_request = after == NULL;
    return after ? status_line(frame, after, end, is_2_0) : request_line(frame, p, end);
}

peal_result peal__sip_as_request_uri(peal_sip_packet *packet, const peal_sip_uri *uri,
                                     peal_str *ret)
{
    peal_str value, name, cursor = uri->params;
    const size_t head = uri->params.n ? (size_t)(uri->params.p - uri->text.p) : uri->text.n;
    const bool has_method = peal_sip_param_find(uri->params, PEAL_STR("method"), &value) >= 0;
    if (!has_method && uri->headers.n == 0) {
        *ret = uri->text;
        return PEAL_OK;
    }
    const size_t bare = uri->headers.n ? (size_t)(uri->headers.p - 1 - uri->text.p) : uri->text.n;
    char *text = peal_sip_packet_alloc(packet, uri->text.n);
    if (!text) {
        return PEAL_E_NO_MEMORY;
    }
    size_t n = has_method ? head : bare;
    memcpy(text, uri->text.p, n);
    while (has_method && peal_sip_param_next(&cursor, &name, &value) == PEAL_OK) {
        if (!peal_str_ieq(name, PEAL_STR("method"))) {
            const size_t bytes = (size_t)((value.n ? value.p + value.n : name.p + name.n) - name.p);
            text[n++] = ';';
            memcpy(text + n, name.p, bytes);
            n += bytes;
        }
    }
    *ret = peal_str_of(text, n);
    return PEAL_OK;
}
