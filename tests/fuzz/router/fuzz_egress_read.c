#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "router/egress.h"
#include "router/egress_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A request is a policy or an error; what is taken is said in JSON. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_STR struct str out = STR_INIT;
	struct egress_policy *p = NULL;
	struct err e = ERR_INIT;
	struct json *j = json_parse(
	    (struct view){ (const char *)data, size }, 512 << 10, &e);

	if (j != NULL)
		p = egress_read(j, &e);
	json_free(j);
	if (p == NULL) {
		if (e.msg[0] == '\0')
			abort();
		return 0;
	}
	egress_write_taken(p, &out);
	j = json_parse(str_view(&out), 0, &e);
	if (j == NULL || !json_bool_or(j, "ok", false))
		abort();
	json_free(j);
	(void)egress_policy_next_end(p, 1);
	egress_policy_free(p);
	return 0;
}
