#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/git/mirror_priv.h"

/* What old histories have and git's strict check refuses. */
static const char *const mirror_fsck_known[] = { "zeroPaddedFilemode",
	"missingSpaceBeforeDate", "badTimezone", "badDate", "missingEmail",
	"badEmail", "missingNameBeforeEmail", "missingSpaceBeforeEmail",
	"badTagName", "missingTaggerEntry", "nullSha1", "duplicateEntries",
	"badDateOverflow", NULL };

bool
mirror_is_http(const char *url)
{
	return strncmp(url, "http://", 7) == 0 ||
	    strncmp(url, "https://", 8) == 0;
}

void
mirror_basic(const char *token, struct str *out)
{
	AUTO_STR struct str plain = STR_INIT;

	if (strchr(token, ':') == NULL)
		str_add(&plain, "x-access-token:");
	str_add(&plain, token);
	str_add(out, "Authorization: Basic ");
	esc_base64(out, str_view(&plain));
	if (plain.p != NULL)
		explicit_bzero(plain.p, plain.len);
}

/* http.SCHEME://HOST/.extraHeader: to no other host. */
static void
mirror_auth_vars(const struct mirror_op *o, struct git_vars *vars)
{
	AUTO_STR struct str value = STR_INIT;
	AUTO_FREE char *key = NULL;
	const char *host, *slash;

	if (o->token[0] == '\0' || !mirror_is_http(o->url))
		return;
	host = strstr(o->url, "://") + 3;
	slash = strchr(host, '/');
	key = xasprintf("http.%.*s/.extraHeader",
	    slash != NULL ? (int)(slash - o->url) : (int)strlen(o->url),
	    o->url);
	mirror_basic(o->token, &value);
	gitvars_config(vars, key, str_cstr(&value));
	if (value.p != NULL)
		explicit_bzero(value.p, value.len);
}

/* For ssh, which splits the value and expands %, inside a shell's ''. */
static void
mirror_ssh_path(struct str *out, const char *path)
{
	str_addc(out, '"');
	for (const char *p = path; *p != '\0'; p++) {
		if (*p == '\'')
			str_add(out, "'\\'");
		else if (*p == '%')
			str_addc(out, '%');
		else if (*p == '"' || *p == '\\')
			str_addc(out, '\\');
		str_addc(out, *p);
	}
	str_addc(out, '"');
}

/* Nothing of a user's configuration, no password, no forwarding, and only a
 * host whose key somebody has pinned. */
static void
mirror_ssh_vars(const struct mirror_op *o, struct git_vars *vars)
{
	AUTO_STR struct str ssh = STR_INIT;
	const struct mirror_limits *l = o->r.limits;

	str_add(&ssh,
	    "/usr/bin/ssh -F /dev/null -oBatchMode=yes"
	    " -oPasswordAuthentication=no -oKbdInteractiveAuthentication=no"
	    " -oForwardAgent=no -oForwardX11=no -oClearAllForwardings=yes"
	    " -oPermitLocalCommand=no -oProxyCommand=none -oControlPath=none"
	    " -oUpdateHostKeys=no -oStrictHostKeyChecking=yes"
	    " -oConnectTimeout=20 -oServerAliveInterval=15"
	    " -oServerAliveCountMax=3 -oLogLevel=ERROR"
	    " '-oUserKnownHostsFile=");
	if (o->known_hosts != NULL) {
		mirror_ssh_path(&ssh, o->known_hosts);
		str_addc(&ssh, ' ');
	}
	mirror_ssh_path(&ssh, gitenv_known_hosts(o->r.env));
	str_addc(&ssh, '\'');
	if (o->key != NULL) {
		str_add(&ssh,
		    " -oIdentitiesOnly=yes -oIdentityAgent=none"
		    " '-oIdentityFile=");
		mirror_ssh_path(&ssh, o->key);
		str_addc(&ssh, '\'');
	} else if (l->ssh_agent != NULL) {
		/* Without a file, every key of the agent is offered. */
		str_add(&ssh, " -oIdentitiesOnly=no '-oIdentityAgent=");
		mirror_ssh_path(&ssh, l->ssh_agent);
		str_addc(&ssh, '\'');
	} else {
		str_add(&ssh,
		    " -oIdentitiesOnly=yes -oIdentityAgent=none"
		    " -oIdentityFile=none");
	}
	gitvars_add(vars, "GIT_SSH_COMMAND", str_cstr(&ssh));
}

static void
mirror_fsck_vars(struct git_vars *vars)
{
	gitvars_config(vars, "fetch.fsckObjects", "true");
	gitvars_config(vars, "fetch.unpackLimit", "1");
	for (size_t i = 0; mirror_fsck_known[i] != NULL; i++) {
		AUTO_FREE char *key = xasprintf(
		    "fetch.fsck.%s", mirror_fsck_known[i]);

		gitvars_config(vars, key, "ignore");
	}
}

void
mirror_vars(const struct mirror_op *o, struct git_vars *vars)
{
	const struct mirror_limits *l = o->r.limits;
	AUTO_FREE char *stall = xasprintf("%" PRId64, l->stall_ms / 1000 + 1);

	gitvars_init(vars, o->r.env);
	gitvars_config(vars, "protocol.allow", "never");
	gitvars_config(vars, "protocol.https.allow", "always");
	gitvars_config(vars, "protocol.http.allow", "always");
	gitvars_config(vars, "protocol.git.allow", "always");
	gitvars_config(vars, "protocol.ssh.allow", "always");
	gitvars_config(vars, "protocol.file.allow",
	    gitenv_allows_file(o->r.env) ? "always" : "never");
	gitvars_config(vars, "http.followRedirects", "false");
	gitvars_config(vars, "http.lowSpeedLimit", "1");
	gitvars_config(vars, "http.lowSpeedTime", stall);
	gitvars_config(vars, "http.sslVerify", "true");
	if (l->ca_file != NULL)
		gitvars_config(vars, "http.sslCAInfo", l->ca_file);
	gitvars_config(vars, "protocol.version", "2");
	gitvars_config(vars, "credential.helper", "");
	mirror_auth_vars(o, vars);
	mirror_ssh_vars(o, vars);
	if (!o->listing)
		mirror_fsck_vars(vars);
}
