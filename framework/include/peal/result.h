/* SPDX-License-Identifier: MIT */
/** @file
 * The one result type of Peal: success, information, warning or error, with package and code.
 *
 * A result is a 32-bit number: 0 is success, negative is an error, positive is a success with
 * something to say (information, or a warning when PEAL_RESULT_WARNING_BIT is set). Each package
 * owns a range of 1000 codes. */
#ifndef PEAL_RESULT_H
#define PEAL_RESULT_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** See the file's head. */
typedef int32_t peal_result;

/** Set in positive results that are warnings. */
#define PEAL_RESULT_WARNING_BIT 0x01000000

/** Packages: base of each range of codes. */
enum {
    PEAL_PKG_BASE = 1000,
    PEAL_PKG_ECOM = 2000,
    PEAL_PKG_THREAD = 3000,
    PEAL_PKG_NET = 4000,
    PEAL_PKG_TLS = 5000,
    PEAL_PKG_DNS = 6000,
    PEAL_PKG_SIP_PARSER = 10000,
    PEAL_PKG_SIP_TRANSPORT = 11000,
    PEAL_PKG_SIP_TRANSACTION = 12000,
    PEAL_PKG_SIP_CORE = 13000,
    PEAL_PKG_SIP_SERVICE = 14000,
    PEAL_PKG_SDP = 20000,
    PEAL_PKG_APP = 30000
};

/** Every code: X(kind, name, value, sentence); kind is E (error), W (warning) or I (information).
 * A code is never reused and never changes its value. */
