/* svc_network_preset: the files that presets are. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "server/service/svc_network.h"

static const char svc_net_suffix[] = ".list";

/* The operator's first; the programs' folder has ours beside it. */
static void
svc_net_dirs(const struct svc *s, char *dirs[2])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	dirs[0] = path_join(s->home, "egress");
	self[n < 0 ? 0 : n] = '\0';
	if (strrchr(self, '/') != NULL)
		*strrchr(self, '/') = '\0';
	dirs[1] = path_join(self, "../share/coffer/egress");
}

static size_t
svc_net_preset_scan(const char *dir, char *names[SVC_NET_PRESETS_MAX], size_t n)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;

	/* cppcheck-suppress readdirCalled ; the stream is our own */
	while (d != NULL && n < SVC_NET_PRESETS_MAX &&
	    (ent = readdir(d)) != NULL) {
		struct view v = view_of(ent->d_name);
		AUTO_FREE char *name = NULL;
		size_t i = 0;

		if (!view_ends(v, svc_net_suffix))
			continue;
		v.len -= strlen(svc_net_suffix);
		name = view_dup(v);
		while (i < n && strcmp(names[i], name) != 0)
			i++;
		if (i == n && net_preset_name_ok(name))
			names[n++] = STEAL(name);
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static int
svc_net_preset_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

size_t
svc_net_preset_names(const struct svc *s, char *names[SVC_NET_PRESETS_MAX])
{
	char *dirs[2];
	size_t n = 0;

	svc_net_dirs(s, dirs);
	for (size_t i = 0; i < 2; i++) {
		n = svc_net_preset_scan(dirs[i], names, n);
		free(dirs[i]);
	}
	if (n > 1)
		qsort(names, n, sizeof(names[0]), svc_net_preset_compare);
	return n;
}

static int
svc_net_preset_load(const char *path, struct net_rule_list *out, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, NET_PRESET_BYTES_MAX, &text, e) == -1 ||
	    net_preset_parse(str_view(&text), out, e) == -1)
		return err_wrap(e, "%s", path);
	return 0;
}

int
svc_net_preset_read(const struct svc *s, const char *name,
    struct net_rule_list *out, struct err *e)
{
	char *dirs[2];
	int rc = 1;

	*out = (struct net_rule_list){ .n = 0 };
	if (!net_preset_name_ok(name))
		return err_set(
		    e, ERR_INVALID, "preset: want small letters, digits and -");
	svc_net_dirs(s, dirs);
	for (size_t i = 0; i < 2; i++) {
		AUTO_FREE char *path = xasprintf(
		    "%s/%s%s", dirs[i], name, svc_net_suffix);

		if (rc == 1 && access(path, F_OK) == 0)
			rc = svc_net_preset_load(path, out, e);
		free(dirs[i]);
	}
	if (rc == 1)
		return err_set(e, ERR_NOTFOUND, "no preset is named %s", name);
	if (rc == -1)
		net_rule_list_release(out);
	return rc;
}
