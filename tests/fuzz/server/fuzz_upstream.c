#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/auth/signature.h"
#include "server/domain/forge.h"
#include "server/service/svc_upstream_read.h"
#include "server/store/upstream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says what the rest is taken for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct upstream_info x = { .checked_at = 0 };
	struct err e = ERR_INIT;
	struct forge_repo repo;
	struct view v;

	if (size == 0)
		return 0;
	v = (struct view){ .p = (const char *)data + 1, .len = size - 1 };
	if (data[0] == 'j') {
		AUTO_FREE char *message = upstream_read_message(v);

		if (upstream_read(v, &x, &e) == 0 &&
		    (x.full_name == NULL || strlen(x.description) > 1024 ||
			strlen(message) > 255))
			abort();
		upstream_info_release(&x);
	} else {
		AUTO_FREE char *text = view_dup(v);

		if (forge_parse(text, &repo) &&
		    (strchr(repo.owner, '/') != NULL ||
			strchr(repo.name, '/') != NULL))
			abort();
		if (forge_check(text, &e) == 0)
			(void)forge_api(text, "github.com");
		if (signature_ok(text, view_of("secret"), view_of("body")) &&
		    data[0] == 'x')
			abort();
	}
	return 0;
}
