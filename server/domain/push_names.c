#include "server/domain/push_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "server/domain/push_policy.h"

enum {
	PUSH_NAMES_LEN = 512, /* of a key; longer names are not allowed */
	PUSH_NAMES_CASES = 2
};

/* A command's name. */
struct push_name {
	bool here, upstream;
};

/* A command's name, or a directory of one, in lower case. */
struct push_place {
	const char *as; /* an existing name that folds to it */
	/* Existing names below it, in different spellings of it. */
	const char *below[PUSH_NAMES_CASES];
};

struct push_names {
	struct map *names;         /* -> struct push_name */
	struct map *places;        /* -> struct push_place */
	bool lens[PUSH_NAMES_LEN]; /* of the places' keys */
};

/* The folded name, as much of it as fits; its length. */
static size_t
push_names_fold(const char *name, char out[PUSH_NAMES_LEN])
{
	size_t n = 0;

	for (; name[n] != '\0' && n < PUSH_NAMES_LEN - 1; n++) {
		int c = (unsigned char)name[n];

		out[n] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	out[n] = '\0';
	return n;
}

/* Where the name proper begins: behind refs/heads/. */
static size_t
push_names_root(const char *name)
{
	const char *slash = strchr(name, '/');

	slash = slash != NULL ? strchr(slash + 1, '/') : NULL;
	return slash != NULL ? (size_t)(slash - name) + 1 : SIZE_MAX;
}

static void
push_names_want(struct push_names *x, const char *key, size_t len)
{
	x->lens[len] = true;
	if (map_get(x->places, key) == NULL)
		(void)map_put(
		    x->places, key, xcalloc(1, sizeof(struct push_place)));
}

struct push_names *
push_names_new(const struct push_command *c, size_t n)
{
	struct push_names *x = xcalloc(1, sizeof(*x));

	x->names = map_new();
	x->places = map_new();
	for (size_t i = 0; i < n; i++) {
		char key[PUSH_NAMES_LEN];
		size_t len = push_names_fold(c[i].ref, key);
		size_t root = push_names_root(key);

		if (map_get(x->names, c[i].ref) == NULL)
			(void)map_put(x->names, c[i].ref,
			    xcalloc(1, sizeof(struct push_name)));
		push_names_want(x, key, len);
		while (len-- > root)
			if (key[len] == '/') {
				key[len] = '\0';
				push_names_want(x, key, len);
			}
	}
	return x;
}

void
push_names_free(struct push_names *x)
{
	size_t cursor = 0;
	void *value;

	while (map_next(x->names, &cursor, NULL, &value))
		free(value);
	cursor = 0;
	while (map_next(x->places, &cursor, NULL, &value))
		free(value);
	map_free(x->names);
	map_free(x->places);
	free(x);
}

static void
push_names_below(struct push_place *p, const char *name, size_t len)
{
	for (size_t i = 0; i < PUSH_NAMES_CASES; i++) {
		if (p->below[i] == NULL)
			p->below[i] = name;
		if (strncmp(p->below[i], name, len) == 0)
			return;
	}
}

/* Beside the places that the commands have. */
static void
push_names_place(struct push_names *x, const char *name)
{
	char key[PUSH_NAMES_LEN];
	size_t len = push_names_fold(name, key);
	size_t root = push_names_root(key);
	struct push_place *p = x->lens[len] ? map_get(x->places, key) : NULL;

	if (p != NULL && p->as == NULL)
		p->as = name;
	while (len-- > root) {
		if (key[len] != '/')
			continue;
		key[len] = '\0';
		p = x->lens[len] ? map_get(x->places, key) : NULL;
		if (p != NULL)
			push_names_below(p, name, len);
	}
}

void
push_names_enter(struct push_names *x, const char *name)
{
	struct push_name *own = map_get(x->names, name);

	if (own != NULL)
		own->here = true;
	push_names_place(x, name);
}

void
push_names_enter_upstream(struct push_names *x, const char *name)
{
	struct push_name *own = map_get(x->names, name);

	if (own != NULL)
		own->upstream = true;
	push_names_place(x, name);
}

bool
push_names_here(const struct push_names *x, const char *ref)
{
	const struct push_name *own = map_get(x->names, ref);

	return own != NULL && own->here;
}

bool
push_names_upstream(const struct push_names *x, const char *ref)
{
	const struct push_name *own = map_get(x->names, ref);

	return own != NULL && own->upstream;
}

/* Is the directory there, but in other letters only? */
static const char *
push_names_other_case(const struct push_place *p, const char *ref, size_t len)
{
	for (size_t i = 0; i < PUSH_NAMES_CASES; i++)
		if (p->below[i] != NULL && strncmp(p->below[i], ref, len) == 0)
			return NULL;
	return p->below[0];
}

const char *
push_names_rival(const struct push_names *x, const char *ref)
{
	char key[PUSH_NAMES_LEN];
	size_t len = push_names_fold(ref, key);
	size_t root = push_names_root(key);
	const struct push_place *p = map_get(x->places, key);

	if (p != NULL && p->as != NULL)
		return p->as;
	if (p != NULL && p->below[0] != NULL)
		return p->below[0];
	while (len-- > root) {
		const char *other;

		if (key[len] != '/')
			continue;
		key[len] = '\0';
		p = map_get(x->places, key);
		if (p == NULL)
			continue;
		other = p->as != NULL ? p->as
				      : push_names_other_case(p, ref, len);
		if (other != NULL)
			return other;
	}
	return NULL;
}
