/* SPDX-License-Identifier: MIT */
/* Role: reads a session description, line by line, into one block. RFC 8866 §5 and §9.
 * Thread: any.
 *
 * The line ends are counted first, so that one allocation of the right size holds everything; then
 * each line is looked at once. What a line may be, and how often, is told by the table of types. */
#include <config.h>
#include <peal/alloc.h>

#include "sdp/parser/sdp_parser_priv.h"

enum {
    IN_SESSION = 1, /* may stand before the first m= */
    IN_MEDIA = 2,   /* may stand after it */
    ONCE = 4        /* at most once per section */
};

typedef struct parse {
    peal_sdp *sdp;
    const peal_sdp_limits *limits;
    peal_str text;
    peal_str rest;       /* what is not read yet */
    const char *at;      /* start of the line being read */
    const char *reason;  /* why it is refused; NULL: fine */
    uint32_t seen;       /* one bit per small letter, of this section */
    uint32_t session_seen;
} parse;

typedef const char *check_fn(parse *p, peal_str value);

static const peal_sdp_limits default_limits = { sizeof(peal_sdp_limits), 65536, 4096, 256 };

static bool is_digits(peal_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.n > 0;
}

/* token-char of RFC 8866 §9; what lies above ASCII is let through, as senders do. */
static bool is_token(peal_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c == 0x7f || memchr("\"(),/:;<=>?@[\\]", c, 15)) {
            return false;
        }
    }
    return s.n > 0;
}

peal_str peal__sdp_take(peal_str *rest, char separator)
{
    const char *end = rest->n ? memchr(rest->p, separator, rest->n) : NULL;
    peal_str piece = *rest;
    if (!end) {
        *rest = peal_str_of(NULL, 0);
        return piece;
    }
    piece.n = (size_t)(end - piece.p);
    *rest = peal_str_of(end + 1, rest->n - piece.n - 1);
    return piece;
}

bool peal__sdp_number(peal_str text, uint64_t min, uint64_t max, uint64_t *ret)
{
    uint64_t number;
    if (!is_digits(text) || peal_is_error(peal_str_to_u64(text, max, &number)) || number < min) {
        return false;
    }
    *ret = number;
    return true;
}

/* ---- One function per type of line; each gives the reason why the value is refused. ---- */

static const char *check_version(parse *p, peal_str value)
{
    (void)p;
    return peal_str_eq(value, PEAL_STR("0")) ? NULL : "the version of the description is not 0";
}

static const char *check_origin(parse *p, peal_str value)
{
    peal_sdp_origin *o = &p->sdp->origin;
    o->username = peal__sdp_take(&value, ' ');
    o->session_id = peal__sdp_take(&value, ' ');
    o->version = peal__sdp_take(&value, ' ');
    o->network_type = peal__sdp_take(&value, ' ');
    o->address_type = peal__sdp_take(&value, ' ');
    o->address = peal__sdp_take(&value, ' ');
    if (!o->username.n || !o->network_type.n || !o->address_type.n || !o->address.n || value.p) {
        return "the origin does not have its six fields";
    }
    bool numeric = is_digits(o->session_id) && is_digits(o->version);
    return numeric ? NULL : "the origin's session id or version is not a number";
}

bool peal__sdp_connection_decode(peal_str value, peal_sdp_connection *ret)
{
    peal_sdp_connection c = { .count = 1 };
    uint64_t first = 0, second = 1;
    c.network_type = peal__sdp_take(&value, ' ');
    c.address_type = peal__sdp_take(&value, ' ');
    c.address = peal__sdp_take(&value, '/');
    if (!c.network_type.n || !c.address_type.n || !c.address.n ||
        memchr(c.address.p, ' ', c.address.n)) {
        return false;
    }
    /* RFC 8866 §5.7: IPv4 multicast has a TTL, then a count; IPv6 has the count alone. */
    bool v6 = peal_str_eq(c.address_type, PEAL_STR("IP6"));
    if (value.p) {
        peal_str piece = peal__sdp_take(&value, '/');
        if (!peal__sdp_number(piece, v6 ? 1 : 0, v6 ? 65535 : 255, &first)) {
            return false;
        }
    }
    if (value.p && (v6 || !peal__sdp_number(value, 1, 65535, &second))) {
        return false;
    }
    c.ttl = v6 ? 0 : (uint32_t)first;
    c.count = v6 && first ? (uint32_t)first : (uint32_t)second;
    *ret = c;
    return true;
}

static const char *check_connection(parse *p, peal_str value)
{
    peal_sdp_connection ignored;
    (void)p;
    return peal__sdp_connection_decode(value, &ignored) ? NULL : "the connection data is malformed";
}

static const char *check_bandwidth(parse *p, peal_str value)
{
    uint64_t number;
    peal_str type = peal__sdp_take(&value, ':');
    (void)p;
    bool fine = is_token(type) && peal__sdp_number(value, 0, UINT64_MAX, &number);
    return fine ? NULL : "the bandwidth is malformed";
}

