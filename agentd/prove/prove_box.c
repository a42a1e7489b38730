/* prove_box: rows about what a process in the sandbox is and may do. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/prove/prove.h"
#include "agentd/sandbox/host.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/view.h"

/* The value of "Name:" in /proc/PID/status. */
static struct view
prove_status(const struct str *status, const char *name)
{
	struct view rest = str_view(status), line;

	while (view_split(&rest, '\n', &line)) {
		if (view_starts(line, name) && line.len > strlen(name) &&
		    line.p[strlen(name)] == ':')
			return view_trim(view_from(line, strlen(name) + 1));
	}
	return (struct view){ .p = "", .len = 0 };
}

static void
prove_caps(struct prove *p)
{
	static const char *const sets[] = { "CapInh", "CapPrm", "CapEff",
		"CapBnd", "CapAmb" };
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	if (prove_proc(p, "status", &s, &e) == -1) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return;
	}
	for (size_t i = 0; i < 5; i++) {
		struct view v = prove_status(&s, sets[i]);

		if (!view_is(v, "0000000000000000"))
			prove_say(p, PROVE_FAIL, "%s is %.*s", sets[i],
			    (int)v.len, v.p);
	}
	if (!view_is(prove_status(&s, "NoNewPrivs"), "1"))
		prove_say(p, PROVE_FAIL, "no_new_privs is not set");
	prove_say(p, PROVE_PASS, "five empty sets, no_new_privs 1");
}

static void
prove_filter(struct prove *p)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;

	if (prove_proc(p, "status", &s, &e) == -1)
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
	else if (!view_is(prove_status(&s, "Seccomp"), "2"))
		prove_say(p, PROVE_FAIL, "there is no seccomp filter");
	else
		prove_say(p, PROVE_PASS, "seccomp mode 2");
}

static void
prove_user(struct prove *p)
{
	AUTO_STR struct str s = STR_INIT;
	const uint32_t base = host_project_uid_base(p->project);
	struct err e = ERR_INIT;
	unsigned uid = 0;

	if (prove_proc(p, "status", &s, &e) == -1 ||
	    sscanf(str_cstr(&s) +
		    (size_t)(prove_status(&s, "Uid").p - str_cstr(&s)),
		"%u", &uid) != 1)
		prove_say(p, PROVE_UNTESTABLE, "its uid cannot be read");
	else if (uid < base || uid >= base + HOST_UID_SPAN)
		prove_say(p, PROVE_FAIL,
		    "its uid %u is not of the project's own %u to %u", uid,
		    base, base + HOST_UID_SPAN - 1);
	else
		prove_say(p, PROVE_PASS,
		    "uid %u of the host, of the project's own %u to %u", uid,
		    base, base + HOST_UID_SPAN - 1);
}

static void
prove_namespaces(struct prove *p)
{
	static const char *const names[] = { "cgroup", "ipc", "mnt", "net",
		"pid", "uts" };

	for (size_t i = 0; i < 6; i++) {
		char at[32], own[64] = "", other[64] = "";
		char self[48];

		(void)snprintf(at, sizeof(at), "ns/%s", names[i]);
		(void)snprintf(self, sizeof(self), "/proc/self/%s", at);
		if (readlinkat(p->proc, at, other, sizeof(other) - 1) <= 0 ||
		    readlink(self, own, sizeof(own) - 1) <= 0)
			prove_say(p, PROVE_UNTESTABLE, "%s is not told", at);
		else if (strcmp(own, other) == 0)
			prove_say(p, PROVE_FAIL, "the host's own %s namespace",
			    names[i]);
	}
	prove_say(p, PROVE_PASS, "cgroup, ipc, mnt, net, pid, uts of its own");
}

/* Which of them are not EPERM; bad gets the first. */
static int
prove_calls(struct prove *p, const char *list, const char *const *fine,
    char *bad, size_t size, struct err *e)
{
	AUTO_STR struct str line = STR_INIT;
	struct view rest, word;
	const char *answer;
	int n = 0;

	str_addf(&line, "call %s", list);
	answer = prove_ask(p, &line, e);
	if (answer == NULL)
		return -1;
	rest = view_from(view_of(answer), 5);
	bad[0] = '\0';
	while (view_split(&rest, ' ', &word)) {
		bool ok = view_is(word, "|") || view_is(word, "call");

		for (size_t i = 0; fine[i] != NULL; i++)
			ok |= view_ends(word, fine[i]);
		if (ok)
			continue;
		if (n++ == 0)
			(void)snprintf(
			    bad, size, "%.*s", (int)word.len, word.p);
	}
	return n;
}

static void
prove_denied(struct prove *p, const char *list, const char *const *fine)
{
	struct err e = ERR_INIT;
	char bad[64];
	unsigned all = 1;
	int n = prove_calls(p, list, fine, bad, sizeof(bad), &e);

	for (const char *c = list; *c != '\0'; c++)
		all += *c == ' ';
	if (n == -1)
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
	else if (n > 0)
		prove_say(
		    p, PROVE_FAIL, "%d were not refused, first %s", n, bad);
	else
		prove_say(p, PROVE_PASS, "%u calls, each refused", all);
}

static const char *const prove_eperm[] = { "=EPERM", "=ENOSYS", NULL };

static void
prove_unshare(struct prove *p)
{
	prove_denied(p,
	    "unshare-user unshare-net unshare-mount unshare-pid unshare-ipc "
	    "unshare-uts unshare-cgroup clone-user clone3 setns mount umount "
	    "pivot_root chroot fsopen open_tree move_mount mount_setattr",
	    prove_eperm);
}

