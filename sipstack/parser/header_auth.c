/* SPDX-License-Identifier: MIT */
/* Challenges, credentials and Authentication-Info. Any thread.
 *
 * RFC 3261 §25.1: challenge   = ("Digest" LWS digest-cln *(COMMA digest-cln)) / other-challenge
 *                 digest-cln  = realm / domain / nonce / opaque / stale / algorithm / qop-options
 *                             / auth-param
 *                 credentials = ("Digest" LWS digest-response) / other-response
 *                 dig-resp    = username / realm / nonce / digest-uri / dresponse / algorithm
 *                             / cnonce / opaque / message-qop / nonce-count / auth-param
 *                 other-challenge, other-response = auth-scheme LWS auth-param *(COMMA auth-param)
 * RFC 7615 §3:    Authentication-Info = [auth-param *(COMMA auth-param)]
 * RFC 7616 §3.3 to §3.5: userhash, username*; which values stand between quotes
 * RFC 7235 §2.1:  token68 = 1*(ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/") *"="
 * RFC 8760 §2.1:  algorithms. RFC 8898 §2: Bearer */
#include "sipstack/parser/header_inner.h"

static const peal_str algorithms[] = {
    [PEAL_SIP_DIGEST_MD5] = { "MD5", 3 },
    [PEAL_SIP_DIGEST_MD5_SESS] = { "MD5-sess", 8 },
    [PEAL_SIP_DIGEST_SHA_256] = { "SHA-256", 7 },
    [PEAL_SIP_DIGEST_SHA_256_SESS] = { "SHA-256-sess", 12 },
    [PEAL_SIP_DIGEST_SHA_512_256] = { "SHA-512-256", 11 },
    [PEAL_SIP_DIGEST_SHA_512_256_SESS] = { "SHA-512-256-sess", 16 },
};

peal_sip_digest_algorithm peal_sip_digest_algorithm_of(peal_str text)
{
    for (size_t i = 1; text.p && i < PEAL_COUNT_OF(algorithms); ++i) {
        if (peal_str_ieq(text, algorithms[i])) {
            return (peal_sip_digest_algorithm)i;
        }
    }
    return text.p ? PEAL_SIP_DIGEST_OTHER : PEAL_SIP_DIGEST_MD5;
}

peal_str peal_sip_digest_algorithm_text(peal_sip_digest_algorithm algorithm)
{
    return (unsigned)algorithm < PEAL_COUNT_OF(algorithms) ? algorithms[algorithm]
                                                           : peal_str_of(NULL, 0);
}

static const peal__sip_field challenge_fields[] = {
    PEAL__SIP_FIELD(peal_sip_challenge, realm, "realm", QUOTED),
    PEAL__SIP_FIELD(peal_sip_challenge, domain, "domain", QUOTED),
    PEAL__SIP_FIELD(peal_sip_challenge, nonce, "nonce", QUOTED),
    PEAL__SIP_FIELD(peal_sip_challenge, opaque, "opaque", QUOTED),
    PEAL__SIP_FIELD(peal_sip_challenge, stale, "stale", TRUE),
    PEAL__SIP_FIELD(peal_sip_challenge, algorithm, "algorithm", BARE),
    PEAL__SIP_FIELD(peal_sip_challenge, qop, "qop", QUOTED),
    PEAL__SIP_FIELD(peal_sip_challenge, userhash, "userhash", TRUE),
};

static const peal__sip_field credentials_fields[] = {
    PEAL__SIP_FIELD(peal_sip_credentials, username, "username", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, realm, "realm", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, nonce, "nonce", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, uri, "uri", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, response, "response", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, algorithm, "algorithm", BARE),
    PEAL__SIP_FIELD(peal_sip_credentials, cnonce, "cnonce", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, opaque, "opaque", QUOTED),
    PEAL__SIP_FIELD(peal_sip_credentials, qop, "qop", BARE),
    PEAL__SIP_FIELD(peal_sip_credentials, nc, "nc", NC),
    PEAL__SIP_FIELD(peal_sip_credentials, userhash, "userhash", TRUE),
};

static const peal__sip_field auth_info_fields[] = {
    PEAL__SIP_FIELD(peal_sip_auth_info, nextnonce, "nextnonce", QUOTED),
    PEAL__SIP_FIELD(peal_sip_auth_info, qop, "qop", BARE),
    PEAL__SIP_FIELD(peal_sip_auth_info, rspauth, "rspauth", QUOTED),
    PEAL__SIP_FIELD(peal_sip_auth_info, cnonce, "cnonce", QUOTED),
    PEAL__SIP_FIELD(peal_sip_auth_info, nc, "nc", NC),
};

static bool is_token68(peal_str text)
{
    size_t n = text.n;
    while (n > 0 && text.p[n - 1] == '=') {
        --n;
    }
    for (size_t i = 0; i < n; ++i) {
        char c = text.p[i];
        if (!peal__sip_is_alpha(c) && !peal__sip_is_digit(c) && !memchr("-._~+/", c, 6)) {
            return false;
        }
    }
    return n > 0;
}

static bool is_digest(peal_str scheme)
{
    return peal_str_ieq(scheme, PEAL_STR("Digest"));
}

