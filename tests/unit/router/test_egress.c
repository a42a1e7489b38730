#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "router/chan.h"
#include "router/egress_log.h"
#include "router/nflog.h"
#include "router/projects.h"
#include "router/resolvconf.h"

#define EMPTY "{\"ok\":true,\"next\":5000,\"entries\":[]}"

static struct egress_entry
entry(int64_t at, enum egress_verdict v, uint32_t addr, const char *name)
{
	struct egress_entry e = { .at_ms = at,
		.id = 7,
		.count = 1,
		.addr = addr,
		.port = 443,
		.proto = v < EGRESS_NEVER ? EGRESS_PROTO_DNS : 6,
		.verdict = (uint8_t)v };

	snprintf(e.name, sizeof(e.name), "%s", name);
	return e;
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what)) != NULL) {
		n++;
		text++;
	}
	return n;
}

static void
a_refusal_survives_a_flood_of_answers(void **state)
{
	struct egress_log *l = egress_log_new();
	AUTO_STR struct str out = STR_INIT;
	struct egress_entry e = entry(1000, EGRESS_NEVER, 0x0a000005, "");

	(void)state;
	egress_log_add(l, &e);
	for (int i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "x%d.test", i);
		e = entry(2000 + i, EGRESS_ANSWERED, 0x01010101, name);
		egress_log_add(l, &e);
	}
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 7, .limit = 200 }, &out);
	assert_int_equal(count(str_cstr(&out), "\"at\""), EGRESS_KEEP + 1);
	assert_non_null(strstr(str_cstr(&out), "denied-never"));
	assert_non_null(strstr(str_cstr(&out), "x999.test"));
	assert_null(strstr(str_cstr(&out), "x899.test"));
	str_reset(&out);
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 7, .limit = 2 }, &out);
	assert_int_equal(count(str_cstr(&out), "\"at\""), 2);
	assert_non_null(strstr(str_cstr(&out), "x999.test"));
	egress_log_free(l);
}

static void
equal_entries_are_counted(void **state)
{
	struct egress_log *l = egress_log_new();
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct egress_entry e = entry(
		    1000 + i, EGRESS_MODE, 0x01010101, "");

		egress_log_add(l, &e);
	}
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 7, .limit = 200 }, &out);
	assert_int_equal(count(str_cstr(&out), "\"at\""), 1);
	assert_non_null(strstr(str_cstr(&out), "\"count\":5000"));
	str_reset(&out);
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 8, .limit = 200 }, &out);
	assert_string_equal(str_cstr(&out), EMPTY);
	egress_log_forget(l, 7);
	str_reset(&out);
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 7, .limit = 200 }, &out);
	assert_string_equal(str_cstr(&out), EMPTY);
	egress_log_free(l);
}

static void
a_refused_connection_tells_the_name_asked_for(void **state)
{
	struct egress_log *l = egress_log_new();
	AUTO_STR struct str out = STR_INIT;
	struct egress_entry e = entry(
	    1, EGRESS_ANSWERED, 0x09090909, "ok.test");

	(void)state;
	egress_log_add(l, &e);
	e = entry(2, EGRESS_MODE, 0x09090909, "");
	e.port = 22;
	egress_log_add(l, &e);
	(void)egress_log_write(
	    l, &(const struct egress_ask){ .id = 7, .limit = 1 }, &out);
	assert_non_null(strstr(str_cstr(&out),
	    "\"verdict\":\"denied-mode\",\"name\":\"ok.test\","
	    "\"address\":\"9.9.9.9\",\"port\":22,\"proto\":\"tcp\""));
	egress_log_free(l);
}

static void
flood(struct egress_log *l, const struct egress_entry *first, int n)
{
	for (int i = 0; i < n; i++) {
		struct egress_entry e = *first;

		if (e.proto == EGRESS_PROTO_DNS)
			snprintf(e.name, sizeof(e.name), "x%d.ok.test", i);
		else if (e.addr == 0)
			e.addr = 0x01000000u + (uint32_t)i;
		else
			e.port = (uint16_t)(1 + i);
		egress_log_add(l, &e);
	}
}

