/* SPDX-License-Identifier: MIT */
/* What the suites of the parser's tests share. */
#include "test/parser/parser_kit.h"

const char *const kit_corpus[12] = {
    "01-invite.sip",    "02-ringing180.sip",    "03-ok200-invite.sip",    "04-ack.sip",
    "05-bye.sip",       "06-register-auth.sip", "07-unauthorized401.sip", "08-options.sip",
    "09-subscribe.sip", "10-notify.sip",        "11-cancel.sip",          "12-invite-3proxies.sip",
};

peal_str kit_exact(peal_str text)
{
    char *p = malloc(text.n ? text.n : 1);
    ck_assert_ptr_nonnull(p);
    if (text.n) {
        memcpy(p, text.p, text.n);
    }
    return peal_str_of(p, text.n);
}

peal_result kit_decode(peal_str text, peal_sip_packet **ret, peal_sip_fault *ret_fault)
{
    peal_str exact = kit_exact(text);
    peal_result r = peal_sip_packet_decode(NULL, exact, NULL, ret, ret_fault);
    free((char *)exact.p);
    return r;
}

peal_sip_packet *kit_good(peal_str text)
{
    peal_sip_packet *packet = NULL;
    CK_OK(kit_decode(text, &packet, NULL));
    const peal_sip_fault *fault = peal_sip_packet_fault(packet);
    ck_assert_msg(fault->result == PEAL_OK, "fault: %s at %u", fault->reason, fault->offset);
    return packet;
}

peal_str kit_encode(const peal_sip_packet *packet)
{
    size_t bytes = peal_sip_packet_size(packet);
    char *p = malloc(bytes);
    ck_assert_ptr_nonnull(p);
    memset(p, 0xA5, bytes);
    peal_sip_packet_encode(packet, p);
    return peal_str_of(p, bytes);
}

void kit_check_text(const peal_sip_packet *packet, const char *wanted)
{
    peal_str text = kit_encode(packet);
    ck_assert_msg(peal_str_eq(text, peal_str_z(wanted)), "encoded:\n%.*s\nwanted:\n%s",
                  PEAL_STR_ARG(text), wanted);
    free((char *)text.p);
}

peal_str kit_load(const char *name)
{
    char path[1024];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/test/data/%s", top ? top : ".", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s cannot be opened", path);
    char *data = malloc(65536);
    ck_assert_ptr_nonnull(data);
    size_t bytes = fread(data, 1, 65536, file);
    fclose(file);
    peal_str exact = kit_exact(peal_str_of(data, bytes));
    free(data);
    return exact;
}
