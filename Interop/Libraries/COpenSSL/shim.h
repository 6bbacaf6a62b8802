/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <openssl/evp.h>
#include <openssl/err.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* Creates a key on the curve P-256, by a macro that Swift does not import. Returns NULL on failure. */
static inline EVP_PKEY *copenssl_p256_key(void) { return EVP_EC_gen("P-256"); }