static void
a_flood_of_refusals_hides_no_other(void **state)
{
	struct egress_log *l = egress_log_new();
	AUTO_STR struct str out = STR_INIT;
	const struct egress_ask ask = { .id = 7, .limit = 200 };
	struct egress_entry e = entry(1, EGRESS_NEVER, 0x0a000005, "");
	struct egress_entry ports = entry(2, EGRESS_MODE, 0x09090909, "");
	struct egress_entry addrs = entry(3, EGRESS_PIN, 0, "");
	struct egress_entry names = entry(4, EGRESS_DNS_UNLISTED, 0, "");

	(void)state;
	egress_log_add(l, &e);
	flood(l, &ports, 5000);
	flood(l, &addrs, 5000);
	flood(l, &names, 5000);
	e = entry(5, EGRESS_HOST, 0x0a000006, "");
	egress_log_add(l, &e);
	(void)egress_log_write(l, &ask, &out);
	assert_true(count(str_cstr(&out), "\"at\"") <= EGRESS_KEEP);
	assert_non_null(strstr(str_cstr(&out), "denied-never"));
	assert_non_null(strstr(str_cstr(&out), "denied-host"));
	/* What they share, and how many there were. */
	assert_non_null(strstr(str_cstr(&out),
	    "\"verdict\":\"denied-mode\",\"name\":\"\","
	    "\"address\":\"9.9.9.9\",\"port\":0,\"proto\":\"tcp\","
	    "\"count\":5000,"));
	assert_non_null(strstr(str_cstr(&out),
	    "\"verdict\":\"denied-pin\",\"name\":\"\",\"address\":\"\","
	    "\"port\":443,\"proto\":\"tcp\",\"count\":5000,"));
	assert_int_equal(count(str_cstr(&out), "\"name\":\"*.ok.test\""), 1);
	flood(l, &names, 5000);
	for (int i = 0; i < 200; i++) {
		snprintf(e.name, sizeof(e.name), "n%d.y.test", i);
		e.verdict = EGRESS_DNS_DENIED;
		e.proto = EGRESS_PROTO_DNS;
		egress_log_add(l, &e);
	}
	str_reset(&out);
	(void)egress_log_write(l, &ask, &out);
	assert_non_null(strstr(str_cstr(&out), "\"name\":\"*.ok.test\""));
	assert_non_null(strstr(str_cstr(&out), "\"name\":\"*.y.test\""));
	assert_non_null(strstr(str_cstr(&out), "denied-never"));
	assert_non_null(strstr(str_cstr(&out), "denied-host"));
	egress_log_free(l);
}

static void
who_follows_the_log_misses_nothing(void **state)
{
	struct egress_log *l = egress_log_new();
	struct egress_ask ask = { .limit = 2, .follow = true };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		struct egress_entry e = entry(1000, EGRESS_MODE, i, "");

		e.id = i;
		egress_log_add(l, &e);
	}
	assert_int_equal(egress_log_write(l, &ask, &out), 2);
	assert_non_null(strstr(str_cstr(&out), "\"next\":2,"));
	str_reset(&out);
	ask.since = 2;
	assert_int_equal(egress_log_write(l, &ask, &out), 1);
	assert_non_null(strstr(str_cstr(&out), "\"next\":3,"));
	assert_non_null(strstr(str_cstr(&out), "\"id\":3,"));
	ask.since = 3;
	assert_int_equal(egress_log_write(l, &ask, &out), 0);
	/* One that is counted up is told again. */
	egress_log_add(l,
	    &(const struct egress_entry){ .at_ms = 2000,
		.id = 1,
		.count = 4,
		.addr = 1,
		.port = 443,
		.sport = 5555,
		.proto = 6,
		.verdict = EGRESS_MODE });
	str_reset(&out);
	assert_int_equal(egress_log_write(l, &ask, &out), 1);
	assert_non_null(strstr(str_cstr(&out), "\"count\":5,"));
	assert_non_null(strstr(str_cstr(&out), "\"source_port\":5555"));
	assert_non_null(
	    strstr(str_cstr(&out), "\"first\":\"1970-01-01T00:00:01Z\""));
	egress_log_free(l);
}

static size_t
put_attr(uint8_t *p, uint16_t type, const void *data, uint16_t n)
{
	uint16_t len = (uint16_t)(n + 4);

	memcpy(p, &len, 2);
	memcpy(p + 2, &type, 2);
	memcpy(p + 4, data, n);
	return ((size_t)len + 3) & ~(size_t)3;
}

