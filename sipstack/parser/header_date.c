/* SPDX-License-Identifier: MIT */
/* Date, Timestamp, Retry-After, Warning and MIME-Version. Any thread.
 *
 * RFC 3261 §25.1: Date         = wkday "," SP date1 SP time SP "GMT"
 *                 date1        = 2DIGIT SP month SP 4DIGIT
 *                 time         = 2DIGIT ":" 2DIGIT ":" 2DIGIT
 *                 Timestamp    = 1*DIGIT ["." *DIGIT] [LWS delay]
 *                 delay        = *DIGIT ["." *DIGIT]
 *                 Retry-After  = delta-seconds [comment] *(SEMI retry-param)
 *                 retry-param  = ("duration" EQUAL delta-seconds) / generic-param
 *                 Warning      = warning-value *(COMMA warning-value)
 *                 warning-value = warn-code SP warn-agent SP warn-text
 *                 warn-code    = 3DIGIT
 *                 warn-agent   = hostport / pseudonym
 *                 warn-text    = quoted-string
 *                 MIME-Version = 1*DIGIT "." 1*DIGIT
 * RFC 8876 §5.2:  AlertMsg-Error = 1*3DIGIT *(SEMI ("code" EQUAL quoted-string / generic-param)) */
#include "sipstack/parser/header_inner.h"

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Days before 1970-01-01 count negative. The year starts in March here, so that the leap day is its
 * last; 400 years have 146,097 days. */
static int64_t days_of(const peal_sip_date *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = year / 400;
    int64_t in_era = year - era * 400;
    int64_t month = date->month > 2 ? date->month - 3 : date->month + 9;
    int64_t in_year = (153 * month + 2) / 5 + date->day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static void date_of_days(int64_t days, peal_sip_date *ret)
{
    days += 719468;
    int64_t era = days / 146097;
    int64_t in_era = days - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153;
    ret->day = (uint8_t)(in_year - (153 * month + 2) / 5 + 1);
    ret->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    ret->year = (uint16_t)(year + era * 400 + (ret->month <= 2));
}

static bool date_ok(const peal_sip_date *date)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (date->year < 1 || date->year > 9999 || date->month < 1 || date->month > 12) {
        return false;
    }
    bool leap = date->year % 4 == 0 && (date->year % 100 != 0 || date->year % 400 == 0);
    unsigned last = days[date->month - 1] + (date->month == 2 && leap ? 1u : 0u);
    return date->day >= 1 && date->day <= last && date->hour < 24 && date->minute < 60 &&
           date->second <= 60;
}

peal_result peal_sip_date_to_unix(const peal_sip_date *date, int64_t *ret)
{
    if (!date_ok(date)) {
        return PEAL_E_ARGUMENT;
    }
    *ret = days_of(date) * 86400 + date->hour * 3600 + date->minute * 60 + date->second;
    return PEAL_OK;
}

peal_result peal_sip_date_from_unix(int64_t seconds, peal_sip_date *ret)
{
    /* The first second of year 1 and the last of year 9999. */
    if (seconds < INT64_C(-62135596800) || seconds > INT64_C(253402300799)) {
        return PEAL_E_RANGE;
    }
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    date_of_days(days, ret);
    ret->hour = (uint8_t)(rest / 3600);
    ret->minute = (uint8_t)(rest / 60 % 60);
    ret->second = (uint8_t)(rest % 60);
    return PEAL_OK;
}

/* The number of a name of three letters, from 0 on, case ignored; -1: none. */
static int take_name(const char *names, const char **p, const char *end)
{
    for (int i = 0; end - *p >= 3 && names[i]; i += 3) {
        if (peal_str_ieq(peal_str_of(names + i, 3), peal_str_of(*p, 3))) {
            *p += 3;
            return i / 3;
        }
    }
    return -1;
}

/* Exactly so many digits. */
static bool take_digits(const char **p, const char *end, size_t count, unsigned *ret)
{
    uint32_t number;
    if ((size_t)(end - *p) < count ||
        peal__sip_take_number(*p, *p + count, UINT32_MAX, &number) != *p + count) {
        return false;
    }
    *p += count;
    *ret = number;
    return true;
}

static bool take_char(const char **p, const char *end, char c)
{
    bool found = *p < end && **p == c;
    *p += found;
    return found;
}

/* One or more. */
static bool take_ws(const char **p, const char *end)
{
    const char *start = *p;
    *p = peal__sip_skip_ws(start, end);
    return *p > start;
}

static bool take_time(const char **p, const char *end, peal_sip_date *date)
{
    unsigned hour, minute, second;
    if (!take_digits(p, end, 2, &hour) || !take_char(p, end, ':') ||
        !take_digits(p, end, 2, &minute) || !take_char(p, end, ':') ||
        !take_digits(p, end, 2, &second)) {
        return false;
    }
    date->hour = (uint8_t)hour;
    date->minute = (uint8_t)minute;
    date->second = (uint8_t)second;
    return true;
}

