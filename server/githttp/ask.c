/*
 * Questions for refs, answered from the snapshot: ls-refs and the
 * advertisements of protocol 0 and 1.  What is not answered here goes to git:
 * a body is collected only as long as it may be such a question.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/git/git_pool.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"
#include "server/githttp/githttp_priv.h"
#include "server/githttp/lsrefs.h"

enum {
	/* Of all bodies that are being collected. */
	ASK_TOTAL_MAX = 64 << 20
};

void
ask_release(struct xch *x)
{
	struct ask_state *a = &x->ask;

	if (a->wait != NULL)
		ref_cache_cancel(a->wait);
	a->wait = NULL;
	x->g->asked -= a->counted;
	a->counted = 0;
	str_release(&a->body);
}

bool
ask_collects(struct xch *x)
{
	if (lsrefs_protocol(x->protocol) != 2)
		return false;
	x->ask.phase = ASK_COLLECT;
	return true;
}

size_t
ask_feed(struct xch *x, const void *p, size_t n)
{
	struct ask_state *a = &x->ask;

	if (a->phase == ASK_GIT || n > LSREFS_BODY_MAX - a->body.len ||
	    n > ASK_TOTAL_MAX - x->g->asked) {
		a->phase = ASK_GIT;
		return 0;
	}
	str_addn(&a->body, p, n);
	a->counted += n;
	x->g->asked += n;
	if (lsrefs_begins(str_view(&a->body)) == -1)
		a->phase = ASK_GIT;
	return n;
}

bool
ask_flush(struct xch *x)
{
	struct ask_state *a = &x->ask;

	while (a->at < a->body.len) {
		size_t n = gitpipe_write(
		    x->pipe, a->body.p + a->at, a->body.len - a->at);

		if (n == 0)
			return false;
		a->at += n;
	}
	if (a->counted > 0) {
		ask_release(x);
		a->at = 0;
	}
	return true;
}

void
ask_on_data(struct xch *x)
{
	if (x->ask.phase != ASK_GIT)
		return;
	x->ask.phase = ASK_NONE;
	if (x->q != NULL && !request_replied(x->q))
		(void)slots_ask(x);
}

/* git is to answer. */
static void
ask_git(struct xch *x)
{
	if (x->kind == XCH_INFO_REFS) {
		xch_info_child(x);
		return;
	}
	x->ask.phase = ASK_GIT;
	ask_on_data(x);
	xch_push_on(x);
	if (x->q != NULL)
		xch_reply(x, xch_type(x));
}

static enum git_service
ask_service(const struct xch *x)
{
	return x->receive ? GIT_RECEIVE_PACK : GIT_UPLOAD_PACK;
}

static enum ref_side
ask_side(const struct xch *x)
{
	return x->upstream ? REF_SIDE_UPSTREAM : REF_SIDE_WORK;
}

/* What two questions have in common that get the same bytes. */
static void
ask_key(const struct xch *x, struct str *key)
{
	str_addc(key, x->kind == XCH_UPLOAD ? 'l' : x->receive ? 'r' : 'u');
	str_addc(key, x->upstream ? 'u' : 'w');
	str_addc(key, (char)('0' + lsrefs_protocol(x->protocol)));
	if (x->kind == XCH_UPLOAD)
		str_addv(key, str_view(&x->ask.body));
}

static bool
ask_told(const struct xch *x, const struct ref_snapshot *s)
{
	if (refsnap_odd(s, ask_side(x)))
		return false;
	if (x->kind == XCH_UPLOAD)
		return true;
	/* What upload-pack says of no ref at all differs between gits. */
	if (!x->receive && refsnap_count(s, ask_side(x)) == 0 &&
	    refsnap_head(s, ask_side(x)).sha == NULL)
		return false;
	return !refsnap_shallow(s) && !(x->receive && refsnap_borrows(s));
}

static bool
ask_make(struct xch *x, const struct ref_snapshot *s, struct str *out)
{
	const struct refs_caps *caps = &x->g->caps[ask_service(x)];
	struct lsrefs ask;

	if (x->kind == XCH_UPLOAD) {
		if (!lsrefs_parse(str_view(&x->ask.body), &ask))
			return false;
		refs_answer_ls(out, s, ask_side(x), &ask);
		lsrefs_release(&ask);
	} else if (x->receive) {
		refs_answer_receive(out, s, caps);
	} else {
		refs_answer_upload(
		    out, s, ask_side(x), caps, lsrefs_protocol(x->protocol));
	}
	return str_ok(out);
}

