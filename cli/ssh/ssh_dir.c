#include "cli/ssh/ssh_dir.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	SSH_DIR_INSTANCE_MAX = 16,
	SSH_DIR_KNOWN_MAX = 4096
};

/* $XDG_CONFIG_HOME, or ~/.config; NULL: nobody knows where. */
static char *
ssh_dir_config(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg != NULL && xdg[0] == '/')
		return xstrdup(xdg);
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	return home == NULL ? NULL : path_join(home, ".config");
}

/* ".../ssh/INSTANCE/OWNER/NAME" */
static char *
ssh_dir_path(const struct cli *c, const char *full, struct err *e)
{
	AUTO_FREE char *at = path_join(c->home, "instance");
	AUTO_FREE char *config = ssh_dir_config();
	AUTO_FREE char *owner = xstrdup(full);
	AUTO_FREE char *inst = NULL;
	AUTO_STR struct str text = STR_INIT;
	char *name = strchr(owner, '/');

	if (config == NULL) {
		(void)err_set(e, ERR_NOTFOUND, "no home folder: set HOME");
		return NULL;
	}
	if (path_read(at, SSH_DIR_INSTANCE_MAX, &text, e) == -1)
		return NULL;
	inst = view_dup(view_trim(str_view(&text)));
	if (name != NULL)
		*name++ = '\0';
	if (name == NULL || !path_component_ok(owner) ||
	    !path_component_ok(name) || !path_component_ok(inst)) {
		(void)err_set(e, ERR_INVALID, "not a project's name");
		return NULL;
	}
	return xasprintf("%s/coffer/ssh/%s/%s/%s", config, inst, owner, name);
}

/* ssh(1) wants to see it beside the private one. */
static int
ssh_dir_write_public(const struct ssh_dir *d, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s.pub", d->key_path);
	AUTO_FREE char *line = xasprintf("%s coffer\n", d->public_line);

	if (access(path, F_OK) == 0)
		return 0;
	return path_write_atomic(path, line, strlen(line), 0644, e);
}

int
ssh_dir_open(struct cli *c, const char *full, struct ssh_dir *d, struct err *e)
{
	AUTO_FREE char *dir = ssh_dir_path(c, full, e);
	struct sshkey k;

	*d = (struct ssh_dir){ .key_path = NULL };
	if (dir == NULL || path_mkdirs(dir, 0700, e) == -1)
		return -1;
	d->key_path = path_join(dir, "id_ed25519");
	d->known_path = path_join(dir, "known_hosts");
	if (sshkey_load(d->key_path, &k, e) == -1)
		goto fail;
	(void)snprintf(
	    d->public_line, sizeof(d->public_line), "%s", k.public_line);
	sshkey_wipe(&k);
	if (ssh_dir_write_public(d, e) == -1)
		goto fail;
	return 0;
fail:
	ssh_dir_release(d);
	return -1;
}

void
ssh_dir_release(struct ssh_dir *d)
{
	free(d->key_path);
	free(d->known_path);
	d->key_path = d->known_path = NULL;
}

int
ssh_dir_pin(const struct ssh_dir *d, struct view line, struct err *e)
{
	AUTO_FREE char *key = view_dup(line);
	AUTO_FREE char *want = xasprintf(SSH_DIR_ALIAS " %s\n", key);
	AUTO_STR struct str have = STR_INIT;
	struct err absent = ERR_INIT;

	if (!sshkey_read_line(key, NULL))
		return err_set(e, ERR_PROTO, "coffer-agentd told no host key");
	if (path_read(d->known_path, SSH_DIR_KNOWN_MAX, &have, &absent) == 0 &&
	    strcmp(str_cstr(&have), want) == 0)
		return 0;
	return path_write_atomic(d->known_path, want, strlen(want), 0600, e);
}