static void
prove_syscalls(struct prove *p)
{
	prove_denied(p,
	    "io_uring_setup userfaultfd bpf perf_event_open add_key "
	    "request_key keyctl kexec_load init_module finit_module "
	    "open_by_handle process_vm_readv process_vm_writev kcmp quotactl "
	    "swapon reboot settimeofday clock_adjtime acct syslog memfd_secret "
	    "fanotify_init sethostname modify_ldt iopl ioperm",
	    prove_eperm);
}

static void
prove_kept(struct prove *p)
{
	struct err e = ERR_INIT;
	char bad[64];
	static const char
	    list[] = "landlock memfd_create ptrace-me seccomp pidfd_open";
	static const char *const eperm[] = { "=done", "=EINVAL", "=EFAULT",
		"=EOPNOTSUPP", NULL };
	int n = prove_calls(p, list, eperm, bad, sizeof(bad), &e);

	if (n == -1)
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
	else if (n > 0)
		prove_say(p, PROVE_FAIL, "inside: %s", bad);
	else
		prove_say(p, PROVE_PASS, "%s", list);
}

static void
prove_words(struct prove *p, const char *line, const char *what)
{
	AUTO_STR struct str s = STR_INIT;
	struct prove_count c;
	struct err e = ERR_INIT;
	const char *answer;

	str_add(&s, line);
	answer = prove_ask(p, &s, &e);
	if (answer == NULL) {
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
		return;
	}
	prove_count(answer, &c);
	if (c.good > 0)
		prove_say(p, PROVE_FAIL, "got: %s", c.first);
	else
		prove_say(
		    p, PROVE_PASS, "%u tries of %s, none was had", c.all, what);
}

static void
prove_sockets(struct prove *p)
{
	/* VSOCK, ALG, PACKET, KEY, netfilter and kobject netlink, XDP, TIPC,
	 * BLUETOOTH, RDS, CAN, X25, NFC, KCM, SMC, QIPCRTR. */
	prove_words(p,
	    "sock 40:1:0 38:5:0 17:2:0 15:3:2 16:3:12 16:3:15 16:3:9 44:3:0 "
	    "30:1:0 31:3:1 21:5:0 29:3:1 9:5:0 39:5:1 41:5:0 43:1:0 42:2:0",
	    "kinds of socket");
}

static void
prove_kernel(struct prove *p)
{
	prove_words(p,
	    "write /proc/sysrq-trigger /proc/sys/kernel/core_pattern "
	    "/proc/sys/kernel/modprobe /proc/sys/net/ipv4/ip_forward "
	    "/proc/sys/vm/drop_caches /sys/kernel/uevent_helper /dev/kmsg "
	    "/dev/mem /dev/kvm /dev/sda /dev/vda /dev/fuse /dev/net/tun "
	    "/sys/fs/cgroup/cgroup.procs /proc/bus/pci /proc/irq/0",
	    "files of the kernel");
}

static void
prove_engines(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;

	str_addf(&line,
	    "unix /run/docker.sock /var/run/docker.sock "
	    "/run/podman/podman.sock /run/containerd/containerd.sock "
	    "/run/crio/crio.sock /run/systemd/private "
	    "/run/dbus/system_bus_socket %s/run/agentd.sock %s/run/router.sock "
	    "%s/run/front/cofferd.sock",
	    p->home, p->home, p->home);
	prove_words(p, str_cstr(&line), "sockets of the host");
}

/* What no agent can answer for: a row of its own, as the others rest on it. */
static void
prove_second(struct prove *p)
{
	if (p->beside.traced)
		prove_say(
		    p, PROVE_FAIL, "something in the sandbox traces the probe");
	else if (p->twin.fd == -1)
		prove_say(p, PROVE_UNTESTABLE, "%s", p->alone);
	else if (p->beside.filter == BESIDE_FILTER_UNKNOWN)
		prove_say(p, PROVE_UNTESTABLE,
		    "the kernel does not tell its filter: what is asked about "
		    "system calls has the word of the program inside alone");
	else
		prove_say(p, PROVE_PASS,
		    "in the same namespaces but that of pids, the same user, "
		    "no capability, %s (%u instructions): all is tried by it "
		    "as well",
		    p->beside.filter == BESIDE_FILTER_SAME ? "the same filter"
							   : "no filter",
		    p->beside.instructions);
}

const struct prove_row prove_box_rows[] = {
	{ "second", "", "a probe that the sandbox cannot reach tries the same",
	    prove_second },
	{ "user", "44", "a user of the host that is the project's alone",
	    prove_user },
	{ "capabilities", "44", "no capability, and no way to one",
	    prove_caps },
	{ "seccomp", "46", "a filter of system calls", prove_filter },
	{ "namespaces", "45", "no namespace of the host", prove_namespaces },
	{ "unshare", "45", "no new namespace, no mount", prove_unshare },
	{ "syscalls", "46", "no dangerous system call", prove_syscalls },
	{ "kept", "46", "system calls that programs need", prove_kept },
	{ "sockets", "47", "no VSOCK nor other kinds of socket",
	    prove_sockets },
	{ "kernel", "48", "no setting or memory of the kernel", prove_kernel },
	{ "engines", "49", "no engine and no service of the host",
	    prove_engines },
	{ .id = NULL },
};
