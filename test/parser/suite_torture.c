/* SPDX-License-Identifier: MIT */
/* Messages in the forms that RFC 4475 and RFC 5118 describe, and what the parser makes of them:
 * good, faulty but answerable, or dropped. What an element above does with a good one (405, 416,
 * 420 …) is tested there. Headers that play no part in the point of a message are left out. */
#include "test/parser/parser_kit.h"

#define COMMON_BUT_TO                                                                              \
    "From: <sip:caller@example.net>;tag=323\r\nMax-Forwards: 70\r\n"                               \
    "Call-ID: torture.1@example.net\r\n"
#define COMMON COMMON_BUT_TO "To: sip:user@example.com\r\n"
#define VIA "Via: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\r\n"
#define EMPTY "l: 0\r\n\r\n"
#define OPT(more) "OPTIONS sip:user@example.com SIP/2.0\r\n" VIA COMMON "CSeq: 60 OPTIONS\r\n" more
#define INV(more) "INVITE sip:user@example.com SIP/2.0\r\n" VIA COMMON "CSeq: 8 INVITE\r\n" more

static const struct {
    const char *name;
    peal_str text;
    peal_result result; /* of the fault, or of decoding when dropped */
    bool dropped;
} cases[] = {
    /* RFC 4475 §3.1.1: valid */
    { "3.1.1.1 wsinv",
      S0("INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
         "TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
         "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n"
         "  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n"
         "Content-Length   : 150\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n"
         "    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
         "NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
         "UnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\n"
         "Route:\r\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\r\n"
         "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
         " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
         "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue "
         ";\r\n"
         "  secondparam ; q = 0.33\r\n\r\n"
         "v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.3\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 "
         "0\r\n"
         "m=audio 49217 RTP/AVP 0 12\r\nm=video 3227 RTP/AVP 31\r\na=rtpmap:31 LPC\r\n"),
      PEAL_OK, false },
    { "3.1.1.2 intmeth",
      S0("!interesting-Method0123456789_*+`.%indeed'~ "
         "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too."
         "(doesn't-it)@example.com SIP/2.0\r\n"
         "Via: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\r\n"
         "To: \"BEL:\\\x07 NUL:\\\0 DEL:\\\x7f\" "
         "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\r\n"
         "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>"
         ";fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\xd0\xb1\xd0\xbe\xd1\x82\xd0\xb0\";tag=_token~1'+`"
         "*%!-.\r\n"
         "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
         "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n"
         "extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\r\nContent-Length: 0\r\n\r\n"),
      PEAL_OK, false },
    { "3.1.1.3 esc01",
      S0("INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\r\n"
         "To: sip:%75se%72@example.com\r\nFrom: <sip:I%20have%20spaces@example.net>;tag=938\r\n"
         "Max-Forwards: 87\r\ni: esc01.239409asdfakjkn23onasd0-3234\r\nCSeq: 234234 INVITE\r\n" VIA
         "Contact:\r\n  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\r\n" EMPTY),
      PEAL_OK, false },
    { "3.1.1.4 escnull",
      S0("REGISTER sip:example.com SIP/2.0\r\nTo: sip:null-%00-null@example.com\r\n"
         "From: sip:null-%00-null@example.com;tag=839923423\r\nMax-Forwards: 70\r\ni: escnull\r\n"
         "CSeq: 14398234 REGISTER\r\n" VIA "Contact: <sip:%00@host5.example.com>\r\n"
         "Contact: <sip:%00%00@host5.example.com>\r\n"
         "L:0\r\n\r\n"),
      PEAL_OK, false },
    { "3.1.1.5 esc02",
      S0("RE%47IST%45R sip:registrar.example.com SIP/2.0\r\nTo: \"%Z%45\" "
         "<sip:resource@example.com>\r\n"
         "From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\r\ni: "
         "esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\r\n"
         "CSeq: 29344 RE%47IST%45R\r\nMax-Forwards: 70\r\n" VIA EMPTY),
      PEAL_OK, false },
    { "3.1.1.6 lwsdisp",
      S0("OPTIONS sip:user@example.com SIP/2.0\r\nTo: sip:user@example.com\r\n"
         "From: caller<sip:caller@example.com>;tag=323\r\nMax-Forwards: 70\r\ni: lwsdisp.1\r\n"
         "CSeq: 60 OPTIONS\r\n" VIA EMPTY),
      PEAL_OK, false },
    { "3.1.1.8 dblreq",
      S0("REGISTER sip:example.com SIP/2.0\r\n" VIA COMMON
         "CSeq: 8 REGISTER\r\nContent-Length: 0\r\n"
         "\r\nINVITE sip:joe@example.com SIP/2.0\r\n"),
      PEAL_OK, false },
    { "3.1.1.9 semiuri",
      S0("OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\r\n" VIA COMMON
         "CSeq: 8 OPTIONS\r\nAccept: application/sdp, application/pkcs7-mime,\r\n"
         "        multipart/mixed\r\n" EMPTY),
      PEAL_OK, false },
    { "3.1.1.10 transports",
      S0("OPTIONS sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
         "t1.example.com;branch=z9hG4bKkdj\r\n"
         "Via: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\r\n"
         "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\r\n"
         "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\r\n"
         "Via: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\r\n" COMMON
         "CSeq: 60 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
    { "3.1.1.12 unreason",
      S0("SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe\r\n" VIA COMMON
         "CSeq: 35 INVITE\r\nContact: <sip:user@host198.example.com>\r\n" EMPTY),
      PEAL_OK, false },
    { "3.1.1.13 noreason", S0("SIP/2.0 100 \r\n" VIA COMMON "CSeq: 35 INVITE\r\n" EMPTY), PEAL_OK,
      false },
    /* RFC 4475 §3.1.2: invalid */
    { "3.1.2.1 badinv01",
      S0("INVITE sip:user@example.com SIP/2.0\r\nTo: sip:j.user@example.com\r\n"
         "From: sip:caller@example.net;tag=134161461246\r\nMax-Forwards: 7\r\ni: "
         "badinv01.0ha0isndaksdjasdf3234nas\r\n"
         "CSeq: 8 INVITE\r\nVia: SIP/2.0/UDP 192.0.2.15;;,;,,\r\n"
         "Contact: \"Joe\" <sip:joe@example.org>;;;;\r\n" EMPTY),
      PEAL_E_SIP_HEADER, false },
    { "3.1.2.2 clerr", S0(INV("Content-Length: 9999\r\n\r\nv=0\r\n")), PEAL_E_SIP_CONTENT_LENGTH,
      false },
    { "3.1.2.3 ncl", S0(INV("Content-Length: -999\r\n\r\nv=0\r\n")), PEAL_E_SIP_HEADER, false },
    { "3.1.2.4 scalar02",
      S0("REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP "
         "host129.example.com;branch=z9hG4bK34\r\n" COMMON
         "CSeq: 36893488147419103232 REGISTER\r\nMax-Forwards: 300\r\n"
         "Expires: 10000000000000000000000000000\r\n" EMPTY),
      PEAL_E_SIP_DUPLICATE_HEADER, false },
    { "3.1.2.4 scalar02, CSeq alone",
      S0("REGISTER sip:example.com SIP/2.0\r\n" VIA COMMON
         "CSeq: 36893488147419103232 REGISTER\r\n" EMPTY),
      PEAL_E_SIP_HEADER, false },
    { "3.1.2.5 scalarlg",
      S0("SIP/2.0 503 Service Unavailable\r\n" VIA COMMON "CSeq: 9292394834772304023312 OPTIONS\r\n"
         "Retry-After: 949302838503028349304023988\r\n" EMPTY),
      PEAL_E_SIP_HEADER, true },
    { "3.1.2.6 quotbal",
      S0("INVITE sip:user@example.com SIP/2.0\r\nTo: \"Mr. J. User <sip:j.user@example.com>\r\n" VIA
             COMMON_BUT_TO "CSeq: 8 INVITE\r\n" EMPTY),
      PEAL_E_SIP_HEADER, false },
    { "3.1.2.7 ltgtruri",
      S0("INVITE <sip:user@example.com> SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\n" EMPTY),
      PEAL_E_SIP_URI, false },
    { "3.1.2.8 lwsruri",
      S0("INVITE sip:user@example.com; lr SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\n" EMPTY),
      PEAL_E_SIP_START_LINE, false },
    { "3.1.2.9 lwsstart",
      S0("INVITE  sip:user@example.com  SIP/2.0\r\n" VIA COMMON "CSeq: 1 INVITE\r\n" EMPTY),
      PEAL_E_SIP_START_LINE, false },
    { "3.1.2.10 trws",
      S0("OPTIONS sip:user@example.com SIP/2.0  \r\n" VIA COMMON "CSeq: 1 OPTIONS\r\n" EMPTY),
      PEAL_E_SIP_START_LINE, false },
    { "3.1.2.11 escruri",
      S0("INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\r\n" VIA COMMON
         "CSeq: 1 INVITE\r\n" EMPTY),
      PEAL_E_SIP_URI, false },
    { "3.1.2.12 baddate", S0(INV("Date: Fri, 01 Jan 2010 16:00:00 EST\r\n" EMPTY)), PEAL_OK,
      false },
    { "3.1.2.14 badaspec",
      S0("OPTIONS sip:user@example.org SIP/2.0\r\nTo: \"Watson, Thomas\" < "
         "sip:t.watson@example.org >\r\n" VIA COMMON_BUT_TO "CSeq: 1 OPTIONS\r\n" EMPTY),
      PEAL_E_SIP_HEADER, false },
    { "3.1.2.15 baddn",
      S0("OPTIONS sip:t.watson@example.org SIP/2.0\r\n" VIA
         "To: \"T. Watson\" <sip:t.watson@example.org>\r\n"
         "From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43\r\nMax-Forwards: 70\r\n"
         "i: baddn.31415@c.example.com\r\nCSeq: 3923239 OPTIONS\r\n" EMPTY),
      PEAL_E_SIP_HEADER, false },
    { "3.1.2.16 badvers",
      S0("OPTIONS sip:t.watson@example.org SIP/7.0\r\nVia:     SIP/7.0/UDP "
         "c.example.com;branch=z9hG4bKkdjuw\r\n" COMMON "CSeq: 1 OPTIONS\r\n" EMPTY),
      PEAL_E_SIP_VERSION, false },
    { "3.1.2.17 mismatch01",
      S0("OPTIONS sip:user@example.com SIP/2.0\r\n" VIA COMMON "CSeq: 8 INVITE\r\n" EMPTY),
      PEAL_E_SIP_METHOD_MISMATCH, false },
    { "3.1.2.18 mismatch02",
      S0("NEWMETHOD sip:user@example.com SIP/2.0\r\n" VIA COMMON "CSeq: 8 INVITE\r\n" EMPTY),
      PEAL_E_SIP_METHOD_MISMATCH, false },
    { "3.1.2.19 bigcode",
      S0("SIP/2.0 4294967301 better not break the receiver\r\n" VIA COMMON
         "CSeq: 353494 INVITE\r\n" EMPTY),
      PEAL_E_SIP_START_LINE, true },
    /* RFC 4475 §3.2 to §3.4 */
    { "3.2.1 badbranch",
      S0("OPTIONS sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
         "192.0.2.1;branch=z9hG4bK\r\n" COMMON "CSeq: 8 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
    { "3.3.1 insuf",
      S0("INVITE sip:user@example.com SIP/2.0\r\nCSeq: 193942 INVITE\r\n"
         "Via: SIP/2.0/UDP 192.0.2.95;branch=z9hG4bKkdj.insuf\r\n" EMPTY),
      PEAL_E_SIP_MISSING_HEADER, false },
    { "3.3.2 unkscm",
      S0("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\r\n" VIA COMMON
         "CSeq: 3 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
    { "3.3.3 novelsc",
      S0("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\n" VIA COMMON "CSeq: 3 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
    { "3.3.4 unksm2",
      S0("REGISTER sip:example.com SIP/2.0\r\nTo: isbn:2983792873\r\nFrom: "
         "<http://www.example.com>;tag=3234233\r\n"
         "Call-ID: unksm2.daksdj@hyphenated-host.example.com\r\nCSeq: 234902 REGISTER\r\n" VIA
             EMPTY),
      PEAL_OK, false },
    { "3.3.5 bext01",
      S0(OPT("Proxy-Require: nothingSupportsThis\r\nRequire: nothingSupportsThisEither\r\n" EMPTY)),
      PEAL_OK, false },
    { "3.3.8 multi01",
      S0("INVITE sip:user@company.com SIP/2.0\r\n" VIA COMMON
         "CSeq: 5 INVITE\r\nCSeq: 59 INVITE\r\n"
         "Call-ID: multi01.98asdh@192.0.2.1\r\nFrom: sip:other@example.net;tag=21\r\n"
         "To: sip:someone@example.com\r\nMax-Forwards: 5\r\n" EMPTY),
      PEAL_E_SIP_DUPLICATE_HEADER, false },
    { "3.3.9 mcl01",
      S0(OPT("Content-Length: 13\r\nContent-Length: 5\r\n\r\nThere's no way to know")),
      PEAL_E_SIP_DUPLICATE_HEADER, false },
    { "3.3.10 bcast",
      S0("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\r\n"
         "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23\r\n" COMMON
         "CSeq: 9 INVITE\r\n" EMPTY),
      PEAL_OK, false },
    { "3.3.11 zeromf",
      S0("OPTIONS sip:user@example.com SIP/2.0\r\n" VIA "To: sip:user@example.com\r\n"
         "From: sip:caller@example.net;tag=3ghsd41\r\nCall-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas\r\n"
         "CSeq: 39234321 OPTIONS\r\nMax-Forwards: 0\r\n" EMPTY),
      PEAL_OK, false },
    { "3.4.1 inv2543",
      S0("INVITE sip:UserB@example.com SIP/2.0\r\nVia: SIP/2.0/UDP iftgw.example.com\r\n"
         "From: <sip:+13035551111@ift.client.example.net;user=phone>\r\n"
         "Record-Route: <sip:UserB@example.com;maddr=ss1.example.com>\r\n"
         "To: sip:+16505552222@ss1.example.net;user=phone\r\nCall-ID: "
         "inv2543.1717@ift.client.example.com\r\n"
         "CSeq: 56 INVITE\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"),
      PEAL_OK, false },
    /* RFC 5118 §4 */
    { "4.1 ipv6-good",
      S0("REGISTER sip:[2001:db8::10] SIP/2.0\r\nVia: SIP/2.0/UDP "
         "[2001:db8::9:1];branch=z9hG4bKas3-111\r\n" COMMON
         "CSeq: 98176 REGISTER\r\nContact: \"Caller\" <sip:caller@[2001:db8::1]>\r\n" EMPTY),
      PEAL_OK, false },
    { "4.2 ipv6-bad",
      S0("REGISTER sip:2001:db8::10 SIP/2.0\r\nVia: SIP/2.0/UDP "
         "[2001:db8::9:1];branch=z9hG4bKas3-111\r\n" COMMON "CSeq: 98176 REGISTER\r\n" EMPTY),
      PEAL_E_SIP_URI, false },
    { "4.3 port-ambiguous",
      S0("REGISTER sip:[2001:db8::10:5070] SIP/2.0\r\n" VIA COMMON
         "CSeq: 98176 REGISTER\r\n" EMPTY),
      PEAL_OK, false },
    { "4.4 port-unambiguous",
      S0("REGISTER sip:[2001:db8::10]:5070 SIP/2.0\r\n" VIA COMMON
         "CSeq: 98176 REGISTER\r\n" EMPTY),
      PEAL_OK, false },
    { "4.5 received without brackets",
      S0("BYE sip:[2001:db8::10] SIP/2.0\r\nVia: SIP/2.0/UDP "
         "[2001:db8::9:1];received=2001:db8::9:255;"
         "branch=z9hG4bKas3-111\r\n" COMMON "CSeq: 1 BYE\r\n" EMPTY),
      PEAL_OK, false },
    { "4.5 received with brackets",
      S0("OPTIONS sip:[2001:db8::10] SIP/2.0\r\nVia: SIP/2.0/UDP "
         "[2001:db8::9:1];received=[2001:db8::9:255];"
         "branch=z9hG4bKas3\r\n" COMMON "CSeq: 1 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
    { "4.9 ipv4-mapped",
      S0("INVITE sip:user@example.com SIP/2.0\r\nVia: SIP/2.0/UDP "
         "[::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19\r\n" COMMON
         "CSeq: 8 INVITE\r\nContact: \"T. desk phone\" <sip:ted@[::ffff:192.0.2.2]>\r\n" EMPTY),
      PEAL_OK, false },
    { "4.10 three colons",
      S0("OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\n" VIA COMMON
         "CSeq: 8 OPTIONS\r\n" EMPTY),
      PEAL_OK, false },
};

START_TEST(outcome_is_what_the_rfc_asks_for)
{
    peal_sip_packet *packet = NULL;
    peal_sip_fault fault = { .result = PEAL_OK };
    peal_result r = kit_decode(cases[_i].text, &packet, &fault);
    ck_assert_msg((r < 0) == cases[_i].dropped, "%s: %s (%s)", cases[_i].name, peal_result_name(r),
                  fault.reason ? fault.reason : "-");
    if (r >= 0) {
        fault = *peal_sip_packet_fault(packet);
    }
    ck_assert_msg(fault.result == cases[_i].result, "%s: %s (%s)", cases[_i].name,
                  peal_result_name(fault.result), fault.reason ? fault.reason : "-");
    if (r >= 0 && peal_sip_packet_is_request(packet)) {
        peal_sip_packet *response = NULL;
        const peal_sip_via *via;
        CK_OK(peal_sip_packet_new_response(NULL, packet, 400, S("Bad"), S("t"), &response));
        CK_OK(peal_sip_packet_via(response, 0, &via));
        free((char *)kit_encode(response).p);
        peal_sip_packet_unref(response);
    }
    peal_sip_packet_unref(packet);
}
END_TEST

static peal_sip_packet *find_case(const char *name)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(cases); ++i) {
        if (strncmp(cases[i].name, name, strlen(name)) == 0) {
            return kit_good(cases[i].text);
        }
    }
    ck_abort_msg("no case %s", name);
    return NULL;
}

START_TEST(tortuous_invite_is_read_right)
{
    peal_sip_packet *p = find_case("3.1.1.1 ");
    const peal_sip_address *address;
    const peal_sip_via *via;
    const peal_sip_cseq *cseq;
    uint32_t number;
    peal_str value;
    CK_OK(peal_sip_packet_to(p, &address));
    CK_STR(address->tag, "1918181833n");
    CK_STR(address->uri, "sip:vivekg@chair-dnrc.example.com");
    CK_OK(peal_sip_packet_from(p, &address));
    CK_STR(address->tag, "98asjd8");
    CK_STR(address->display, "\"J Rosenberg \\\\\\\"\"");
    CK_OK(peal_sip_packet_number(p, PEAL_SIP_HEADER_MAX_FORWARDS, &number));
    ck_assert_uint_eq(number, 68);
    CK_OK(peal_sip_packet_cseq(p, &cseq));
    ck_assert_uint_eq(cseq->number, 9);
    CK_OK(peal_sip_packet_via(p, 0, &via));
    CK_STR(via->branch, "390skdjuw");
    CK_OK(peal_sip_packet_via(p, 2, &via));
    CK_STR(via->host, "192.168.255.111");
    CK_STR(via->branch, "z9hG4bK30239");
    CK_STR(peal_sip_packet_value(p, PEAL_SIP_HEADER_SUBJECT, 0), "");
    CK_STR(peal_sip_packet_value_named(p, S("newfangledheader"), 0),
           "newfangled value\r\n continued newfangled value");
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_ROUTE, 0, &address));
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &address));
    CK_OK(peal_sip_param_find(address->params, S("q"), &value));
    CK_STR(value, "0.33");
    CK_OK(peal_sip_param_find(address->params, S("newparam"), &value));
    CK_STR(value, "newvalue");
    ck_assert_uint_eq(peal_sip_packet_body(p).n, 150);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(escapes_are_kept_apart)
{
    peal_sip_packet *p = find_case("3.1.1.4 ");
    const peal_sip_address *one, *two;
    peal_sip_uri a, b;
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 0, &one));
    CK_OK(peal_sip_packet_address(p, PEAL_SIP_HEADER_CONTACT, 1, &two));
    CK_OK(peal_sip_uri_decode(one->uri, &a));
    CK_OK(peal_sip_uri_decode(two->uri, &b));
    ck_assert(!peal_sip_uri_eq(&a, &b));
    peal_sip_packet_unref(p);
    p = find_case("3.1.1.5 ");
    ck_assert_int_eq(peal_sip_packet_method(p), PEAL_SIP_METHOD_UNKNOWN);
    peal_sip_packet_unref(p);
    p = find_case("3.1.1.9 ");
    const peal_sip_uri *uri;
    CK_OK(peal_sip_packet_request_uri_decoded(p, &uri));
    CK_STR(uri->user, "user;par=u%40example.net");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(parameters_belong_to_contact_or_uri)
{
    peal_sip_address address; /* §3.3.12 cparam01, §3.3.13 cparam02, §3.1.2.13 regbadct */
    CK_OK(peal_sip_address_decode(S("sip:+19725552222@gw1.example.net;unknownparam"), &address));
    CK_STR(address.uri, "sip:+19725552222@gw1.example.net");
    CK_STR(address.params, ";unknownparam");
    CK_OK(peal_sip_address_decode(S("<sip:+19725552222@gw1.example.net;unknownparam>"), &address));
    CK_STR(address.uri, "sip:+19725552222@gw1.example.net;unknownparam");
    CK_STR(address.params, "");
    CK_IS(peal_sip_address_decode(S("sip:user@example.com?Route=%3Csip:sip.example.com%3E"),
                                  &address),
          PEAL_E_SIP_HEADER);
}
END_TEST

/* §3.1.1.7 longreq: long values, many Vias in one message. */
START_TEST(long_values_are_read)
{
    static char text[40000];
    size_t n =
        (size_t)snprintf(text, sizeof text,
                         "INVITE sip:%0800d@example.com SIP/2.0\r\nTo: \"%0600d\" <sip:a@b>\r\n"
                         "F: sip:x@%03000d.example.net;tag=12%0900d%%\r\nCall-ID: x%0500d\r\n"
                         "CSeq: 3882340 INVITE\r\nV: SIP/2.0/TCP sip33.example.com\r\n",
                         1, 2, 3, 4, 5);
    for (int i = 32; i >= 0; --i) {
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "v: SIP/2.0/TCP sip%d.example.com;branch=z9hG4bK%0200d%d\r\n", i, 0,
                              i);
    }
    n +=
        (size_t)snprintf(text + n, sizeof text - n, "Unknown-%0600d: %0900d\r\nl: 0\r\n\r\n", 1, 2);
    peal_sip_packet *p = kit_good(peal_str_of(text, n));
    const peal_sip_via *via;
    CK_OK(peal_sip_packet_via(p, 33, &via));
    CK_STR(via->host, "sip0.example.com");
    CK_IS(peal_sip_packet_via(p, 34, &via), PEAL_E_NOT_FOUND);
    kit_check_text(p, text);
    peal_sip_packet_unref(p);
}
END_TEST

Suite *suite_torture(void)
{
    Suite *suite = suite_create("torture");
    TCase *tcase = tcase_create("torture");
    tcase_add_loop_test(tcase, outcome_is_what_the_rfc_asks_for, 0, (int)PEAL_COUNT_OF(cases));
    tcase_add_test(tcase, tortuous_invite_is_read_right);
    tcase_add_test(tcase, escapes_are_kept_apart);
    tcase_add_test(tcase, parameters_belong_to_contact_or_uri);
    tcase_add_test(tcase, long_values_are_read);
    suite_add_tcase(suite, tcase);
    return suite;
}
