#include "lib/net/signed.h"

#include <sodium.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	SIGNED_FILE_MAX = 4096,
	SIGNED_SEED_HEX = 2 * crypto_sign_SEEDBYTES + 1
};

static int
signed_read_hex(const char *path, unsigned char *out, size_t n, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view hex;
	size_t got = 0;
	int rc;

	if (path_read(path, SIGNED_FILE_MAX, &text, e) == -1)
		return -1;
	hex = view_trim(str_view(&text));
	rc = sodium_hex2bin(out, n, hex.p, hex.len, NULL, &got, NULL);
	explicit_bzero(text.p, text.len);
	if (rc == -1 || got != n)
		return err_set(e, ERR_INVALID, "%s is not a key", path);
	return 0;
}

static int
signed_make_key(const char *path, unsigned char *seed, struct err *e)
{
	char hex[SIGNED_SEED_HEX];
	int rc;

	randombytes_buf(seed, crypto_sign_SEEDBYTES);
	(void)sodium_bin2hex(hex, sizeof(hex), seed, crypto_sign_SEEDBYTES);
	rc = path_write_atomic(path, hex, sizeof(hex) - 1, 0600, e);
	explicit_bzero(hex, sizeof(hex));
	return rc;
}

static int
signed_load_file(const char *path, unsigned char *secret,
    char hex[SIGNED_KEY_HEX], struct err *e)
{
	unsigned char seed[crypto_sign_SEEDBYTES];
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	struct err why = ERR_INIT;
	int rc = signed_read_hex(path, seed, sizeof(seed), &why);

	if (rc == -1 && why.code == ERR_NOTFOUND)
		rc = signed_make_key(path, seed, &why);
	if (rc == -1) {
		*e = why;
		return -1;
	}
	(void)crypto_sign_seed_keypair(public, secret, seed);
	explicit_bzero(seed, sizeof(seed));
	(void)sodium_bin2hex(hex, SIGNED_KEY_HEX, public, sizeof(public));
	return 0;
}

static void
signed_sign(unsigned char *secret, struct view text, char out[SIGNED_HEX])
{
	unsigned char sig[crypto_sign_BYTES];

	(void)crypto_sign_detached(
	    sig, NULL, (const unsigned char *)text.p, text.len, secret);
	explicit_bzero(secret, crypto_sign_SECRETKEYBYTES);
	(void)sodium_bin2hex(out, SIGNED_HEX, sig, sizeof(sig));
}

/* The public half is written each time: a copied HOME may lack it. */
int
signed_make(
    const char *home, struct view text, char out[SIGNED_HEX], struct err *e)
{
	AUTO_FREE char *path = path_join(home, "secrets/prove.key");
	AUTO_FREE char *shown = path_join(home, "prove.pub");
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	char key[SIGNED_KEY_HEX];

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_load_file(path, secret, key, e) == -1)
		return -1;
	if (path_write_atomic(shown, key, sizeof(key) - 1, 0644, e) == -1) {
		explicit_bzero(secret, sizeof(secret));
		return -1;
	}
	signed_sign(secret, text, out);
	return 0;
}

int
signed_by(const char *path, char key[SIGNED_KEY_HEX], struct err *e)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_load_file(path, secret, key, e) == -1)
		return -1;
	explicit_bzero(secret, sizeof(secret));
	return 0;
}

int
signed_make_by(
    const char *path, struct view text, char out[SIGNED_HEX], struct err *e)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	char key[SIGNED_KEY_HEX];

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_load_file(path, secret, key, e) == -1)
		return -1;
	signed_sign(secret, text, out);
	return 0;
}

static int
signed_verify(const unsigned char *public, struct view text, const char *hex,
    struct err *e)
{
	unsigned char sig[crypto_sign_BYTES];
	size_t n = 0;

	if (sodium_hex2bin(
		sig, sizeof(sig), hex, strlen(hex), NULL, &n, NULL) == -1 ||
	    n != sizeof(sig) ||
	    crypto_sign_verify_detached(
		sig, (const unsigned char *)text.p, text.len, public) == -1)
		return err_set(
		    e, ERR_DENIED, "the signature is not this key's");
	return 0;
}

int
signed_check(const char *home, struct view text, const char *hex, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "prove.pub");
	unsigned char public[crypto_sign_PUBLICKEYBYTES];

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_read_hex(path, public, sizeof(public), e) == -1)
		return -1;
	if (signed_verify(public, text, hex, e) == -1)
		return err_set(
		    e, ERR_DENIED, "the signature is not this installation's");
	return 0;
}

int
signed_check_by(
    const char *key, struct view text, const char *hex, struct err *e)
{
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	size_t n = 0;

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (sodium_hex2bin(public, sizeof(public), key, strlen(key), NULL, &n,
		NULL) == -1 ||
	    n != sizeof(public))
		return err_set(e, ERR_INVALID, "that is no public key");
	return signed_verify(public, text, hex, e);
}