peal_result peal__sip_date_decode(peal_str text, void *ret)
{
    peal_sip_date date;
    unsigned day, year;
    text = peal__sip_trim(text);
    const char *p = text.p, *end = p + text.n;
    if (take_name(day_names, &p, end) < 0 || !take_char(&p, end, ',') || !take_ws(&p, end) ||
        !take_digits(&p, end, 2, &day) || !take_ws(&p, end)) {
        return PEAL_E_SIP_HEADER;
    }
    int month = take_name(month_names, &p, end);
    if (month < 0 || !take_ws(&p, end) || !take_digits(&p, end, 4, &year) || !take_ws(&p, end) ||
        !take_time(&p, end, &date) || !take_ws(&p, end) ||
        !peal_str_ieq(peal__sip_between(p, end), PEAL_STR("GMT"))) {
        return PEAL_E_SIP_HEADER;
    }
    date.day = (uint8_t)day;
    date.month = (uint8_t)(month + 1);
    date.year = (uint16_t)year;
    if (!date_ok(&date)) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_date *)ret = date;
    return PEAL_OK;
}

/* With leading zeroes. */
static void put_digits(peal__sip_out *out, unsigned number, size_t count)
{
    char text[4];
    for (size_t i = count; i > 0; --i, number /= 10) {
        text[i - 1] = (char)('0' + number % 10);
    }
    peal__sip_put(out, peal_str_of(text, count));
}

void peal__sip_date_write(peal__sip_out *out, const void *value)
{
    const peal_sip_date *date = value;
    if (!date_ok(date)) {
        out->bad = true;
        return;
    }
    /* 1970-01-01 was a Thursday; the sum is never negative. */
    int64_t day = (days_of(date) + 719468 + 3) % 7;
    peal__sip_put(out, peal_str_of(day_names + day * 3, 3));
    peal__sip_put(out, PEAL_STR(", "));
    put_digits(out, date->day, 2);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put(out, peal_str_of(month_names + (date->month - 1) * 3, 3));
    peal__sip_put(out, PEAL_STR(" "));
    put_digits(out, date->year, 4);
    peal__sip_put(out, PEAL_STR(" "));
    put_digits(out, date->hour, 2);
    peal__sip_put(out, PEAL_STR(":"));
    put_digits(out, date->minute, 2);
    peal__sip_put(out, PEAL_STR(":"));
    put_digits(out, date->second, 2);
    peal__sip_put(out, PEAL_STR(" GMT"));
}

/* Digits with at most one point among them. */
static bool is_decimal(peal_str text, bool before_point)
{
    const char *p = text.p, *end = p + text.n;
    while (p < end && peal__sip_is_digit(*p)) {
        ++p;
    }
    if (text.n == 0 || (before_point && p == text.p)) {
        return false;
    }
    p += p < end && *p == '.';
    while (p < end && peal__sip_is_digit(*p)) {
        ++p;
    }
    return p == end;
}

peal_result peal_sip_timestamp_us(peal_str decimal, uint64_t *ret)
{
    uint64_t number = 0;
    unsigned after = 0;
    bool point = false;
    if (!is_decimal(decimal, false)) {
        return PEAL_E_SYNTAX;
    }
    for (size_t i = 0; i < decimal.n && after < 6; ++i) {
        if (decimal.p[i] == '.') {
            point = true;
            continue;
        }
        unsigned digit = (unsigned)(decimal.p[i] - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return PEAL_E_RANGE;
        }
        number = number * 10 + digit;
        after += point;
    }
    for (; after < 6; ++after) {
        if (number > UINT64_MAX / 10) {
            return PEAL_E_RANGE;
        }
        number *= 10;
    }
    *ret = number;
    return PEAL_OK;
}

peal_result peal__sip_timestamp_decode(peal_str text, void *ret)
{
    peal_sip_timestamp timestamp = { .delay = { NULL, 0 } };
    text = peal__sip_trim(text);
    const char *end = text.p + text.n;
    const char *stop = text.p;
    while (stop < end && !peal__sip_in(*stop, PEAL__SIP_WS)) {
        ++stop;
    }
    timestamp.value = peal__sip_between(text.p, stop);
    peal_str delay = peal__sip_trim(peal__sip_between(stop, end));
    if (delay.n) {
        timestamp.delay = delay;
    }
    if (!is_decimal(timestamp.value, true) || (delay.n && !is_decimal(delay, false))) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_timestamp *)ret = timestamp;
    return PEAL_OK;
}

