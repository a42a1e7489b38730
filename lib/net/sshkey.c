#include "lib/net/sshkey.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"

enum {
	SSHKEY_BLOB_AT = 43, /* after magic, cipher, kdf, options and count */
	SSHKEY_PAD = 8,
	SSHKEY_BIN_MAX = 320,
	SSHKEY_WIDTH = 70
};

static const char sshkey_type[] = "ssh-ed25519";
static const char sshkey_magic[] = "openssh-key-v1";
static const char sshkey_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
static const char sshkey_end[] = "-----END OPENSSH PRIVATE KEY-----\n";

/* Bounded by what goes in: names, keys and lengths of ours. */
struct sshkey_bytes {
	unsigned char p[SSHKEY_BIN_MAX];
	size_t n;
};

static void
sshkey_put(struct sshkey_bytes *out, const void *p, size_t n)
{
	if (n > sizeof(out->p) - out->n)
		die("sshkey: over %d bytes", (int)SSHKEY_BIN_MAX);
	memcpy(out->p + out->n, p, n);
	out->n += n;
}

/* RFC 4251 section 5: uint32, string. */
static void
sshkey_put_u32(struct sshkey_bytes *out, uint32_t n)
{
	const unsigned char b[4] = { (unsigned char)(n >> 24),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	sshkey_put(out, b, sizeof(b));
}

static void
sshkey_put_string(struct sshkey_bytes *out, const void *p, size_t n)
{
	sshkey_put_u32(out, (uint32_t)n);
	sshkey_put(out, p, n);
}

static void
sshkey_put_blob(struct sshkey_bytes *out, const unsigned char *pk)
{
	sshkey_put_string(out, sshkey_type, sizeof(sshkey_type) - 1);
	sshkey_put_string(out, pk, crypto_sign_PUBLICKEYBYTES);
}

static void
sshkey_set_public(struct sshkey *k)
{
	char b64[sodium_base64_ENCODED_LEN(
	    SSHKEY_BLOB, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(b64, sizeof(b64), k->blob, SSHKEY_BLOB,
	    sodium_base64_VARIANT_ORIGINAL);
	(void)snprintf(
	    k->public_line, sizeof(k->public_line), "%s %s", sshkey_type, b64);
}

/* What is inside the armour. */
static void
sshkey_put_binary(
    struct sshkey_bytes *bin, const unsigned char *pk, const unsigned char *sk)
{
	struct sshkey_bytes secret = { .n = 0 };
	uint32_t check;

	rnd_bytes(&check, sizeof(check));
	sshkey_put_u32(&secret, check);
	sshkey_put_u32(&secret, check);
	sshkey_put_blob(&secret, pk);
	sshkey_put_string(&secret, sk, crypto_sign_SECRETKEYBYTES);
	sshkey_put_string(&secret, "coffer", 6);
	for (char pad = 1; secret.n % SSHKEY_PAD != 0; pad++)
		sshkey_put(&secret, &pad, 1);
	sshkey_put(bin, sshkey_magic, sizeof(sshkey_magic));
	sshkey_put_string(bin, "none", 4);
	sshkey_put_string(bin, "none", 4);
	sshkey_put_string(bin, "", 0);
	sshkey_put_u32(bin, 1);
	sshkey_put_u32(bin, SSHKEY_BLOB);
	sshkey_put_blob(bin, pk);
	sshkey_put_string(bin, secret.p, secret.n);
	sodium_memzero(&secret, sizeof(secret));
}

static void
sshkey_armour(struct sshkey *k, const struct sshkey_bytes *bin)
{
	char b64[sodium_base64_ENCODED_LEN(
	    SSHKEY_BIN_MAX, sodium_base64_VARIANT_ORIGINAL)];
	int n;

	sodium_bin2base64(
	    b64, sizeof(b64), bin->p, bin->n, sodium_base64_VARIANT_ORIGINAL);
	n = snprintf(
	    k->private_text, sizeof(k->private_text), "%s", sshkey_begin);
	for (size_t at = 0, len = strlen(b64); at < len; at += SSHKEY_WIDTH)
		n += snprintf(k->private_text + n,
		    sizeof(k->private_text) - (size_t)n, "%.*s\n",
		    (int)SSHKEY_WIDTH, b64 + at);
	(void)snprintf(k->private_text + n, sizeof(k->private_text) - (size_t)n,
	    "%s", sshkey_end);
	sodium_memzero(b64, sizeof(b64));
}

int
sshkey_make(struct sshkey *k, struct err *e)
{
	unsigned char pk[crypto_sign_PUBLICKEYBYTES];
	unsigned char sk[crypto_sign_SECRETKEYBYTES];
	struct sshkey_bytes bin = { .n = 0 };

	if (sodium_init() == -1 || crypto_sign_keypair(pk, sk) != 0)
		return err_set(e, ERR_INTERNAL, "no key could be made");
	sshkey_put_binary(&bin, pk, sk);
	memcpy(k->blob, bin.p + SSHKEY_BLOB_AT, SSHKEY_BLOB);
	sshkey_armour(k, &bin);
	sshkey_set_public(k);
	sodium_memzero(sk, sizeof(sk));
	sodium_memzero(&bin, sizeof(bin));
	return 0;
}

/* A public key on the wire: type and 32 bytes, nothing more. */
static bool
sshkey_is_blob(const unsigned char *p)
{
	static const unsigned char head[] = { 0, 0, 0, 11, 's', 's', 'h', '-',
		'e', 'd', '2', '5', '5', '1', '9', 0, 0, 0, 32 };

	return memcmp(p, head, sizeof(head)) == 0;
}

int
sshkey_parse(const char *private_text, struct sshkey *k, struct err *e)
{
	unsigned char bin[SSHKEY_BIN_MAX];
	size_t n = strlen(private_text);
	size_t begin = sizeof(sshkey_begin) - 1;
	size_t end = sizeof(sshkey_end) - 1;
	size_t len = 0;
	bool good;

	if (n >= sizeof(k->private_text) || n <= begin + end ||
	    memcmp(private_text, sshkey_begin, begin) != 0 ||
	    memcmp(private_text + n - end, sshkey_end, end) != 0)
		return err_set(e, ERR_INVALID, "not a key of ours");
	good = sodium_base642bin(bin, sizeof(bin), private_text + begin,
		   n - begin - end, "\n", &len, NULL,
		   sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    len > SSHKEY_BLOB_AT + SSHKEY_BLOB &&
	    memcmp(bin, sshkey_magic, sizeof(sshkey_magic)) == 0 &&
	    sshkey_is_blob(bin + SSHKEY_BLOB_AT);
	if (good) {
		memcpy(k->blob, bin + SSHKEY_BLOB_AT, SSHKEY_BLOB);
		memcpy(k->private_text, private_text, n + 1);
		sshkey_set_public(k);
	}
	sodium_memzero(bin, sizeof(bin));
	return good ? 0 : err_set(e, ERR_INVALID, "not a key of ours");
}

static int
sshkey_read(const char *path, struct sshkey *k, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	int r = path_read(path, SSHKEY_PRIVATE_MAX - 1, &text, e);

	if (r == 0)
		r = sshkey_parse(str_cstr(&text), k, e);
	if (text.p != NULL)
		sodium_memzero(text.p, text.len);
	return r == -1 ? err_wrap(e, "key %s", path) : 0;
}

/* link(2) decides who of two that come at once was first. */
static int
sshkey_store(const char *path, const struct sshkey *k, struct err *e)
{
	AUTO_FREE char *tmp = NULL;
	char mark[17] = "";
	int r = 0;

	rnd_hex(mark, 8);
	tmp = xasprintf("%s.%s", path, mark);
	if (path_write_atomic(
		tmp, k->private_text, strlen(k->private_text), 0600, e) == -1)
		return -1;
	if (link(tmp, path) == -1 && errno != EEXIST)
		r = err_sys(e, ERR_IO, "create %s", path);
	(void)unlink(tmp);
	return r;
}

int
sshkey_load(const char *path, struct sshkey *k, struct err *e)
{
	struct err why = ERR_INIT;
	int r = sshkey_read(path, k, &why);

	if (r == 0 || why.code != ERR_NOTFOUND) {
		*e = why;
		return r;
	}
	if (sshkey_make(k, e) == -1 || sshkey_store(path, k, e) == -1)
		return -1;
	return sshkey_read(path, k, e);
}

void
sshkey_wipe(struct sshkey *k)
{
	sodium_memzero(k, sizeof(*k));
}

bool
sshkey_read_line(const char *line, unsigned char blob[SSHKEY_BLOB])
{
	unsigned char own[SSHKEY_BLOB];
	size_t type = sizeof(sshkey_type) - 1;
	size_t len = 0;

	if (strncmp(line, sshkey_type, type) != 0 || line[type] != ' ' ||
	    strlen(line) >= SSHKEY_PUBLIC_MAX)
		return false;
	line += type + 1;
	if (sodium_base642bin(own, sizeof(own), line, strlen(line), NULL, &len,
		NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
	    len != SSHKEY_BLOB || !sshkey_is_blob(own))
		return false;
	if (blob != NULL)
		memcpy(blob, own, sizeof(own));
	return true;
}
