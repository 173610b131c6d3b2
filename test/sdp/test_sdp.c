/* SPDX-License-Identifier: MIT */
/* Role: tests of the session description parser, its queries and the writer. RFC 8866.
 * Thread: the test's. */
#include <config.h>

#include <check.h>
#include <stdlib.h>

#include <peal/alloc.h>
#include <peal/sdp/sdp.h>
#include <peal/test/memory.h>

#define SESSION "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\n"
#define HEAD SESSION "t=0 0\r\n"

/* Samples that must be accepted and written back byte by byte. */
static const char *const good[] = {
    /* RFC 8866 §5 */
    "v=0\r\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\ns=Call to John Smith\r\n"
    "i=SDP Offer #1\r\nu=http://www.jdoe.example.com/home.html\r\n"
    "e=Jane Doe <jane@jdoe.example.com>\r\np=+1 617 555-6011\r\nc=IN IP4 198.51.100.1\r\n"
    "t=0 0\r\nm=audio 49170 RTP/AVP 0\r\nm=audio 49180 RTP/AVP 0\r\n"
    "m=video 51372 RTP/AVP 99\r\nc=IN IP6 2001:db8::2\r\na=rtpmap:99 h263-1998/90000\r\n",
    /* no end after the last line; lone LF; both kinds mixed */
    HEAD "m=audio 6000 RTP/AVP 0",
    "v=0\no=- 1 2 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 0 RTP/AVP 8\n",
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\ns=-\r\nt=0 0\na=sendonly",
    /* an empty session name; lines in an odd order; unknown lines and attributes */
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=\r\nb=AS:64\r\na=x-own\r\nX=what\r\nt=0 0\r\n"
    "c=IN IP4 224.2.36.42/127/3\r\ny=0100000001\r\nm=image 5004 udptl t38\r\nf=\r\n",
    /* what may stand once per section stands in each */
    SESSION "i=session\r\nk=prompt\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\ni=first\r\nk=prompt\r\n"
            "m=audio 2 RTP/AVP 0\r\ni=second\r\n",
    /* WebRTC's words, IPv6 multicast with a count, several ports */
    HEAD "a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP6 ff15::101/3\r\n"
         "a=rtcp-fb:111 transport-cc\r\na=fingerprint:sha-256 AB:CD\r\n"
         "m=video 6000/2 RTP/AVP 31\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
};

static peal_sdp *parsed(const char *text)
{
    peal_sdp *sdp = NULL;
    peal_sdp_fault fault = { 0 };
    peal_result r = peal_sdp_parse(peal_str_z(text), NULL, &sdp, &fault);
    ck_assert_msg(r == PEAL_OK, "%s, line %u: %s", peal_result_name(r), fault.line, fault.reason);
    ck_assert_uint_eq(peal_alloc_live(), 1); /* one block holds everything */
    return sdp;
}

static void free_all(peal_sdp *sdp)
{
    peal_sdp_free(sdp);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}

#define ck_assert_text(s, expected)                                                               \
    ck_assert_msg(peal_str_eq((s), peal_str_z(expected)), "\"%.*s\" is not \"%s\"",               \
                  PEAL_STR_ARG(s), expected)

START_TEST(round_trip_is_exact)
{
    const char *text = good[_i];
    size_t n = strlen(text), measured = 0, written = 0;
    peal_sdp *sdp = parsed(text);
    char *buffer = malloc(n); /* exactly this big, so that a byte too many is found */
    ck_assert_int_eq(peal_sdp_encode(sdp, NULL, 0, &measured), PEAL_OK);
    ck_assert_uint_eq(measured, n);
    ck_assert_int_eq(peal_sdp_encode(sdp, buffer, n, &written), PEAL_OK);
    ck_assert_uint_eq(written, n);
    ck_assert_mem_eq(buffer, text, n);
    ck_assert_int_eq(peal_sdp_encode(sdp, buffer, n - 1, &written), PEAL_E_SDP_LIMIT);
    ck_assert_uint_eq(written, n);
    free(buffer);
    free_all(sdp);
}
END_TEST

