#include "lib/httpd/tls_keys.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	TLS_FILE_MAX = 1 << 20,
	TLS_CHAIN_MAX = 16,
	TLS_DAY_S = 24 * 3600,
	TLS_SOON_DAYS = 14
};

/* Of TLS 1.2; 1.3 has no bad ones. */
#define TLS_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK"

struct tls_keys {
	SSL_CTX *ctx;
	int64_t begins_s;
	int64_t expires_s;
};

/* The library's reason, which never has a part of a key in it. */
static int
tls_fail(struct err *e, const char *file, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(e, ERR_INVALID, "%s: %s%s%s", file, what,
	    why != NULL ? ": " : "", why != NULL ? why : "");
}

/* Nobody is there to be asked. */
static int
tls_no_password(char *buf, int size, int writing, void *arg)
{
	(void)writing;
	*(bool *)arg = true;
	if (size > 0)
		buf[0] = '\0';
	return -1;
}

static BIO *
tls_open(const char *file, struct str *text, struct err *e)
{
	BIO *b;

	if (path_read(file, TLS_FILE_MAX, text, e) == -1)
		return NULL;
	b = BIO_new_mem_buf(text->p, (int)text->len);
	if (b == NULL)
		die("tls: no memory");
	return b;
}

static int64_t
tls_time(const ASN1_TIME *t)
{
	struct tm tm = { .tm_year = 0 };

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static int
tls_take_chain(struct tls_keys *k, BIO *b, const char *file, struct err *e)
{
	X509 *x = PEM_read_bio_X509_AUX(b, NULL, NULL, NULL);

	if (x == NULL)
		return tls_fail(e, file, "no certificate in PEM");
	k->begins_s = tls_time(X509_get0_notBefore(x));
	k->expires_s = tls_time(X509_get0_notAfter(x));
	if (SSL_CTX_use_certificate(k->ctx, x) != 1) {
		X509_free(x);
		return tls_fail(e, file, "cannot be used");
	}
	X509_free(x);
	for (int i = 0; i < TLS_CHAIN_MAX; i++) {
		x = PEM_read_bio_X509(b, NULL, NULL, NULL);
		if (x == NULL)
			break;
		if (SSL_CTX_add0_chain_cert(k->ctx, x) != 1) {
			X509_free(x);
			return tls_fail(e, file, "cannot be used");
		}
	}
	/* What ends the loop is the end of the file. */
	ERR_clear_error();
	return 0;
}

static int
tls_take_cert(struct tls_keys *k, const char *file, struct err *e)
{
	struct str text = STR_INIT_MAX(TLS_FILE_MAX);
	BIO *b = tls_open(file, &text, e);
	int rc = b == NULL ? -1 : tls_take_chain(k, b, file, e);

	BIO_free(b);
	str_release(&text);
	return rc;
}

static int
tls_take_key(struct tls_keys *k, const char *file, struct err *e)
{
	struct str text = STR_INIT_MAX(TLS_FILE_MAX);
	BIO *b = tls_open(file, &text, e);
	EVP_PKEY *key = NULL;
	bool asked = false;
	int rc = -1;

	if (b != NULL) {
		key = PEM_read_bio_PrivateKey(b, NULL, tls_no_password, &asked);
		if (asked) {
			ERR_clear_error();
			err_set(e, ERR_INVALID,
			    "%s: the key has a password; write one without",
			    file);
		} else if (key == NULL) {
			tls_fail(e, file, "no private key in PEM");
		} else if (SSL_CTX_use_PrivateKey(k->ctx, key) != 1 ||
		    SSL_CTX_check_private_key(k->ctx) != 1) {
			tls_fail(e, file, "is not the certificate's key");
		} else {
			rc = 0;
		}
	}
	EVP_PKEY_free(key);
	BIO_free(b);
	if (text.p != NULL)
		OPENSSL_cleanse(text.p, text.len);
	str_release(&text);
	return rc;
}

/* One protocol is offered; who wants none of ours is not turned away here. */
static int
/* NOLINTNEXTLINE(readability-function-size): the signature is OpenSSL's. */
tls_on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *pick = NULL;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&pick, out_len, ours, sizeof(ours) - 1, in,
		in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = pick;
	return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
tls_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, TLS_CIPHERS) != 1)
		die("tls: the library has no TLS 1.2");
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Tickets are enough, and cost no memory. */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, tls_on_alpn, NULL);
	return ctx;
}

struct tls_keys *
tls_keys_load(const char *cert_file, const char *key_file, struct err *e)
{
	struct tls_keys *k = xcalloc(1, sizeof(*k));

	ERR_clear_error();
	k->ctx = tls_context();
	if (tls_take_cert(k, cert_file, e) == 0 &&
	    tls_take_key(k, key_file, e) == 0)
		return k;
	tls_keys_free(k);
	return NULL;
}

void
tls_keys_free(struct tls_keys *k)
{
	if (k == NULL)
		return;
	SSL_CTX_free(k->ctx);
	free(k);
}

int64_t
tls_keys_expires_s(const struct tls_keys *k)
{
	return k->expires_s;
}

void
tls_keys_doubt(const struct tls_keys *k, int64_t now_s, struct str *out)
{
	int64_t days = (k->expires_s - now_s) / TLS_DAY_S;

	if (now_s < k->begins_s)
		str_add(out, "the certificate is not valid yet");
	else if (now_s >= k->expires_s)
		str_add(out, "the certificate has expired");
	else if (days < TLS_SOON_DAYS)
		str_addf(
		    out, "the certificate expires in %" PRId64 " days", days);
}

struct ssl_st *
tls_keys_accept(struct tls_keys *k, int fd)
{
	SSL *ssl = SSL_new(k->ctx);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
		die("tls: no memory");
	SSL_set_accept_state(ssl);
	return ssl;
}
