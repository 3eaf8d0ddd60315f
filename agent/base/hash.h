/* Hashes: a fast 64-bit one for tables, SHA-256 for contents and names that must be the same
 * everywhere, and ids made from names. */
#ifndef LEEWAY_BASE_HASH_H
#define LEEWAY_BASE_HASH_H

#include <stdint.h>

#include "base/bytes.h"

/* XXH3, 64 bits. Not for anything that leaves the process. */
uint64_t hash_bytes(struct bytes bytes, uint64_t seed);

enum { HASH_HEX_BYTES = 65, ID_BYTES = 37 };

/* SHA-256 in lower-case hex, NUL-terminated, into a buffer of HASH_HEX_BYTES. */
const char *hash_sha256(struct bytes bytes, char *ret_hex);

/* SHA-256 over pieces: sha256_new, sha256_add …, sha256_finish (which frees). */
struct sha256;
struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *sha, struct bytes bytes);
const char *sha256_finish(struct sha256 *sha, char *ret_hex);

/* HMAC-SHA-256, 32 raw bytes into `ret_mac`. */
void hash_hmac(struct bytes key, struct bytes message, unsigned char *ret_mac);

/* A name-based UUID (RFC 9562 version 8: SHA-256 of `name`), so that the same cause gets the same
 * id on every machine. Buffer of ID_BYTES. */
const char *id_from_name(struct bytes name, char *ret_id);

#endif
