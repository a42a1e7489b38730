#include "server/git/git_env.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

struct git_env {
	char *repos;
	char *home; /* empty */
	char *hooks;
	char *hooks_all; /* of a push of which all is allowed */
	char *tmp;
	char *packs;
	char *packs_program; /* NULL: no cache of packs */
	uint64_t packs_max;
	char *known_hosts;
	bool file_ok;
	struct str left; /* of pushes that were not brought to an end */
};

enum {
	GITENV_LEFT_MAX = 8 << 20
};

/* Reads the verdicts of one push; what is not named there is refused.  A shell
 * reads a file byte by byte: with 1,000 refs that were 20 s of it. */
/*
 * What a rule asks of the objects, which are all here by now (svc_push.h): no
 * commit dropped; no commit with a protected file, nor a merge that takes an
 * older one; nothing but unprotected files.
 */
#define GITENV_GUARDS                                                          \
	"ref=$1 old=$2 new=$3 zero=0000000000000000000000000000000000000000\n" \
	"shift 3\n"                                                            \
	"no() { printf 'cofferd: %s: %s\\n' \"$ref\" \"$1\" >&2; exit 1; }\n"  \
	"seen() {\n"                                                           \
	"\tfound=$(git rev-list --max-count=1 --full-history \"$@\") ||\n"     \
	"\t    no 'its commits cannot be read'\n"                              \
	"\t[ -n \"$found\" ]\n"                                                \
	"}\n"                                                                  \
	"changed() {\n"                                                        \
	"\tseen \"$new\" ${since:+\"$since\"} -- \"$@\" ||\n"                  \
	"\t    { [ \"$old\" != \"$zero\" ] &&\n"                               \
	"\t    ! git diff --quiet \"$old\" \"$new\" -- \"$@\"; }\n"            \
	"}\n"                                                                  \
	"since=\n"                                                             \
	"if [ \"$old\" != \"$zero\" ]; then\n"                                 \
	"\tsince=^$old\n"                                                      \
	"elif git rev-parse -q --verify HEAD >/dev/null; then\n"               \
	"\tsince=^HEAD\n"                                                      \
	"fi\n"                                                                 \
	"while read -r word name text; do\n"                                   \
	"\t[ \"$name\" = \"$ref\" ] && [ \"$new\" != \"$zero\" ] || "          \
	"continue\n"                                                           \
	"\tcase $word in\n"                                                    \
	"\tforce)\n"                                                           \
	"\t\t[ \"$old\" = \"$zero\" ] || ! seen \"$old\" \"^$new\" ||\n"       \
	"\t\t    no 'a protected branch: no commit of it may be dropped'\n"    \
	"\t\t;;\n"                                                             \
	"\tkeep) changed \":(top,glob,icase)$text\" &&\n"                      \
	"\t\tno \"a protected file: $text\" ;;\n"                              \
	"\tonly) set -- \"$@\" \":(top,exclude,glob,icase)$text\" ;;\n"        \
	"\tesac\n"                                                             \
	"done <\"$COFFER_VERDICTS\"\n"                                         \
	"[ $# -gt 0 ] && changed :/ \"$@\" &&\n"                               \
	"\tno 'a protected branch: more than its unprotected files changed'\n" \
	"exit 0\n"

static const char gitenv_hook
    [] = "#!/bin/sh\n"
	 "# Written by cofferd at every start: do not edit.\n"
	 "if ! grep -Fqx -e \"ok $1\" \"$COFFER_VERDICTS\"; then\n"
	 "\twhile read -r verdict ref reason; do\n"
	 "\t\t[ \"$verdict $ref\" = \"no $1\" ] || continue\n"
	 "\t\tprintf 'cofferd: %s: %s\\n' \"$ref\" \"$reason\" >&2\n"
	 "\t\texit 1\n"
	 "\tdone <\"$COFFER_VERDICTS\"\n"
	 "\tprintf 'cofferd: %s: nobody judged this ref\\n' \"$1\" >&2\n"
	 "\texit 1\n"
	 "fi\n" GITENV_GUARDS;

