#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/reviewer_reply.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"

enum {
	ASK_ANSWER_MAX = 8192,
	ASK_JITTER = 1001,
	ASK_HEADER_MAX = 200
};

int
reviewer_open(struct reviewer_session *s, struct cli *c,
    const struct reviewer *r, struct err *e)
{
	*s = (struct reviewer_session){ .c = c,
		.r = r,
		.p = provider_find(r->provider),
		.ids = STR_INIT_MAX(REVIEWER_IDS_MAX) };
	if (s->p == NULL)
		return err_set(e, ERR_INVALID, "no such provider");
	s->mode = provider_first_mode(s->p);
	s->context = (int64_t)r->context;
	if (s->context == 0)
		s->context = reviewer_ask_context(s);
	if (s->context == 0)
		s->context = s->p->context;
	if (s->context < REVIEWER_CONTEXT_MIN)
		return err_set(e, ERR_INVALID,
		    "%s has a context of %lld tokens; at least %d are needed",
		    r->model, (long long)s->context, (int)REVIEWER_CONTEXT_MIN);
	s->answer = r->answer != 0 ? (int64_t)r->answer : s->context / 4;
	if (r->answer == 0 && s->answer > ASK_ANSWER_MAX)
		s->answer = ASK_ANSWER_MAX;
	if (s->answer > s->context / 2)
		s->answer = s->context / 2;
	return 0;
}

void
reviewer_close(struct reviewer_session *s)
{
	str_release(&s->ids);
}

/* A header of the reply; NULL: it has none, or no sensible one. */
static const char *
ask_header(
    const struct reviewer_http *h, const char *name, char out[ASK_HEADER_MAX])
{
	struct view rest = str_view(&h->heads), line;
	size_t n = strlen(name);

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (line.len <= n || line.p[n] != ':' ||
		    strncasecmp(line.p, name, n) != 0)
			continue;
		line = view_trim(view_from(line, n + 1));
		if (line.len >= ASK_HEADER_MAX)
			return NULL;
		for (size_t i = 0; i < line.len; i++)
			if (line.p[i] < ' ' || line.p[i] > '~')
				return NULL;
		(void)snprintf(
		    out, ASK_HEADER_MAX, "%.*s", (int)line.len, line.p);
		return out;
	}
	return NULL;
}

static void
ask_keep_id(struct reviewer_session *s, const struct reviewer_http *h)
{
	char id[ASK_HEADER_MAX];

	if (ask_header(h, "request-id", id) == NULL &&
	    ask_header(h, "x-request-id", id) == NULL)
		return;
	if (s->ids.len + strlen(id) + 1 < REVIEWER_IDS_MAX)
		str_addf(&s->ids, "%s\n", id);
}

static const char *
ask_path(enum provider_shape shape)
{
	switch (shape) {
	case PROVIDER_MESSAGES:
		return "/v1/messages";
	case PROVIDER_CHAT:
		return "/chat/completions";
	case PROVIDER_RESPONSES:
		return "/responses";
	case PROVIDER_OLLAMA:
		return "/api/chat";
	}
	return "";
}

static void
ask_sleep(struct reviewer_session *s, int64_t ms)
{
	const struct timespec slice = { .tv_nsec = 100 * 1000 * 1000 };
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		(void)nanosleep(&slice, NULL);
		if (s->tick != NULL)
			s->tick(s->tick_arg);
	}
}

/* Is there another way to ask that it may understand?  Then it is the one
 * from now on. */
static bool
ask_step_down(struct reviewer_session *s, const struct reviewer_fault *f)
{
	enum provider_mode next = provider_next_mode(s->p, s->mode);

	if (f->tokens_name && s->p->shape == PROVIDER_CHAT &&
	    !s->other_tokens) {
		s->other_tokens = true;
		return true;
	}
	if (f->model_unknown || f->final || next == PROVIDER_MODES)
		return false;
	if (f->status != 400 && f->status != 422 && f->status != 501 &&
	    !(f->status == 404 && s->p->route))
		return false;
	s->mode = next;
	return true;
}

