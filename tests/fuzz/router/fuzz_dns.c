#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "router/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads as a query and answers it; reads as an answer to a fixed question. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view v = { (const char *)data, size };
	uint8_t out[DNS_REPLY_MAX];
	struct dns_query q, again;
	struct dns_answer a;
	const struct dns_reply full = { .answer = &a,
		.why = DNS_EDE_BLOCKED,
		.why_text = "a rule denies this name" };
	const struct dns_reply no = { .rcode = DNS_RCODE_NXDOMAIN };
	struct err e = ERR_INIT;
	size_t n;

	if (dns_read_query(v, &q) == DNS_OK) {
		if (strlen(q.name) > DNS_NAME_MAX)
			abort();
		memset(&a, 0, sizeof(a));
		a.n_addrs = DNS_ADDRS_MAX;
		n = dns_put_reply(out, &q, true, &full);
		if (n > q.udp_max)
			abort();
		(void)dns_put_reply(out, &q, false, &no);
		if (q.name[0] != '\0') {
			uint8_t ask[DNS_QUERY_MAX];

			/* What we would ask reads back as the same name. */
			n = dns_put_query(ask, 1, q.name);
			v = (struct view){ (const char *)ask, n };
			if (!dns_is_query(v) ||
			    dns_read_query(v, &again) != DNS_OK ||
			    strcmp(again.name, q.name) != 0)
				abort();
		}
	}
	v = (struct view){ (const char *)data, size };
	if (size >= 2)
		(void)dns_read_answer(
		    v, (uint16_t)(data[0] << 8 | data[1]), "ok.test", &a, &e);
	n = dns_put_query(out, 1, "ok.test");
	(void)dns_replies_to(v, 1, (struct view){ (const char *)out, n });
	return 0;
}