START_TEST(queries_answer)
{
    peal_sdp *sdp = parsed(good[0]);
    peal_sdp_connection c;
    size_t count;
    ck_assert_text(peal_sdp_origin_of(sdp)->username, "jdoe");
    ck_assert_text(peal_sdp_origin_of(sdp)->session_id, "3724394400");
    ck_assert_text(peal_sdp_origin_of(sdp)->version, "3724394405");
    ck_assert_text(peal_sdp_origin_of(sdp)->network_type, "IN");
    ck_assert_text(peal_sdp_origin_of(sdp)->address_type, "IP4");
    ck_assert_text(peal_sdp_origin_of(sdp)->address, "198.51.100.1");
    ck_assert_uint_eq(peal_sdp_media_count(sdp), 3);
    ck_assert_text(peal_sdp_media_at(sdp, 2)->kind, "video");
    ck_assert_text(peal_sdp_media_at(sdp, 2)->protocol, "RTP/AVP");
    ck_assert_uint_eq(peal_sdp_media_at(sdp, 2)->port, 51372);
    ck_assert_ptr_null(peal_sdp_media_at(sdp, 3));
    ck_assert_int_eq(peal_sdp_connection_of(sdp, 0, &c), PEAL_OK); /* the session's */
    ck_assert_text(c.address, "198.51.100.1");
    ck_assert_int_eq(peal_sdp_connection_of(sdp, 2, &c), PEAL_OK); /* its own */
    ck_assert_text(c.address_type, "IP6");
    ck_assert_text(c.address, "2001:db8::2");
    const peal_sdp_line *lines = peal_sdp_lines(sdp, 2, &count);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(lines[0].type, 'm');
    ck_assert_uint_eq(lines[2].number, 14);
    ck_assert_text(lines[2].value, "rtpmap:99 h263-1998/90000");
    lines = peal_sdp_lines(sdp, PEAL_SDP_SESSION, &count);
    ck_assert_uint_eq(count, 9);
    ck_assert_ptr_null(peal_sdp_lines(sdp, 3, &count));
    ck_assert_uint_eq(count, 0);
    free_all(sdp);
}
END_TEST

START_TEST(multicast_connections_are_read)
{
    peal_sdp_connection c;
    peal_sdp *sdp = parsed(good[4]);
    ck_assert_int_eq(peal_sdp_connection_of(sdp, PEAL_SDP_SESSION, &c), PEAL_OK);
    ck_assert_text(c.address, "224.2.36.42");
    ck_assert_uint_eq(c.ttl, 127);
    ck_assert_uint_eq(c.count, 3);
    free_all(sdp);
    sdp = parsed(good[6]);
    ck_assert_int_eq(peal_sdp_connection_of(sdp, 0, &c), PEAL_OK);
    ck_assert_text(c.address, "ff15::101");
    ck_assert_uint_eq(c.ttl, 0);
    ck_assert_uint_eq(c.count, 3);
    ck_assert_uint_eq(peal_sdp_media_at(sdp, 1)->port_count, 2);
    ck_assert_int_eq(peal_sdp_connection_of(sdp, 1, &c), PEAL_E_NOT_FOUND);
    free_all(sdp);
}
END_TEST

START_TEST(attributes_are_found)
{
    peal_str value;
    peal_sdp *sdp = parsed(HEAD "a=tool:peal\r\na=x\r\na=x:1\r\nm=audio 1 RTP/AVP 0\r\na=x:2\r\n");
    ck_assert_int_eq(peal_sdp_attribute(sdp, PEAL_SDP_SESSION, PEAL_STR("tool"), 0, &value),
                     PEAL_OK);
    ck_assert_text(value, "peal");
    ck_assert_int_eq(peal_sdp_attribute(sdp, PEAL_SDP_SESSION, PEAL_STR("x"), 0, &value), PEAL_OK);
    ck_assert_ptr_null(value.p); /* a property attribute */
    ck_assert_int_eq(peal_sdp_attribute(sdp, PEAL_SDP_SESSION, PEAL_STR("x"), 1, &value), PEAL_OK);
    ck_assert_text(value, "1");
    value = PEAL_STR("untouched");
    ck_assert_int_eq(peal_sdp_attribute(sdp, PEAL_SDP_SESSION, PEAL_STR("x"), 2, &value),
                     PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_attribute(sdp, PEAL_SDP_SESSION, PEAL_STR("X"), 0, &value),
                     PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_attribute(sdp, 0, PEAL_STR("tool"), 0, &value), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_attribute(sdp, 7, PEAL_STR("x"), 0, &value), PEAL_E_NOT_FOUND);
    ck_assert_text(value, "untouched");
    ck_assert_int_eq(peal_sdp_attribute(sdp, 0, PEAL_STR("x"), 0, &value), PEAL_OK);
    ck_assert_text(value, "2");
    free_all(sdp);
}
END_TEST

