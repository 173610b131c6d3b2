/* SPDX-License-Identifier: MIT */
/* Role: names and sentences of result codes, made from the one table in <peal/result.h>.
 * Thread: any; constant data only. */
#include <peal/base.h>

typedef struct result_info {
    peal_result code;
    const char *name;
    const char *text;
} result_info;

#define RESULT_INFO(kind, name, value, sentence)                                                  \
    { PEAL_RESULT_VALUE_##kind(value), #name, sentence },
static const result_info infos[] = {
    { PEAL_OK, "PEAL_OK", "success" },
    PEAL_RESULT_TABLE(RESULT_INFO)
};

static const struct {
    int package;
    const char *name;
} packages[] = {
    { PEAL_PKG_BASE, "base" },
    { PEAL_PKG_ECOM, "ecom" },
    { PEAL_PKG_THREAD, "thread" },
    { PEAL_PKG_NET, "net" },
    { PEAL_PKG_TLS, "tls" },
    { PEAL_PKG_DNS, "dns" },
    { PEAL_PKG_SIP_PARSER, "sip parser" },
    { PEAL_PKG_SIP_TRANSPORT, "sip transport" },
    { PEAL_PKG_SIP_TRANSACTION, "sip transaction" },
    { PEAL_PKG_SIP_CORE, "sip core" },
    { PEAL_PKG_SIP_SERVICE, "sip service" },
    { PEAL_PKG_SDP, "sdp" },
    { PEAL_PKG_APP, "app" },
};

static const result_info *find(peal_result r)
{
    for (size_t i = 0; i < PEAL_COUNT_OF(infos); i++) {
        if (infos[i].code == r) {
            return &infos[i];
        }
    }
    return NULL;
}

static size_t package_index(peal_result r)
{
    int64_t value = r < 0 ? -(int64_t)r : (r & ~PEAL_RESULT_WARNING_BIT);
    size_t i = 0;
    while (i < PEAL_COUNT_OF(packages) &&
           (value < packages[i].package || value >= packages[i].package + 1000)) {
        i++;
    }
    return i;
}

int peal_result_package(peal_result r)
{
    size_t i = package_index(r);
    return i < PEAL_COUNT_OF(packages) ? packages[i].package : 0;
}

const char *peal_result_package_name(peal_result r)
{
    size_t i = package_index(r);
    return i < PEAL_COUNT_OF(packages) ? packages[i].name : "?";
}

const char *peal_result_name(peal_result r)
{
    const result_info *info = find(r);
    return info ? info->name : "PEAL_?";
}

const char *peal_result_text(peal_result r)
{
    const result_info *info = find(r);
    return info ? info->text : "an unknown result code";
}
