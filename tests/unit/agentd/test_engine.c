#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agentd/sandbox/engine_conf.h"
#include "agentd/sandbox/engine_create.h"
#include "agentd/sandbox/engine_exec.h"
#include "agentd/sandbox/engine_podman.h"
#include "agentd/sandbox/engine_wire.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "lib/wire/json.h"

static struct view
bytes(const char *p, size_t n)
{
	return (struct view){ .p = p, .len = n };
}

static void
a_head_is_read_when_it_is_whole(void **state)
{
	static const char text[] = "HTTP/1.1 101 UPGRADED\r\n"
				   "content-length: 12\r\nA: b\r\n\r\nrest";
	struct engine_head h;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 5; n++)
		assert_int_equal(engine_head_parse(bytes(text, n), &h, &e), 0);
	assert_int_equal(
	    engine_head_parse(bytes(text, sizeof(text) - 1), &h, &e), 1);
	assert_int_equal(h.status, 101);
	assert_int_equal(h.body, 12);
	assert_int_equal(h.len, sizeof(text) - 5);
}

static void
what_is_no_head_is_refused(void **state)
{
	static const char *const bad[] = { "SSH-2.0-x\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n", "HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", NULL };
	struct engine_head h;
	struct err e = ERR_INIT;
	char *big = calloc(1, ENGINE_HEAD_MAX + 1);

	(void)state;
	for (size_t i = 0; bad[i] != NULL; i++)
		assert_int_equal(
		    engine_head_parse(view_of(bad[i]), &h, &e), -1);
	memset(big, 'x', ENGINE_HEAD_MAX);
	assert_int_equal(
	    engine_head_parse(bytes(big, ENGINE_HEAD_MAX), &h, &e), -1);
	free(big);
}

static void
frames_are_the_same_in_any_portions(void **state)
{
	static const char text[] = "\1\0\0\0\0\0\0\3out"
				   "\2\0\0\0\0\0\0\2er\1\0\0\0\0\0\0\0"
				   "\1\0\0\0\0\0\0\1!";
	const size_t all = sizeof(text) - 1;

	(void)state;
	for (size_t step = 1; step <= all; step++) {
		struct engine_frames f = { .have = 0 };
		struct str out[3] = { STR_INIT, STR_INIT, STR_INIT };

		for (size_t at = 0; at < all; at += step) {
			size_t n = all - at < step ? all - at : step;
			struct view in = bytes(text + at, n);

			while (in.len > 0) {
				struct view v;
				int channel;

				in = view_from(in,
				    engine_frames_next(&f, in, &channel, &v));
				str_addv(&out[channel], v);
			}
		}
		assert_string_equal(str_cstr(&out[1]), "out!");
		assert_string_equal(str_cstr(&out[2]), "er");
		for (int i = 0; i < 3; i++)
			str_release(&out[i]);
	}
}

static void
uids_are_the_project_s_below_what_docker_takes(void **state)
{
	const struct engine_facts none = { .podman = false };
	const struct engine_facts remap = { .remap = 100000 };
	const struct engine_facts podman = { .podman = true };
	uint32_t one = host_project_uid_base(1);
	uint32_t slot = host_project_uid_base(HOST_MAX_PROJECT);

	(void)state;
	assert_int_equal(engine_uid_range(&none, one), one);
	assert_int_equal(engine_agent_uid(&none, one), one + 1000);
	assert_int_equal(engine_root_uid(&none, one), 0);
	assert_int_equal(engine_uid_range(&remap, one), 100000);
	assert_int_equal(engine_agent_uid(&remap, one), 1000);
	assert_int_equal(engine_uid_range(&podman, slot), slot);
	assert_int_equal(engine_agent_uid(&podman, slot), 1000);
	/* The runner's slots are at the end; their ranges are nobody else's. */
	assert_true(engine_uid_range(&none, slot) < INT32_MAX - 65536);
	for (int64_t id = 1; id <= HOST_MAX_PROJECT - HOST_MAX_JOB_SLOT; id++)
		assert_int_not_equal(
		    engine_uid_range(&none, host_project_uid_base(id)),
		    engine_uid_range(&none, slot));
	assert_int_equal(
	    engine_uid_range(&none, host_project_uid_base(40000)), 0);
}

/* Is there a member of this name that says something? */
static bool
has(const struct json *j, const char *name)
{
	const struct json *v = json_get(j, name);

	return v != NULL && !json_is_null(v) && json_bool_or(j, name, true) &&
	    !(json_is_array(v) && json_count(v) == 0);
}

