/* SPDX-License-Identifier: MIT */
/* Role: the DNS zone of a simulated world. */
#include "test/port/port_tests.h"

typedef struct heard {
    peal_sim *sim;
    unsigned answers;
    peal_result result;
    uint32_t ttl_s;
    uint64_t at_us;
    char text[128];
} heard;

static void on_answer(void *arg, peal_result result, const peal_str *records, size_t count,
                      uint32_t ttl_s)
{
    heard *h = arg;
    h->answers++;
    h->result = result;
    h->ttl_s = ttl_s;
    h->at_us = peal_sim_now_us(h->sim);
    h->text[0] = '\0';
    for (size_t i = 0; i < count; ++i) {
        strcat(h->text, records[i].p);
        strcat(h->text, "|");
    }
}

static peal_sim *sim;
static heard h;

static void ask(const char *name, unsigned type)
{
    h = (heard){ .sim = sim };
    ck_assert_int_eq(
        peal_sim_zone_ask(peal_sim_default_host(sim), name, type, on_answer, &h), PEAL_OK);
    ck_assert_uint_eq(h.answers, 0); /* never from inside */
    ck_assert_int_eq(peal_sim_run(sim, 60000, NULL, NULL), PEAL_I_END);
    ck_assert_uint_eq(h.answers, 1);
}

START_TEST(records_are_given_in_order)
{
    ck_assert_int_eq(peal_sim_new(1, &sim), PEAL_OK);
    ck_assert_int_eq(peal_sim_zone_add(sim, "a.example", PEAL_SIM_DNS_A, 60, "10.0.0.1"), PEAL_OK);
    ck_assert_int_eq(peal_sim_zone_add(sim, "A.Example", PEAL_SIM_DNS_A, 30, "10.0.0.2"), PEAL_OK);
    ck_assert_int_eq(peal_sim_zone_add(sim, "a.example", PEAL_SIM_DNS_SRV, 5, "1 2 3 b"), PEAL_OK);
    ask("a.EXAMPLE", PEAL_SIM_DNS_A);
    ck_assert_int_eq(h.result, PEAL_OK);
    ck_assert_str_eq(h.text, "10.0.0.1|10.0.0.2|");
    ck_assert_uint_eq(h.ttl_s, 30);
    ask("a.example", PEAL_SIM_DNS_SRV);
    ck_assert_str_eq(h.text, "1 2 3 b|");
    ask("a.example", PEAL_SIM_DNS_AAAA);
    ck_assert_int_eq(h.result, PEAL_E_NOT_FOUND);
    ask("b.example", PEAL_SIM_DNS_A);
    ck_assert_int_eq(h.result, PEAL_E_NOT_FOUND);
    peal_sim_zone_remove(sim, "a.example", PEAL_SIM_DNS_A);
    peal_sim_zone_remove(sim, "a.example", PEAL_SIM_DNS_A);
    ask("a.example", PEAL_SIM_DNS_A);
    ck_assert_int_eq(h.result, PEAL_E_NOT_FOUND);
    peal_sim_free(sim);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

START_TEST(answers_are_slow_or_fail)
{
    ck_assert_int_eq(peal_sim_new(1, &sim), PEAL_OK);
    ck_assert_int_eq(peal_sim_zone_add(sim, "a", PEAL_SIM_DNS_A, 60, "10.0.0.1"), PEAL_OK);
    ck_assert_int_eq(peal_sim_zone_set_answer(sim, "a", PEAL_SIM_DNS_A, 2500, PEAL_OK), PEAL_OK);
    ask("a", PEAL_SIM_DNS_A);
    ck_assert_uint_eq(h.at_us, 2500);
    ck_assert_str_eq(h.text, "10.0.0.1|");
    ck_assert_int_eq(peal_sim_zone_set_answer(sim, "a", PEAL_SIM_DNS_A, 5000000, PEAL_E_REFUSED),
                     PEAL_OK);
    ask("a", PEAL_SIM_DNS_A);
    ck_assert_uint_eq(h.at_us, 5002500);
    ck_assert_int_eq(h.result, PEAL_E_REFUSED);
    uint64_t hash = peal_sim_trace_hash(sim);
    ask("a", PEAL_SIM_DNS_A);
    ck_assert_uint_ne(hash, peal_sim_trace_hash(sim));
    /* a question that is never answered is freed with the world */
    ck_assert_int_eq(
        peal_sim_zone_ask(peal_sim_default_host(sim), "a", PEAL_SIM_DNS_A, on_answer, &h),
        PEAL_OK);
    peal_sim_free(sim);
    ck_assert_uint_eq(peal_alloc_live(), 0);
}
END_TEST

TCase *sim_zone_tests(void)
{
    TCase *tests = tcase_create("simulated names");
    tcase_add_test(tests, records_are_given_in_order);
    tcase_add_test(tests, answers_are_slow_or_fail);
    return tests;
}
