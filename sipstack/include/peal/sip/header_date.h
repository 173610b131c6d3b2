/* SPDX-License-Identifier: MIT */
/** @file
 * Headers about time, and Warning and MIME-Version: Date, Timestamp, Retry-After (RFC 3261 §20.17,
 * §20.24, §20.33, §20.38, §20.43, §25.1). */
#ifndef PEAL_SIP_HEADER_DATE_H
#define PEAL_SIP_HEADER_DATE_H

#include <peal/sip/header_access.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Date, in GMT. The encoder computes the day of the week; the decoder accepts any. */
typedef struct peal_sip_date {
    uint16_t year;  /**< from 1 on */
    uint8_t month;  /**< 1 to 12 */
    uint8_t day;    /**< 1 to 31; a day that exists */
    uint8_t hour;   /**< 0 to 23 */
    uint8_t minute; /**< 0 to 59 */
    uint8_t second; /**< 0 to 60 */
} peal_sip_date;
PEAL_SIP_ONE(date, DATE)
/** Seconds since 1970-01-01 00:00:00, before it negative; a leap second counts as the next.
 * @return PEAL_OK, PEAL_E_ARGUMENT for a date that does not exist */
PEAL_API peal_result peal_sip_date_to_unix(const peal_sip_date *date, int64_t *ret);
/** The date of so many seconds since 1970-01-01 00:00:00.
 * @return PEAL_OK, PEAL_E_RANGE outside of the years 1 to 9999 */
PEAL_API peal_result peal_sip_date_from_unix(int64_t seconds, peal_sip_date *ret);

/** Timestamp: decimal numbers as written, since they are sent back as they came. */
typedef struct peal_sip_timestamp {
    peal_str value; /**< such as "54.21" */
    peal_str delay; /**< absent if none */
} peal_sip_timestamp;
PEAL_SIP_ONE(timestamp, TIMESTAMP)
/** A decimal number of seconds in microseconds, rounded down.
 * @return PEAL_OK, PEAL_E_SYNTAX, PEAL_E_RANGE */
PEAL_API peal_result peal_sip_timestamp_us(peal_str decimal, uint64_t *ret);

/** Retry-After. */
typedef struct peal_sip_retry_after {
    uint32_t delta_s;           /**< seconds to wait */
    peal_str comment;           /**< without its outer parentheses; absent if none */
    peal_sip_number duration_s; /**< how long the callee will be there */
    peal_str params;            /**< from the first ';' */
} peal_sip_retry_after;
PEAL_SIP_ONE(retry_after, RETRY_AFTER)

/** One Warning value. */
typedef struct peal_sip_warning {
    uint16_t code;  /**< 100 to 999 */
    peal_str agent; /**< host with port, or a pseudonym */
    peal_str text;  /**< between its quotes */
} peal_sip_warning;
PEAL_SIP_LIST(warning, WARNING)

/** MIME-Version. */
typedef struct peal_sip_mime_version {
    uint32_t major; /**< 1 */
    uint32_t minor; /**< 0 */
} peal_sip_mime_version;
PEAL_SIP_ONE(mime_version, MIME_VERSION)

/** AlertMsg-Error (RFC 8876 §5.2). */
typedef struct peal_sip_alert_error {
    uint32_t code;   /**< such as 101 */
    peal_str text;   /**< its code parameter between the quotes; absent if none */
    peal_str params; /**< from the first ';' */
} peal_sip_alert_error;
PEAL_SIP_ONE(alert_error, ALERT_ERROR)

#ifdef __cplusplus
}
#endif
#endif
