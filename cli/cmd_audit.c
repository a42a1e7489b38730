/* cmd_audit: the audit log, and whether somebody was at it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/audit_ask.h"
#include "cli/audit_list.h"
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/net/sha256.h"
#include "lib/net/signed.h"
#include "lib/wire/audit_row.h"
#include "lib/wire/json.h"

enum {
	AUDIT_LIST = 50,
	AUDIT_HEADS_MAX = 16 << 20,
	AUDIT_JSON_MAX = 64 << 10
};

struct audit_args {
	struct audit_ask ask;
	const char *head;
	uint64_t limit;
};

static int
audit_list(struct cli *c, const void *args, int argc, char **argv)
{
	const struct audit_args *a = args;
	int64_t n = a->limit > 0 ? (int64_t)a->limit : AUDIT_LIST;
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	(void)argv;
	if (a->limit > AUDIT_PAGE)
		return cli_usage("audit list: --limit: want 1 to 500");
	rc = c->g.json ? audit_list_json(c, &a->ask, n, &e)
		       : audit_list_table(c, &a->ask, n, &e);
	return rc == -1 ? cli_fail(c, &e, "audit list") : CLI_OK;
}

static int
audit_export(struct cli *c, const void *args, int argc, char **argv)
{
	const struct audit_args *a = args;
	struct err e = ERR_INIT;

	(void)argc;
	(void)argv;
	return audit_ask_lines(c, &a->ask, &e) == -1
	    ? cli_fail(c, &e, "audit export")
	    : CLI_OK;
}

/* A hash that somebody has from elsewhere. */
struct audit_pin {
	int64_t seq;
	char hash[AUDIT_HASH_HEX];
};

struct audit_walk {
	bool began;
	bool told; /* a row says that retention took what is before */
	struct audit_pin start;
	int64_t seq; /* of the last good row, or what is before the first */
	char hash[AUDIT_HASH_HEX];
	int64_t rows;
	struct audit_pin *pins; /* by seq */
	size_t n_pins, pin, met;
};

static int
audit_pin_check(struct audit_walk *w, struct err *e)
{
	while (w->pin < w->n_pins && w->pins[w->pin].seq <= w->seq) {
		const struct audit_pin *p = &w->pins[w->pin++];

		if (p->seq < w->seq)
			continue; /* retention took it */
		if (strcmp(p->hash, w->hash) != 0)
			return err_set(e, ERR_DENIED,
			    "row %" PRId64 " is not the one whose hash was "
			    "signed or given: the log was made anew",
			    p->seq);
		w->met++;
	}
	return 0;
}

/* Does this row say why the log does not begin at row 1? */
static bool
audit_is_told(const struct audit_walk *w, const struct audit_row *r)
{
	struct err ignored = ERR_INIT;
	struct json *j;
	bool is;

	if (strcmp(r->what, "audit.pruned") != 0)
		return false;
	j = json_parse(view_of(r->new_), AUDIT_JSON_MAX, &ignored);
	is = json_i64_or(j, "through", -1) == w->start.seq &&
	    strcmp(json_str_or(j, "hash", ""), w->start.hash) == 0;
	json_free(j);
	return is;
}

static int
audit_step(struct audit_walk *w, const struct json *j, struct err *e)
{
	AUTO_STR struct str bytes = STR_INIT;
	struct audit_row r;
	char hash[SHA256_HEX];

	if (audit_row_read(j, &r, e) == -1)
		return -1;
	if (r.seq != w->seq + 1)
		return err_set(e, ERR_DENIED,
		    "row %" PRId64 " is missing: the next one is %" PRId64,
		    w->seq + 1, r.seq);
	audit_row_bytes(&r, w->hash, &bytes);
	sha256_hex(str_view(&bytes), hash);
	if (strcmp(hash, r.hash) != 0)
		return err_set(e, ERR_DENIED,
		    "row %" PRId64 " was changed, or the row before it: its "
		    "hash is not of what it says",
		    r.seq);
	w->seq = r.seq;
	memcpy(w->hash, hash, sizeof(w->hash));
	w->rows++;
	w->told = w->told || audit_is_told(w, &r);
	return audit_pin_check(w, e);
}

static int
audit_end_read(const struct json *j, int64_t *seq, char *hash, struct err *e)
{
	const char *h = json_str_or(j, "hash", "");

	*seq = json_i64_or(j, "seq", -1);
	if (*seq < 0 || !sha256_is_hex(h))
		return err_set(e, ERR_PROTO, "that is no audit log");
	memcpy(hash, h, AUDIT_HASH_HEX);
	return 0;
}

