/*
 * audit_file: rows of the audit log as a file of lines, each the JSON that the
 * API has of it, oldest first.  It is read some rows at a time, as they are
 * taken: the loop waits for nobody's disk.
 */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/web/admin.h"
#include "server/web/audit.h"
#include "server/web/web.h"

enum {
	AUDIT_FILE_ROWS = 200, /* that are read at once */
	AUDIT_FILE_NEXT_MS = 1
};

struct audit_file {
	struct call *c;
	struct audit_filter f; /* after: how far it came */
	char *who, *what;
	int64_t end; /* the last row that is looked at */
	struct str lines;
	size_t sent; /* of them */
	struct timer *next;
};

static void
audit_file_on_gone(struct call *c)
{
	struct audit_file *x = call_data(c);

	call_set_data(c, NULL);
	timer_free(x->next);
	str_release(&x->lines);
	free(x->who);
	free(x->what);
	free(x);
}

static void
audit_file_on_next(void *arg)
{
	struct audit_file *x = arg;

	if (call_request(x->c) != NULL)
		request_wake(call_request(x->c));
}

/* The next rows, of which none may be asked for. */
static int
audit_file_more(struct audit_file *x)
{
	struct svc *s = call_app(x->c);
	struct audit_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct jw w;
	int64_t at;

	str_release(&x->lines);
	x->sent = 0;
	if (audit_find(db_reader(s->db), &x->f, &l, &e) == -1) {
		log_error("web audit-file reason=%s", log_val(e.msg));
		return -1;
	}
	for (size_t i = 0; i < l.n; i++) {
		jw_init(&w, &x->lines);
		audit_row_write(&w, &l.at[i]);
		str_addc(&x->lines, '\n');
	}
	at = l.more ? l.next : x->end;
	audit_list_release(&l);
	if (!str_ok(&x->lines)) {
		log_error("web audit-file reason=too-large after=%" PRId64,
		    x->f.after);
		return -1;
	}
	x->f.after = at;
	return 0;
}

static long
audit_file_read(struct request *q, void *p, size_t max, void *arg)
{
	struct audit_file *x = call_data(arg);
	size_t n;

	(void)q;
	if (x == NULL)
		return BODY_END;
	if (x->sent == x->lines.len) {
		if (x->f.after >= x->end)
			return BODY_END;
		if (audit_file_more(x) == -1)
			return BODY_ABORT;
	}
	n = x->lines.len - x->sent;
	if (n == 0) {
		timer_set(x->next, AUDIT_FILE_NEXT_MS);
		return 0;
	}
	if (n > max)
		n = max;
	memcpy(p, x->lines.p + x->sent, n);
	x->sent += n;
	return (long)n;
}

static char *
audit_file_word(const char *word)
{
	return word != NULL ? xstrdup(word) : NULL;
}

/* From the first row that is asked for to the last one of now. */
static int
audit_file_begin(struct audit_file *x, const struct audit_asked *q)
{
	struct svc *s = call_app(x->c);
	struct audit_end start, head;
	struct err e = ERR_INIT;

	if (audit_ends(db_reader(s->db), &start, &head, &e) == -1) {
		web_fail(x->c, &e);
		return -1;
	}
	x->f = q->f;
	x->f.newest = false;
	x->f.limit = AUDIT_FILE_ROWS;
	x->f.who = x->who = audit_file_word(q->f.who);
	x->f.what = x->what = audit_file_word(q->f.what);
	if (x->f.after < start.seq)
		x->f.after = start.seq;
	x->end = head.seq;
	if (q->f.before != 0 && q->f.before <= x->end)
		x->end = q->f.before - 1;
	x->f.before = x->end + 1;
	x->next = timer_new(s->loop, audit_file_on_next, x);
	return 0;
}

static void
audit_file_get(struct call *c)
{
	static const struct body_source source = { audit_file_read };
	struct audit_asked asked;
	struct audit_file *x;
	struct request *q;

	if (admin_is(c) == -1)
		return;
	audit_asked_read(c, &asked);
	if (asked.wrong != NULL) {
		web_error(c, 422, asked.wrong);
		return;
	}
	x = xcalloc(1, sizeof(*x));
	x->c = c;
	if (audit_file_begin(x, &asked) == -1) {
		free(x);
		return;
	}
	call_set_data(c, x);
	call_on_gone(c, audit_file_on_gone);
	web_headers(call_request(c));
	call_header(c, "Cache-Control", "no-store");
	call_header(
	    c, "Content-Disposition", "attachment; filename=\"audit.jsonl\"");
	q = call_take_over(c);
	if (q != NULL)
		request_reply_stream(
		    q, 200, "application/x-ndjson;charset=utf-8", &source, c);
}

const struct route web_audit_file_routes[] = {
	{ "GET", "/-/admin/audit.jsonl", ROUTE_PAGE, audit_file_get },
	{ .method = NULL },
};
