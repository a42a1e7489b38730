#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/auth/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes: a whole secret, or an empty one and the text of the 401. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view header = { .p = (const char *)data, .len = size };
	char secret[TOKEN_SECRET_HEX + 1];
	struct err e = ERR_INIT;
	int rc = credential_parse(header, secret, &e);

	if (rc == 0 && strlen(secret) != TOKEN_SECRET_HEX)
		die("fuzz credential not-whole");
	if (rc != 0 && secret[0] != '\0')
		die("fuzz credential left-over");
	if (rc == -1 && e.code != ERR_DENIED)
		die("fuzz credential code=%d", (int)e.code);
	return 0;
}