/* 0: again; -1 with the reason. */
static int
ask_again(struct reviewer_session *s, const struct reviewer_http *h,
    const struct reviewer_fault *f, int *attempt, struct err *e)
{
	char should[ASK_HEADER_MAX], ms[ASK_HEADER_MAX], after[ASK_HEADER_MAX];
	const struct reviewer_again a = {
		.status = f->status,
		.timed_out = h->timed_out,
		/* A reply without end has none the next time. */
		.final = f->final ||
		    (h->status == 0 && h->fail.code == ERR_LIMIT),
		.should_retry = ask_header(h, "x-should-retry", should),
		.after_ms = ask_header(h, "retry-after-ms", ms),
		.after = ask_header(h, "retry-after", after),
	};
	int64_t wait;

	s->too_long = f->context;
	if (f->context)
		return err_set(e, ERR_LIMIT,
		    "the question is too long for the reviewer: %.120s",
		    f->message);
	if (ask_step_down(s, f))
		return 0;
	wait = reviewer_retry_ms(
	    &a, *attempt, clock_now_ms(), (unsigned)rnd_below(ASK_JITTER));
	if (wait < 0) {
		if (h->status == 0)
			*e = h->fail;
		else
			(void)err_set(e, ERR_PROTO,
			    "the reviewer's server says %d%s%.160s", f->status,
			    f->message[0] != '\0' ? ": " : "", f->message);
		return -1;
	}
	ask_sleep(s, wait);
	(*attempt)++;
	return 0;
}

static void
ask_account(struct reviewer_session *s, const struct reviewer_reply *r)
{
	if (r->tokens_in > 0)
		s->tokens_in += r->tokens_in;
	if (r->tokens_out > 0)
		s->tokens_out += r->tokens_out;
	if (r->model[0] != '\0')
		(void)snprintf(
		    s->reported, sizeof(s->reported), "%s", r->model);
}

/* Before it is cut: the start of the key is too short to be known. */
static void
ask_hide(const struct reviewer_session *s, struct reviewer_fault *f)
{
	reviewer_hide_key(s, f->message, strlen(f->message));
}

/* 1: once more; 0 the text is in out; -1. */
static int
ask_once(struct reviewer_session *s, const char *system, struct view question,
    int *attempt, struct str *out, struct err *e)
{
	AUTO_FREE char *url = xasprintf(
	    "%s%s", s->r->url, ask_path(s->p->shape));
	AUTO_STR struct str body = STR_INIT;
	struct reviewer_fault fault = { .status = 0 };
	struct reviewer_reply reply = { .text = STR_INIT };
	struct reviewer_http h;
	int rc;

	reviewer_body(s, system, question, &body);
	if (!str_ok(&body)) {
		s->too_long = true;
		return err_set(e, ERR_LIMIT, "the question is too long");
	}
	rc = reviewer_http(s, "POST", url, str_view(&body), &h, e);
	if (rc == 0)
		ask_keep_id(s, &h);
	if (rc == 0 && h.status == 200) {
		rc = reviewer_reply_read(
		    s->p->shape, str_view(&h.body), body.len, &reply, e);
		ask_account(s, &reply);
		ask_hide(s, &reply.fault);
		if (rc == 0)
			str_addv(out, str_view(&reply.text));
		else if (reply.is_error &&
		    ask_again(s, &h, &reply.fault, attempt, e) == 0)
			rc = 1;
	} else if (rc == 0) {
		if (h.status != 0)
			reviewer_fault_read(
			    h.status, str_view(&h.body), &fault);
		ask_hide(s, &fault);
		rc = ask_again(s, &h, &fault, attempt, e) == 0 ? 1 : -1;
	}
	reviewer_reply_release(&reply);
	reviewer_http_release(&h);
	return rc;
}

int
reviewer_ask(struct reviewer_session *s, const char *system,
    struct view question, struct str *out, struct err *e)
{
	int attempt = 0, rc;

	do {
		*e = ERR_INIT;
		s->too_long = false;
		rc = ask_once(s, system, question, &attempt, out, e);
	} while (rc == 1);
	/* Once more, of what stood in JSON's escapes. */
	reviewer_hide_key(s, e->msg, strlen(e->msg));
	reviewer_hide_key(s, s->reported, strlen(s->reported));
	if (out->len > 0)
		reviewer_hide_key(s, out->p, out->len);
	return rc;
}
