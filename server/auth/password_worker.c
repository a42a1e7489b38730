/*
 * The child of password.c.  Standard input: `v` or `h`, the stored hash (empty
 * for `h`), a newline, the password up to the end.  Standard output: `1` or
 * `0`, or the hash.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "server/auth/password.h"

enum {
	PASSWORD_WORKER_IN = 1024
};

static int
passwordworker_answer(const char *text)
{
	return fputs(text, stdout) == EOF || fflush(stdout) == EOF ? 1 : 0;
}

int
passwordworker_main(void)
{
	char in[PASSWORD_WORKER_IN], hash[crypto_pwhash_STRBYTES];
	size_t n = fread(in, 1, sizeof(in) - 1, stdin);
	char *password;
	int rc;

	in[n] = '\0';
	password = memchr(in, '\n', n);
	if (password == NULL || sodium_init() == -1)
		return 1;
	*password++ = '\0';
	n -= (size_t)(password - in);
	if (in[0] == 'h') {
		rc = crypto_pwhash_str(hash, password, n,
		    crypto_pwhash_OPSLIMIT_INTERACTIVE,
		    crypto_pwhash_MEMLIMIT_INTERACTIVE);
		rc = rc == 0 ? passwordworker_answer(hash) : 1;
	} else {
		rc = crypto_pwhash_str_verify(in + 1, password, n);
		rc = passwordworker_answer(rc == 0 ? "1" : "0");
	}
	sodium_memzero(in, sizeof(in));
	return rc;
}
