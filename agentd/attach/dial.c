#include "agentd/attach/dial.h"

#include <inttypes.h>
#include <stddef.h>

#include "agentd/sandbox/sandbox.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum dial_status {
	DIAL_NO_SSHD = 121,
	DIAL_NO_USER = 122,
	DIAL_NO_ROOM = 123
};

/* clang-format off */
static const char dial_script[] =
    /* The end of its input ends sshd, and with that this.  No signal may do
     * so before the folder is removed; runc hands on the SIGPIPE, too, that it
     * gets when the client is gone. */
    "trap : HUP INT PIPE TERM\n"
    "umask 077\n"
    "sshd=$(command -v sshd) || exit 121\n"
    "[ \"$(id -un)\" = agent ] || exit 122\n"
    "d=$(mktemp -d /tmp/.coffer-ssh.XXXXXX) || exit 123\n"
    "trap 'rm -rf \"$d\"' EXIT\n"
    "for f in host keys conf attach; do\n"
    /* A shell's read takes no byte beyond the line. */
    "	while IFS= read -r l && [ -n \"$l\" ]; do\n"
    "		printf '%s\\n' \"$l\"\n"
    "	done >\"$d/$f\" || exit 123\n"
    "done\n"
    "\"$sshd\" -i -e -f \"$d/conf\" -h \"$d/host\" \\\n"
    "    -o \"AuthorizedKeysFile $d/keys\" \\\n"
    "    -o \"Subsystem attach /bin/sh $d/attach\"\n";

static const char dial_conf[] =
    /* It does not leave the host: the quickest that libssh2 has, too. */
    "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org\n"
    "HostKeyAlgorithms ssh-ed25519\n"
    "PubkeyAcceptedAlgorithms ssh-ed25519\n"
    "AuthenticationMethods publickey\n"
    "PasswordAuthentication no\n"
    "KbdInteractiveAuthentication no\n"
    "PermitRootLogin no\n"
    "AllowUsers agent\n"
    /* The folder is in /tmp, and its user is who runs this. */
    "StrictModes no\n"
    "UsePAM no\n"
    "UseDNS no\n"
    "PidFile none\n"
    "LogLevel ERROR\n"
    "LoginGraceTime 30\n"
    "MaxAuthTries 3\n"
    "MaxSessions 32\n"
    "PermitUserEnvironment no\n"
    "PermitUserRC no\n"
    "PrintMotd no\n"
    "PrintLastLog no\n"
    "AcceptEnv COLORTERM\n"
    "SetEnv LANG=C.UTF-8 "
	"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin\n"
    "Subsystem sftp internal-sftp\n"
    "AllowAgentForwarding no\n"
    "AllowStreamLocalForwarding no\n"
    "X11Forwarding no\n"
    "PermitTunnel no\n"
    "PermitListen none\n"
    "GatewayPorts no\n";
static const char dial_closed[] =
    "AllowTcpForwarding no\n"
    "DisableForwarding yes\n";
static const char dial_editor[] =
    "AllowTcpForwarding local\n"
    "PermitOpen 127.0.0.1:* localhost:*\n";
/* clang-format on */

const char *const dial_argv[] = { "/bin/sh", "-c", dial_script, "dial", NULL };

/* One part: lines, none of them empty, and an empty one. */
static void
dial_put(struct str *head, const char *text)
{
	str_add(head, text);
	if (head->len > 0 && head->p[head->len - 1] != '\n')
		str_addc(head, '\n');
	str_addc(head, '\n');
}

int
dial_prepare(const char *home, int64_t project, const struct dial_ask *ask,
    struct str *head, char host[SSHKEY_PUBLIC_MAX], struct err *e)
{
	AUTO_FREE char *dir = xasprintf(
	    "%s/sandboxes/%" PRId64 "/ssh", home, project);
	AUTO_FREE char *path = path_join(dir, "host");
	AUTO_STR struct str conf = STR_INIT;
	struct sshkey k;

	if (ask->key == NULL || !sshkey_read_line(ask->key, NULL))
		return err_set(e, ERR_INVALID,
		    "key: dial needs the public half of an ed25519 key");
	if (path_mkdirs(dir, 0700, e) == -1 || sshkey_load(path, &k, e) == -1)
		return -1;
	str_add(&conf, dial_conf);
	str_add(&conf, ask->editor ? dial_editor : dial_closed);
	dial_put(head, k.private_text);
	dial_put(head, ask->key);
	dial_put(head, str_cstr(&conf));
	dial_put(head, sandbox_attach_script);
	(void)snprintf(host, SSHKEY_PUBLIC_MAX, "%s", k.public_line);
	sshkey_wipe(&k);
	return 0;
}

const char *
dial_reason(int status)
{
	switch (status) {
	case DIAL_NO_SSHD:
		return "the sandbox has no sshd: install openssh-server on the "
		       "host, or in its profile; `coffer attach --plain` does "
		       "without";
	case DIAL_NO_USER:
		return "the sandbox's user 1000 is not called agent: its "
		       "profile must make it so";
	case DIAL_NO_ROOM:
		return "the sandbox's /tmp is full";
	default:
		return NULL;
	}
}
