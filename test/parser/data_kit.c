/* SPDX-License-Identifier: MIT */
/* Lists and expectations of test/data. */
#include "test/parser/data_kit.h"

#include <dirent.h>

enum { LINE_BYTES = 256, FILES_MAX = 1024 };

/* A row of expected.txt: FILE OUTCOME [OFFSET HEADER REASON]. */
typedef struct data_row {
    char file[64], outcome[8], header[64], reason[96];
    unsigned offset;
} data_row;

static FILE *open_list(const char *folder)
{
    char path[512];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/test/data/%s/expected.txt", top ? top : ".", folder);
    FILE *list = fopen(path, "r");
    ck_assert_msg(list != NULL, "%s cannot be opened", path);
    return list;
}

static bool next_row(FILE *list, data_row *ret)
{
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, list)) {
        int fields = sscanf(line, "%63s %7s %u %63s %95[^\n]", ret->file, ret->outcome,
                            &ret->offset, ret->header, ret->reason);
        if (line[0] != '#') {
            ck_assert_msg(fields == (strcmp(ret->outcome, "good") == 0 ? 2 : 5), "row: %s", line);
            return true;
        }
    }
    return false;
}

size_t data_count(const char *folder)
{
    FILE *list = open_list(folder);
    data_row row;
    size_t count = 0;
    while (next_row(list, &row)) {
        ++count;
    }
    fclose(list);
    return count;
}

/* As peal-parse does. */
static peal_sip_fault judge(peal_str text, peal_sip_packet **ret)
{
    peal_sip_fault fault = { .result = PEAL_OK };
    if (kit_decode(text, ret, &fault) >= 0) {
        fault = *peal_sip_packet_fault(*ret);
        if (fault.result >= 0 && peal_sip_packet_decode_all(*ret, &fault) < 0) {
            for (size_t i = 0; text.p[i] == '\r' || text.p[i] == '\n'; ++i) {
                ++fault.offset;
            }
        }
    }
    return fault;
}

static void check_fault(const data_row *row, const peal_sip_packet *packet,
                        const peal_sip_fault *fault)
{
    char outcome[16] = "drop";
    if (packet && peal_sip_packet_is_request(packet) &&
        peal_sip_packet_method(packet) != PEAL_SIP_METHOD_ACK) {
        snprintf(outcome, sizeof outcome, "%u", peal_sip_fault_status(fault));
    }
    const char *reason = fault->reason ? fault->reason : peal_result_text(fault->result);
    ck_assert_msg(strcmp(outcome, row->outcome) == 0, "%s: %s, not %s (%s)", row->file, outcome,
                  row->outcome, reason);
    ck_assert_msg(fault->offset == row->offset, "%s: offset %u, not %u (%s)", row->file,
                  fault->offset, row->offset, reason);
    if (fault->header != PEAL_SIP_HEADER_OTHER) {
        peal_str name = peal_sip_header_name(fault->header);
        ck_assert_msg(peal_str_eq(name, peal_str_z(row->header)), "%s: header %.*s, not %s",
                      row->file, PEAL_STR_ARG(name), row->header);
    }
    ck_assert_msg(strcmp(reason, row->reason) == 0, "%s: %s, not %s", row->file, reason,
                  row->reason);
}

/* Whatever is kept and was a request can be answered. */
static void check_answer(const peal_sip_packet *request)
{
    peal_sip_packet *response = NULL;
    const peal_sip_via *via;
    CK_OK(peal_sip_packet_new_response(NULL, request, 400, S("Bad"), S("t"), &response));
    CK_OK(peal_sip_packet_via(response, 0, &via));
    free((char *)kit_encode(response).p);
    peal_sip_packet_unref(response);
}

/* Encoded and decoded again it is the same. */
static void check_again(const data_row *row, peal_sip_packet *packet)
{
    peal_str once = kit_encode(packet);
    peal_sip_packet *again = kit_good(once);
    peal_str twice = kit_encode(again);
    ck_assert_msg(peal_str_eq(once, twice), "%s: changes when it is encoded again", row->file);
    CK_OK(peal_sip_packet_decode_all(again, NULL));
    ck_assert(peal_str_eq(peal_sip_packet_body(again), peal_sip_packet_body(packet)));
    peal_sip_packet_unref(again);
    free((char *)once.p);
    free((char *)twice.p);
}

void data_check_outcome(const char *folder, size_t nth)
{
    FILE *list = open_list(folder);
    data_row row = { .offset = 0 };
    char name[256];
    peal_sip_packet *packet = NULL;
    for (size_t i = 0; i <= nth; ++i) {
        ck_assert(next_row(list, &row));
    }
    fclose(list);
    snprintf(name, sizeof name, "%s/%s", folder, row.file);
    peal_str text = kit_load(name);
    peal_sip_fault fault = judge(text, &packet);
    if (strcmp(row.outcome, "good") == 0) {
        ck_assert_msg(fault.result == PEAL_OK, "%s: %s at %u", row.file, fault.reason,
                      fault.offset);
        check_again(&row, packet);
    } else {
        ck_assert_msg(fault.result < 0, "%s: taken for good", row.file);
        check_fault(&row, packet, &fault);
    }
    if (packet && peal_sip_packet_is_request(packet)) {
        check_answer(packet);
    }
    peal_sip_packet_unref(packet);
    free((char *)text.p);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_folder(const char *folder, char **names, size_t *count)
{
    char path[512];
    const char *top = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/test/data/%s", top ? top : ".", folder);
    DIR *dir = opendir(path);
    ck_assert_msg(dir != NULL, "%s cannot be opened", path);
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (!dot) {
            add_folder(path, names, count);
        } else if (strcmp(dot, ".sip") == 0) {
            ck_assert_uint_lt(*count, FILES_MAX);
            names[*count] = strdup(path);
            ck_assert_ptr_nonnull(names[(*count)++]);
        }
    }
    closedir(dir);
}

char *const *data_list(const char *folder, size_t *ret_count)
{
    static char *names[FILES_MAX + 1];
    size_t count = 0;
    for (; names[count]; ++count) {
        free(names[count]);
        names[count] = NULL;
    }
    count = 0;
    add_folder(folder, names, &count);
    qsort(names, count, sizeof *names, by_name);
    *ret_count = count;
    return names;
}
