#include "agentd/sandbox/host.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	HOST_UID_FIRST = 200000,
	HOST_HOME_MAX = 200,
	HOST_ID_OFFSET = 256
};

static bool
host_inst_ok(const char *s)
{
	return s != NULL && strlen(s) == 4 &&
	    strspn(s, "0123456789abcdef") == 4;
}

/* A mapped uid has no rights of its own on the way to its root. */
static int
host_check_passable(const char *path, struct err *e)
{
	AUTO_FREE char *p = xstrdup(path);
	struct stat st;

	for (char *slash = p + strlen(p); slash != NULL && slash != p;
	     slash = strrchr(p, '/')) {
		*slash = '\0';
		if (stat(p, &st) == -1)
			return err_sys(e, ERR_NOTFOUND, "home %s", p);
		if (!S_ISDIR(st.st_mode))
			return err_set(
			    e, ERR_INVALID, "home: %s is not a folder", p);
		if ((st.st_mode & S_IXOTH) == 0)
			return err_set(e, ERR_DENIED,
			    "sandboxes cannot pass through %s: chmod o+x %s, "
			    "or use another home",
			    p, p);
	}
	return 0;
}

int
host_check(const struct sandbox_host *h, struct err *e)
{
	size_t n = strlen(h->home);

	if (h->home[0] != '/' || n < 2 || h->home[n - 1] == '/' ||
	    strstr(h->home, "/../") != NULL || strchr(h->home, '\n') != NULL)
		return err_set(
		    e, ERR_INVALID, "home must be a plain absolute path");
	if (n > HOST_HOME_MAX)
		return err_set(e, ERR_LIMIT, "home is longer than %d bytes",
		    HOST_HOME_MAX);
	if (!host_inst_ok(h->inst))
		return err_set(e, ERR_INVALID,
		    "%s/instance must hold four hex digits; run coffer setup",
		    h->home);
	return host_check_passable(h->home, e);
}

int
host_instance(const char *home, char out[5], struct err *e)
{
	AUTO_FREE char *path = path_join(home, "instance");
	AUTO_STR struct str text = STR_INIT;
	struct view v;

	if (path_read(path, 64, &text, e) == -1)
		return err_wrap(e, "instance (run coffer setup)");
	v = view_trim(str_view(&text));
	if (v.len == 4) {
		memcpy(out, v.p, 4);
		out[4] = '\0';
	}
	if (v.len != 4 || !host_inst_ok(out))
		return err_set(e, ERR_INVALID,
		    "%s must hold four hex digits; run coffer setup", path);
	return 0;
}

void
host_router_netns(const struct sandbox_host *h, char out[HOST_NAME_MAX])
{
	(void)snprintf(out, HOST_NAME_MAX, "coffer-%s-router", h->inst);
}

void
host_project_netns(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX])
{
	(void)snprintf(out, HOST_NAME_MAX, "coffer-%s-p%" PRId64, h->inst, id);
}

void
host_project_link(
    const struct sandbox_host *h, int64_t id, char out[HOST_IF_MAX])
{
	(void)snprintf(
	    out, HOST_IF_MAX, "cf%sp%u", h->inst, (unsigned)(id & 0xffff));
}

int
host_project_address(const struct sandbox_host *h, int64_t id,
    char out[HOST_ADDR_MAX], struct err *e)
{
	struct in_addr a;

	if (id < 1 || id > HOST_MAX_PROJECT)
		return err_set(e, ERR_LIMIT,
		    "project %" PRId64 " has no address: ids end at %d", id,
		    HOST_MAX_PROJECT);
	if (inet_pton(AF_INET, h->range, &a) != 1)
		return err_set(e, ERR_INVALID, "range is not an address");
	a.s_addr = htonl(ntohl(a.s_addr) + HOST_ID_OFFSET + (uint32_t)id);
	(void)inet_ntop(AF_INET, &a, out, HOST_ADDR_MAX);
	return 0;
}

void
host_session_id(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX])
{
	(void)snprintf(
	    out, HOST_NAME_MAX, "coffer-%s-session-p%" PRId64, h->inst, id);
}

void
host_cache_id(const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX])
{
	(void)snprintf(
	    out, HOST_NAME_MAX, "coffer-%s-cache-p%" PRId64, h->inst, id);
}

void
host_run_id(const struct sandbox_host *h, int64_t run, const char *phase,
    char out[HOST_NAME_MAX])
{
	(void)snprintf(out, HOST_NAME_MAX, "coffer-%s-run-%" PRId64 "-%s",
	    h->inst, run, phase);
}

void
host_job_id(const struct sandbox_host *h, int64_t job, const char *phase,
    char out[HOST_NAME_MAX])
{
	(void)snprintf(out, HOST_NAME_MAX, "coffer-%s-job-%" PRId64 "-%s",
	    h->inst, job, phase);
}

uint32_t
host_project_uid_base(int64_t id)
{
	if (id < 1 || id > HOST_MAX_PROJECT)
		return 0;
	return HOST_UID_FIRST + HOST_UID_SPAN * (uint32_t)id;
}

int64_t
host_uid_base_project(uint32_t uid_base)
{
	int64_t id = uid_base < HOST_UID_FIRST
	    ? 0
	    : (uid_base - HOST_UID_FIRST) / HOST_UID_SPAN;

	return host_project_uid_base(id) == uid_base ? id : 0;
}

/* Above the last project's range. */
uint32_t
host_job_uid_base(int slot)
{
	if (slot < 0 || slot >= HOST_MAX_JOB_SLOT)
		return 0;
	return HOST_UID_FIRST +
	    HOST_UID_SPAN * (uint32_t)(HOST_MAX_PROJECT + 1 + slot);
}