/*
 * Objects that are larger than allowed, while they are in quarantine.  A blob
 * is at most 1032 times its size in the pack, the most that zlib can do, so
 * most pushes need no look.  What deltas make of less is bounded by git's
 * memory: it builds them there.
 */
#define GITENV_SIZES                                                          \
	"max=${COFFER_OBJECT_MAX:-0}\n"                                       \
	"[ \"$max\" -gt 0 ] || exit 0\n"                                      \
	"small=$((max / 1032 / 4))\n"                                         \
	"for pack in \"$GIT_QUARANTINE_PATH\"/pack/pack-*.pack; do\n"         \
	"\t[ -f \"$pack\" ] || continue\n"                                    \
	"\t[ \"$(stat -c %s \"$pack\")\" -gt \"$small\" ] || continue\n"      \
	"\tfound=$(git show-index <\"${pack%.pack}.idx\" | cut -d ' ' -f 2 "  \
	"|\n"                                                                 \
	"\t    git cat-file --buffer --batch-check='%(objectsize) "           \
	"%(objecttype) %(objectname)' |\n"                                    \
	"\t    awk -v max=\"$max\" '$1 > max { if (!n++) print $2, $3, $1 } " \
	"END { exit NR == 0 }') || exit 1\n"                                  \
	"\t[ -z \"$found\" ] && continue\n"                                   \
	"\t# shellcheck disable=SC2086\n"                                     \
	"\tset -- $found\n"                                                   \
	"\tprintf 'cofferd: %s %s has %s bytes; at most %s are taken in one " \
	"object ([server] push_object)\\n' \"$1\" \"$2\" \"$3\" \"$max\" "    \
	">&2\n"                                                               \
	"\texit 1\n"                                                          \
	"done\n"                                                              \
	"exit 0\n"

static const char gitenv_hook_pre
    [] = "#!/bin/sh\n"
	 "# Written by cofferd at every start: do not edit.\n" GITENV_SIZES;

/*
 * One process instead of one for each ref: every command that git has read
 * must be one that was judged, the commits too.  git keeps their order and may
 * leave some out.
 */
static const char gitenv_hook_all
    [] = "#!/bin/sh\n"
	 "# Written by cofferd at every start: do not edit.\n"
	 "while read -r old new ref; do\n"
	 "  while :; do\n"
	 "    read -r verdict o n r <&3 || {\n"
	 "      printf 'cofferd: %s: nobody judged this ref\\n' \"$ref\" >&2\n"
	 "      exit 1\n"
	 "    }\n"
	 "    [ \"$verdict $o $n $r\" = \"as $old $new $ref\" ] && break\n"
	 "  done\n"
	 "done 3<\"$COFFER_VERDICTS\" || exit 1\n" GITENV_SIZES;

struct git_env_pair {
	const char *key;
	const char *value;
};

static const struct git_env_pair gitenv_all[] = {
	{ "core.fsmonitor", "false" },
	{ "core.logAllRefUpdates", "false" },
	{ "core.untrackedCache", "false" },
	{ "gc.auto", "0" },
	{ "gc.autoDetach", "false" },
	{ "maintenance.auto", "false" },
	{ "safe.directory", "*" },
	{ "pack.windowMemory", "256m" },
	{ "pack.threads", "2" },
	{ "transfer.credentialsInUrl", "die" },
};

static const struct git_env_pair gitenv_upload[] = {
	{ "uploadpack.allowFilter", "true" },
	{ "uploadpack.allowReachableSHA1InWant", "true" },
	{ "transfer.hideRefs", "refs/coffer" },
	{ "transfer.hideRefs", "refs/namespaces" },
};

