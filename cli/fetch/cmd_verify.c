/* cmd_verify: is a record of a fetch what its author signed, and do clone and
 * cofferd know what it names? */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/record.h"
#include "cli/out.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/signed.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

struct verify {
	struct fetch_job j;
	bool clone; /* run inside one */
	struct str text;
	struct json *record;
	struct json *row; /* what cofferd says of it, or NULL */
	bool bad;
	struct jw w;
	struct str out;
};

static const struct fetch_args verify_none = { .apply = "branch" };

/* One line: ok, bad, or not known here. */
static void
verify_say(
    struct verify *v, const char *what, const char *state, const char *text)
{
	if (strcmp(state, "bad") == 0)
		v->bad = true;
	jw_object(&v->w, NULL);
	jw_str(&v->w, "what", what);
	jw_str(&v->w, "state", state);
	jw_str(&v->w, "text", text);
	jw_end(&v->w);
	if (v->j.c->g.json)
		return;
	(void)printf("%-10s ", what);
	out_paint(v->j.c, stdout,
	    strcmp(state, "ok") == 0        ? OUT_GOOD
		: strcmp(state, "bad") == 0 ? OUT_BAD
					    : OUT_DIM,
	    state);
	(void)printf("  ");
	out_text(stdout, text);
	(void)printf("\n");
}

/* By number: the text is cofferd's copy. */
static int
verify_fetch(struct verify *v, const char *project, int64_t n, struct err *e)
{
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX] = "";

	if (project != NULL) {
		if (target_project(v->j.c, project, full, e) == -1)
			return -1;
	} else if (!v->clone ||
	    fetch_config_get(&v->j, "coffer.project", full, sizeof(full), e) !=
		0) {
		return err_set(e, ERR_INVALID,
		    "which project? coffer verify PROJECT NUMBER");
	}
	path = xasprintf(
	    "/api/coffer/v1/projects/%s/fetches/%" PRId64, full, n);
	if (remote_get(v->j.c, path, &v->row, e) == -1)
		return -1;
	str_add(&v->text, json_str_or(v->row, "record", ""));
	return 0;
}

static int
verify_load(struct verify *v, int argc, char **argv, struct err *e)
{
	struct err ignored = ERR_INIT;
	int64_t n = 0;

	if (argc == 1 && access(argv[0], F_OK) == 0)
		return path_read(argv[0], RECORD_MAX, &v->text, e);
	if (target_item(argv[argc - 1], &n, &ignored) == 0)
		return verify_fetch(v, argc == 2 ? argv[0] : NULL, n, e);
	return err_set(e, ERR_NOTFOUND, "%s: no such record", argv[argc - 1]);
}

/* A commit, or tree, of the clone; one that is not there is no lie. */
static void
verify_object(struct verify *v, const char *key, const char *type)
{
	const char *id = json_str_or(v->record, key, "");
	AUTO_FREE char *rev = xasprintf("%s^{%s}", id, type);
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options", rev, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err e = ERR_INIT;
	char text[200];
	bool there;

	if (id[0] == '\0')
		return;
	if (!fetch_id_ok(id)) {
		verify_say(v, key, "bad", "that is no id of an object");
		return;
	}
	there = v->clone && fetch_git_run(&v->j, &g, &r, &e) == 0 &&
	    r.code == 0;
	(void)snprintf(text, sizeof(text), "%s %s", id,
	    there          ? "is here"
		: v->clone ? "is not in this clone"
			   : "(not inside a clone)");
	verify_say(v, key, there ? "ok" : "-", text);
	program_result_release(&r);
}

static void
verify_tree_of(struct verify *v, const char *head, const char *tree)
{
	AUTO_FREE char *rev = xasprintf("%s^{tree}", head);
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options", rev, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	char got[SCAN_ID + 1];
	struct err e = ERR_INIT;

	if (fetch_git_line(&v->j, &g, got, sizeof(got), &e) == -1)
		verify_say(v, "tree", "-", "its commit is not here");
	else if (strcmp(got, tree) == 0)
		verify_say(v, "tree", "ok", "that of head");
	else
		verify_say(v, "tree", "bad", "head has another");
}

/* Of a branch its own tree; else the merge is made again. */
static void
verify_tree(struct verify *v)
{
	const char *head = json_str_or(v->record, "head", "");
	const char *mine = json_str_or(v->record, "clone_head", "");
	const char *base = json_str_or(v->record, "base", "");
	const char *tree = json_str_or(v->record, "tree", "");
	struct err e = ERR_INIT;

	if (!v->clone || !fetch_id_ok(tree) || !fetch_id_ok(head) ||
	    !fetch_id_ok(mine) || !fetch_id_ok(base))
		return;
	memcpy(v->j.head, head, sizeof(v->j.head));
	memcpy(v->j.clone_head, mine, sizeof(v->j.clone_head));
	memcpy(v->j.base, base, sizeof(v->j.base));
	if (strcmp(json_str_or(v->record, "apply", ""), "branch") == 0) {
		verify_tree_of(v, head, tree);
		return;
	}
	if (fetch_make_box(&v->j, &e) == -1 || fetch_merge(&v->j, &e) == -1)
		verify_say(v, "tree", "-",
		    "cannot be made again: its commits are not all here");
	else if (strcmp(v->j.tree, tree) == 0)
		verify_say(v, "tree", "ok", "the same merge gives it again");
	else
		verify_say(v, "tree", "bad", "the same merge gives another");
}