START_TEST(bandwidth_and_direction)
{
    uint64_t kbit = 0;
    peal_sdp *sdp = parsed(HEAD "b=AS:512\r\na=inactive\r\nm=audio 1 RTP/AVP 0\r\nb=RR:0\r\n"
                                "m=audio 2 RTP/AVP 0\r\na=recvonly\r\n"
                                "m=audio 3 RTP/AVP 0\r\na=sendrecv\r\n"
                                "m=audio 4 RTP/AVP 0\r\na=sendonly\r\n");
    ck_assert_int_eq(peal_sdp_bandwidth(sdp, PEAL_SDP_SESSION, PEAL_STR("AS"), &kbit), PEAL_OK);
    ck_assert_uint_eq(kbit, 512);
    ck_assert_int_eq(peal_sdp_bandwidth(sdp, 0, PEAL_STR("RR"), &kbit), PEAL_OK);
    ck_assert_uint_eq(kbit, 0);
    ck_assert_int_eq(peal_sdp_bandwidth(sdp, 0, PEAL_STR("AS"), &kbit), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, PEAL_SDP_SESSION), PEAL_SDP_INACTIVE);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, 0), PEAL_SDP_INACTIVE);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, 1), PEAL_SDP_RECVONLY);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, 2), PEAL_SDP_SENDRECV);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, 3), PEAL_SDP_SENDONLY);
    free_all(sdp);
    sdp = parsed(good[0]);
    ck_assert_int_eq(peal_sdp_direction_of(sdp, 0), PEAL_SDP_SENDRECV);
    free_all(sdp);
}
END_TEST

START_TEST(formats_and_their_attributes)
{
    peal_sdp_rtpmap map;
    peal_str text;
    peal_sdp *sdp = parsed(HEAD "m=audio 1 RTP/AVP 0 96 97\r\na=rtpmap:96 opus/48000/2\r\n"
                                "a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\n"
                                "a=rtpmap:98 broken\r\na=rtpmap:99 x/0\r\na=rtpmap:100 x/1/\r\n");
    const peal_sdp_media *media = peal_sdp_media_at(sdp, 0);
    ck_assert_int_eq(peal_sdp_media_format(media, 0, &text), PEAL_OK);
    ck_assert_text(text, "0");
    ck_assert_int_eq(peal_sdp_media_format(media, 2, &text), PEAL_OK);
    ck_assert_text(text, "97");
    ck_assert_int_eq(peal_sdp_media_format(media, 3, &text), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("96"), &map), PEAL_OK);
    ck_assert_text(map.encoding, "opus");
    ck_assert_uint_eq(map.clock_hz, 48000);
    ck_assert_uint_eq(map.parameters, 2);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("97"), &map), PEAL_OK);
    ck_assert_uint_eq(map.parameters, 1);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("0"), &map), PEAL_E_NOT_FOUND);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("98"), &map), PEAL_E_SDP_SYNTAX);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("99"), &map), PEAL_E_SDP_SYNTAX);
    ck_assert_int_eq(peal_sdp_rtpmap_of(sdp, 0, PEAL_STR("100"), &map), PEAL_E_SDP_SYNTAX);
    ck_assert_int_eq(peal_sdp_fmtp_of(sdp, 0, PEAL_STR("97"), &text), PEAL_OK);
    ck_assert_text(text, "0-16");
    ck_assert_int_eq(peal_sdp_fmtp_of(sdp, 0, PEAL_STR("96"), &text), PEAL_E_NOT_FOUND);
    free_all(sdp);
}
END_TEST