static const struct git_env_pair gitenv_receive[] = {
	{ "transfer.hideRefs", "refs/coffer" },
	{ "transfer.hideRefs", "refs/namespaces" },
	{ "receive.hideRefs", "refs/pull" },
	{ "receive.fsckObjects", "true" },
	{ "receive.unpackLimit", "1" },
	{ "receive.autogc", "false" },
	{ "receive.updateServerInfo", "false" },
	{ "receive.advertiseAtomic", "true" },
	{ "receive.advertisePushOptions", "true" },
	{ "receive.denyDeletes", "false" },
	{ "receive.denyNonFastForwards", "false" },
	{ "receive.denyDeleteCurrent", "refuse" },
	{ "receive.shallowUpdate", "false" },
	/* What was acknowledged survives a power cut: by itself git syncs the
	 * pack, not the ref. */
	{ "core.fsync", "all" },
	/* What git itself only remarks on, though it is made to harm whoever
	 * checks it out.  Warnings are errors in a push already. */
	{ "receive.fsck.badFilemode", "error" },
	{ "receive.fsck.gitmodulesParse", "error" },
	{ "receive.fsck.gitattributesSymlink", "error" },
	{ "receive.fsck.gitignoreSymlink", "error" },
	{ "receive.fsck.mailmapSymlink", "error" },
	/* And what only old tools did wrong. */
	{ "receive.fsck.zeroPaddedFilemode", "warn" },
	{ "receive.fsck.badTimezone", "warn" },
	/* git asks the quarantine's alternate for its tips: our own refs, which
	 * it knows.  It puts the path behind the command. */
	{ "core.alternateRefsCommand", "/usr/bin/true" },
	/* Blobs beyond it are streamed, not held in memory. */
	{ "core.bigFileThreshold", "1m" },
	/* Mapped windows of the packs that are there. */
	{ "core.packedGitWindowSize", "32m" },
	{ "core.packedGitLimit", "256m" },
};

/* Who pushed what: reconcile tells it from what was never judged. */
static void
gitenv_read_left(struct git_env *v, const char *name)
{
	AUTO_FREE char *path = path_join(v->tmp, name);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line;

	if (path_read(path, GITENV_LEFT_MAX, &text, &e) == -1) {
		log_warn("git push-left err=%s", log_val(e.msg));
		return;
	}
	rest = str_view(&text);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (!view_starts(line, "by ") ||
		    line.len + 1 > GITENV_LEFT_MAX - v->left.len)
			continue;
		str_addv(&v->left, line);
		str_addc(&v->left, '\n');
	}
}

static int
gitenv_empty_tmp(struct git_env *v, struct err *e)
{
	DIR *d = opendir(v->tmp);
	struct dirent *x;

	if (d == NULL)
		return err_sys(e, ERR_IO, "%s", v->tmp);
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL) {
		if (x->d_type != DT_REG)
			continue;
		if (strncmp(x->d_name, "push-", 5) == 0)
			gitenv_read_left(v, x->d_name);
		(void)unlinkat(dirfd(d), x->d_name, 0);
	}
	(void)closedir(d);
	return 0;
}

static int
gitenv_make(struct git_env *v, struct err *e)
{
	AUTO_FREE char *hook = path_join(v->hooks, "update");
	AUTO_FREE char *pre = path_join(v->hooks, "pre-receive");
	AUTO_FREE char *all = path_join(v->hooks_all, "pre-receive");

	if (path_mkdirs(v->repos, 0700, e) == -1 ||
	    path_mkdirs(v->home, 0700, e) == -1 ||
	    path_mkdirs(v->hooks, 0700, e) == -1 ||
	    path_mkdirs(v->hooks_all, 0700, e) == -1 ||
	    path_mkdirs(v->tmp, 0700, e) == -1 ||
	    path_mkdirs(v->packs, 0700, e) == -1)
		return -1;
	if (path_write_atomic(
		hook, gitenv_hook, sizeof(gitenv_hook) - 1, 0700, e) == -1 ||
	    path_write_atomic(pre, gitenv_hook_pre, sizeof(gitenv_hook_pre) - 1,
		0700, e) == -1 ||
	    path_write_atomic(all, gitenv_hook_all, sizeof(gitenv_hook_all) - 1,
		0700, e) == -1)
		return -1;
	return gitenv_empty_tmp(v, e);
}