static void
verify_server(struct verify *v)
{
	AUTO_FREE char *path = NULL;
	char full[TARGET_FULL_MAX] = "";
	struct json *list = NULL;
	struct err e = ERR_INIT;
	const struct json *row;
	char text[200];

	/* The name is the record's: only as one of a project. */
	if (v->row == NULL &&
	    target_project(
		v->j.c, json_str_or(v->record, "project", "?"), full, &e) == 0)
		path = xasprintf("/api/coffer/v1/projects/%s/fetches?key=%s",
		    full, json_str_or(v->record, "key", ""));
	if (v->row == NULL &&
	    (path == NULL || remote_get(v->j.c, path, &list, &e) == -1)) {
		verify_say(v, "key", "-", e.msg);
		return;
	}
	row = v->row != NULL ? v->row : json_first(list);
	if (row == NULL) {
		verify_say(v, "key", "-",
		    "cofferd has no record by this key: whose it is, is not "
		    "known");
	} else {
		(void)snprintf(text, sizeof(text), "of %.80s, since %.30s",
		    json_str_or(json_get(row, "actor"), "login", "?"),
		    json_str_or(row, "key_since", "?"));
		verify_say(v, "key", "ok", text);
	}
	json_free(list);
}

static void
verify_all(struct verify *v)
{
	AUTO_FREE char *path = fetch_record_key();
	char mine[SIGNED_KEY_HEX] = "";
	struct err e = ERR_INIT;
	char text[200];

	v->record = signed_json_read(
	    str_view(&v->text), RECORD_DOMAIN, RECORD_MAX, &e);
	if (v->record == NULL) {
		verify_say(v, "signature", "bad", e.msg);
		return;
	}
	if (access(path, F_OK) == 0)
		(void)signed_by(path, mine, &e);
	(void)snprintf(text, sizeof(text), "by key %.16s%s",
	    json_str_or(v->record, "key", ""),
	    strcmp(mine, json_str_or(v->record, "key", "")) == 0
		? ", which is yours"
		: "");
	verify_say(v, "signature", "ok", text);
	verify_server(v);
	verify_object(v, "base", "commit");
	verify_object(v, "head", "commit");
	verify_object(v, "clone_head", "commit");
	verify_tree(v);
	(void)snprintf(text, sizeof(text), "%.40s of %.100s, review: %.40s",
	    json_str_or(v->record, "result", "?"),
	    json_str_or(
		v->record, "branch", json_str_or(v->record, "what", "?")),
	    json_str_or(v->record, "review", "-"));
	verify_say(v, "result", "-", text);
}

static int
verify_run(struct cli *c, const void *args, int argc, char **argv)
{
	struct verify v = { .j = { .c = c, .args = &verify_none },
		.text = STR_INIT_MAX(RECORD_MAX) };
	struct err e = ERR_INIT, none = ERR_INIT;
	int rc;

	(void)args;
	v.clone = fetch_open_clone(&v.j, &none) == 0;
	jw_init(&v.w, &v.out);
	jw_object(&v.w, NULL);
	jw_array(&v.w, "checks");
	if (verify_load(&v, argc, argv, &e) == -1) {
		rc = e.code == ERR_INVALID ? cli_usage("verify: %s", e.msg)
					   : cli_fail(c, &e, "verify");
	} else {
		verify_all(&v);
		rc = v.bad ? CLI_VERIFY_FAILED : CLI_OK;
		jw_end(&v.w);
		jw_bool(&v.w, "ok", !v.bad);
		jw_end(&v.w);
		if (c->g.json)
			(void)printf("%s\n", str_cstr(&v.out));
	}
	json_free(v.record);
	json_free(v.row);
	str_release(&v.text);
	str_release(&v.out);
	fetch_job_release(&v.j);
	return rc;
}

const struct command cmd_verify[] = {
	{ .name = "verify",
	    .group = "Your clone",
	    .summary = "is a record of coffer fetch whole, and whose is it",
	    .usage = "FILE | [PROJECT] NUMBER",
	    .min = 1,
	    .max = 2,
	    .run = verify_run,
	    .more = "Exit code 40: the signature is not by the key that the "
		    "record names, or an id in it is wrong." },
	{ .name = NULL },
};
