#include "cli/copy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	COPY_CHUNK = 1 << 20, /* an sftp write waits at its end */
	COPY_PATH_MAX = 64 << 10
};

struct copy {
	const struct copy_spec *spec;
	struct copy_result *r;
	char *buf;
	struct str path; /* of the present folder, for people */
	size_t ends[COPY_DEPTH_MAX];
	size_t depth;
	uint64_t seen;
};

bool
copy_name_ok(const char *name)
{
	return name[0] != '\0' && strlen(name) <= COPY_NAME_MAX &&
	    strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
	    strcmp(name, "..") != 0;
}

static void
copy_skip(struct copy *c, const char *name, const char *why)
{
	AUTO_FREE char *where = xasprintf("%s%s", str_cstr(&c->path), name);

	c->r->skipped++;
	if (c->spec->on_skip != NULL)
		c->spec->on_skip(where, why, c->spec->arg);
}

/* Within the tree, what may not be read stays, as links do. */
static bool
copy_is_barred(struct copy *c, const char *name, struct err *e)
{
	if (c->depth == 0 || e->code != ERR_DENIED)
		return false;
	copy_skip(c, name, "may not be read");
	*e = ERR_INIT;
	return true;
}

static int
copy_bytes(struct copy *c, struct err *e)
{
	const struct copy_spec *s = c->spec;
	long n;

	while ((n = s->from->read(s->src, c->buf, COPY_CHUNK, e)) > 0) {
		if ((uint64_t)n > s->limits.bytes - c->r->bytes)
			return err_set(e, ERR_LIMIT,
			    "over %" PRIu64 " bytes in all (--max)",
			    s->limits.bytes);
		c->r->bytes += (uint64_t)n;
		if (s->to->write(s->dst, c->buf, (size_t)n, e) == -1)
			return -1;
	}
	return n == 0 ? 0 : -1;
}

static int
copy_file(
    struct copy *c, const struct copy_entry *f, const char *as, struct err *e)
{
	const struct copy_spec *s = c->spec;
	int rc;

	if (s->from->open(s->src, f->name, e) == -1)
		return copy_is_barred(c, f->name, e) ? 0 : -1;
	rc = s->to->create(s->dst, as, f->exec, e);
	if (rc == 0) {
		rc = copy_bytes(c, e);
		if (rc == 0)
			rc = s->to->commit(s->dst, e);
		else
			s->to->drop(s->dst);
	}
	s->from->close(s->src);
	c->r->files += rc == 0;
	return rc;
}

static int
copy_enter(struct copy *c, const char *name, const char *as, struct err *e)
{
	const struct copy_spec *s = c->spec;

	if (c->depth == COPY_DEPTH_MAX) {
		copy_skip(c, name, "too deep");
		return 0;
	}
	if (s->from->enter(s->src, name, e) == -1)
		return copy_is_barred(c, name, e) ? 0 : -1;
	if (s->to->enter(s->dst, as, e) == -1) {
		s->from->leave(s->src);
		return -1;
	}
	c->ends[c->depth++] = c->path.len;
	str_addf(&c->path, "%s/", as);
	c->r->folders++;
	return 0;
}

static void
copy_leave(struct copy *c)
{
	c->spec->from->leave(c->spec->src);
	c->spec->to->leave(c->spec->dst);
	c->path.len = c->ends[--c->depth];
	if (c->path.p != NULL)
		c->path.p[c->path.len] = '\0';
}

static bool
copy_is_git(const char *name)
{
	return strcasecmp(name, ".git") == 0;
}

static int
copy_entry(struct copy *c, const struct copy_entry *f, struct err *e)
{
	if (++c->seen > c->spec->limits.entries)
		return err_set(e, ERR_LIMIT, "over %" PRIu64 " files",
		    c->spec->limits.entries);
	if (!copy_name_ok(f->name)) {
		if (strcmp(f->name, ".") != 0 && strcmp(f->name, "..") != 0)
			copy_skip(c, "?", "not a file's name");
	} else if (!c->spec->keep_git && copy_is_git(f->name)) {
		copy_skip(c, f->name, "git would run what it says");
	} else if (f->kind == COPY_DIR) {
		return copy_enter(c, f->name, f->name, e);
	} else if (f->kind == COPY_FILE) {
		return copy_file(c, f, f->name, e);
	} else {
		copy_skip(c, f->name,
		    f->kind == COPY_LINK ? "a symbolic link"
					 : "not a regular file");
	}
	return 0;
}

static int
copy_tree(struct copy *c, const struct copy_entry *what, struct err *e)
{
	struct copy_entry f;
	int rc = copy_enter(c, what->name, c->spec->as, e);

	while (rc == 0 && c->depth > 0) {
		rc = c->spec->from->next(c->spec->src, &f, e);
		if (rc == 1) {
			rc = copy_entry(c, &f, e);
		} else if (rc == 0) {
			copy_leave(c);
		}
	}
	if (rc == -1 && c->path.len > 0)
		(void)err_wrap(e, "%.100s", str_cstr(&c->path));
	while (c->depth > 0)
		copy_leave(c);
	return rc;
}

int
copy_run(const struct copy_spec *spec, const struct copy_entry *what,
    struct copy_result *r, struct err *e)
{
	struct copy c = {
		.spec = spec, .r = r, .path = STR_INIT_MAX(COPY_PATH_MAX)
	};
	int rc;

	*r = (struct copy_result){ .files = 0 };
	if (!copy_name_ok(spec->as))
		return err_set(e, ERR_INVALID, "not a file's name");
	if (!spec->keep_git &&
	    (copy_is_git(what->name) || copy_is_git(spec->as)))
		return err_set(e, ERR_INVALID,
		    "git would run what .git says (--git copies it)");
	c.buf = xmalloc(COPY_CHUNK);
	if (what->kind == COPY_DIR)
		rc = copy_tree(&c, what, e);
	else if (what->kind == COPY_FILE)
		rc = copy_file(&c, what, spec->as, e);
	else
		rc = err_set(e, ERR_INVALID,
		    "%s is neither a file nor a folder", what->name);
	free(c.buf);
	str_release(&c.path);
	return rc;
}
