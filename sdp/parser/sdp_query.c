/* SPDX-License-Identifier: MIT */
/* Role: answers questions about a parsed session description. RFC 8866 §5 and §6.
 * Thread: any; nothing changes. */
#include <config.h>

#include "sdp/parser/sdp_parser_priv.h"

const peal_sdp_origin *peal_sdp_origin_of(const peal_sdp *sdp)
{
    return &sdp->origin;
}

size_t peal_sdp_media_count(const peal_sdp *sdp)
{
    return sdp->media_count;
}

const peal_sdp_media *peal_sdp_media_at(const peal_sdp *sdp, size_t index)
{
    return index < sdp->media_count ? &sdp->sections[index].media : NULL;
}

const peal_sdp_line *peal_sdp_lines(const peal_sdp *sdp, size_t section, size_t *ret_count)
{
    if (section == PEAL_SDP_SESSION) {
        *ret_count = sdp->session_lines;
        return sdp->lines;
    }
    if (section >= sdp->media_count) {
        *ret_count = 0;
        return NULL;
    }
    *ret_count = sdp->sections[section].line_count;
    return sdp->lines + sdp->sections[section].first_line;
}

/* The next line of a type from index *at on; moves *at behind it. */
static const peal_sdp_line *next_of(const peal_sdp *sdp, size_t section, char type, size_t *at)
{
    size_t count;
    const peal_sdp_line *lines = peal_sdp_lines(sdp, section, &count);
    while (*at < count) {
        const peal_sdp_line *line = &lines[(*at)++];
        if (line->type == type) {
            return line;
        }
    }
    return NULL;
}

peal_result peal_sdp_attribute(const peal_sdp *sdp, size_t section, peal_str name, size_t nth,
                               peal_str *ret)
{
    const peal_sdp_line *line;
    for (size_t at = 0; (line = next_of(sdp, section, 'a', &at)) != NULL;) {
        peal_str value = line->value;
        if (peal_str_eq(peal__sdp_take(&value, ':'), name) && nth-- == 0) {
            *ret = value;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}

peal_result peal_sdp_connection_of(const peal_sdp *sdp, size_t section, peal_sdp_connection *ret)
{
    size_t at = 0, session_at = 0;
    const peal_sdp_line *line = next_of(sdp, section, 'c', &at);
    if (!line) {
        line = next_of(sdp, PEAL_SDP_SESSION, 'c', &session_at);
    }
    return line && peal__sdp_connection_decode(line->value, ret) ? PEAL_OK : PEAL_E_NOT_FOUND;
}

peal_result peal_sdp_bandwidth(const peal_sdp *sdp, size_t section, peal_str type, uint64_t *ret)
{
    const peal_sdp_line *line;
    for (size_t at = 0; (line = next_of(sdp, section, 'b', &at)) != NULL;) {
        peal_str value = line->value;
        if (peal_str_eq(peal__sdp_take(&value, ':'), type)) {
            return peal__sdp_number(value, 0, UINT64_MAX, ret) ? PEAL_OK : PEAL_E_NOT_FOUND;
        }
    }
    return PEAL_E_NOT_FOUND;
}

static bool direction_in(const peal_sdp *sdp, size_t section, peal_sdp_direction *ret)
{
    static const struct {
        peal_str name;
        peal_sdp_direction direction;
    } names[] = {
        { { "sendrecv", 8 }, PEAL_SDP_SENDRECV },
        { { "sendonly", 8 }, PEAL_SDP_SENDONLY },
        { { "recvonly", 8 }, PEAL_SDP_RECVONLY },
        { { "inactive", 8 }, PEAL_SDP_INACTIVE },
    };
    const peal_sdp_line *line;
    for (size_t at = 0; (line = next_of(sdp, section, 'a', &at)) != NULL;) {
        for (size_t i = 0; i < PEAL_COUNT_OF(names); i++) {
            if (peal_str_eq(line->value, names[i].name)) {
                *ret = names[i].direction;
                return true;
            }
        }
    }
    return false;
}

peal_sdp_direction peal_sdp_direction_of(const peal_sdp *sdp, size_t section)
{
    peal_sdp_direction direction = PEAL_SDP_SENDRECV;
    if (!direction_in(sdp, section, &direction)) {
        (void)direction_in(sdp, PEAL_SDP_SESSION, &direction); /* absent: the default stands */
    }
    return direction;
}

peal_result peal_sdp_media_format(const peal_sdp_media *media, size_t nth, peal_str *ret)
{
    peal_str rest = media->formats;
    while (rest.p) {
        peal_str format = peal__sdp_take(&rest, ' ');
        if (nth-- == 0) {
            *ret = format;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}

/* The value behind "FORMAT " of an attribute that is keyed by format. */
static peal_result of_format(const peal_sdp *sdp, size_t section, peal_str name, peal_str format,
                             peal_str *ret)
{
    peal_str value;
    for (size_t i = 0; peal_is_ok(peal_sdp_attribute(sdp, section, name, i, &value)); i++) {
        if (peal_str_eq(peal__sdp_take(&value, ' '), format)) {
            *ret = value;
            return PEAL_OK;
        }
    }
    return PEAL_E_NOT_FOUND;
}

peal_result peal_sdp_rtpmap_of(const peal_sdp *sdp, size_t section, peal_str payload_type,
                               peal_sdp_rtpmap *ret)
{
    peal_str value;
    uint64_t clock, parameters = 1;
    peal_result r = of_format(sdp, section, PEAL_STR("rtpmap"), payload_type, &value);
    if (peal_is_error(r)) {
        return r;
    }
    peal_str encoding = peal__sdp_take(&value, '/');
    if (!encoding.n || !peal__sdp_number(peal__sdp_take(&value, '/'), 1, UINT32_MAX, &clock) ||
        (value.p && !peal__sdp_number(value, 1, UINT32_MAX, &parameters))) {
        return PEAL_E_SDP_SYNTAX;
    }
    *ret = (peal_sdp_rtpmap){ encoding, (uint32_t)clock, (uint32_t)parameters };
    return PEAL_OK;
}

peal_result peal_sdp_fmtp_of(const peal_sdp *sdp, size_t section, peal_str format, peal_str *ret)
{
    return of_format(sdp, section, PEAL_STR("fmtp"), format, ret);
}