static const struct {
    uint32_t line;
    const char *text;
} bad[] = {
    { 1, "" },
    { 1, "\r\n" },
    { 1, "o=- 1 2 IN IP4 192.0.2.1\r\n" },
    { 1, "v=1\r\n" },
    { 1, "v=\r\n" },
    { 1, "V=0\r\n" },
    { 2, "v=0\r\n" },
    { 2, "v=0\r\ns=-\r\no=- 1 2 IN IP4 192.0.2.1\r\n" },
    { 2, "v=0\r\no=- 1 2 IN IP4\r\ns=-\r\nt=0 0\r\n" },
    { 2, "v=0\r\no=- 1 2 IN IP4 192.0.2.1 more\r\ns=-\r\nt=0 0\r\n" },
    { 2, "v=0\r\no=-  1 2 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" },
    { 2, "v=0\r\no=- 1 x IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n" },
    { 4, SESSION },
    { 4, SESSION "m=audio 1 RTP/AVP 0\r\n" },
    { 4, SESSION "t=0\r\n" },
    { 4, SESSION "t=0 x\r\n" },
    { 4, SESSION "s=again\r\n" },
    { 5, HEAD "\r\n" },
    { 5, HEAD "a" },
    { 5, HEAD "a sendrecv\r\n" },
    { 5, HEAD "1=x\r\n" },
    { 5, HEAD "=x\r\n" },
    { 5, HEAD " a=sendrecv\r\n" },
    { 5, HEAD "a=\r\n" },
    { 5, HEAD "a=:x\r\n" },
    { 5, HEAD "a=na me:x\r\n" },
    { 5, HEAD "a=x\r\r\n" },
    { 5, HEAD "a=x\r" },
    { 5, HEAD "b=AS\r\n" },
    { 5, HEAD "b=AS:\r\n" },
    { 5, HEAD "b=:1\r\n" },
    { 5, HEAD "b=AS:-1\r\n" },
    { 5, HEAD "b=AS:18446744073709551616\r\n" },
    { 5, HEAD "c=IN IP4\r\n" },
    { 5, HEAD "c=IN IP4 192.0.2.1 x\r\n" },
    { 5, HEAD "c=IN IP4 224.2.1.1/256\r\n" },
    { 5, HEAD "c=IN IP4 224.2.1.1/1/0\r\n" },
    { 5, HEAD "c=IN IP4 224.2.1.1/\r\n" },
    { 5, HEAD "c=IN IP4 224.2.1.1/1/1/1\r\n" },
    { 5, HEAD "c=IN IP6 ff15::101/3/1\r\n" },
    { 5, HEAD "m=audio\r\n" },
    { 5, HEAD "m=audio 1 RTP/AVP\r\n" },
    { 5, HEAD "m=audio 1 RTP/AVP \r\n" },
    { 5, HEAD "m=audio 1 RTP/AVP 0 \r\n" },
    { 5, HEAD "m=audio  1 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 65536 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 4294967296 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio -1 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 1/0 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 65535/2 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 1/99999999999 RTP/AVP 0\r\n" },
    { 5, HEAD "m=audio 1 RTP/AVP 128\r\n" },
    { 5, HEAD "m=audio 1 RTP/AVP 0 -1\r\n" },
    { 5, HEAD "m=audio 1 UDP/TLS/RTP/SAVPF 200\r\n" },
    { 6, HEAD "m=audio 1 RTP/AVP 0\r\nt=0 0\r\n" },
    { 7, HEAD "m=audio 1 RTP/AVP 0\r\ni=one\r\ni=two\r\n" },
};

