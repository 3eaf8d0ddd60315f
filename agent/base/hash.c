/* Thin layer over xxHash and OpenSSL's libcrypto, so that nobody else includes them. */
#include "base/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"

uint64_t hash_bytes(struct bytes bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data, bytes.size, seed);
}

static const char *to_hex(const unsigned char *digest, char *ret_hex)
{
    for (unsigned i = 0; i < 32; i++)
        snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
    return ret_hex;
}

struct sha256 {
    EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *sha = mem_new(1, sizeof *sha);
    sha->context = EVP_MD_CTX_new();
    if (!sha->context || EVP_DigestInit_ex(sha->context, EVP_sha256(), NULL) != 1)
        mem_fail(sizeof *sha);
    return sha;
}

void sha256_add(struct sha256 *sha, struct bytes bytes)
{
    EVP_DigestUpdate(sha->context, bytes.data, bytes.size);
}

const char *sha256_finish(struct sha256 *sha, char *ret_hex)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    EVP_DigestFinal_ex(sha->context, digest, NULL);
    EVP_MD_CTX_free(sha->context);
    free(sha);
    return to_hex(digest, ret_hex);
}

const char *hash_sha256(struct bytes bytes, char *ret_hex)
{
    struct sha256 *sha = sha256_new();
    sha256_add(sha, bytes);
    return sha256_finish(sha, ret_hex);
}

void hash_hmac(struct bytes key, struct bytes message, unsigned char *ret_mac)
{
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data, (int)key.size, (const unsigned char *)message.data, message.size,
         ret_mac, &size);
}

const char *id_from_name(struct bytes name, char *ret_id)
{
    char hex[HASH_HEX_BYTES];
    hash_sha256(name, hex);
    hex[12] = '8'; /* version 8 */
    unsigned variant = (unsigned)(hex[16] <= '9' ? hex[16] - '0' : hex[16] - 'a' + 10);
    hex[16] = "89ab"[variant & 3];
    snprintf(ret_id, ID_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
    return ret_id;
}