#define PEAL_RESULT_TABLE(X)                                                                      \
    X(E, PEAL_E_NO_MEMORY, PEAL_PKG_BASE + 1, "memory is exhausted")                              \
    X(E, PEAL_E_ARGUMENT, PEAL_PKG_BASE + 2, "an argument is not valid")                          \
    X(E, PEAL_E_STATE, PEAL_PKG_BASE + 3, "not possible in the present state")                    \
    X(E, PEAL_E_RANGE, PEAL_PKG_BASE + 4, "a number is out of range")                             \
    X(E, PEAL_E_SYNTAX, PEAL_PKG_BASE + 5, "the text does not follow its grammar")                \
    X(E, PEAL_E_LIMIT, PEAL_PKG_BASE + 6, "a configured limit is reached")                        \
    X(E, PEAL_E_NOT_FOUND, PEAL_PKG_BASE + 7, "there is no such thing")                           \
    X(E, PEAL_E_EXISTS, PEAL_PKG_BASE + 8, "it exists already")                                   \
    X(E, PEAL_E_NOT_BUILT_IN, PEAL_PKG_BASE + 9, "this feature was left out of the build")        \
    X(E, PEAL_E_OS, PEAL_PKG_BASE + 10, "the operating system reported an error")                 \
    X(E, PEAL_E_LIVE_OBJECTS, PEAL_PKG_BASE + 11, "objects are still alive")                      \
    X(E, PEAL_E_BUILD_MISMATCH, PEAL_PKG_BASE + 12, "libraries of different builds are mixed")    \
    X(E, PEAL_E_NO_IF, PEAL_PKG_ECOM + 1, "the object does not have this interface")              \
    X(E, PEAL_E_NO_CLASS, PEAL_PKG_ECOM + 2, "no class is registered under this CLSID")           \
    X(E, PEAL_E_NO_AGGREGATION, PEAL_PKG_ECOM + 3, "the class cannot be aggregated")              \
    X(E, PEAL_E_WRONG_THREAD, PEAL_PKG_THREAD + 1, "called from a thread that does not own it")   \
    X(E, PEAL_E_WOULD_DEADLOCK, PEAL_PKG_THREAD + 2, "waiting here would wait for itself")        \
    X(E, PEAL_E_STOPPING, PEAL_PKG_THREAD + 3, "the servicing thread is stopping")                \
    X(E, PEAL_E_REENTERED, PEAL_PKG_THREAD + 4, "the servicing thread is already being run")      \
    X(E, PEAL_E_QUEUE_FULL, PEAL_PKG_THREAD + 5, "a queue is at its limit")                       \
    X(E, PEAL_E_WOULD_BLOCK, PEAL_PKG_NET + 1, "the socket is not ready")                         \
    X(E, PEAL_E_ADDR_IN_USE, PEAL_PKG_NET + 2, "the address is in use")                           \
    X(E, PEAL_E_ADDR_NOT_AVAILABLE, PEAL_PKG_NET + 3, "the address does not belong to this host") \
    X(E, PEAL_E_REFUSED, PEAL_PKG_NET + 4, "the peer refuses (port unreachable)")                 \
    X(E, PEAL_E_UNREACHABLE, PEAL_PKG_NET + 5, "the host or network cannot be reached")           \
    X(E, PEAL_E_TOO_BIG, PEAL_PKG_NET + 6, "the message is too big for this transport")           \
    X(E, PEAL_E_PERMISSION, PEAL_PKG_NET + 7, "the operating system does not permit it")          \
    X(E, PEAL_E_NO_DESCRIPTORS, PEAL_PKG_NET + 8, "no more file descriptors")                     \
    X(E, PEAL_E_CLOSED, PEAL_PKG_NET + 9, "the socket or connection is closed")                   \
    X(E, PEAL_E_NET, PEAL_PKG_NET + 10, "the network reported an error")                          \
    X(E, PEAL_E_SIP_NOT_SIP, PEAL_PKG_SIP_PARSER + 1, "this is not a SIP message")                \
    X(E, PEAL_E_SIP_INCOMPLETE, PEAL_PKG_SIP_PARSER + 2, "the message ends too early")            \
    X(E, PEAL_E_SIP_START_LINE, PEAL_PKG_SIP_PARSER + 3, "the start line is malformed")           \
    X(E, PEAL_E_SIP_VERSION, PEAL_PKG_SIP_PARSER + 4, "the SIP version is not 2.0")               \
    X(E, PEAL_E_SIP_HEADER, PEAL_PKG_SIP_PARSER + 5, "a header is malformed")                     \
    X(E, PEAL_E_SIP_MISSING_HEADER, PEAL_PKG_SIP_PARSER + 6, "a mandatory header is missing")     \
    X(E, PEAL_E_SIP_DUPLICATE_HEADER, PEAL_PKG_SIP_PARSER + 7, "a single header stands twice")    \
    X(E, PEAL_E_SIP_CONTENT_LENGTH, PEAL_PKG_SIP_PARSER + 8, "Content-Length exceeds the data")   \
    X(E, PEAL_E_SIP_URI, PEAL_PKG_SIP_PARSER + 9, "a URI is malformed")                           \
    X(E, PEAL_E_SIP_URI_SCHEME, PEAL_PKG_SIP_PARSER + 10, "the URI scheme is not supported")      \
    X(E, PEAL_E_SIP_METHOD_MISMATCH, PEAL_PKG_SIP_PARSER + 11,                                    \
      "the CSeq method is not the request's method")                                              \
    X(E, PEAL_E_SIP_NUL, PEAL_PKG_SIP_PARSER + 12, "a header line holds a NUL byte")              \
    X(E, PEAL_E_SIP_NO_TRANSPORT, PEAL_PKG_SIP_TRANSPORT + 1, "no such transport is available")   \
    X(E, PEAL_E_SIP_NO_LOCAL_ADDRESS, PEAL_PKG_SIP_TRANSPORT + 2,                                 \
      "no local address serves this destination")                                                 \
    X(E, PEAL_E_SIP_SEND, PEAL_PKG_SIP_TRANSPORT + 3, "the packet could not be sent")             \
    X(E, PEAL_E_SIP_TIMEOUT, PEAL_PKG_SIP_TRANSACTION + 1,                                        \
      "no answer within the transaction's time")                                                  \
    X(E, PEAL_E_SIP_TXN_EXISTS, PEAL_PKG_SIP_TRANSACTION + 2,                                     \
      "a transaction with this key is alive already")                                             \
    X(E, PEAL_E_SIP_CLEARED, PEAL_PKG_SIP_CORE + 1, "the context was cleared")                    \
    X(E, PEAL_E_SIP_DECIDED, PEAL_PKG_SIP_CORE + 2, "this event was decided already")             \
    X(E, PEAL_E_SIP_NO_MORE_EVENTS, PEAL_PKG_SIP_CORE + 3, "there is no next client event")       \
    X(E, PEAL_E_SIP_REISSUE, PEAL_PKG_SIP_CORE + 4, "only a failed request can be reissued")      \
    X(E, PEAL_E_SIP_FINAL_SENT, PEAL_PKG_SIP_CORE + 5, "a final response was sent already")       \
    X(E, PEAL_E_SIP_NO_MANAGER, PEAL_PKG_SIP_CORE + 6, "the service has no manager")              \
    X(E, PEAL_E_SIP_SERVICE_ORDER, PEAL_PKG_SIP_CORE + 7,                                         \
      "this service must not be attached after the others")                                       \
    X(E, PEAL_E_SIP_SERVICE_MISSING, PEAL_PKG_SIP_CORE + 8, "a service that is needed is missing") \
    X(E, PEAL_E_SIP_NO_TARGET, PEAL_PKG_SIP_CORE + 9, "there is no destination to try")           \
    X(E, PEAL_E_SIP_SHUTTING_DOWN, PEAL_PKG_SIP_CORE + 10, "the stack is shutting down")          \
    X(E, PEAL_E_SIP_NO_DIALOG, PEAL_PKG_SIP_SERVICE + 1, "there is no dialog")                    \
    X(E, PEAL_E_SIP_DIALOG_EXISTS, PEAL_PKG_SIP_SERVICE + 2, "the dialog exists already")         \
    X(E, PEAL_E_SIP_GLARE, PEAL_PKG_SIP_SERVICE + 3, "another request of this kind is open")      \
    X(E, PEAL_E_SIP_CANCELLED, PEAL_PKG_SIP_SERVICE + 4, "the request was cancelled")             \
    X(E, PEAL_E_SDP_SYNTAX, PEAL_PKG_SDP + 1, "the session description is malformed")             \
    X(E, PEAL_E_SDP_LIMIT, PEAL_PKG_SDP + 2, "the session description exceeds a limit")           \
    X(E, PEAL_E_APP_CONFIG, PEAL_PKG_APP + 1, "the configuration is not valid")                   \
    X(W, PEAL_W_RELEASED_UNDECIDED, PEAL_PKG_SIP_CORE + 1,                                        \
      "an event was released without a decision")                                                 \
    X(I, PEAL_I_ALREADY, PEAL_PKG_BASE + 1, "nothing to do: it is so already")                    \
    X(I, PEAL_I_PENDING, PEAL_PKG_BASE + 2, "started; the result comes later")                    \
    X(I, PEAL_I_END, PEAL_PKG_BASE + 3, "the end is reached")

