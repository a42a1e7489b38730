#include "server/git/ref_snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"

enum {
	REFSNAP_STAMP_MAX = 64,
	/* "sha name" and, of a tag, " sha". */
	REFSNAP_LINE_MIN = REF_SHA_LEN + 2
};

/* One ref in the text: "sha name\0" and, if peeled, "sha" behind it. */
struct refsnap_entry {
	uint32_t off;
	uint16_t name_len;
	bool peeled;
};

struct refsnap_side {
	const struct refsnap_entry *v;
	size_t n;
	char *target;
	char sha[REF_SHA_LEN + 1]; /* of HEAD; "" */
	char peeled[REF_SHA_LEN + 1];
	bool odd;
};

struct ref_bytes {
	unsigned refs;
	struct ref_budget *budget;
	char *p;
	size_t len;
};

struct refsnap_answer {
	char *key;
	size_t key_len;
	uint64_t used;
	struct ref_bytes *bytes;
};

struct ref_snapshot {
	unsigned refs;
	struct ref_budget *budget;
	char *text;
	size_t len;
	struct refsnap_entry *v; /* of both sides */
	size_t n;
	struct refsnap_side side[REF_SIDES];
	char stamp[REFSNAP_STAMP_MAX];
	bool settled, shallow, borrows;
	struct refsnap_answer answers[REF_ANSWERS_MAX];
	uint64_t turn;
};

struct ref_budget *
refbudget_new(void)
{
	struct ref_budget *b = xcalloc(1, sizeof(*b));

	b->refs = 1;
	return b;
}

struct ref_budget *
refbudget_ref(struct ref_budget *b)
{
	b->refs++;
	return b;
}

void
refbudget_unref(struct ref_budget *b)
{
	if (--b->refs == 0)
		free(b);
}

static bool
refsnap_is_sha(const char *p)
{
	unsigned bad = 0;

	/* Without a way out in the middle: there are many of them. */
	for (size_t i = 0; i < REF_SHA_LEN; i++) {
		unsigned char c = (unsigned char)p[i];

		bad |= (unsigned)((unsigned char)(c - '0') > 9) &
		    (unsigned)((unsigned char)(c - 'a') > 5);
	}
	return bad == 0;
}

/* One line of the text, its newline excluded, becomes an entry. */
static int
refsnap_line(struct ref_snapshot *s, char *p, size_t len,
    struct refsnap_entry *x, struct err *e)
{
	size_t name;
	const char *space;

	if (len < REFSNAP_LINE_MIN || !refsnap_is_sha(p) ||
	    p[REF_SHA_LEN] != ' ')
		return err_set(e, ERR_INTERNAL, "malformed list of refs");
	name = len - REF_SHA_LEN - 1;
	space = memchr(p + REF_SHA_LEN + 1, ' ', name);
	x->off = (uint32_t)(p - s->text);
	x->peeled = space != NULL;
	if (x->peeled) {
		name = (size_t)(space - p) - REF_SHA_LEN - 1;
		if (p + len - space != REF_SHA_LEN + 1 ||
		    !refsnap_is_sha(space + 1))
			return err_set(
			    e, ERR_INTERNAL, "malformed list of refs");
	}
	if (name == 0 || name > REF_NAME_LEN_MAX ||
	    memchr(p + REF_SHA_LEN + 1, '\0', name) != NULL)
		return err_set(e, ERR_INTERNAL, "malformed name of a ref");
	x->name_len = (uint16_t)name;
	p[REF_SHA_LEN + 1 + name] = '\0';
	return 0;
}

static const char *
refsnap_name(const struct ref_snapshot *s, const struct refsnap_entry *x)
{
	return s->text + x->off + REF_SHA_LEN + 1;
}

/* text[from..to) are the lines of one side. */
static int
refsnap_lines(struct ref_snapshot *s, size_t from, size_t to,
    struct refsnap_side *side, struct err *e)
{
	struct refsnap_entry *first = s->v + s->n;

	while (from < to) {
		char *p = s->text + from;
		const char *end = memchr(p, '\n', to - from);
		struct refsnap_entry *x = s->v + s->n;

		if (end == NULL)
			return err_set(e, ERR_INTERNAL, "cut list of refs");
		if (refsnap_line(s, p, (size_t)(end - p), x, e) == -1)
			return -1;
		if (x > first &&
		    strcmp(refsnap_name(s, x - 1), refsnap_name(s, x)) >= 0)
			return err_set(
			    e, ERR_INTERNAL, "list of refs out of order");
		s->n++;
		from = (size_t)(end - s->text) + 1;
	}
	side->v = first;
	side->n = (size_t)(s->v + s->n - first);
	return 0;
}