static void
what_a_sandbox_must_not_have_is_not_asked_for(void **state)
{
	static const char *const never[] = { "Privileged", "PublishAllPorts",
		"PidMode", "UTSMode", "Devices", "DeviceCgroupRules",
		"VolumesFrom", "Links", "CgroupParent", "CapAdd", "Binds",
		"PortBindings", "GroupAdd", "MaskedPaths", "ReadonlyPaths",
		"Dns", "ExtraHosts", NULL };
	static const char *const argv[] = { "/bin/true", NULL };
	struct err e = ERR_INIT;
	struct loop *l = loop_new(&e);
	struct sandbox_host h = { .loop = l, .home = "/h", .inst = "abcd" };
	const struct sandbox_spec s = { .id = "coffer-abcd-run-1-agent",
		.argv = argv,
		.uid_base = host_project_uid_base(1),
		.limits = {
		    .memory = 64 << 20, .pids = 9, .cpu_milli = 1500 } };
	const struct engine_places none = { .n = 0 };
	struct engine_create c;
	AUTO_STR struct str out = STR_INIT;
	struct json *j;
	const struct json *host;

	(void)state;
	h.engine = engine_new(l, "/nowhere.sock", NULL, &e);
	engine_create_init(&c,
	    &(struct engine_create_spec){ .h = &h,
		.spec = &s,
		.places = &none,
		.places_dir = "/h/run/engine/x",
		.dir = "/h/runs/1/agent" });
	engine_create_end(&c, "0123", "container:abc", &out);
	j = json_parse(str_view(&out), 0, &e);
	assert_non_null(j);
	host = json_get(j, "HostConfig");
	for (size_t i = 0; never[i] != NULL; i++)
		assert_false(has(host, never[i]));
	assert_false(has(host, "UsernsMode"));
	assert_false(has(j, "Hostname"));
	assert_false(has(j, "ExposedPorts"));
	assert_string_equal(json_str_or(j, "Image", ""), "0123");
	assert_string_equal(json_str_or(j, "User", ""), "266536:266536");
	assert_string_equal(
	    json_str_or(host, "NetworkMode", ""), "container:abc");
	assert_true(json_bool_or(host, "ReadonlyRootfs", false));
	assert_string_equal(
	    json_string(json_at(json_get(host, "CapDrop"), 0)), "ALL");
	assert_string_equal(
	    json_string(json_at(json_get(host, "SecurityOpt"), 0)),
	    "no-new-privileges:true");
	assert_int_equal(
	    strncmp(json_string(json_at(json_get(host, "SecurityOpt"), 1)),
		"seccomp={\"defaultAction\":\"SCMP_ACT_ERRNO\"", 41),
	    0);
	assert_int_equal(json_i64_or(host, "Memory", 0), 64 << 20);
	assert_int_equal(json_i64_or(host, "MemorySwap", 0), 64 << 20);
	assert_int_equal(json_i64_or(host, "PidsLimit", 0), 9);
	assert_int_equal(json_i64_or(host, "NanoCpus", 0), 1500000000);
	assert_string_equal(
	    json_str_or(json_get(host, "RestartPolicy"), "Name", ""), "no");
	json_free(j);
	engine_create_release(&c);
	engine_free(h.engine);
	loop_free(l);
}

