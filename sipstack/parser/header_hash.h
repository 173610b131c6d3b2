/* SPDX-License-Identifier: MIT */
/* Perfect hash of the header names. Written by gen_tables.py. */
#ifndef PEAL_SIP_HEADER_HASH_H
#define PEAL_SIP_HEADER_HASH_H

enum {
    PEAL__SIP_HASH_LENGTH = 1,
    PEAL__SIP_HASH_FIRST = 29,
    PEAL__SIP_HASH_MIDDLE = 11,
    PEAL__SIP_HASH_MASK = 255
};

/* X(slot, id) */
#define PEAL__SIP_HEADER_SLOTS(X) \
    X(3, CSEQ) \
    X(5, CONTENT_ENCODING) \
    X(8, PROXY_REQUIRE) \
    X(16, SUBJECT) \
    X(21, ACCEPT_LANGUAGE) \
    X(23, PRIORITY) \
    X(29, ALLOW) \
    X(36, SUPPORTED) \
    X(42, MIME_VERSION) \
    X(46, CONTENT_ENCODING) \
    X(47, IN_REPLY_TO) \
    X(57, SUPPORTED) \
    X(59, CONTENT_DISPOSITION) \
    X(69, VIA) \
    X(70, CALL_ID) \
    X(71, WWW_AUTHENTICATE) \
    X(74, RECORD_ROUTE) \
    X(75, ORGANIZATION) \
    X(77, CONTENT_LENGTH) \
    X(79, REASON) \
    X(80, CONTENT_LANGUAGE) \
    X(86, RETRY_AFTER) \
    X(87, FROM) \
    X(90, TO) \
    X(91, ROUTE) \
    X(93, REQUIRE) \
    X(101, ALERT_INFO) \
    X(108, SUBJECT) \
    X(110, EXPIRES) \
    X(118, CONTACT) \
    X(128, UNSUPPORTED) \
    X(142, TIMESTAMP) \
    X(145, SERVER) \
    X(148, REPLY_TO) \
    X(149, TO) \
    X(156, CONTENT_LENGTH) \
    X(158, CALL_INFO) \
    X(159, PROXY_AUTHENTICATE) \
    X(163, WARNING) \
    X(164, CONTENT_TYPE) \
    X(169, PROXY_AUTHORIZATION) \
    X(170, AUTHENTICATION_INFO) \
    X(174, CONTACT) \
    X(185, DATE) \
    X(190, MAX_FORWARDS) \
    X(196, FROM) \
    X(202, ACCEPT_ENCODING) \
    X(206, ACCEPT) \
    X(210, CALL_ID) \
    X(217, ERROR_INFO) \
    X(220, CONTENT_TYPE) \
    X(231, VIA) \
    X(234, USER_AGENT) \
    X(251, AUTHORIZATION) \
    X(255, MIN_EXPIRES)

#endif