/* One page; *more: there is another. */
static int
audit_page(struct audit_walk *w, const struct json *j, bool *more,
    int64_t *head_seq, struct err *e)
{
	char head[AUDIT_HASH_HEX];

	if (!w->began &&
	    audit_end_read(json_get(j, "start"), &w->seq, w->hash, e) == -1)
		return -1;
	if (!w->began) {
		w->start.seq = w->seq;
		memcpy(w->start.hash, w->hash, sizeof(w->start.hash));
		w->told = w->seq == 0;
	}
	w->began = true;
	if (audit_end_read(json_get(j, "head"), head_seq, head, e) == -1)
		return -1;
	for (const struct json *x = json_first(json_get(j, "rows")); x != NULL;
	     x = json_next(x))
		if (audit_step(w, x, e) == -1)
			return -1;
	*more = json_bool_or(j, "more", false);
	if (!*more && w->seq < *head_seq)
		return err_set(e, ERR_DENIED,
		    "row %" PRId64 " is missing: the last one is %" PRId64,
		    w->seq + 1, *head_seq);
	return 0;
}

static int
audit_walk(struct cli *c, struct audit_walk *w, struct err *e)
{
	int64_t head = 0;
	bool more = true;

	while (more) {
		AUTO_FREE char *path = xasprintf(AUDIT_PATH "?after=%" PRId64
							    "&limit=%d",
		    w->began ? w->seq : 0, AUDIT_PAGE);
		struct json *j = NULL;
		int rc;

		if (remote_get(c, path, &j, e) == -1)
			return -1;
		rc = audit_page(w, j, &more, &head, e);
		json_free(j);
		if (rc == -1)
			return -1;
	}
	if (!w->told)
		return err_set(e, ERR_DENIED,
		    "the rows up to %" PRId64 " are missing, and no row says "
		    "that retention took them",
		    w->start.seq);
	if (w->pin == w->n_pins)
		return 0;
	return err_set(e, ERR_DENIED,
	    "the log ends at row %" PRId64 ", but the hash of row %" PRId64
	    " was signed or given: its end was cut off",
	    w->seq, w->pins[w->pin].seq);
}

static void
audit_pin_add(struct audit_walk *w, int64_t seq, struct view hash)
{
	struct audit_pin *p;

	w->pins = xrealloc(w->pins, (w->n_pins + 1) * sizeof(*w->pins));
	p = &w->pins[w->n_pins++];
	p->seq = seq;
	(void)snprintf(p->hash, sizeof(p->hash), "%.*s", (int)hash.len, hash.p);
}

static int
audit_pin_order(const void *a, const void *b)
{
	const struct audit_pin *x = a, *y = b;

	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int
audit_seq(struct view v, int64_t *n)
{
	struct err ignored = ERR_INIT;
	char text[24];

	(void)snprintf(text, sizeof(text), "%.*s", (int)v.len, v.p);
	return num_i64(text, 0, INT64_MAX, n, &ignored);
}

/* SEQ:HASH */
static int
audit_pin_given(struct audit_walk *w, const char *text, struct err *e)
{
	struct view hash = view_of(text), seq;
	int64_t n;

	if (!view_split(&hash, ':', &seq) || audit_seq(seq, &n) == -1 ||
	    hash.len != AUDIT_HASH_HEX - 1)
		return err_set(e, ERR_INVALID, "want SEQ:HASH");
	audit_pin_add(w, n, hash);
	return 0;
}

/* "SEQ HASH MS SIGNATURE" */
static int
audit_pin_line(
    const char *home, struct audit_walk *w, struct view line, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct view rest = line, seq, hash, at;
	char sig[SIGNED_HEX];
	int64_t n;

	if (!view_split(&rest, ' ', &seq) || !view_split(&rest, ' ', &hash) ||
	    !view_split(&rest, ' ', &at) || rest.len != SIGNED_HEX - 1 ||
	    hash.len != AUDIT_HASH_HEX - 1 || audit_seq(seq, &n) == -1)
		return err_set(
		    e, ERR_DENIED, "audit.heads: a line that is none");
	str_addf(&text, AUDIT_HEAD_FORM, (int)seq.len, seq.p, (int)hash.len,
	    hash.p, (int)at.len, at.p);
	(void)snprintf(sig, sizeof(sig), "%.*s", (int)rest.len, rest.p);
	if (signed_check(home, str_view(&text), sig, e) == -1)
		return err_wrap(e, "audit.heads: row %" PRId64, n);
	audit_pin_add(w, n, hash);
	return 0;
}

/* What agentd signed, when we are where it is; none is no error. */
static int
audit_pins_signed(const char *home, struct audit_walk *w, struct err *e)
{
	AUTO_FREE char *path = NULL;
	AUTO_STR struct str text = STR_INIT;
	struct err why = ERR_INIT;
	struct view rest, line;

	if (home == NULL)
		return 0;
	path = path_join(home, "audit.heads");
	if (path_read(path, AUDIT_HEADS_MAX, &text, &why) == -1) {
		if (why.code == ERR_NOTFOUND)
			return 0;
		*e = why;
		return -1;
	}
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line))
		if (line.len > 0 && audit_pin_line(home, w, line, e) == -1)
			return -1;
	return 0;
}

