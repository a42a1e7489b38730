#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "server/auth/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes: a whole secret, a name and a password, or nothing of either
 * and the text of the 401. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view header = { .p = (const char *)data, .len = size };
	struct credential c;
	struct err e = ERR_INIT;
	int rc = credential_parse(header, &c, &e);

	if (rc == -1 && e.code != ERR_DENIED)
		die("fuzz credential code=%d", (int)e.code);
	if (rc == -1 && c.kind != CREDENTIAL_NONE)
		die("fuzz credential kind=%d", (int)c.kind);
	if ((c.kind == CREDENTIAL_TOKEN) !=
	    (strlen(c.secret) == TOKEN_SECRET_HEX))
		die("fuzz credential not-whole");
	if ((c.kind == CREDENTIAL_PASSWORD) !=
	    (c.login[0] != '\0' && c.password[0] != '\0'))
		die("fuzz credential left-over");
	if (c.kind == CREDENTIAL_PASSWORD && !path_component_ok(c.login))
		die("fuzz credential name");
	credential_wipe(&c);
	return 0;
}