/* The answer with a reference; NULL: git's. */
static struct ref_bytes *
ask_bytes(struct xch *x, struct ref_snapshot *s)
{
	struct ref_cache *cache = gitpool_ref_cache(x->g->spec.pool);
	AUTO_STR struct str key = STR_INIT;
	AUTO_STR struct str out = STR_INIT_MAX(REFS_ANSWER_MAX);
	struct ref_bytes *b;

	if (!ask_told(x, s))
		return NULL;
	ask_key(x, &key);
	b = refsnap_answer(s, str_view(&key));
	if (b != NULL)
		return b;
	if (ref_cache_is_full(cache) || !ask_make(x, s, &out))
		return NULL;
	b = refbytes_new(s, &out);
	refsnap_keep_answer(s, str_view(&key), b);
	return b;
}

static void
ask_answer(struct xch *x, struct ref_snapshot *s)
{
	struct ref_bytes *b = ask_bytes(x, s);
	struct view v;

	if (b == NULL) {
		ask_git(x);
		return;
	}
	v = refbytes_view(b);
	x->ask.phase = ASK_NONE;
	x->input_end = true;
	ask_release(x);
	xch_headers(x->q);
	request_reply_shared(x->q, xch_type(x), v, refbytes_unref, b);
}

static void
ask_on_ready(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct xch *x = arg;

	x->ask.wait = NULL;
	if (x->q == NULL) {
		xch_maybe_free(x);
		return;
	}
	if (fail != NULL) {
		log_warn("githttp refs-unknown project=%lld err=%s",
		    (long long)x->project, log_val(fail->msg));
		ask_git(x);
		return;
	}
	ask_answer(x, s);
}

static void
ask_snapshot(struct xch *x)
{
	struct ref_cache *cache = gitpool_ref_cache(x->g->spec.pool);
	struct ref_snapshot *s = ref_cache_now(cache, x->project);

	if (s != NULL) {
		ask_answer(x, s);
		refsnap_unref(s);
		return;
	}
	x->ask.phase = ASK_WAIT;
	x->ask.wait = ref_cache_ask(cache, x->project, ask_on_ready, x);
	if (x->ask.wait == NULL)
		ask_git(x);
}

bool
ask_finish(struct xch *x)
{
	struct ask_state *a = &x->ask;
	struct lsrefs ask;

	if (a->phase == ASK_NONE)
		return false;
	if (request_replied(x->q)) {
		a->phase = ASK_NONE;
		return true;
	}
	if (a->phase == ASK_COLLECT && lsrefs_parse(str_view(&a->body), &ask)) {
		lsrefs_release(&ask);
		ask_snapshot(x);
	} else {
		ask_git(x);
	}
	return true;
}

bool
ask_info(struct xch *x)
{
	const struct githttp *g = x->g;

	if (!x->receive && lsrefs_protocol(x->protocol) == 2) {
		/* It says what git can do, the same for each repository. */
		if (g->v2_ad.len == 0)
			return false;
		xch_headers(x->q);
		request_reply(x->q, 200, xch_type(x), g->v2_ad.p, g->v2_ad.len);
		return true;
	}
	if (g->caps[ask_service(x)].before == NULL)
		return false;
	ask_snapshot(x);
	return true;
}

void
ask_learn(struct xch *x, const void *p, long n)
{
	struct githttp *g = x->g;
	size_t room = XCH_AD_MAX - x->ad.len;

	if (x->kind != XCH_INFO_REFS)
		return;
	if (n > 0) {
		x->ad_cut = x->ad_cut || (size_t)n > room;
		str_addn(&x->ad, p, (size_t)n > room ? room : (size_t)n);
		return;
	}
	if (n != GIT_PIPE_END)
		return;
	if (x->receive || lsrefs_protocol(x->protocol) != 2)
		refs_caps_learn(
		    &g->caps[ask_service(x)], ask_service(x), str_view(&x->ad));
	else if (!x->ad_cut && g->v2_ad.len == 0)
		str_addv(&g->v2_ad, str_view(&x->ad));
}