static void
nflog_reads_what_the_kernel_tells(void **state)
{
	static const uint8_t ip[] = { 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0,
		10, 214, 1, 7, 203, 0, 113, 5, 0x82, 0x35, 0, 25, 0, 0 };
	uint8_t m[256] = { 0 };
	const uint32_t dev = htonl(12);
	const uint16_t type = 0x0400;
	struct nflog_packet p;
	uint32_t len;
	size_t at = 20;
	bool got;

	(void)state;
	at += put_attr(m + at, 10, "never", 6);
	at += put_attr(m + at, 4, &dev, 4);
	at += put_attr(m + at, 9, ip, sizeof(ip));
	len = (uint32_t)at;
	memcpy(m, &len, 4);
	memcpy(m + 4, &type, 2);
	assert_int_equal(nflog_parse(m, at, &p, &got), at);
	assert_true(got);
	assert_string_equal(p.prefix, "never");
	assert_int_equal(p.indev, 12);
	assert_int_equal(p.src, 0x0ad60107);
	assert_int_equal(p.dst, 0xcb007105);
	assert_int_equal(p.sport, 0x8235);
	assert_int_equal(p.dport, 25);
	assert_int_equal(p.proto, 6);
	for (size_t i = 0; i < at; i++) {
		assert_int_equal(nflog_parse(m, i, &p, &got), 0);
		assert_false(got);
	}
	len = 8; /* shorter than its header */
	memcpy(m, &len, 4);
	assert_int_equal(nflog_parse(m, at, &p, &got), 0);
}

static void
resolv_conf_gives_its_servers(void **state)
{
	struct resolvconf c;
	struct err e = ERR_INIT;
	char text[SOCK_TEXT_MAX];

	(void)state;
	resolvconf_read(VIEW_LIT("# x\nsearch a b\nnameserver 192.0.2.1\n"
				 "nameserver\tfe80::zz\nnameserverx 1.1.1.1\n"
				 " nameserver  2001:db8::1 \n"
				 "nameserver 9.9.9.9\nnameserver 8.8.8.8"),
	    &c);
	assert_int_equal(c.n, 3);
	assert_string_equal(sock_text(&c.servers[0], text), "192.0.2.1:53");
	assert_string_equal(sock_text(&c.servers[1], text), "[2001:db8::1]:53");
	assert_string_equal(sock_text(&c.servers[2], text), "9.9.9.9:53");
	resolvconf_read(view_of(NULL), &c);
	assert_int_equal(c.n, 1);
	assert_string_equal(sock_text(&c.servers[0], text), "127.0.0.1:53");
	assert_int_equal(
	    resolvconf_list("127.0.0.1:5353, 192.0.2.1", &c, &e), 0);
	assert_int_equal(c.n, 2);
	assert_string_equal(sock_text(&c.servers[0], text), "127.0.0.1:5353");
	assert_int_equal(resolvconf_list("", &c, &e), 0);
	assert_int_equal(c.n, 0);
	assert_int_equal(resolvconf_list("dns.example", &c, &e), -1);
	assert_int_equal(resolvconf_list("1.1.1.1,,", &c, &e), -1);
	assert_int_equal(resolvconf_list("unix:/x", &c, &e), -1);
	assert_int_equal(
	    resolvconf_list("1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4", &c, &e), -1);
}

static struct egress_policy *
policy(enum policy_mode mode)
{
	return egress_policy_new(&(const struct egress_spec){ .mode = mode });
}

static void
projects_are_told_once(void **state)
{
	struct projects *p = projects_new(2);
	struct project *q = projects_put(p, 7);

	(void)state;
	assert_null(projects_stale(p, 0));
	project_set_policy(q, policy(POLICY_WEB));
	projects_mark(p, q);
	projects_mark(p, q);
	assert_ptr_equal(projects_stale(p, 0), q);
	projects_told(p, q, 0);
	assert_null(projects_stale(p, 0));
	assert_ptr_equal(projects_stale(p, 1), q);
	q->gone = true;
	projects_mark(p, q);
	assert_null(projects_find(p, 7));
	assert_int_equal(project_mode(projects_put(p, 7)), POLICY_OFF);
	assert_non_null(projects_find(p, 7));
	q->gone = true;
	projects_told(p, projects_stale(p, 0), 0);
	assert_null(projects_find(p, 7));
	projects_told(p, projects_stale(p, 1), 1);
	assert_null(projects_stale(p, 1));
	projects_free(p);
}

