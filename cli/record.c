#include "cli/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

void
record_release(struct record *r)
{
	json_free(r->manifest);
	str_release(&r->tar);
}

const struct ustar_file *
record_file(const struct record *r, const char *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->files[i].name, name) == 0)
			return &r->files[i];
	return NULL;
}

int
record_open(struct record *r, struct err *e)
{
	struct view rest = str_view(&r->tar);
	const struct ustar_file *f;
	int rc = 1;

	while (r->n < RECORD_FILES &&
	    (rc = ustar_next(&rest, &r->files[r->n], e)) == 1) {
		if (record_file(r, r->files[r->n].name) != NULL)
			return err_set(e, ERR_DENIED, "%s is there twice",
			    r->files[r->n].name);
		r->n++;
	}
	if (rc != 0)
		return rc == -1 ? -1 : err_set(e, ERR_DENIED, "too many files");
	f = record_file(r, "manifest.json");
	if (f == NULL)
		return err_set(e, ERR_DENIED, "it has no manifest");
	sha256_hex(f->bytes, r->sha);
	r->manifest = json_parse(f->bytes, RECORD_MANIFEST_MAX, e);
	return r->manifest == NULL ? err_wrap(e, "manifest.json") : 0;
}

static int
record_check_files(const struct record *r, struct err *e)
{
	const struct json *files = json_get(r->manifest, "files");
	size_t n = 0;

	for (const struct json *j = json_first(files); j != NULL;
	     j = json_next(j)) {
		const char *name = json_str_or(j, "name", "");
		const struct ustar_file *f = record_file(r, name);
		char sha[SHA256_HEX];

		if (f == NULL)
			return err_set(e, ERR_DENIED, "%.64s is missing", name);
		sha256_hex(f->bytes, sha);
		if (strcmp(sha, json_str_or(j, "sha256", "")) != 0)
			return err_set(e, ERR_DENIED,
			    "%.64s is not what the manifest names", name);
		n++;
	}
	/* And the manifest with its signature. */
	if (n + 2 != r->n)
		return err_set(
		    e, ERR_DENIED, "it has files that the manifest does not");
	return 0;
}

static int
record_check_chain(const struct record *r, struct err *e)
{
	const struct json *events = json_get(r->manifest, "events");
	const struct ustar_file *f = record_file(r, "events.jsonl");
	struct view rest, line;
	char prev[SHA256_HEX], want[SHA256_HEX + 16];
	int64_t n = 0;

	memset(prev, '0', SHA256_HEX - 1);
	prev[SHA256_HEX - 1] = '\0';
	rest = f == NULL ? (struct view){ .len = 0 } : f->bytes;
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		(void)snprintf(want, sizeof(want), ",\"prev\":\"%s\"}", prev);
		if (!view_ends(line, want))
			return err_set(e, ERR_DENIED,
			    "event %" PRId64 " does not follow the one before",
			    n + 1);
		sha256_hex(line, prev);
		n++;
	}
	if (n != json_i64_or(events, "count", -1) ||
	    strcmp(prev, json_str_or(events, "head", "")) != 0)
		return err_set(
		    e, ERR_DENIED, "the events end elsewhere than they did");
	return 0;
}

/* Older records are signed without the number; their facts have it. */
static int
record_check_text(
    const struct record *r, const char *home, const char *sig, struct err *e)
{
	AUTO_FREE char *text = xasprintf(
	    "coffer run record %" PRId64 " %s", r->run, r->sha);
	AUTO_FREE char *old = xasprintf("coffer run record %s", r->sha);
	struct err why = ERR_INIT;

	if (signed_check(home, view_of(text), sig, e) == 0)
		return 0;
	if (e->code != ERR_DENIED ||
	    !json_is_object(json_get(r->manifest, "facts")))
		return -1;
	return signed_check(home, view_of(old), sig, &why) == 0 ? 0 : -1;
}

static int
record_check_sig(struct record *r, const char *home, struct err *e)
{
	const struct ustar_file *f = record_file(r, "manifest.sig");
	struct err why = ERR_INIT;
	struct json *j;
	int rc;

	if (f == NULL)
		return err_set(e, ERR_DENIED, "it is not signed");
	j = json_parse(f->bytes, RECORD_MANIFEST_MAX, e);
	if (j == NULL)
		return err_wrap(e, "manifest.sig");
	rc = record_check_text(r, home, json_str_or(j, "signature", ""), &why);
	json_free(j);
	r->is_signed = rc == 0;
	/* Far from HOME there is nothing to check it with. */
	if (rc == 0 || why.code == ERR_NOTFOUND)
		return 0;
	*e = why;
	return -1;
}

int
record_check(struct record *r, const char *home, struct err *e)
{
	const struct json *facts = json_get(r->manifest, "facts");

	if (json_is_object(facts) && json_i64_or(facts, "run", 0) != r->run)
		return err_set(
		    e, ERR_DENIED, "it is the record of another run");
	if (record_check_files(r, e) == -1 || record_check_chain(r, e) == -1)
		return -1;
	return record_check_sig(r, home, e);
}

static bool
record_on_bytes(struct view chunk, void *arg)
{
	struct str *out = arg;

	str_addv(out, chunk);
	return str_ok(out);
}

int
record_load(struct cli *c, const char *run, struct record *out, struct err *e)
{
	AUTO_FREE char *path = NULL;
	struct remote_text text = { .fn = record_on_bytes };

	*out = (struct record){ .tar = STR_INIT_MAX(RECORD_BYTES_MAX) };
	if (num_i64(run, 1, INT64_MAX, &out->run, e) == -1)
		return -1;
	path = xasprintf("/api/coffer/v1/runs/%" PRId64 "/record", out->run);
	text.path = path;
	text.arg = &out->tar;
	if (remote_text(c, &text, e) == -1)
		return -1;
	if (!str_ok(&out->tar))
		return err_set(e, ERR_LIMIT, "the record is too large");
	if (record_open(out, e) == -1 || record_check(out, c->home, e) == -1)
		return err_wrap(e, "the record");
	return 0;
}
