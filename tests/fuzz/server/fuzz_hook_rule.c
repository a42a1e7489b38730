#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/domain/dial_rule.h"
#include "server/domain/hook_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A host that is taken from a URL is a part of it and has no sign that ends
 * it. */
static void
fuzz_url(const char *text)
{
	char host[256];

	if (!hook_rule_url_ok(text))
		return;
	if (!hook_rule_host(text, host, sizeof(host)) || host[0] == '\0' ||
	    strpbrk(host, "/?#@ ") != NULL || strlen(host) >= strlen(text))
		abort();
}

/* The metadata service is reached by naming it alone. */
static void
fuzz_dial(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct err e = ERR_INIT;
	struct dial_rule *r = dial_rule_new(text, &e);

	if (r == NULL)
		return;
	a.sin_addr.s_addr = htonl(0xa9fea9fe);
	if (dial_rule_ok(r, "", (const struct sockaddr *)&a, sizeof(a)) &&
	    strpbrk(text, "0123456789") == NULL)
		abort();
	dial_rule_free(r);
}

/* The first byte says what the rest is taken for. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = NULL;
	char *second;

	if (size == 0)
		return 0;
	text = view_dup(
	    (struct view){ .p = (const char *)data + 1, .len = size - 1 });
	if (data[0] == 'u') {
		fuzz_url(text);
	} else if (data[0] == 'd') {
		fuzz_dial(text);
	} else {
		second = strchr(text, '\n');
		if (second == NULL)
			return 0;
		*second++ = '\0';
		if (hook_rule_filter_ok(text) == -1 && text[0] == '\0')
			abort();
		(void)hook_rule_branch(text, second);
	}
	return 0;
}