static void
podman_is_asked_for_the_same_in_its_own_words(void **state)
{
	static const char *const never[] = { "privileged", "cap_add", "devices",
		"device_cgroup_rule", "volumes", "volumes_from", "unmask",
		"env_host", "httpproxy", "portmappings", "cgroup_parent",
		"groups", "selinux_opts", "idmappings", NULL };
	static const char *const spaces[] = { "pidns", "ipcns", "utsns",
		"cgroupns", NULL };
	static const char *const argv[] = { "/bin/true", NULL };
	static const struct spec_pair env[] = { { "A", "x=y" } };
	struct err e = ERR_INIT;
	struct loop *l = loop_new(&e);
	struct sandbox_host h = { .loop = l, .home = "/h", .inst = "abcd" };
	const struct sandbox_spec s = { .id = "coffer-abcd-run-1-agent",
		.argv = argv,
		.env = env,
		.n_env = 1,
		.uid_base = host_project_uid_base(1),
		.limits = {
		    .memory = 64 << 20, .pids = 9, .cpu_milli = 1500 } };
	const struct engine_places none = { .n = 0 };
	AUTO_STR struct str open = STR_INIT;
	AUTO_STR struct str own = STR_INIT;
	struct json *j;
	const struct json *limits;
	const struct json *map;

	(void)state;
	h.engine = engine_new(l, "/nowhere.sock", NULL, &e);
	engine_podman_config(&(struct engine_create_spec){ .h = &h,
				 .spec = &s,
				 .places = &none,
				 .places_dir = "/h/run/engine/x",
				 .dir = "/h/runs/1/agent" },
	    &open);
	str_addv(&own, str_view(&open));
	engine_podman_end("0123", "container:abc", s.uid_base, &open);
	j = json_parse(str_view(&open), 0, &e);
	assert_non_null(j);
	for (size_t i = 0; never[i] != NULL; i++)
		assert_false(has(j, never[i]));
	for (size_t i = 0; spaces[i] != NULL; i++)
		assert_string_equal(
		    json_str_or(json_get(j, spaces[i]), "nsmode", ""),
		    "private");
	assert_string_equal(
	    json_str_or(json_get(j, "netns"), "nsmode", ""), "container");
	assert_string_equal(
	    json_str_or(json_get(j, "userns"), "value", ""), "abc");
	assert_string_equal(json_str_or(j, "image", ""), "0123");
	assert_string_equal(json_str_or(json_get(j, "env"), "A", ""), "x=y");
	assert_string_equal(
	    json_string(json_at(json_get(j, "cap_drop"), 0)), "ALL");
	assert_true(json_bool_or(j, "no_new_privileges", false));
	assert_true(json_bool_or(j, "read_only_filesystem", false));
	assert_string_equal(json_str_or(j, "seccomp_profile_path", ""),
	    "/h/run/engine/seccomp.json");
	limits = json_get(j, "resource_limits");
	assert_int_equal(
	    json_i64_or(json_get(limits, "memory"), "swap", 0), 64 << 20);
	assert_int_equal(json_i64_or(json_get(limits, "pids"), "limit", 0), 9);
	assert_int_equal(
	    json_i64_or(json_get(limits, "cpu"), "quota", 0), 150000);
	json_free(j);
	engine_podman_end("0123", "none", s.uid_base, &own);
	j = json_parse(str_view(&own), 0, &e);
	assert_non_null(j);
	assert_string_equal(
	    json_str_or(json_get(j, "userns"), "nsmode", ""), "private");
	map = json_at(json_get(json_get(j, "idmappings"), "GIDMap"), 0);
	assert_int_equal(json_i64_or(map, "host_id", 0), s.uid_base);
	assert_int_equal(json_i64_or(map, "size", 0), HOST_UID_SPAN);
	json_free(j);
	engine_free(h.engine);
	loop_free(l);
}

static void
what_the_shim_is_told_comes_back(void **state)
{
	char socket[] = "/run/x.sock";
	char id[] = "0123";
	char places[] = "/h/run/engine/x";
	const struct engine_conf in = { .socket = socket,
		.container = id,
		.places = places,
		.owner = 266536,
		.limit = 77,
		.wall_ms = 1234,
		.hold = true };
	struct engine_conf out;
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	engine_conf_write(&in, &text);
	assert_int_equal(engine_conf_parse(str_view(&text), &out, &e), 0);
	assert_string_equal(out.container, id);
	assert_null(out.stdin_path);
	assert_int_equal(out.owner, 266536);
	assert_int_equal(out.limit, 77);
	assert_int_equal(out.wall_ms, 1234);
	assert_true(out.hold && !out.split && !out.init);
	engine_conf_release(&out);
	assert_int_equal(engine_conf_parse(view_of("{}"), &out, &e), -1);
	assert_int_equal(engine_conf_parse(view_of("x"), &out, &e), -1);
}

static void
a_signal_is_for_a_process_of_the_container_alone(void **state)
{
	char id[65];
	struct err e = ERR_INIT;

	(void)state;
	memset(id, 'e', 64);
	id[64] = '\0';
	assert_int_equal(engine_exec_signal(getpid(), id, SIGKILL, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	/* Nor is one of every container. */
	assert_int_equal(engine_exec_signal(getpid(), "", SIGKILL, &e), -1);
	assert_int_equal(e.code, ERR_PROTO);
	assert_int_equal(engine_exec_signal(1, id, SIGKILL, &e), -1);
	assert_int_equal(engine_exec_signal(-1, id, SIGKILL, &e), -1);
	/* No system has as many. */
	assert_int_equal(engine_exec_signal(INT32_MAX, id, SIGKILL, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_is_read_when_it_is_whole),
		cmocka_unit_test(what_is_no_head_is_refused),
		cmocka_unit_test(frames_are_the_same_in_any_portions),
		cmocka_unit_test(
		    uids_are_the_project_s_below_what_docker_takes),
		cmocka_unit_test(what_a_sandbox_must_not_have_is_not_asked_for),
		cmocka_unit_test(podman_is_asked_for_the_same_in_its_own_words),
		cmocka_unit_test(what_the_shim_is_told_comes_back),
		cmocka_unit_test(
		    a_signal_is_for_a_process_of_the_container_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