static int
refsnap_sha(const struct json *j, const char *key, char out[REF_SHA_LEN + 1],
    struct err *e)
{
	const char *sha = json_str_or(j, key, "");

	if (*sha == '\0')
		return 0;
	if (!gitpool_sha_ok(sha))
		return err_set(e, ERR_INTERNAL, "%s: not an id", key);
	memcpy(out, sha, REF_SHA_LEN);
	return 0;
}

static int
refsnap_fields(struct refsnap_side *side, const struct json *j, struct err *e)
{
	const char *target = json_str_or(j, "target", NULL);

	side->odd = json_bool_or(j, "odd", true);
	if (target != NULL && strlen(target) > REF_NAME_LEN_MAX)
		return err_set(e, ERR_INTERNAL, "HEAD is too long");
	if (target != NULL)
		side->target = xstrdup(target);
	if (refsnap_sha(j, "sha", side->sha, e) == -1)
		return -1;
	return refsnap_sha(j, "peeled", side->peeled, e);
}

static size_t
refsnap_count_lines(struct view raw)
{
	size_t n = 0;

	while (raw.len > 0) {
		const char *p = memchr(raw.p, '\n', raw.len);

		n++;
		if (p == NULL)
			break;
		raw = view_from(raw, (size_t)(p - raw.p) + 1);
	}
	return n;
}

static int
refsnap_fill(struct ref_snapshot *s, const struct git_result *r, struct err *e)
{
	static const char *const names[REF_SIDES] = { "work", "upstream" };
	int64_t work = json_i64_or(r->j, "work_bytes", -1);
	const char *stamp = json_str_or(r->j, "stamp", "");

	if (work < 0 || (uint64_t)work > s->len ||
	    strlen(stamp) >= sizeof(s->stamp))
		return err_set(e, ERR_INTERNAL, "malformed list of refs");
	memcpy(s->stamp, stamp, strlen(stamp) + 1);
	s->settled = json_bool_or(r->j, "settled", false);
	s->shallow = json_bool_or(r->j, "shallow", true);
	s->borrows = json_bool_or(r->j, "borrows", true);
	if (refsnap_lines(s, 0, (size_t)work, &s->side[0], e) == -1 ||
	    refsnap_lines(s, (size_t)work, s->len, &s->side[1], e) == -1)
		return -1;
	for (size_t i = 0; i < REF_SIDES; i++)
		if (refsnap_fields(&s->side[i], json_get(r->j, names[i]), e) ==
		    -1)
			return -1;
	return 0;
}

