/* SPDX-License-Identifier: MIT */
/* Single lines and single values of a packet changed; what is not touched keeps its bytes. */
#include "test/parser/bodies_kit.h"

#define HEAD                                                                                       \
    "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"    \
    "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n"
#define TAIL "l: 0\r\n\r\n"

/* One change of one packet. */
typedef struct edit {
    char verb; /* 'r'eplace, 'i'nsert, 'd'elete, 'p'op */
    peal_sip_header_id id;
    size_t nth;
    const char *value;
    peal_result result;
    const char *before, *after; /* the lines between HEAD and TAIL; after NULL: as before */
} edit;
#define ROUTE PEAL_SIP_HEADER_ROUTE
static const edit edits[] = {
    { 'r', ROUTE, 0, "<sip:x>", PEAL_OK, "Route: <sip:1>\r\n", "Route: <sip:x>\r\n" },
    { 'r', ROUTE, 1, "<sip:x;lr>", PEAL_OK,
      "route :  <sip:1> ,\r\n\t<sip:2>;a=\"b,c\" , <sip:3>\r\n",
      "route :  <sip:1> ,\r\n\t<sip:x;lr> , <sip:3>\r\n" },
    { 'r', ROUTE, 2, " <sip:x> ", PEAL_OK, "Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:3>\r\n",
      "Route: <sip:1>,<sip:2>\r\nX: y\r\nRoute: <sip:x>\r\n" },
    { 'r', ROUTE, 0, "<sip:x>;a=\"\r\n b\"", PEAL_OK, "Route:<sip:1>,<sip:2>\r\n",
      "Route:<sip:x>;a=\"   b\",<sip:2>\r\n" },
    { 'r', ROUTE, 1, "<sip:x>", PEAL_E_NOT_FOUND, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 0, "<sip:x>, <sip:y>", PEAL_E_ARGUMENT, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 0, "<sip:x>,", PEAL_E_ARGUMENT, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 0, "", PEAL_E_ARGUMENT, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 0, "<sip:x", PEAL_E_ARGUMENT, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 0, "<sip:x>\r\nX: y", PEAL_E_ARGUMENT, "Route: <sip:1>\r\n", NULL },
    { 'r', ROUTE, 1, "<sip:x>", PEAL_E_SIP_HEADER, "Route: <sip:1>, <sip:2\r\n", NULL },
    { 'r', ROUTE, 0, "<sip:x>", PEAL_E_SIP_HEADER, "Route: <sip:1>, <sip:2\r\n", NULL },
    { 'r', PEAL_SIP_HEADER_SUBJECT, 0, "a, b", PEAL_OK, "s:  x, y\r\n", "s:  a, b\r\n" },
    { 'r', PEAL_SIP_HEADER_SUBJECT, 0, "a", PEAL_OK, "s:\r\n", "s:a\r\n" },
    { 'r', PEAL_SIP_HEADER_FROM, 0, "<sip:z>;tag=2", PEAL_OK, "", "!" },
    { 'r', PEAL_SIP_HEADER_CONTENT_LENGTH, 0, "5", PEAL_E_ARGUMENT, "", NULL },
    { 'r', PEAL_SIP_HEADER_OTHER, 0, "5", PEAL_E_ARGUMENT, "X: y\r\n", NULL },
    { 'r', PEAL_SIP_HEADER_COUNT, 0, "5", PEAL_E_ARGUMENT, "", NULL },
    { 'r', PEAL_SIP_HEADER_ALLOW, 1, "BYE", PEAL_OK, "Allow: A,,B, ,C\r\n",
      "Allow: A,,BYE, ,C\r\n" },
    { 'i', ROUTE, 0, "<sip:x>", PEAL_OK, "X: y\r\nRoute: <sip:1>,<sip:2>\r\n",
      "X: y\r\nRoute: <sip:x>\r\nRoute: <sip:1>,<sip:2>\r\n" },
    { 'i', ROUTE, 1, "<sip:x>", PEAL_OK, "Route: <sip:1>,<sip:2>\n",
      "Route: <sip:1>,<sip:x>, <sip:2>\r\n" },
    { 'i', ROUTE, 2, "<sip:x>", PEAL_OK, "Route: <sip:1>,<sip:2>\r\nX: y\r\n",
      "Route: <sip:1>,<sip:2>\r\nRoute: <sip:x>\r\nX: y\r\n" },
    { 'i', ROUTE, 1, "<sip:x>", PEAL_OK, "Route: <sip:1>\r\nX: y\r\nRoute: <sip:2>\r\n",
      "Route: <sip:1>\r\nX: y\r\nRoute: <sip:x>\r\nRoute: <sip:2>\r\n" },
    { 'i', ROUTE, 3, "<sip:x>", PEAL_E_NOT_FOUND, "Route: <sip:1>,<sip:2>\r\n", NULL },
    { 'i', ROUTE, 1, "<sip:x>", PEAL_E_NOT_FOUND, "", NULL },
    { 'i', ROUTE, 1, "a,b", PEAL_E_ARGUMENT, "Route: <sip:1>,<sip:2>\r\n", NULL },
    { 'i', PEAL_SIP_HEADER_CONTENT_LENGTH, 1, "5", PEAL_E_ARGUMENT, "", NULL },
    { 'd', ROUTE, 0, NULL, PEAL_OK, "Route: <sip:1> ,  <sip:2>\r\n", "Route: <sip:2>\r\n" },
    { 'd', ROUTE, 1, NULL, PEAL_OK, "Route: <sip:1> ,\r\n <sip:2>, <sip:3>\r\n",
      "Route: <sip:1> ,\r\n <sip:3>\r\n" },
    { 'd', ROUTE, 2, NULL, PEAL_OK, "Route: <sip:1>, <sip:2> , <sip:3> ,, \r\n",
      "Route: <sip:1>, <sip:2>\r\n" },
    { 'd', ROUTE, 1, NULL, PEAL_OK, "Route: <sip:1>\r\nX: y\r\nRoute: ,<sip:2>,\r\n",
      "Route: <sip:1>\r\nX: y\r\n" },
    { 'd', ROUTE, 0, NULL, PEAL_E_NOT_FOUND, "X: y\r\n", NULL },
    { 'd', ROUTE, 0, NULL, PEAL_E_NOT_FOUND, "Route: , ,\r\n", NULL },
    { 'd', ROUTE, 1, NULL, PEAL_E_SIP_HEADER, "Route: <sip:1>, \"\r\n", NULL },
    { 'd', PEAL_SIP_HEADER_SUBJECT, 1, NULL, PEAL_OK, "s: a\r\nX: y\r\ns: b\r\n",
      "s: a\r\nX: y\r\n" },
    { 'd', PEAL_SIP_HEADER_CONTENT_LENGTH, 0, NULL, PEAL_E_ARGUMENT, "", NULL },
    { 'p', ROUTE, 0, NULL, PEAL_OK, "Route: <sip:1>,\r\n <sip:2>\r\n", "Route: <sip:2>\r\n" },
    { 'p', ROUTE, 0, NULL, PEAL_OK, "Route: , ,\r\nX: y\r\n", "X: y\r\n" },
    { 'p', ROUTE, 0, NULL, PEAL_OK, "Route: <sip:1>, \"x\r\n", "Route: \"x\r\n" },
    { 'p', ROUTE, 0, NULL, PEAL_E_SIP_HEADER, "Route: \"x\r\n", NULL },
};