static void
channel_takes_whole_messages_only(void **state)
{
	struct chan_msg m = { .kind = CHAN_HOST }, got;
	struct err e = ERR_INIT;
	int fds[2];

	(void)state;
	assert_int_equal(chan_pair(fds, &e), 0);
	m.host.n = 2;
	m.host.addrs[1] = 9;
	assert_int_equal(chan_send(fds[0], &m), 1);
	assert_int_equal(chan_recv(fds[1], &got), 1);
	assert_int_equal(got.host.addrs[1], 9);
	assert_int_equal(chan_recv(fds[1], &got), 0);
	assert_int_equal(write(fds[0], "abc", 3), 3);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	m = (struct chan_msg){ .kind = CHAN_POLICY,
		.policy = { .id = 1, .mode = POLICY_MODE_MAX } };
	assert_int_equal(chan_send(fds[0], &m), 1);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	m = (struct chan_msg){ .kind = CHAN_LOG };
	memset(m.log.name, 'a', sizeof(m.log.name));
	assert_int_equal(chan_send(fds[0], &m), 1);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	m = (struct chan_msg){ .kind = CHAN_ANSWER,
		.answer = { .n_addrs = DNS_ADDRS_MAX + 1 } };
	assert_int_equal(chan_send(fds[0], &m), 1);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	m = (struct chan_msg){ .kind = CHAN_RULE,
		.rule = { .list = EGRESS_LISTS } };
	assert_int_equal(chan_send(fds[0], &m), 1);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	close(fds[0]);
	assert_int_equal(chan_recv(fds[1], &got), -1);
	close(fds[1]);
}

static int
take(struct clients *c, const struct chan_msg *m)
{
	struct err e = ERR_INIT;
	uint32_t id = 0;
	int rc = clients_take(c, m, &id, &e);

	if (rc == 1)
		assert_int_equal(id, 7);
	return rc;
}

static void
a_policy_counts_when_it_is_whole(void **state)
{
	const struct policy_range range = { .base = 0x0ad60000,
		.size = 65536,
		.prefix = 16,
		.router = 0x0ad60001 };
	const struct policy_net none = { 0 };
	struct chan_msg begin = { .kind = CHAN_POLICY,
		.policy = { .id = 7, .mode = POLICY_LOCKED, .n_rules = 2 } };
	struct chan_msg rule = { .kind = CHAN_RULE, .rule = { .id = 7 } };
	struct clients *c = clients_new(&range, &none);

	(void)state;
	snprintf(
	    rule.rule.rule.domain, sizeof(rule.rule.rule.domain), "ok.test");
	assert_int_equal(take(c, &rule), -1);
	assert_int_equal(take(c, &begin), 0);
	assert_int_equal(take(c, &rule), 0);
	assert_null(clients_find(c, 7));
	/* It begins anew, as it was changed meanwhile. */
	assert_int_equal(take(c, &begin), 0);
	assert_int_equal(take(c, &rule), 0);
	assert_int_equal(take(c, &rule), 1);
	assert_int_equal(clients_find(c, 7)->mode, POLICY_LOCKED);
	assert_true(
	    egress_decide_port(clients_find(c, 7)->policy, "ok.test", 443, 1));
	assert_int_equal(take(c, &rule), -1);
	begin.policy.n_rules = 0;
	begin.policy.lockdown = 1;
	assert_int_equal(take(c, &begin), 1);
	assert_int_equal(clients_find(c, 7)->mode, POLICY_NONE);
	begin.policy.gone = 1;
	assert_int_equal(take(c, &begin), 1);
	assert_null(clients_find(c, 7));
	clients_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_survives_a_flood_of_answers),
		cmocka_unit_test(equal_entries_are_counted),
		cmocka_unit_test(a_refused_connection_tells_the_name_asked_for),
		cmocka_unit_test(a_flood_of_refusals_hides_no_other),
		cmocka_unit_test(who_follows_the_log_misses_nothing),
		cmocka_unit_test(nflog_reads_what_the_kernel_tells),
		cmocka_unit_test(resolv_conf_gives_its_servers),
		cmocka_unit_test(projects_are_told_once),
		cmocka_unit_test(channel_takes_whole_messages_only),
		cmocka_unit_test(a_policy_counts_when_it_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
