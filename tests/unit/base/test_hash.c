/* Published vectors, and that pieces and wholes agree. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

/* FIPS 180-2, appendix B, and the empty message. */
Test(hash, sha256_of_nist)
{
    static const struct {
        const char *message, *expected;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    char hex[HASH_HEX_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(hash_sha256(bytes_of(cases[i].message), hex), cases[i].expected);
    cr_assert_str_eq(hash_sha256(bytes_make(NULL, 0), hex), cases[0].expected);
}

/* FIPS 180-2: a million times "a", here in pieces of every size from 0. */
Test(hash, sha256_in_pieces)
{
    char *message = mem_new(1000000, 1), hex[HASH_HEX_BYTES];
    memset(message, 'a', 1000000);
    struct sha256 *sha = sha256_new();
    for (size_t at = 0, size = 0; at < 1000000; at += size, size++) {
        size = size < 1000000 - at ? size : 1000000 - at;
        sha256_add(sha, bytes_make(message + at, size));
    }
    cr_assert_str_eq(sha256_finish(sha, hex),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(message);
}

static void hmac_is(struct bytes key, struct bytes message, const char *expected)
{
    unsigned char mac[32];
    char hex[65];
    hash_hmac(key, message, mac);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    cr_expect_str_eq(hex, expected);
}

/* RFC 4231, test cases 1 to 4, 6 and 7 (5 is a truncated one). */
Test(hash, hmac_of_rfc_4231)
{
    char key[131], data[50];
    memset(key, 0x0b, 20);
    hmac_is(bytes_make(key, 20), bytes_of("Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_is(bytes_of("Jefe"), bytes_of("what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, 131);
    memset(data, 0xdd, 50);
    hmac_is(bytes_make(key, 20), bytes_make(data, 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    hmac_is(bytes_make(key, 131),
            bytes_of("Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_is(bytes_make(key, 131),
            bytes_of("This is a test using a larger than block-size key and a larger than "
                     "block-size data. The key needs to be hashed before being used by the HMAC "
                     "algorithm."),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
    for (int i = 0; i < 25; i++)
        key[i] = (char)(i + 1);
    memset(data, 0xcd, 50);
    hmac_is(bytes_make(key, 25), bytes_make(data, 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
}

/* python3 -c 'import hmac; print(hmac.new(b"", b"", "sha256").hexdigest())' */
Test(hash, hmac_of_nothing)
{
    const char *expected = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    hmac_is(bytes_make("", 0), bytes_make("", 0), expected);
    hmac_is(bytes_make(NULL, 0), bytes_make(NULL, 0), expected);
}

/* SHA-256 of the name, hashlib's, with version and variant set by hand. */
Test(hash, id_from_name)
{
    char id[ID_BYTES];
    cr_assert_str_eq(id_from_name(bytes_of(""), id), "e3b0c442-98fc-8c14-9afb-f4c8996fb924");
    cr_assert_str_eq(id_from_name(bytes_of("incident|flights"), id),
                     "5c9e8aeb-b777-85b7-bbd3-05d13e24fa72");
}

/* RFC 9562: 8-4-4-4-12 hex digits, version 8, variant 10. */
Test(hash, ids_have_their_shape_and_differ)
{
    char last[ID_BYTES] = "", id[ID_BYTES], name[16];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "name %d", i);
        id_from_name(bytes_of(name), id);
        cr_assert_eq(strlen(id), 36);
        for (size_t k = 0; k < 36; k++) {
            bool dash = k == 8 || k == 13 || k == 18 || k == 23;
            cr_assert(dash ? id[k] == '-' : strchr("0123456789abcdef", id[k]) != NULL, "%s", id);
        }
        cr_assert_eq(id[14], '8', "%s", id);
        cr_assert(strchr("89ab", id[19]), "%s", id);
        cr_assert_str_neq(id, last);
        memcpy(last, id, sizeof id);
    }
}

Test(hash, bytes_depend_on_content_size_and_seed)
{
    cr_assert_eq(hash_bytes(bytes_of("abc"), 1), hash_bytes(bytes_make("abcd", 3), 1));
    cr_assert_neq(hash_bytes(bytes_of("abc"), 1), hash_bytes(bytes_of("abc"), 2));
    cr_assert_neq(hash_bytes(bytes_of("abc"), 1), hash_bytes(bytes_of("abd"), 1));
    cr_assert_neq(hash_bytes(bytes_make("a\0", 2), 1), hash_bytes(bytes_of("a"), 1));
    cr_assert_eq(hash_bytes(bytes_make(NULL, 0), 1), hash_bytes(bytes_of(""), 1));
}