/* The scheme, and what follows; a scheme must be followed by something. */
static bool take_scheme(peal_str text, peal_str *ret_scheme, peal_str *ret_token68,
                        peal_str *ret_params)
{
    text = peal__sip_trim(text);
    const char *end = text.p + text.n;
    const char *stop = peal__sip_skip(text.p, end, PEAL__SIP_TOKEN);
    *ret_scheme = peal__sip_between(text.p, stop);
    *ret_params = peal__sip_trim(peal__sip_between(stop, end));
    if (is_token68(*ret_params)) {
        *ret_token68 = *ret_params;
    }
    return ret_scheme->n && ret_params->n && peal__sip_in(*stop, PEAL__SIP_WS);
}

static void put_scheme(peal__sip_out *out, peal_str scheme, peal_str token68)
{
    peal__sip_put_token(out, scheme);
    peal__sip_put(out, PEAL_STR(" "));
    if (token68.p) {
        out->bad |= !is_token68(token68);
        peal__sip_put(out, token68);
    }
}

/* A value without anything behind the scheme would not be one. */
static void put_params(peal__sip_out *out, const peal__sip_field *fields, size_t count,
                       const void *base, peal_str params)
{
    size_t before = out->bytes;
    peal__sip_fields_put(out, fields, count, ',', false, base, params);
    out->bad |= out->bytes == before;
}

static bool challenge_ok(const peal_sip_challenge *challenge)
{
    return !is_digest(challenge->scheme) ||
           (challenge->realm.p && challenge->nonce.p && !challenge->token68.p);
}

peal_result peal__sip_challenge_decode(peal_str text, void *ret)
{
    peal_sip_challenge challenge;
    peal__sip_zero(&challenge, sizeof challenge);
    if (!take_scheme(text, &challenge.scheme, &challenge.token68, &challenge.params)) {
        return PEAL_E_SIP_HEADER;
    }
    if (!challenge.token68.p &&
        peal__sip_fields_take(challenge_fields, PEAL_COUNT_OF(challenge_fields), ',',
                              challenge.params, &challenge) < 0) {
        return PEAL_E_SIP_HEADER;
    }
    if (!challenge_ok(&challenge)) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_challenge *)ret = challenge;
    return PEAL_OK;
}

void peal__sip_challenge_write(peal__sip_out *out, const void *value)
{
    const peal_sip_challenge *challenge = value;
    out->bad |= !challenge_ok(challenge);
    put_scheme(out, challenge->scheme, challenge->token68);
    if (!challenge->token68.p) {
        put_params(out, challenge_fields, PEAL_COUNT_OF(challenge_fields), challenge,
                   challenge->params);
    }
}

static bool has_param(peal_str params, peal_str wanted)
{
    peal_str name, value;
    while (peal_sip_auth_param_next(&params, &name, &value) == PEAL_OK) {
        if (peal_str_ieq(name, wanted)) {
            return true;
        }
    }
    return false;
}

static bool credentials_ok(const peal_sip_credentials *credentials)
{
    if (!is_digest(credentials->scheme)) {
        return true;
    }
    return credentials->realm.p && credentials->nonce.p && credentials->uri.p &&
           credentials->response.p && !credentials->token68.p &&
           (credentials->username.p || has_param(credentials->params, PEAL_STR("username*")));
}

peal_result peal__sip_credentials_decode(peal_str text, void *ret)
{
    peal_sip_credentials credentials;
    peal__sip_zero(&credentials, sizeof credentials);
    if (!take_scheme(text, &credentials.scheme, &credentials.token68, &credentials.params)) {
        return PEAL_E_SIP_HEADER;
    }
    if (!credentials.token68.p &&
        peal__sip_fields_take(credentials_fields, PEAL_COUNT_OF(credentials_fields), ',',
                              credentials.params, &credentials) < 0) {
        return PEAL_E_SIP_HEADER;
    }
    if (!credentials_ok(&credentials)) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_credentials *)ret = credentials;
    return PEAL_OK;
}

void peal__sip_credentials_write(peal__sip_out *out, const void *value)
{
    const peal_sip_credentials *credentials = value;
    out->bad |= !credentials_ok(credentials);
    put_scheme(out, credentials->scheme, credentials->token68);
    if (!credentials->token68.p) {
        put_params(out, credentials_fields, PEAL_COUNT_OF(credentials_fields), credentials,
                   credentials->params);
    }
}

peal_result peal__sip_auth_info_decode(peal_str text, void *ret)
{
    peal_sip_auth_info info;
    peal__sip_zero(&info, sizeof info);
    info.params = peal__sip_trim(text);
    peal_result r = peal__sip_fields_take(auth_info_fields, PEAL_COUNT_OF(auth_info_fields), ',',
                                          info.params, &info);
    if (r < 0 || info.params.n == 0) {
        return PEAL_E_SIP_HEADER;
    }
    *(peal_sip_auth_info *)ret = info;
    return PEAL_OK;
}

void peal__sip_auth_info_write(peal__sip_out *out, const void *value)
{
    const peal_sip_auth_info *info = value;
    put_params(out, auth_info_fields, PEAL_COUNT_OF(auth_info_fields), info, info->params);
}
