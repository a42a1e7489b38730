/* What a lock file pins now, against what it pinned before. */
#include "findings/check_lock.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"

enum {
	CHECK_LOCK_HOSTS = 64,
	CHECK_LOCK_LEFT = 10, /* one in so many */
	CHECK_LOCK_NEW = 200, /* names looked at for their likeness */
	CHECK_LOCK_SAME = 300 /* pins of one name */
};

/* Some pins of a sorted list: of one name, or of one version of it. */
struct check_pins {
	const struct check_pin *p;
	size_t n;
};

struct check_lock_diff {
	struct check_body *b;
	const char *path;
	const struct check_lock *was, *is;
	uint64_t hosts[CHECK_LOCK_HOSTS];
	size_t hosts_n, compared;
};

static int
check_view_order(struct view a, struct view b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int
check_pin_order(const void *a, const void *b)
{
	const struct check_pin *x = a, *y = b;
	int c = check_view_order(x->name, y->name);

	return c != 0 ? c : check_view_order(x->version, y->version);
}

/* The pins of a name; none: an empty range. */
static struct check_pins
check_pins_of(const struct check_lock *l, struct view name)
{
	size_t from = 0, to = l->n, end;

	if (l->n == 0)
		return (struct check_pins){ NULL, 0 };
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (check_view_order(l->list[mid].name, name) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	for (end = from; end < l->n && end - from < CHECK_LOCK_SAME &&
	     view_eq(l->list[end].name, name);
	     end++)
		;
	return (struct check_pins){ l->list + from, end - from };
}

static bool
check_host_known(const struct check_lock_diff *d, uint64_t host)
{
	for (size_t i = 0; i < d->hosts_n; i++)
		if (d->hosts[i] == host)
			return true;
	return false;
}

static void
check_hosts_of(struct check_lock_diff *d, const struct check_lock *l)
{
	for (size_t i = 0; i < l->n && d->hosts_n < CHECK_LOCK_HOSTS; i++) {
		struct view host;
		uint64_t hash;

		if (check_origin_of(l->list[i].source, &host) !=
		    CHECK_FROM_HOST)
			continue;
		hash = check_hash(host);
		if (!check_host_known(d, hash))
			d->hosts[d->hosts_n++] = hash;
	}
}

static bool
check_same_source(struct check_pins was, const struct check_pin *is)
{
	for (size_t i = 0; i < was.n; i++)
		if (view_eq(was.p[i].source, is->source))
			return true;
	return false;
}

/* Does the registry's address name another package?  .../NAME/-/FILE. */
static bool
check_is_other(const struct check_pin *p)
{
	struct view v = p->source,
		    name = p->actual.len > 0 ? p->actual : p->name;
	const char *mark = v.len == 0 ? NULL : memmem(v.p, v.len, "/-/", 3);
	const char *slash = name.len == 0 ? NULL
					  : memchr(name.p, '/', name.len);

	if (mark == NULL || name.len == 0)
		return false;
	v.len = (size_t)(mark - v.p);
	/* @scope%2fname: the name alone is compared then. */
	if (slash != NULL && memmem(v.p, v.len, "%2", 2) != NULL)
		name = view_from(name, (size_t)(slash + 1 - name.p));
	return v.len < name.len ||
	    memcmp(v.p + v.len - name.len, name.p, name.len) != 0;
}

static int
check_cut(struct view v)
{
	return (int)(v.len > 80 ? 80 : v.len);
}

static void
check_pin_origin(
    struct check_lock_diff *d, struct check_pins was, const struct check_pin *p)
{
	struct findings *out = d->b->out;
	struct view host;
	enum check_origin origin = check_origin_of(p->source, &host);

	if (check_same_source(was, p))
		return;
	if (origin == CHECK_FROM_INSECURE)
		finding_add(out, "lock-insecure", d->path, 0,
		    "%.*s comes without TLS", check_cut(p->name), p->name.p);
	else if (origin == CHECK_FROM_HOST && d->is->kind == CHECK_LOCK_PIP)
		finding_add(out, "dependency-source", d->path, 0,
		    "%.*s comes from %.*s, not from the index",
		    check_cut(p->name), p->name.p, check_cut(host), host.p);
	else if (origin == CHECK_FROM_HOST && d->hosts_n > 0 &&
	    !check_host_known(d, check_hash(host)))
		finding_add(out, "lock-host", d->path, 0,
		    "%.*s comes from %.*s, which nothing came from before",
		    check_cut(p->name), p->name.p, check_cut(host), host.p);
	else if (origin == CHECK_FROM_GIT)
		finding_add(out, "lock-source", d->path, 0,
		    "%.*s comes from a git repository", check_cut(p->name),
		    p->name.p);
	else if (origin == CHECK_FROM_PATH &&
	    (p->source.p[0] == '/' ||
		memmem(p->source.p, p->source.len, "../..", 5) != NULL ||
		memmem(p->source.p, p->source.len, ":/", 2) != NULL))
		finding_add(out, "lock-source", d->path, 0,
		    "%.*s comes from a path outside", check_cut(p->name),
		    p->name.p);
	if ((d->is->kind == CHECK_LOCK_NPM || d->is->kind == CHECK_LOCK_YARN) &&
	    check_is_other(p))
		finding_add(out, "lock-mismatch", d->path, 0,
		    "%.*s is fetched as another package", check_cut(p->name),
		    p->name.p);
}

static bool
check_sums_meet(struct check_pins a, struct check_pins b)
{
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			for (size_t x = 0; x < a.p[i].sums_n; x++)
				for (size_t y = 0; y < b.p[k].sums_n; y++)
					if (a.p[i].sums[x] == b.p[k].sums[y])
						return true;
	return false;
}

static void
check_sums(struct check_pins v, bool *any, bool *weak)
{
	*any = *weak = false;
	for (size_t i = 0; i < v.n; i++) {
		*any = *any || v.p[i].sums_n > 0;
		*weak = *weak || v.p[i].weak;
	}
}

/* One version of a package, here and there. */
static void
check_integrity(
    struct check_lock_diff *d, struct check_pins was, struct check_pins is)
{
	bool had, has, was_weak, is_weak;
	const char *what = NULL;

	check_sums(was, &had, &was_weak);
	check_sums(is, &has, &is_weak);
	if (had && !has)
		what = "its checksum is gone";
	else if (had && is_weak && !was_weak)
		what = "its checksum is a weaker one";
	else if (had && has && !was_weak && !check_sums_meet(was, is))
		what = "the same version has other contents";
	if (what != NULL)
		finding_add(d->b->out, "lock-integrity", d->path, 0,
		    "%.*s %.*s: %s", check_cut(is.p->name), is.p->name.p,
		    check_cut(is.p->version), is.p->version.p, what);
}

static unsigned long
check_number(struct view *v)
{
	unsigned long n = 0;

	while (v->len > 0 && !isdigit((unsigned char)v->p[0]))
		*v = view_from(*v, 1);
	while (v->len > 0 && isdigit((unsigned char)v->p[0])) {
		if (n < 100000000)
			n = n * 10 + (unsigned long)(v->p[0] - '0');
		*v = view_from(*v, 1);
	}
	return n;
}

/* By the first three numbers; what comes behind is for people. */
static int
check_version_order(struct view a, struct view b)
{
	for (int i = 0; i < 3; i++) {
		unsigned long x = check_number(&a), y = check_number(&b);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

static struct view
check_newest(struct check_pins v)
{
	struct view best = v.p[0].version;

	for (size_t i = 1; i < v.n; i++)
		if (check_version_order(v.p[i].version, best) > 0)
			best = v.p[i].version;
	return best;
}

static void
check_likeness(struct check_lock_diff *d, struct view name)
{
	const struct check_lock *was = d->was;

	if (d->compared++ >= CHECK_LOCK_NEW)
		return;
	for (size_t i = 0; i < was->n; i++)
		if (check_is_near(name, was->list[i].name)) {
			finding_add(d->b->out, "typosquat", d->path, 0,
			    "%.*s is new, and nearly %.*s", check_cut(name),
			    name.p, check_cut(was->list[i].name),
			    was->list[i].name.p);
			return;
		}
}

static bool
check_any_script(struct check_pins v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i].script)
			return true;
	return false;
}

static struct check_pins
check_version_pins(struct check_pins v, struct view version)
{
	struct check_pins out = { v.p, 0 };

	for (size_t i = 0; i < v.n; i++)
		if (view_eq(v.p[i].version, version)) {
			out.p = out.n == 0 ? &v.p[i] : out.p;
			out.n++;
		}
	return out;
}

/* All pins of one name. */
static void
check_name_pins(struct check_lock_diff *d, struct check_pins is)
{
	struct view name = is.p->name;
	struct check_pins was = check_pins_of(d->was, name), here, there;
	struct view last = { NULL, 0 };

	for (size_t i = 0; i < is.n; i++) {
		check_pin_origin(d, was, &is.p[i]);
		if (i > 0 && view_eq(is.p[i].version, last))
			continue;
		last = is.p[i].version;
		here = check_version_pins(is, last);
		there = check_version_pins(was, last);
		if (there.n > 0)
			check_integrity(d, there, here);
	}
	if (check_any_script(is) && !check_any_script(was) && d->was->n > 0)
		finding_add(d->b->out, "lock-install-script", d->path, 0,
		    "%.*s runs something when it is installed", check_cut(name),
		    name.p);
	if (was.n == 0 && d->was->n > 0)
		check_likeness(d, name);
	if (was.n > 0 &&
	    check_version_order(check_newest(is), check_newest(was)) < 0)
		check_note(d->b, "lock-downgrade", d->path, 0,
		    "%.*s goes back to an older version", check_cut(name),
		    name.p);
}

/* A lock file where none was: nothing says what is usual. */
static void
check_lock_first(struct check_lock_diff *d)
{
	AUTO_STR struct str hosts = STR_INIT_MAX(FINDING_TEXT_MAX / 2);
	uint64_t known[CHECK_LOCK_HOSTS];
	size_t n = 0, k;

	for (size_t i = 0; i < d->is->n; i++) {
		struct view host;
		enum check_origin from = check_origin_of(
		    d->is->list[i].source, &host);
		uint64_t hash = check_hash(host);

		if (host.len == 0 || from == CHECK_FROM_PATH)
			continue;
		for (k = 0; k < n && known[k] != hash; k++)
			;
		if (k < n || n == CHECK_LOCK_HOSTS)
			continue;
		known[n++] = hash;
		str_addf(&hosts, "%s%.*s", n == 1 ? "" : ", ", check_cut(host),
		    host.p);
	}
	finding_add(d->b->out, "lock-new", d->path, 0,
	    "%zu packages where no lock file was, from %zu hosts: %s", d->is->n,
	    n, str_cstr(&hosts));
}

/* Checksums of Go that are there no more. */
static void
check_sums_gone(struct check_lock_diff *d)
{
	for (size_t i = 0; i < d->was->n; i++) {
		const struct check_pin *p = &d->was->list[i];

		if (check_version_pins(
			check_pins_of(d->is, p->name), p->version)
			.n == 0) {
			check_packs_fewer(d->b, d->path);
			return;
		}
	}
}

static void
check_lock_sort(struct check_lock *l)
{
	if (l->n > 1)
		qsort(l->list, l->n, sizeof(*l->list), check_pin_order);
}

void
check_lock_compare(struct check_body *b, const char *path,
    struct check_lock *was, struct check_lock *is)
{
	struct check_lock_diff d = {
		.b = b, .path = path, .was = was, .is = is
	};
	size_t end;

	if (is->unread)
		finding_add(b->out, "lock-unread", path, 0,
		    "it is no %s, or has more than is read",
		    is->kind <= CHECK_LOCK_PIPFILE ? "proper JSON"
						   : "proper list");
	check_lock_sort(was);
	check_lock_sort(is);
	check_hosts_of(&d, was);
	if (was->n == 0 && is->n > 0 && is->kind != CHECK_LOCK_PIP)
		check_lock_first(&d);
	/* All that a lock file is for goes, whatever the manifest says. */
	if (is->n * CHECK_LOCK_LEFT < was->n && is->kind != CHECK_LOCK_PIP)
		finding_add(b->out, "lock-removed", path, 0,
		    "of %zu packages %zu are left", was->n, is->n);
	else if (is->kind == CHECK_LOCK_GO)
		check_sums_gone(&d);
	for (size_t i = 0; i < is->n; i = end) {
		for (end = i + 1; end < is->n &&
		     view_eq(is->list[end].name, is->list[i].name);
		     end++)
			;
		if (end - i > CHECK_LOCK_SAME)
			finding_add(b->out, "lock-unread", path, 0,
			    "one name has more than %d pins",
			    (int)CHECK_LOCK_SAME);
		else
			check_name_pins(
			    &d, (struct check_pins){ is->list + i, end - i });
	}
}