static const char *check_time(parse *p, peal_str value)
{
    peal_str start = peal__sdp_take(&value, ' ');
    (void)p;
    return is_digits(start) && is_digits(value) ? NULL : "the time is not two numbers";
}

static const char *check_attribute(parse *p, peal_str value)
{
    (void)p;
    return is_token(peal__sdp_take(&value, ':')) ? NULL : "the attribute has no proper name";
}

static bool starts_with(peal_str s, peal_str start)
{
    return s.n >= start.n && memcmp(s.p, start.p, start.n) == 0;
}

/* With RTP the formats are payload types of seven bits (RFC 3550 §5.1); users index by them. */
static bool has_good_formats(const peal_sdp_media *m)
{
    bool numbers = starts_with(m->protocol, PEAL_STR("RTP/")) ||
                   starts_with(m->protocol, PEAL_STR("UDP/TLS/RTP/"));
    peal_str rest = m->formats;
    do {
        uint64_t number;
        peal_str format = peal__sdp_take(&rest, ' ');
        if (numbers ? !peal__sdp_number(format, 0, 127, &number) : format.n == 0) {
            return false;
        }
    } while (rest.p);
    return true;
}

static const char *check_media(parse *p, peal_str value)
{
    peal_sdp *sdp = p->sdp;
    peal__sdp_section *s = &sdp->sections[sdp->media_count];
    uint64_t port, count = 1;
    s->media.kind = peal__sdp_take(&value, ' ');
    peal_str ports = peal__sdp_take(&value, ' ');
    s->media.protocol = peal__sdp_take(&value, ' ');
    s->media.formats = value;
    peal_str first = peal__sdp_take(&ports, '/');
    if (!is_token(s->media.kind) || !s->media.protocol.n || !value.n) {
        return "the media line does not have its four fields";
    }
    if (!peal__sdp_number(first, 0, 65535, &port) ||
        (ports.p && !peal__sdp_number(ports, 1, 65535, &count)) || port + count > 65536) {
        return "the media line's port is not valid";
    }
    if (!has_good_formats(&s->media)) {
        return "the media line's formats are not valid";
    }
    s->media.port = (uint32_t)port;
    s->media.port_count = (uint32_t)count;
    s->first_line = sdp->line_count;
    s->line_count = 0;
    sdp->media_count++;
    return NULL;
}

/* ---- Types ---- */

static const struct {
    char type;
    uint8_t where;
    check_fn *check;
} types[] = {
    { 'v', IN_SESSION | ONCE, check_version },
    { 'o', IN_SESSION | ONCE, check_origin },
    { 's', IN_SESSION | ONCE, NULL },
    { 'i', IN_SESSION | IN_MEDIA | ONCE, NULL },
    { 'u', IN_SESSION | ONCE, NULL },
    { 'e', IN_SESSION, NULL },
    { 'p', IN_SESSION, NULL },
    { 'c', IN_SESSION | IN_MEDIA, check_connection },
    { 'b', IN_SESSION | IN_MEDIA, check_bandwidth },
    { 't', IN_SESSION, check_time },
    { 'r', IN_SESSION, NULL },
    { 'z', IN_SESSION | ONCE, NULL },
    { 'k', IN_SESSION | IN_MEDIA | ONCE, NULL },
    { 'a', IN_SESSION | IN_MEDIA, check_attribute },
    { 'm', IN_SESSION | IN_MEDIA, check_media },
};

static uint32_t bit(char type)
{
    return type >= 'a' && type <= 'z' ? UINT32_C(1) << (type - 'a') : 0;
}

static const char *check_known(parse *p, char type, peal_str value, size_t known)
{
    bool in_media = p->sdp->media_count > 0;
    if (!(types[known].where & (in_media ? IN_MEDIA : IN_SESSION))) {
        return "this line belongs before the first media line";
    }
    if ((types[known].where & ONCE) && (p->seen & bit(type))) {
        return "this line stands twice";
    }
    if (type == 'm' && !(p->session_seen & bit('t'))) {
        return "there is no time (t=) before the first media line";
    }
    return types[known].check ? types[known].check(p, value) : NULL;
}

static const char *check_line(parse *p, char type, peal_str value)
{
    static const char first_three[] = "vos";
    if (p->sdp->line_count < 3 && type != first_three[p->sdp->line_count]) {
        return "a description starts with v=, o= and s=";
    }
    for (size_t i = 0; i < PEAL_COUNT_OF(types); i++) {
        if (types[i].type == type) {
            return check_known(p, type, value, i);
        }
    }
    return NULL; /* an unknown line is kept, not judged */
}

/* ---- Lines ---- */

static void add_line(parse *p, char type, peal_str value, size_t end_bytes)
{
    peal_sdp *sdp = p->sdp;
    if (type == 'm') {
        p->seen = 0;
    }
    p->seen |= bit(type);
    if (sdp->media_count) {
        sdp->sections[sdp->media_count - 1].line_count++;
    } else {
        p->session_seen = p->seen;
        sdp->session_lines++;
    }
    sdp->lines[sdp->line_count] = (peal_sdp_line){
        .value = value,
        .number = (uint32_t)sdp->line_count + 1,
        .type = type,
        .end_bytes = (uint8_t)end_bytes,
    };
    sdp->line_count++;
}