START_TEST(malformed_is_refused_with_its_line)
{
    static char untouched_mark;
    peal_sdp *sdp = (peal_sdp *)(void *)&untouched_mark;
    peal_sdp_fault fault = { 0 };
    peal_result r = peal_sdp_parse(peal_str_z(bad[_i].text), NULL, &sdp, &fault);
    ck_assert_msg(r == PEAL_E_SDP_SYNTAX, "accepted: %s", bad[_i].text);
    ck_assert_ptr_eq(sdp, (peal_sdp *)(void *)&untouched_mark);
    ck_assert_msg(fault.line == bad[_i].line, "line %u, not %u (%s): %s", fault.line, bad[_i].line,
                  fault.reason, bad[_i].text);
    ck_assert_ptr_nonnull(fault.reason);
    ck_assert_uint_le(fault.offset, strlen(bad[_i].text));
    ck_assert_int_eq(peal_sdp_parse(peal_str_z(bad[_i].text), NULL, &sdp, NULL), PEAL_E_SDP_SYNTAX);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(nul_is_refused)
{
    static const char text[] = HEAD "a=fmtp:0 x\0y\r\n";
    peal_sdp *sdp = NULL;
    peal_sdp_fault fault;
    ck_assert_int_eq(peal_sdp_parse(peal_str_of(text, sizeof text - 1), NULL, &sdp, &fault),
                     PEAL_E_SDP_SYNTAX);
    ck_assert_uint_eq(fault.line, 5);
    ck_assert_uint_eq(fault.offset, strlen(HEAD));
    ck_assert_ptr_null(sdp);
}
END_TEST

START_TEST(limits_hold)
{
    peal_sdp *sdp = NULL;
    peal_sdp_fault fault;
    peal_str text = PEAL_STR(HEAD "m=audio 1 RTP/AVP 0\r\nm=audio 2 RTP/AVP 0\r\n");
    peal_sdp_limits limits = { sizeof limits, text.n, 6, 2 };
    ck_assert_int_eq(peal_sdp_parse(text, &limits, &sdp, &fault), PEAL_OK);
    free_all(sdp);
    limits.max_bytes = text.n - 1;
    ck_assert_int_eq(peal_sdp_parse(text, &limits, &sdp, &fault), PEAL_E_SDP_LIMIT);
    limits = (peal_sdp_limits){ sizeof limits, text.n, 5, 2 };
    ck_assert_int_eq(peal_sdp_parse(text, &limits, &sdp, &fault), PEAL_E_SDP_LIMIT);
    limits = (peal_sdp_limits){ sizeof limits, text.n, 6, 1 };
    ck_assert_int_eq(peal_sdp_parse(text, &limits, &sdp, &fault), PEAL_E_SDP_LIMIT);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

/* Whatever is accepted is written back as it was; nothing is read beyond its end (the copy is
 * exactly as big as the text, so that a sanitizer or valgrind finds a step too far). */
static void try_text(const char *text, size_t n)
{
    peal_sdp *sdp = NULL;
    peal_sdp_fault fault = { 0 };
    char *exact = malloc(n + 1), *out = malloc(n + 1);
    size_t written = 0;
    memcpy(exact, text, n);
    exact = realloc(exact, n ? n : 1);
    peal_result r = peal_sdp_parse(peal_str_of(exact, n), NULL, &sdp, &fault);
    if (peal_is_ok(r)) {
        ck_assert_int_eq(peal_sdp_encode(sdp, out, n, &written), PEAL_OK);
        ck_assert_uint_eq(written, n);
        ck_assert_mem_eq(out, exact, n);
        peal_sdp_free(sdp);
    } else {
        ck_assert_int_eq(r, PEAL_E_SDP_SYNTAX);
        ck_assert_ptr_nonnull(fault.reason);
        ck_assert_uint_ge(fault.line, 1);
        ck_assert_uint_le(fault.offset, n);
    }
    free(exact);
    free(out);
}

START_TEST(every_truncation_and_mutation)
{
    static const char replacements[] = "\0\r\n =:/9a\xff";
    size_t n = strlen(good[_i]);
    for (size_t cut = 0; cut <= n; cut++) {
        try_text(good[_i], cut);
    }
    char *text = malloc(n);
    memcpy(text, good[_i], n);
    for (size_t at = 0; at < n; at++) {
        for (size_t k = 0; k < sizeof replacements - 1; k++) {
            text[at] = replacements[k];
            try_text(text, n);
        }
        text[at] = good[_i][at];
    }
    free(text);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

static bool not_direction(const peal_sdp_line *line, void *arg)
{
    return line->type != 'a' || !peal_str_eq(line->value, *(const peal_str *)arg);
}

START_TEST(a_description_is_rewritten)
{
    peal_str unwanted = PEAL_STR("sendrecv");
    peal_sdp_writer w;
    char buffer[256];
    size_t n = 0;
    peal_sdp *sdp = parsed(HEAD "m=audio 1 RTP/AVP 0\r\na=sendrecv\r\na=ptime:20");
    peal_sdp_writer_init(&w, buffer, sizeof buffer);
    peal_sdp_writer_section(&w, sdp, PEAL_SDP_SESSION, NULL, NULL);
    peal_sdp_writer_section(&w, sdp, 0, not_direction, &unwanted);
    peal_sdp_writer_line(&w, 'a', PEAL_STR("inactive")); /* ends the line that had no end */
    ck_assert_int_eq(peal_sdp_writer_finish(&w, &n), PEAL_OK);
    ck_assert_text(peal_str_of(buffer, n),
                   HEAD "m=audio 1 RTP/AVP 0\r\na=ptime:20\r\na=inactive\r\n");
    free_all(sdp);
}
END_TEST

START_TEST(the_writer_lets_no_line_be_smuggled_in)
{
    static const char nul[] = "x\0y";
    const struct {
        char type;
        peal_str value;
    } wrong[] = { { 'a', PEAL_STR("x\r\nm=audio 1 RTP/AVP 0") }, { 'a', PEAL_STR("x\n") },
                  { 'a', PEAL_STR("x\r") }, { 'a', { nul, 3 } }, { '1', PEAL_STR("x") },
                  { '\n', PEAL_STR("x") } };
    for (size_t i = 0; i < PEAL_COUNT_OF(wrong); i++) {
        peal_sdp_writer w;
        char buffer[64];
        size_t n = 77;
        peal_sdp_writer_init(&w, buffer, sizeof buffer);
        peal_sdp_writer_line(&w, wrong[i].type, wrong[i].value);
        peal_sdp_writer_line(&w, 'a', PEAL_STR("fine"));
        ck_assert_int_eq(peal_sdp_writer_finish(&w, &n), PEAL_E_ARGUMENT);
        ck_assert_uint_eq(n, 77);
    }
}
END_TEST

START_TEST(a_full_buffer_tells_what_is_needed)
{
    peal_sdp_writer w;
    char buffer[8] = "........";
    size_t n = 0;
    peal_sdp_writer_init(&w, buffer, 6);
    peal_sdp_writer_line(&w, 'v', PEAL_STR("0"));
    peal_sdp_writer_line(&w, 's', (peal_str){ NULL, 0 });
    ck_assert_int_eq(peal_sdp_writer_finish(&w, &n), PEAL_E_SDP_LIMIT);
    ck_assert_uint_eq(n, 9);
    ck_assert_mem_eq(buffer + 6, "..", 2);
}
END_TEST

START_TEST(exhausted_memory_is_a_result)
{
    peal_sdp *sdp = NULL;
    ck_assert_int_eq(peal_test_alloc_install(), PEAL_OK);
    peal_test_alloc_fail_from(1);
    ck_assert_int_eq(peal_sdp_parse(peal_str_z(good[0]), NULL, &sdp, NULL), PEAL_E_NO_MEMORY);
    ck_assert_uint_eq(peal_test_alloc_count(), 1);
    ck_assert_ptr_null(sdp);
    peal_test_alloc_remove();
    peal_sdp_free(NULL);
}
END_TEST

START_TEST(versions_agree)
{
    ck_assert_str_eq(peal_sdp_version(), PACKAGE_VERSION);
    ck_assert_str_eq(peal_sdp_version(), peal_version());
    ck_assert_int_eq(peal_x_check_build(PEAL_BUILD_ID), PEAL_OK);
    ck_assert_int_eq(peal_x_check_build("another"), PEAL_E_BUILD_MISMATCH);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sdp");
    TCase *tests = tcase_create("sdp");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, round_trip_is_exact, 0, (int)PEAL_COUNT_OF(good));
    tcase_add_loop_test(tests, every_truncation_and_mutation, 0, (int)PEAL_COUNT_OF(good));
    tcase_add_loop_test(tests, malformed_is_refused_with_its_line, 0, (int)PEAL_COUNT_OF(bad));
    tcase_add_test(tests, queries_answer);
    tcase_add_test(tests, multicast_connections_are_read);
    tcase_add_test(tests, attributes_are_found);
    tcase_add_test(tests, bandwidth_and_direction);
    tcase_add_test(tests, formats_and_their_attributes);
    tcase_add_test(tests, nul_is_refused);
    tcase_add_test(tests, limits_hold);
    tcase_add_test(tests, a_description_is_rewritten);
    tcase_add_test(tests, the_writer_lets_no_line_be_smuggled_in);
    tcase_add_test(tests, a_full_buffer_tells_what_is_needed);
    tcase_add_test(tests, exhausted_memory_is_a_result);
    tcase_add_test(tests, versions_agree);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