void peal__sip_timestamp_write(peal__sip_out *out, const void *value)
{
    const peal_sip_timestamp *timestamp = value;
    out->bad |= !is_decimal(timestamp->value, true);
    peal__sip_put(out, timestamp->value);
    if (timestamp->delay.p) {
        out->bad |= !is_decimal(timestamp->delay, false);
        peal__sip_put(out, PEAL_STR(" "));
        peal__sip_put(out, timestamp->delay);
    }
}

static const peal__sip_field retry_after_fields[] = {
    PEAL__SIP_FIELD(peal_sip_retry_after, duration_s, "duration", NUMBER),
};

peal_result peal__sip_retry_after_decode(peal_str text, void *ret)
{
    peal_sip_retry_after retry;
    peal__sip_zero(&retry, sizeof retry);
    text = peal__sip_trim(text);
    const char *end = text.p + text.n;
    const char *p = peal__sip_take_number(text.p, end, UINT32_MAX, &retry.delta_s);
    if (!p) {
        return PEAL_E_SIP_HEADER;
    }
    p = peal__sip_skip_ws(p, end);
    if (p < end && *p == '(') {
        const char *stop = peal__sip_skip_comment(p, end);
        if (!stop) {
            return PEAL_E_SIP_HEADER;
        }
        retry.comment = peal__sip_between(p + 1, stop - 1);
        p = peal__sip_skip_ws(stop, end);
    }
    retry.params = peal__sip_between(p, end);
    if ((p < end && *p != ';') ||
        peal__sip_fields_take(retry_after_fields, PEAL_COUNT_OF(retry_after_fields), ';',
                              retry.params, &retry) < 0) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_retry_after *)ret = retry;
    return PEAL_OK;
}

void peal__sip_retry_after_write(peal__sip_out *out, const void *value)
{
    const peal_sip_retry_after *retry = value;
    peal__sip_put_number(out, retry->delta_s);
    if (retry->comment.p) {
        peal__sip_put(out, PEAL_STR(" "));
        peal__sip_put_comment(out, retry->comment);
    }
    peal__sip_fields_put(out, retry_after_fields, PEAL_COUNT_OF(retry_after_fields), ';', true,
                         retry, retry->params);
}

/* A host with port or a token: what has neither white space nor a comma nor quotes. */
static const char *skip_agent(const char *p, const char *end)
{
    return peal__sip_skip(p, end, PEAL__SIP_PVALUE);
}

peal_result peal__sip_warning_decode(peal_str text, void *ret)
{
    peal_sip_warning warning;
    unsigned code;
    text = peal__sip_trim(text);
    const char *p = text.p, *end = p + text.n;
    if (!take_digits(&p, end, 3, &code) || code < 100 || !take_ws(&p, end)) {
        return PEAL_E_SIP_HEADER;
    }
    const char *stop = skip_agent(p, end);
    warning.code = (uint16_t)code;
    warning.agent = peal__sip_between(p, stop);
    p = stop;
    if (!warning.agent.n || !take_ws(&p, end) || p == end || *p != '"' ||
        peal__sip_skip_quoted(p, end) != end) {
        return PEAL_E_SIP_HEADER;
    }
    warning.text = peal__sip_between(p + 1, end - 1);
    *(peal_sip_warning *)ret = warning;
    return PEAL_OK;
}

void peal__sip_warning_write(peal__sip_out *out, const void *value)
{
    const peal_sip_warning *warning = value;
    out->bad |= warning->code < 100 || warning->code > 999;
    peal__sip_put_number(out, warning->code);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put_chars(out, warning->agent, PEAL__SIP_PVALUE);
    peal__sip_put(out, PEAL_STR(" "));
    peal__sip_put_quoted(out, warning->text);
}

peal_result peal__sip_mime_version_decode(peal_str text, void *ret)
{
    peal_sip_mime_version version;
    text = peal__sip_trim(text);
    const char *end = text.p + text.n;
    const char *p = peal__sip_take_number(text.p, end, UINT32_MAX, &version.major);
    if (!p || !take_char(&p, end, '.') ||
        peal__sip_take_number(p, end, UINT32_MAX, &version.minor) != end) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_mime_version *)ret = version;
    return PEAL_OK;
}

void peal__sip_mime_version_write(peal__sip_out *out, const void *value)
{
    const peal_sip_mime_version *version = value;
    peal__sip_put_number(out, version->major);
    peal__sip_put(out, PEAL_STR("."));
    peal__sip_put_number(out, version->minor);
}

static const peal__sip_field alert_error_fields[] = {
    PEAL__SIP_FIELD(peal_sip_alert_error, text, "code", QUOTED),
};
const peal__sip_shape peal__sip_alert_error_shape =
    PEAL__SIP_SHAPE(peal_sip_alert_error, NUMBER, code, alert_error_fields);