struct git_env *
gitenv_new(const char *home, bool allow_file_upstream, struct err *e)
{
	struct git_env *v = xcalloc(1, sizeof(*v));
	AUTO_FREE char *real = realpath(home, NULL);
	AUTO_FREE char *base = NULL;

	if (real == NULL) {
		(void)err_sys(e, ERR_IO, "%s", home);
		free(v);
		return NULL;
	}
	base = path_join(real, "git");
	v->repos = path_join(real, "repos");
	v->home = path_join(base, "home");
	v->hooks = path_join(base, "hooks");
	v->hooks_all = path_join(base, "hooks-all");
	v->tmp = path_join(base, "tmp");
	v->packs = path_join(base, "packs");
	v->known_hosts = path_join(base, "known_hosts");
	v->file_ok = allow_file_upstream;
	if (gitenv_make(v, e) == -1) {
		(void)err_wrap(e, "prepare %s", base);
		gitenv_free(v);
		return NULL;
	}
	return v;
}

void
gitenv_free(struct git_env *v)
{
	if (v == NULL)
		return;
	free(v->repos);
	free(v->home);
	free(v->hooks);
	free(v->hooks_all);
	free(v->tmp);
	free(v->packs);
	free(v->packs_program);
	free(v->known_hosts);
	str_release(&v->left);
	free(v);
}

struct view
gitenv_left(const struct git_env *v)
{
	return str_view(&v->left);
}

char *
gitenv_repo(const struct git_env *v, int64_t project)
{
	return xasprintf("%s/%" PRId64 ".git", v->repos, project);
}

const char *
gitenv_repos(const struct git_env *v)
{
	return v->repos;
}

const char *
gitenv_tmp(const struct git_env *v)
{
	return v->tmp;
}

const char *
gitenv_known_hosts(const struct git_env *v)
{
	return v->known_hosts;
}

void
gitenv_use_packs(struct git_env *v, const char *program, uint64_t max)
{
	free(v->packs_program);
	v->packs_program = xstrdup(program);
	v->packs_max = max;
}

const char *
gitenv_packs(const struct git_env *v)
{
	return v->packs;
}

const char *
gitenv_packs_program(const struct git_env *v)
{
	return v->packs_program;
}

bool
gitenv_allows_file(const struct git_env *v)
{
	return v->file_ok;
}

static void
gitvars_put(struct git_vars *x, char *text)
{
	if (x->n == GIT_VARS_MAX)
		die("git environment is full");
	x->v[x->n++] = text;
	x->v[x->n] = NULL;
}

void
gitvars_add(struct git_vars *x, const char *name, const char *value)
{
	gitvars_put(x, xasprintf("%s=%s", name, value));
}

void
gitvars_config(struct git_vars *x, const char *key, const char *value)
{
	if (x->n_config == GIT_VARS_CONFIG_MAX)
		die("git configuration is full");
	gitvars_put(x, xasprintf("GIT_CONFIG_KEY_%u=%s", x->n_config, key));
	gitvars_put(x, xasprintf("GIT_CONFIG_VALUE_%u=%s", x->n_config, value));
	x->n_config++;
}

static void
gitvars_pairs(struct git_vars *x, const struct git_env_pair *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gitvars_config(x, p[i].key, p[i].value);
}

void
gitvars_init(struct git_vars *x, const struct git_env *v)
{
	*x = (struct git_vars){ .n = 0 };
	gitvars_add(x, "HOME", v->home);
	gitvars_add(x, "PATH", "/usr/bin:/bin");
	gitvars_add(x, "LC_ALL", "C");
	gitvars_add(x, "TMPDIR", v->tmp);
	gitvars_add(x, "GIT_CONFIG_NOSYSTEM", "1");
	gitvars_add(x, "GIT_CONFIG_GLOBAL", "/dev/null");
	gitvars_add(x, "GIT_ATTR_NOSYSTEM", "1");
	gitvars_add(x, "GIT_NO_REPLACE_OBJECTS", "1");
	gitvars_add(x, "GIT_TERMINAL_PROMPT", "0");
	gitvars_pairs(
	    x, gitenv_all, sizeof(gitenv_all) / sizeof(gitenv_all[0]));
	gitvars_config(x, "core.hooksPath", v->hooks);
}