static void
audit_tell(const struct cli *c, const struct audit_walk *w)
{
	struct str body = STR_INIT;
	struct jw j;

	if (!c->g.json) {
		(void)printf("%" PRId64 " rows, whole; signed or given heads "
			     "met: %zu; the last is %" PRId64 ":%s\n",
		    w->rows, w->met, w->seq, w->hash);
		return;
	}
	jw_init(&j, &body);
	jw_object(&j, NULL);
	jw_i64(&j, "rows", w->rows);
	jw_u64(&j, "heads", w->met);
	jw_i64(&j, "seq", w->seq);
	jw_str(&j, "hash", w->hash);
	jw_end(&j);
	out_json_line(&body);
	str_release(&body);
}

static int
audit_verify(struct cli *c, const void *args, int argc, char **argv)
{
	const struct audit_args *a = args;
	struct audit_walk w = { .began = false };
	struct err e = ERR_INIT;
	int rc;

	(void)argc;
	(void)argv;
	if (a->head != NULL && audit_pin_given(&w, a->head, &e) == -1) {
		free(w.pins);
		return cli_usage("audit verify: --head: want SEQ:HASH");
	}
	rc = audit_pins_signed(c->home, &w, &e);
	if (w.n_pins > 0)
		qsort(w.pins, w.n_pins, sizeof(*w.pins), audit_pin_order);
	if (rc == 0)
		rc = audit_walk(c, &w, &e);
	free(w.pins);
	if (rc == 0) {
		audit_tell(c, &w);
		return CLI_OK;
	}
	if (e.code != ERR_DENIED || !w.began)
		return cli_fail(c, &e, "audit verify");
	(void)cli_fail(c, &e, "audit verify");
	return CLI_VERIFY_FAILED;
}

#define AUDIT_ASK                                                           \
	{ 0, OPT_STR, "who", offsetof(struct audit_args, ask.who), "USER",  \
		"what that user did; (cofferd): itself" },                  \
	    { 0, OPT_STR, "what", offsetof(struct audit_args, ask.what),    \
		    "KIND", "such as token.created" },                      \
	{                                                                   \
		0, OPT_STR, "in", offsetof(struct audit_args, ask.project), \
		    "PROJECT", "what was done in it"                        \
	}

static const struct command_option audit_list_options[] = {
	AUDIT_ASK,
	{ 0, OPT_U64, "limit", offsetof(struct audit_args, limit), "N",
	    "at most so many, the newest (50)" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option audit_export_options[] = {
	AUDIT_ASK,
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

static const struct command_option audit_verify_options[] = {
	{ 0, OPT_STR, "head", offsetof(struct audit_args, head), "SEQ:HASH",
	    "a row that the log must have, as an earlier verify printed it" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_audit[] = {
	{ .name = "audit list",
	    .group = "Service",
	    .summary = "who decided or set what, when, from where",
	    .usage = "[--who USER] [--what KIND] [--in PROJECT] [--limit N]",
	    .args_size = sizeof(struct audit_args),
	    .options = audit_list_options,
	    .run = audit_list },
	{ .name = "audit export",
	    .group = "Service",
	    .summary = "all of it as lines of JSON, the oldest first",
	    .usage = "[--who USER] [--what KIND] [--in PROJECT] >FILE",
	    .args_size = sizeof(struct audit_args),
	    .options = audit_export_options,
	    .run = audit_export,
	    .more = "A row is as the API has it (docs/api.md, Audit), with "
		    "its hash.  `coffer audit\nverify` says whether the log "
		    "is whole.\n" },
	{ .name = "audit verify",
	    .group = "Service",
	    .summary = "check that no row of the audit log was changed or "
		       "removed",
	    .usage = "[--head SEQ:HASH]",
	    .args_size = sizeof(struct audit_args),
	    .options = audit_verify_options,
	    .run = audit_verify,
	    .more = "Each row's hash is made again from what it says and the "
		    "row before.  Where HOME is\nat hand, the heads that "
		    "agentd signed (HOME/audit.heads) must be in it, too.\n"
		    "Exit status 40: the log is not what was written.\n" },
	{ .name = NULL },
};