/** Value of an error. */
#define PEAL_RESULT_VALUE_E(v) (-(v))
/** Value of a warning. */
#define PEAL_RESULT_VALUE_W(v) (PEAL_RESULT_WARNING_BIT | (v))
/** Value of an information. */
#define PEAL_RESULT_VALUE_I(v) (v)
/** Private: one row of the table as an enumerator. */
#define PEAL_RESULT_ENUM(kind, name, value, sentence) name = PEAL_RESULT_VALUE_##kind(value),
/** All codes; PEAL_OK is plain success. */
enum { PEAL_OK = 0, PEAL_RESULT_TABLE(PEAL_RESULT_ENUM) PEAL_RESULT_ENUM_END = 0x7fffffff };
#undef PEAL_RESULT_ENUM

/** Success, with or without something to say. */
static inline bool peal_is_ok(peal_result r)
{
    return r >= 0;
}
/** An error. */
static inline bool peal_is_error(peal_result r)
{
    return r < 0;
}
/** A success that the caller should hear about. */
static inline bool peal_is_warning(peal_result r)
{
    return r > 0 && (r & PEAL_RESULT_WARNING_BIT) != 0;
}
/** A success that carries information. */
static inline bool peal_is_information(peal_result r)
{
    return r > 0 && (r & PEAL_RESULT_WARNING_BIT) == 0;
}
/** The base of the range the code belongs to, one of PEAL_PKG_…; 0 for PEAL_OK. */
__attribute__((visibility("default"))) int peal_result_package(peal_result r);
/** The code's name, as "PEAL_E_NO_MEMORY"; "PEAL_?" for an unknown one. Never NULL. @thread any */
__attribute__((visibility("default"))) const char *peal_result_name(peal_result r);
/** The code's sentence in English, without a full stop. Never NULL. @thread any */
__attribute__((visibility("default"))) const char *peal_result_text(peal_result r);
/** The package's name, as "ecom"; "?" for an unknown one. Never NULL. @thread any */
__attribute__((visibility("default"))) const char *peal_result_package_name(peal_result r);

#ifdef __cplusplus
}
#endif
#endif