const char *const *
gitvars_done(struct git_vars *x)
{
	gitvars_put(x, xasprintf("GIT_CONFIG_COUNT=%u", x->n_config));
	return (const char *const *)x->v;
}

void
gitvars_release(struct git_vars *x)
{
	for (unsigned i = 0; i < x->n; i++) {
		explicit_bzero(x->v[i], strlen(x->v[i]));
		free(x->v[i]);
	}
	*x = (struct git_vars){ .n = 0 };
}

/* git takes this key from its environment only, never from a repository. */
static void
gitvars_packs(struct git_vars *x, const struct git_env *v, int64_t project)
{
	AUTO_STR struct str hook = STR_INIT;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *max = NULL;

	if (v->packs_program == NULL || v->packs_max == 0 || project <= 0)
		return;
	dir = xasprintf("%s/%" PRId64, v->packs, project);
	max = xasprintf("%" PRIu64, v->packs_max);
	/* Without a character that is special, git needs no shell. */
	if (strspn(v->packs_program,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789/._+-") == strlen(v->packs_program))
		str_add(&hook, v->packs_program);
	else
		esc_shell(&hook, view_of(v->packs_program));
	gitvars_config(x, "uploadpack.packObjectsHook", str_cstr(&hook));
	gitvars_add(x, "COFFER_PACKS", dir);
	gitvars_add(x, "COFFER_PACKS_MAX", max);
}

void
gitvars_serve(struct git_vars *x, const struct git_env *v,
    const struct git_serve_spec *spec)
{
	gitvars_init(x, v);
	gitvars_config(x, "protocol.file.allow", "never");
	if (spec->service == GIT_UPLOAD_PACK) {
		gitvars_pairs(x, gitenv_upload,
		    sizeof(gitenv_upload) / sizeof(gitenv_upload[0]));
		gitvars_packs(x, v, spec->project);
	} else {
		AUTO_FREE char *max = xasprintf("%" PRIu64, spec->max_push);
		AUTO_FREE char *object = xasprintf(
		    "%" PRIu64, spec->max_object);

		gitvars_pairs(x, gitenv_receive,
		    sizeof(gitenv_receive) / sizeof(gitenv_receive[0]));
		gitvars_config(x, "receive.maxInputSize", max);
		if (spec->all_allowed)
			gitvars_config(x, "core.hooksPath", v->hooks_all);
		gitvars_add(x, "COFFER_OBJECT_MAX", object);
		gitvars_add(x, "COFFER_VERDICTS",
		    spec->verdicts != NULL ? spec->verdicts : "/dev/null");
		/* Nothing is committed; some git commands want a name. */
		gitvars_add(x, "GIT_COMMITTER_NAME", "cofferd");
		gitvars_add(x, "GIT_COMMITTER_EMAIL", "cofferd@localhost");
	}
	if (spec->upstream)
		gitvars_add(x, "GIT_NAMESPACE", "upstream");
	if (spec->protocol != NULL && gitenv_protocol_ok(spec->protocol))
		gitvars_add(x, "GIT_PROTOCOL", spec->protocol);
}

bool
gitenv_hides(enum git_service service, struct view name)
{
	bool upload = service == GIT_UPLOAD_PACK;
	const struct git_env_pair *v = upload ? gitenv_upload : gitenv_receive;
	size_t n = upload ? sizeof(gitenv_upload) : sizeof(gitenv_receive);

	for (size_t i = 0; i < n / sizeof(*v); i++) {
		size_t len = strlen(v[i].value);

		if (view_ends(view_of(v[i].key), ".hideRefs") &&
		    view_starts(name, v[i].value) &&
		    (name.len == len || name.p[len] == '/'))
			return true;
	}
	return false;
}

bool
gitenv_protocol_ok(const char *header)
{
	static const char word[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (strlen(header) > 100)
		return false;
	for (const char *p = header;; p++) {
		size_t n = strspn(p, word);

		if (n == 0 || p[n] != '=')
			return false;
		p += n + 1;
		n = strspn(p, word);
		if (n == 0)
			return false;
		p += n;
		if (*p == '\0')
			return true;
		if (*p != ':')
			return false;
	}
}