struct ref_snapshot *
refsnap_new(const struct git_result *r, struct ref_budget *b, struct err *e)
{
	struct ref_snapshot *s;
	int rc;

	if (r->raw.len > REF_SNAPSHOT_MAX) {
		(void)err_set(e, ERR_INTERNAL, "the list of refs is too long");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->refs = 1;
	s->len = r->raw.len;
	s->text = xmalloc(s->len + 1);
	if (s->len > 0)
		memcpy(s->text, r->raw.p, s->len);
	s->v = xcalloc(refsnap_count_lines(r->raw) + 1, sizeof(*s->v));
	s->budget = refbudget_ref(b);
	rc = refsnap_fill(s, r, e);
	b->bytes += refsnap_bytes(s);
	if (rc == -1) {
		refsnap_unref(s);
		return NULL;
	}
	return s;
}

struct ref_snapshot *
refsnap_ref(struct ref_snapshot *s)
{
	s->refs++;
	return s;
}

static void
refsnap_drop_answer(struct refsnap_answer *a)
{
	free(a->key);
	refbytes_unref(a->bytes);
	*a = (struct refsnap_answer){ .key = NULL };
}

void
refsnap_unref(struct ref_snapshot *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	for (size_t i = 0; i < REF_ANSWERS_MAX; i++)
		refsnap_drop_answer(&s->answers[i]);
	for (size_t i = 0; i < REF_SIDES; i++)
		free(s->side[i].target);
	s->budget->bytes -= refsnap_bytes(s);
	refbudget_unref(s->budget);
	free(s->text);
	free(s->v);
	free(s);
}

size_t
refsnap_bytes(const struct ref_snapshot *s)
{
	return sizeof(*s) + s->len + s->n * sizeof(*s->v);
}

const char *
refsnap_stamp(const struct ref_snapshot *s)
{
	return s->stamp;
}

bool
refsnap_settled(const struct ref_snapshot *s)
{
	return s->settled;
}

bool
refsnap_odd(const struct ref_snapshot *s, enum ref_side side)
{
	return s->side[side].odd;
}

bool
refsnap_shallow(const struct ref_snapshot *s)
{
	return s->shallow;
}

bool
refsnap_borrows(const struct ref_snapshot *s)
{
	return s->borrows;
}

size_t
refsnap_count(const struct ref_snapshot *s, enum ref_side side)
{
	return s->side[side].n;
}

struct ref_row
refsnap_row(const struct ref_snapshot *s, enum ref_side side, size_t i)
{
	const struct refsnap_entry *x = &s->side[side].v[i];
	const char *name = refsnap_name(s, x);

	return (struct ref_row){
		.sha = s->text + x->off,
		.name = name,
		.name_len = x->name_len,
		.peeled = x->peeled ? name + x->name_len + 1 : NULL,
	};
}

/* As strcmp(3) of a row's name with `name`. */
static int
refsnap_cmp(const struct ref_snapshot *s, const struct refsnap_entry *x,
    struct view name)
{
	size_t n = x->name_len < name.len ? x->name_len : name.len;
	int c = n > 0 ? memcmp(refsnap_name(s, x), name.p, n) : 0;

	if (c != 0)
		return c;
	return x->name_len < name.len ? -1 : x->name_len > name.len;
}

size_t
refsnap_seek(const struct ref_snapshot *s, enum ref_side side, struct view name)
{
	size_t lo = 0, hi = s->side[side].n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (refsnap_cmp(s, &s->side[side].v[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool
refsnap_find(const struct ref_snapshot *s, enum ref_side side, const char *name,
    struct ref_row *out)
{
	size_t i = refsnap_seek(s, side, view_of(name));

	if (i == s->side[side].n)
		return false;
	*out = refsnap_row(s, side, i);
	return strcmp(out->name, name) == 0;
}

struct ref_head
refsnap_head(const struct ref_snapshot *s, enum ref_side side)
{
	const struct refsnap_side *x = &s->side[side];

	return (struct ref_head){
		.target = x->target,
		.sha = x->sha[0] != '\0' ? x->sha : NULL,
		.peeled = x->peeled[0] != '\0' ? x->peeled : NULL,
	};
}

struct ref_bytes *
refsnap_answer(struct ref_snapshot *s, struct view key)
{
	for (size_t i = 0; i < REF_ANSWERS_MAX; i++) {
		struct refsnap_answer *a = &s->answers[i];

		if (a->bytes == NULL || a->key_len != key.len ||
		    memcmp(a->key, key.p, key.len) != 0)
			continue;
		a->used = ++s->turn;
		return refbytes_ref(a->bytes);
	}
	return NULL;
}

void
refsnap_keep_answer(
    struct ref_snapshot *s, struct view key, struct ref_bytes *b)
{
	struct refsnap_answer *a = &s->answers[0];

	if (key.len == 0 || key.len > REF_ANSWER_KEY_MAX)
		return;
	for (size_t i = 1; i < REF_ANSWERS_MAX; i++)
		if (s->answers[i].used < a->used)
			a = &s->answers[i];
	refsnap_drop_answer(a);
	a->key = view_dup(key);
	a->key_len = key.len;
	a->used = ++s->turn;
	a->bytes = refbytes_ref(b);
}

struct ref_bytes *
refbytes_new(struct ref_snapshot *s, struct str *text)
{
	struct ref_bytes *b = xcalloc(1, sizeof(*b));

	b->refs = 1;
	b->len = text->len;
	b->p = str_steal(text);
	b->budget = refbudget_ref(s->budget);
	b->budget->bytes += b->len;
	return b;
}

struct ref_bytes *
refbytes_ref(struct ref_bytes *b)
{
	b->refs++;
	return b;
}

void
refbytes_unref(void *p)
{
	struct ref_bytes *b = p;

	if (b == NULL || --b->refs > 0)
		return;
	b->budget->bytes -= b->len;
	refbudget_unref(b->budget);
	free(b->p);
	free(b);
}

struct view
refbytes_view(const struct ref_bytes *b)
{
	return (struct view){ .p = b->p, .len = b->len };
}
