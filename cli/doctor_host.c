#include <sys/utsname.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/program.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	DOCTOR_KERNEL_MAJOR = 6, /* of Debian 12 */
	DOCTOR_KERNEL_MINOR = 1,
	DOCTOR_PROC_MAX = 64 << 10
};

/* A small file of /proc or /sys as text, empty when it cannot be read. */
static void
doctor_read(const char *path, struct str *out)
{
	struct err e = ERR_INIT;

	str_reset(out);
	(void)path_read(path, DOCTOR_PROC_MAX, out, &e);
}

/* Is the word among those of a line? */
static bool
doctor_has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = strstr(text, word); p != NULL;
	     p = strstr(p + 1, word))
		if ((p == text || strchr(" \t\n", p[-1]) != NULL) &&
		    strchr(" \t\n", p[len]) != NULL)
			return true;
	return false;
}

static void
doctor_kernel(struct doctor *d)
{
	struct utsname u;
	int major = 0, minor = 0;

	if (uname(&u) == -1 ||
	    sscanf(u.release, "%d.%d", &major, &minor) != 2) {
		doctor_add(d, DOCTOR_WARN, "kernel", NULL, "version unknown");
		return;
	}
	if (major > DOCTOR_KERNEL_MAJOR ||
	    (major == DOCTOR_KERNEL_MAJOR && minor >= DOCTOR_KERNEL_MINOR))
		doctor_add(d, DOCTOR_OK, "kernel", NULL, "%s", u.release);
	else
		doctor_add(d, DOCTOR_WARN, "kernel",
		    "use Linux 6.1 (Debian 12) or later",
		    "%s is older than what Cofferdam is tested on", u.release);
}

/* Of cgroup 2, or of the older one, which has a folder each. */
static void
doctor_cgroup(struct doctor *d)
{
	static const char *const wanted[] = { "cpu", "memory", "pids" };
	AUTO_STR struct str text = STR_INIT;

	doctor_read("/sys/fs/cgroup/cgroup.controllers", &text);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		AUTO_FREE char *folder = path_join("/sys/fs/cgroup", wanted[i]);

		if (doctor_has_word(str_cstr(&text), wanted[i]) ||
		    access(folder, X_OK) == 0)
			continue;
		doctor_add(d, DOCTOR_FAIL, "cgroups",
		    "mount cgroup2 at /sys/fs/cgroup; take cgroup_disable= "
		    "from the kernel's command line; in a container, give it "
		    "the controller",
		    "no controller %s: sandboxes have no limit of it",
		    wanted[i]);
		return;
	}
	doctor_add(
	    d, DOCTOR_OK, "cgroups", NULL, "limits of cpu, memory, processes");
}

static void
doctor_namespaces(struct doctor *d)
{
	AUTO_STR struct str text = STR_INIT;

	doctor_read("/proc/sys/user/max_user_namespaces", &text);
	if (text.len > 0 && str_cstr(&text)[0] != '0')
		doctor_add(d, DOCTOR_OK, "user namespaces", NULL, "there");
	else
		doctor_add(d, DOCTOR_FAIL, "user namespaces",
		    "sysctl -w user.max_user_namespaces=15000",
		    "none may be made");
	doctor_read("/proc/sys/kernel/seccomp/actions_avail", &text);
	if (doctor_has_word(str_cstr(&text), "errno"))
		doctor_add(d, DOCTOR_OK, "seccomp", NULL, "there");
	else
		doctor_add(d, DOCTOR_FAIL, "seccomp",
		    "use a kernel with CONFIG_SECCOMP_FILTER",
		    "this kernel cannot filter system calls");
	if (access("/dev/loop-control", F_OK) == 0)
		doctor_add(d, DOCTOR_OK, "loop devices", NULL, "there");
	else
		doctor_add(d, DOCTOR_FAIL, "loop devices",
		    "modprobe loop; in a container, give it /dev/loop*",
		    "no /dev/loop-control: a workspace has no limit of its "
		    "own");
}

static void
doctor_programs(struct doctor *d)
{
	static const struct {
		const char *program, *package, *what;
		bool root; /* only sandboxes need it */
	} rows[] = {
		{ "git", "git", "repositories", false },
		{ "runc", "runc", "sandboxes", true },
		{ "ip", "iproute2", "networks of sandboxes", true },
		{ "iptables", "iptables", "the router's rules", true },
		{ "ipset", "ipset", "the router's rules", true },
		{ "conntrack", "conntrack", "ending connections", true },
		{ "mkfs.ext4", "e2fsprogs", "workspaces", true },
		{ "mount", "util-linux", "workspaces", true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;
		AUTO_FREE char *path = program_find(rows[i].program, &e);
		AUTO_STR struct str fix = STR_INIT;

		str_addf(&fix, "apt-get install %s", rows[i].package);
		if (path != NULL)
			doctor_add(
			    d, DOCTOR_OK, rows[i].program, NULL, "%s", path);
		else
			doctor_add(d,
			    rows[i].root && geteuid() != 0 ? DOCTOR_WARN
							   : DOCTOR_FAIL,
			    rows[i].program, str_cstr(&fix),
			    "not installed; %s", rows[i].what);
	}
}

static void
doctor_own(struct doctor *d)
{
	static const char *const names[] = { "cofferd", "coffer-router",
		"coffer-gateway", "coffer-agentd", "coffer-runner" };
	AUTO_STR struct str lacks = STR_INIT;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct err e = ERR_INIT;
		AUTO_FREE char *path = program_find_own(names[i], &e);

		if (path == NULL)
			str_addf(&lacks, " %s", names[i]);
	}
	if (lacks.len == 0)
		doctor_add(d, DOCTOR_OK, "Cofferdam", NULL, "installed");
	else
		doctor_add(d, DOCTOR_FAIL, "Cofferdam",
		    "make install, with all programs beside coffer",
		    "not beside this coffer:%s", str_cstr(&lacks));
}

void
doctor_host(struct doctor *d)
{
	d->group = "host";
	if (geteuid() == 0)
		doctor_add(d, DOCTOR_OK, "user", NULL, "root");
	else
		doctor_add(d, DOCTOR_WARN, "user",
		    "sudo coffer doctor; setup and up as root, too",
		    "not root: cofferd only, no sandboxes");
	doctor_kernel(d);
	doctor_cgroup(d);
	doctor_namespaces(d);
	doctor_programs(d);
	doctor_own(d);
}
