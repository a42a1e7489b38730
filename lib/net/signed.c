#include "lib/net/signed.h"

#include <sodium.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	SIGNED_FILE_MAX = 4096,
	SIGNED_SEED_HEX = 2 * crypto_sign_SEEDBYTES + 1,
	SIGNED_PUBLIC_HEX = 2 * crypto_sign_PUBLICKEYBYTES + 1
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

/* The public half is written each time: a copied HOME may lack it. */
static int
signed_load(const char *home, unsigned char *secret, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "secrets/prove.key");
	AUTO_FREE char *shown = path_join(home, "prove.pub");
	unsigned char seed[crypto_sign_SEEDBYTES];
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	char hex[SIGNED_PUBLIC_HEX];
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
	(void)sodium_bin2hex(hex, sizeof(hex), public, sizeof(public));
	return path_write_atomic(shown, hex, sizeof(hex) - 1, 0644, e);
}

int
signed_make(
    const char *home, struct view text, char out[SIGNED_HEX], struct err *e)
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	unsigned char sig[crypto_sign_BYTES];

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_load(home, secret, e) == -1)
		return -1;
	(void)crypto_sign_detached(
	    sig, NULL, (const unsigned char *)text.p, text.len, secret);
	explicit_bzero(secret, sizeof(secret));
	(void)sodium_bin2hex(out, SIGNED_HEX, sig, sizeof(sig));
	return 0;
}

int
signed_check(const char *home, struct view text, const char *hex, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "prove.pub");
	unsigned char public[crypto_sign_PUBLICKEYBYTES];
	unsigned char sig[crypto_sign_BYTES];
	size_t n = 0;

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	if (signed_read_hex(path, public, sizeof(public), e) == -1)
		return -1;
	if (sodium_hex2bin(
		sig, sizeof(sig), hex, strlen(hex), NULL, &n, NULL) == -1 ||
	    n != sizeof(sig) ||
	    crypto_sign_verify_detached(
		sig, (const unsigned char *)text.p, text.len, public) == -1)
		return err_set(
		    e, ERR_DENIED, "the signature is not this installation's");
	return 0;
}