/* Reads one line off the rest. RFC 8866 §5: lines end with CR LF, a lone LF is understood. */
static const char *read_line(parse *p)
{
    const char *lf = memchr(p->rest.p, '\n', p->rest.n);
    size_t whole = lf ? (size_t)(lf - p->rest.p) + 1 : p->rest.n;
    size_t end_bytes = lf ? (whole >= 2 && lf[-1] == '\r' ? 2 : 1) : 0;
    peal_str line = peal_str_of(p->rest.p, whole - end_bytes);
    p->at = line.p;
    p->rest = peal_str_of(p->rest.p + whole, p->rest.n - whole);
    if (line.n && (memchr(line.p, '\0', line.n) || memchr(line.p, '\r', line.n))) {
        return "the line holds a NUL or a lone CR";
    }
    char type = line.n ? line.p[0] : '\0';
    bool letter = (type >= 'a' && type <= 'z') || (type >= 'A' && type <= 'Z');
    if (!letter || line.n < 2 || line.p[1] != '=') {
        return "the line does not start with a letter and an equals sign";
    }
    peal_str value = peal_str_of(line.p + 2, line.n - 2);
    const char *reason = check_line(p, type, value);
    if (!reason) {
        add_line(p, type, value, end_bytes);
    }
    return reason;
}

static const char *read_all(parse *p)
{
    while (p->rest.n) {
        const char *reason = read_line(p);
        if (reason) {
            return reason;
        }
    }
    p->at = p->rest.p;
    if (p->sdp->line_count < 3) {
        return "a description starts with v=, o= and s=";
    }
    return p->session_seen & bit('t') ? NULL : "there is no time (t=)";
}

/* Upper bounds of lines and media lines, for the size of the block. */
static void count_lines(peal_str text, size_t *lines, size_t *media)
{
    const char *p = text.p, *end = text.p + text.n;
    *lines = *media = 0;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        *lines += 1;
        *media += *p == 'm';
        p = lf ? lf + 1 : end;
    }
}

static peal_sdp *make_block(peal_str text, size_t lines, size_t media, peal_str *ret_copy)
{
    size_t sections_bytes = media * sizeof(peal__sdp_section);
    size_t lines_bytes = lines * sizeof(peal_sdp_line);
    char *block = peal_alloc(sizeof(peal_sdp) + sections_bytes + lines_bytes + text.n);
    if (!block) {
        return NULL;
    }
    peal_sdp *sdp = (peal_sdp *)(void *)block;
    *sdp = (peal_sdp){ .media_count = 0 };
    sdp->sections = (peal__sdp_section *)(void *)(block + sizeof(peal_sdp));
    sdp->lines = (peal_sdp_line *)(void *)(block + sizeof(peal_sdp) + sections_bytes);
    char *copy = block + sizeof(peal_sdp) + sections_bytes + lines_bytes;
    memcpy(copy, text.p, text.n);
    *ret_copy = peal_str_of(copy, text.n);
    return sdp;
}

static void tell(peal_sdp_fault *ret, size_t line, size_t offset, const char *reason)
{
    if (ret) {
        *ret = (peal_sdp_fault){ .line = (uint32_t)line, .offset = offset, .reason = reason };
    }
}

peal_result peal_sdp_parse(peal_str text, const peal_sdp_limits *limits, peal_sdp **ret,
                           peal_sdp_fault *ret_fault)
{
    parse p = { .limits = limits ? limits : &default_limits };
    size_t lines, media;
    peal_result r = peal_x_check_build(PEAL_BUILD_ID);
    if (peal_is_error(r)) {
        return r;
    }
    if (text.n == 0) {
        tell(ret_fault, 1, 0, "a description starts with v=, o= and s=");
        return PEAL_E_SDP_SYNTAX;
    }
    count_lines(text, &lines, &media);
    if (text.n > p.limits->max_bytes || lines > p.limits->max_lines ||
        media > p.limits->max_media) {
        tell(ret_fault, lines, 0, "the description has too many bytes, lines or media sections");
        return PEAL_E_SDP_LIMIT;
    }
    p.sdp = make_block(text, lines, media, &p.text);
    if (!p.sdp) {
        return PEAL_E_NO_MEMORY;
    }
    p.rest = p.text;
    p.reason = read_all(&p);
    if (p.reason) {
        tell(ret_fault, p.sdp->line_count + 1, (size_t)(p.at - p.text.p), p.reason);
        peal_sdp_free(p.sdp);
        return PEAL_E_SDP_SYNTAX;
    }
    *ret = p.sdp;
    return PEAL_OK;
}

void peal_sdp_free(peal_sdp *sdp)
{
    peal_free(sdp);
}
