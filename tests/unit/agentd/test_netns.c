#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/uplink.h"
#include "tests/unit/agentd/sandbox_container.h"

/* The router's namespace, as coffer-router makes it. */
static void
make_router(struct fixture *f)
{
	char name[HOST_NAME_MAX];
	const char *const add[] = { "/usr/sbin/ip", "netns", "add", name,
		NULL };
	const char *const up[] = { "/usr/sbin/ip", "-n", name, "link", "set",
		"lo", "up", NULL };

	host_router_netns(&f->host, name);
	fixture_program(f, add);
	fixture_program(f, up);
}

static void
drop_router(struct fixture *f)
{
	char name[HOST_NAME_MAX];
	const char *const del[] = { "/usr/sbin/ip", "netns", "delete", name,
		NULL };

	host_router_netns(&f->host, name);
	fixture_program(f, del);
}

static int
listen_here(void *arg, struct err *e)
{
	const struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(80) };
	int *fd = arg;
	int one = 1;

	*fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (*fd == -1 ||
	    bind(*fd, (const struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(*fd, 4) == -1)
		return err_sys(e, ERR_IO, "listen");
	return 0;
}

static void
without_a_router_the_network_says_what_is_missing(void **state)
{
	struct fixture *f = *state;

	FIXTURE_NEEDS_ROOT(f);
	netns_project_up(&f->host, 7, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "coffer-router"));
	netns_project_up(&f->host, HOST_MAX_PROJECT + 1, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	uplink_up(&f->host, fixture_on_done, f);
	assert_int_equal(fixture_wait(f), -1);
	assert_non_null(strstr(f->e.msg, "coffer-router"));
}

static void
a_project_has_one_link_to_the_router_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	char router[HOST_NAME_MAX];
	char name[HOST_NAME_MAX];
	struct err e = ERR_INIT;
	AUTO_CLOSE int lfd = -1;
	struct sandbox_spec s = { .net = SPEC_NET_JOIN,
		.netns = name,
		.uid_base = host_project_uid_base(7) };

	FIXTURE_NEEDS_ROOT(f);
	make_router(f);
	host_router_netns(&f->host, router);
	host_project_netns(&f->host, 7, name);
	assert_int_equal(netns_project_check(&f->host, 7, &e), -1);
	netns_project_up(&f->host, 7, fixture_on_done, f);
	fixture_ok(f);
	if (netns_project_check(&f->host, 7, &e) == -1)
		fail_msg("%s", e.msg);
	/* Again is fine and changes nothing. */
	netns_project_up(&f->host, 7, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(netns_call(router, listen_here, &lfd, &e), 0);
	(void)fixture_sh(f, &s,
	    "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort | tr "
	    "'\\n' ' '; cat /proc/net/if_inet6 2>/dev/null; cat /etc/hosts "
	    "/etc/resolv.conf;"
	    "perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new("
	    "PeerAddr => \"coffer:80\", Timeout => 3) or print \"BAD $!\\n\";"
	    "print $s->sockhost, \"\\n\" if $s;"
	    "socket(my $r, 2, 3, 1) and print \"BAD raw\\n\"';"
	    "ip link set eth0 down 2>/dev/null && echo BAD;"
	    "ip addr add 10.214.1.8/32 dev eth0 2>/dev/null && echo BAD;"
	    "ip route add 1.1.1.1 dev eth0 2>/dev/null && echo BAD; true");
	assert_string_equal(str_cstr(&f->out),
	    "eth0 lo 127.0.0.1 localhost sandbox\n10.214.0.1 coffer\n"
	    "nameserver 10.214.0.1\noptions timeout:3\n10.214.1.7\n");
}

static void
the_check_finds_what_does_not_belong(void **state)
{
	struct fixture *f = *state;
	char name[HOST_NAME_MAX];
	const char *const add[] = { "/usr/sbin/ip", "-n", name, "link", "add",
		"extra", "type", "veth", "peer", "name", "more", NULL };
	const char *const route[] = { "/usr/sbin/ip", "-n", name, "route",
		"add", "192.0.2.0/24", "dev", "eth0", NULL };
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	host_project_netns(&f->host, 7, name);
	fixture_program(f, route);
	assert_int_equal(netns_project_check(&f->host, 7, &e), -1);
	assert_non_null(strstr(e.msg, "routes"));
	fixture_program(f, add);
	assert_int_equal(netns_project_check(&f->host, 7, &e), -1);
	assert_non_null(strstr(e.msg, "links"));
	/* And up replaces it. */
	netns_project_up(&f->host, 7, fixture_on_done, f);
	fixture_ok(f);
	if (netns_project_check(&f->host, 7, &e) == -1)
		fail_msg("%s", e.msg);
}

static void
two_projects_are_up_side_by_side(void **state)
{
	struct fixture *f = *state;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	netns_project_up(&f->host, 8, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(netns_project_check(&f->host, 8, &e), 0);
	assert_int_equal(netns_project_check(&f->host, 7, &e), 0);
}

static void
down_leaves_nothing_and_may_be_asked_twice(void **state)
{
	struct fixture *f = *state;
	char router[HOST_NAME_MAX];
	char name[HOST_NAME_MAX];

	FIXTURE_NEEDS_ROOT(f);
	host_router_netns(&f->host, router);
	for (int i = 0; i < 2; i++) {
		for (int64_t id = 7; id <= 8; id++) {
			host_project_netns(&f->host, id, name);
			netns_project_down(&f->host, id, fixture_on_done, f);
			fixture_ok(f);
			assert_false(netns_exists(name));
		}
	}
	{
		struct err e = ERR_INIT;
		AUTO_STR struct str out = STR_INIT;

		assert_true(netns_exists(router));
		assert_int_equal(
		    path_read("/proc/net/dev", 1 << 20, &out, &e), 0);
		assert_null(strstr(str_cstr(&out), f->inst));
	}
}

static bool
has_jump(
    struct fixture *f, const char *table, const char *from, const char *ours)
{
	AUTO_FREE char *chain = xasprintf("COFFER-%s-%s", f->inst, ours);
	const char *const argv[] = { "/usr/sbin/iptables", "-w", "-t", table,
		"-C", from, "-j", chain, NULL };

	seq_program(f->host.loop, argv, false, fixture_on_done, f);
	return fixture_wait(f) == 0;
}

static void
read_forward(char out[4])
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(
	    path_read("/proc/sys/net/ipv4/ip_forward", 4, &s, &e), 0);
	(void)snprintf(out, 4, "%.1s", str_cstr(&s));
}

static void
the_uplink_comes_and_goes_with_its_rules(void **state)
{
	struct fixture *f = *state;
	char router[HOST_NAME_MAX];
	char dev[HOST_IF_MAX];
	char before[4];
	char after[4];

	FIXTURE_NEEDS_ROOT(f);
	read_forward(before);
	host_router_netns(&f->host, router);
	(void)snprintf(dev, sizeof(dev), "cf%sh", f->inst);
	for (int i = 0; i < 2; i++) {
		uplink_up(&f->host, fixture_on_done, f);
		fixture_ok(f);
		assert_int_not_equal(if_nametoindex(dev), 0);
		assert_true(has_jump(f, "filter", "FORWARD", "FWD"));
		assert_true(has_jump(f, "filter", "INPUT", "IN"));
		assert_true(has_jump(f, "nat", "POSTROUTING", "NAT"));
		read_forward(after);
		assert_string_equal(after, "1");
	}
	uplink_down(&f->host, fixture_on_done, f);
	fixture_ok(f);
	assert_int_equal(if_nametoindex(dev), 0);
	assert_false(has_jump(f, "filter", "FORWARD", "FWD"));
	assert_false(has_jump(f, "filter", "INPUT", "IN"));
	assert_false(has_jump(f, "nat", "POSTROUTING", "NAT"));
	/* No second jump was hidden behind the first; twice is fine. */
	uplink_down(&f->host, fixture_on_done, f);
	fixture_ok(f);
}

struct seen {
	struct fixture *f;
	bool local;
	bool fresh;
};

static void
on_addresses(const char *const *addresses, size_t n, void *arg)
{
	struct seen *s = arg;

	s->local = false;
	s->fresh = false;
	for (size_t i = 0; i < n; i++) {
		s->local |= strcmp(addresses[i], "127.0.0.1") == 0;
		s->fresh |= strcmp(addresses[i], "127.77.66.55") == 0;
	}
	s->f->done = true;
	loop_stop(s->f->host.loop);
}

static void
on_changed(const struct err *e, void *arg)
{
	(void)e;
	(void)arg;
}

static void
a_new_address_of_the_host_is_told(void **state)
{
	static const char *const add[] = { "/usr/sbin/ip", "address", "add",
		"127.77.66.55/32", "dev", "lo", NULL };
	static const char *const del[] = { "/usr/sbin/ip", "address", "delete",
		"127.77.66.55/32", "dev", "lo", NULL };
	struct fixture *f = *state;
	struct seen s = { .f = f };
	struct uplink_watch *w;
	struct err e = ERR_INIT;

	FIXTURE_NEEDS_ROOT(f);
	w = uplink_watch_new(f->host.loop, on_addresses, &s, &e);
	assert_non_null(w);
	fixture_loop(f);
	assert_true(s.local);
	assert_false(s.fresh);
	seq_program(f->host.loop, add, false, on_changed, NULL);
	fixture_loop(f);
	assert_true(s.fresh);
	seq_program(f->host.loop, del, false, on_changed, NULL);
	fixture_loop(f);
	assert_false(s.fresh);
	uplink_watch_free(w);
	fixture_program(f, (const char *const[]){ "/usr/bin/true", NULL });
}

static void
the_router_s_namespace_is_removed_at_last(void **state)
{
	struct fixture *f = *state;

	FIXTURE_NEEDS_ROOT(f);
	drop_router(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_a_router_the_network_says_what_is_missing),
		cmocka_unit_test(
		    a_project_has_one_link_to_the_router_and_nothing_else),
		cmocka_unit_test(the_check_finds_what_does_not_belong),
		cmocka_unit_test(two_projects_are_up_side_by_side),
		cmocka_unit_test(down_leaves_nothing_and_may_be_asked_twice),
		cmocka_unit_test(the_uplink_comes_and_goes_with_its_rules),
		cmocka_unit_test(a_new_address_of_the_host_is_told),
		cmocka_unit_test(the_router_s_namespace_is_removed_at_last),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