static peal_sip_packet *packet_of(const char *lines)
{
    char text[1000];
    int n = snprintf(text, sizeof text, "%s%s%s", HEAD, lines, TAIL);
    return kit_good(peal_str_of(text, (size_t)n));
}

static peal_result apply(peal_sip_packet *p, const edit *e)
{
    switch (e->verb) {
    case 'r':
        return peal_sip_packet_replace_value(p, e->id, e->nth, peal_str_z(e->value));
    case 'i':
        return peal_sip_packet_insert_value(p, e->id, e->nth, peal_str_z(e->value));
    case 'd':
        return peal_sip_packet_remove_value(p, e->id, e->nth);
    default:
        return peal_sip_packet_pop(p, e->id);
    }
}

START_TEST(one_value_is_changed)
{
    const edit *e = &edits[_i];
    char wanted[1000];
    peal_sip_packet *p = packet_of(e->before);
    size_t count = peal_sip_packet_value_count(p, e->id);
    CK_IS(apply(p, e), e->result);
    if (e->after && e->after[0] == '!') {
        const peal_sip_address *from;
        CK_OK(peal_sip_packet_from(p, &from));
        CK_STR(from->tag, "2");
        peal_sip_packet_unref(p);
        return;
    }
    snprintf(wanted, sizeof wanted, "%s%s%s", HEAD, e->after ? e->after : e->before, TAIL);
    kit_check_text(p, wanted);
    if (e->result == PEAL_OK && e->verb != 'p') {
        ck_assert_uint_eq(peal_sip_packet_value_count(p, e->id),
                          count + (e->verb == 'i') - (e->verb == 'd'));
    }
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(typed_values_follow)
{
    peal_sip_packet *p = packet_of("Route: <sip:1>, <sip:2>\r\nRoute: <sip:3>\r\n");
    const peal_sip_address *route, *old;
    CK_OK(peal_sip_packet_address(p, ROUTE, 0, &old));
    CK_OK(peal_sip_packet_replace_value(p, ROUTE, 1, S("<sip:x>")));
    CK_OK(peal_sip_packet_insert_value(p, ROUTE, 0, S("<sip:y>")));
    CK_OK(peal_sip_packet_address(p, ROUTE, 2, &route));
    CK_STR(route->uri, "sip:x");
    CK_OK(peal_sip_packet_address(p, ROUTE, 0, &route));
    CK_STR(route->uri, "sip:y");
    CK_OK(peal_sip_packet_address(p, ROUTE, 3, &route));
    CK_STR(route->uri, "sip:3");
    CK_STR(old->uri, "sip:1"); /* old text stays where it was */
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(copies_are_changed_apart)
{
    peal_sip_packet *p = packet_of("Route: <sip:1>, <sip:2>\r\n"), *copy = NULL;
    CK_OK(peal_sip_packet_copy(NULL, p, &copy));
    CK_OK(peal_sip_packet_remove_value(copy, ROUTE, 0));
    CK_OK(peal_sip_packet_move_line(copy, 6, 0));
    kit_check_text(p, HEAD "Route: <sip:1>, <sip:2>\r\n" TAIL);
    peal_sip_packet_unref(p);
    CK_STR(peal_sip_packet_value(copy, ROUTE, 0), "<sip:2>");
    CK_STR(peal_sip_packet_value(copy, PEAL_SIP_HEADER_CONTENT_LENGTH, 0), "0");
    CK_STR(peal_sip_packet_value(copy, PEAL_SIP_HEADER_VIA, 0),
           "SIP/2.0/UDP c;branch=z9hG4bK1");
    peal_sip_packet_unref(copy);
}
END_TEST

START_TEST(lines_are_changed_by_place)
{
    peal_sip_packet *p = packet_of("X: 1\r\nx:\t2\r\n");
    CK_OK(peal_sip_packet_insert_line(p, 0, S("First"), S("a\r\n b")));
    CK_OK(peal_sip_packet_insert_line(p, peal_sip_packet_line_count(p), S("k"), S("last")));
    CK_OK(peal_sip_packet_replace_line(p, 7, S("z")));
    CK_OK(peal_sip_packet_move_line(p, 9, 6));
    CK_OK(peal_sip_packet_move_line(p, 0, 1));
    CK_OK(peal_sip_packet_remove_line(p, 5));
    kit_check_text(p, "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\n"
                      "First: a   b\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: x\r\n"
                      "k: last\r\nX: 1\r\nx: z\r\nl: 0\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(what_is_no_line_is_refused)
{
    peal_sip_packet *p = packet_of("X: 1\r\n");
    size_t count = peal_sip_packet_line_count(p);
    CK_IS(peal_sip_packet_insert_line(p, count + 1, S("A"), S("b")), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_insert_line(p, 0, S("A B"), S("b")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_insert_line(p, 0, S("A"), S("b\r\nc")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_insert_line(p, 0, S("Content-Length"), S("1")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_replace_line(p, count, S("b")), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_replace_line(p, count - 1, S("1")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_replace_line(p, 0, S("a\n")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_remove_line(p, count), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_remove_line(p, count - 1), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_move_line(p, 0, count), PEAL_E_NOT_FOUND);
    CK_IS(peal_sip_packet_move_line(p, count, 0), PEAL_E_NOT_FOUND);
    CK_OK(peal_sip_packet_move_line(p, 2, 2));
    CK_IS(peal_sip_packet_set_named(p, S(""), S("b")), PEAL_E_ARGUMENT);
    CK_IS(peal_sip_packet_set_named(p, S("X"), S("b\n")), PEAL_E_ARGUMENT);
    kit_check_text(p, HEAD "X: 1\r\n" TAIL);
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(lines_are_changed_by_name)
{
    peal_sip_packet *p = packet_of("X: 1\r\nY: 1\r\nx: 2\r\nX: 3\r\nRoute: <sip:1>\r\n");
    CK_OK(peal_sip_packet_set_named(p, S("x"), S("new")));
    CK_OK(peal_sip_packet_set_named(p, S("Z"), S("z")));
    CK_OK(peal_sip_packet_set_named(p, S("ROUTE"), S("<sip:2>")));
    CK_OK(peal_sip_packet_set_named(p, S("Content-Length"), S("99")));
    ck_assert_uint_eq(peal_sip_packet_remove_named(p, S("y")), 1);
    ck_assert_uint_eq(peal_sip_packet_remove_named(p, S("y")), 0);
    ck_assert_uint_eq(peal_sip_packet_remove_named(p, S("f")), 1);
    kit_check_text(
        p, "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\n"
           "To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nx: new\r\nROUTE: <sip:2>\r\n"
           "Content-Length: 0\r\nZ: z\r\n\r\n");
    peal_sip_packet_unref(p);
}
END_TEST

START_TEST(lines_stay_below_their_limit)
{
    static char text[70000];
    peal_sip_packet *p = packet_of("Route: <sip:1>,<sip:2>\r\n");
    memset(text, 'a', sizeof text);
    memcpy(text, "<sip:", 5);
    text[65000] = '>';
    CK_OK(peal_sip_packet_replace_value(p, ROUTE, 1, peal_str_of(text, 65001)));
    CK_IS(peal_sip_packet_insert_value(p, ROUTE, 1, peal_str_of(text, 65001)), PEAL_E_LIMIT);
    ck_assert_uint_eq(peal_sip_packet_value_count(p, ROUTE), 2);
    peal_sip_packet_unref(p);
}
END_TEST

/* Route values as a plain list beside the packet's. */
typedef struct model {
    unsigned values[64];
    size_t count;
} model;

static void model_insert(model *m, size_t at, unsigned value)
{
    memmove(&m->values[at + 1], &m->values[at], (m->count - at) * sizeof *m->values);
    m->values[at] = value;
    ++m->count;
}
static void model_remove(model *m, size_t at)
{
    --m->count;
    memmove(&m->values[at], &m->values[at + 1], (m->count - at) * sizeof *m->values);
}

static void random_edit(peal_sip_packet *p, model *m, kit_random *random)
{
    char text[64];
    unsigned value = kit_next(random) % 100000;
    size_t n = (size_t)snprintf(text, sizeof text, "<sip:%u%s>", value, value % 2 ? ",;x" : ";lr");
    size_t at = m->count ? kit_below(random, m->count) : 0;
    switch (kit_below(random, 6)) {
    case 0:
        if (m->count < 60) {
            at = kit_below(random, m->count + 1);
            CK_OK(peal_sip_packet_insert_value(p, ROUTE, at, peal_str_of(text, n)));
            model_insert(m, at, value);
        }
        break;
    case 1:
        CK_IS(peal_sip_packet_remove_value(p, ROUTE, at), m->count ? PEAL_OK : PEAL_E_NOT_FOUND);
        if (m->count) {
            model_remove(m, at);
        }
        break;
    case 2:
        CK_IS(peal_sip_packet_pop(p, ROUTE), m->count ? PEAL_OK : PEAL_E_NOT_FOUND);
        if (m->count) {
            model_remove(m, 0);
        }
        break;
    case 3:
        if (m->count < 60) {
            CK_OK(peal_sip_packet_push(p, ROUTE, peal_str_of(text, n)));
            model_insert(m, 0, value);
        }
        break;
    case 4: {
        size_t lines = peal_sip_packet_line_count(p), from = kit_below(random, lines);
        peal_sip_line line;
        CK_OK(peal_sip_packet_line(p, from, &line));
        if (line.id != ROUTE) {
            CK_OK(peal_sip_packet_move_line(p, from, kit_below(random, lines)));
        }
        break;
    }
    default:
        CK_IS(peal_sip_packet_replace_value(p, ROUTE, at, peal_str_of(text, n)),
              m->count ? PEAL_OK : PEAL_E_NOT_FOUND);
        if (m->count) {
            m->values[at] = value;
        }
        break;
    }
}

START_TEST(random_edits_agree_with_a_list)
{
    kit_random random = { .state = (uint32_t)_i };
    model m = { .values = { 1, 2, 3, 4 }, .count = 4 };
    peal_sip_packet *p =
        packet_of("Route: <sip:1>,\r\n <sip:2>\r\nX: y\r\nroute : <sip:3>, , <sip:4>\r\n");
    for (int round = 0; round < 200; ++round) {
        random_edit(p, &m, &random);
        ck_assert_uint_eq(peal_sip_packet_value_count(p, ROUTE), m.count);
        for (size_t i = 0; i < m.count; ++i) {
            const peal_sip_address *route;
            CK_OK(peal_sip_packet_address(p, ROUTE, i, &route));
            ck_assert_uint_eq(strtoul(route->uri.p + 4, NULL, 10), m.values[i]);
        }
    }
    /* Written and read again it is the same; the lines around are whole. */
    peal_str text = kit_encode(p);
    peal_sip_packet *again = kit_good(text);
    ck_assert_uint_eq(peal_sip_packet_value_count(again, ROUTE), m.count);
    CK_STR(peal_sip_packet_value_named(again, S("X"), 0), "y");
    peal_str second = kit_encode(again);
    ck_assert(peal_str_eq(text, second));
    free((char *)second.p);
    free((char *)text.p);
    peal_sip_packet_unref(again);
    peal_sip_packet_unref(p);
}
END_TEST

Suite *suite_values(void)
{
    Suite *suite = suite_create("values");
    TCase *tcase = tcase_create("values");
    tcase_add_loop_test(tcase, one_value_is_changed, 0, (int)PEAL_COUNT_OF(edits));
    tcase_add_test(tcase, typed_values_follow);
    tcase_add_test(tcase, copies_are_changed_apart);
    tcase_add_test(tcase, lines_are_changed_by_place);
    tcase_add_test(tcase, what_is_no_line_is_refused);
    tcase_add_test(tcase, lines_are_changed_by_name);
    tcase_add_test(tcase, lines_stay_below_their_limit);
    tcase_add_loop_test(tcase, random_edits_agree_with_a_list, 0, 20);
    suite_add_tcase(suite, tcase);
    return suite;
}
