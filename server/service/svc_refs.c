#include "server/service/svc_refs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/store/events.h"
#include "server/store/projects.h"
#include "server/store/refs.h"
#include "server/store/users.h"

void
svc_refs_release(struct svc_refs *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].ref);
		free(r->v[i].kept);
	}
	free(r->v);
	*r = (struct svc_refs){ .project = 0 };
}

struct svc_ref_move *
svc_refs_add(struct svc_refs *r, const char *ref, const char *now)
{
	struct svc_ref_move *m;

	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 16 : r->cap * 2;
		r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	m = &r->v[r->n++];
	*m = (struct svc_ref_move){ .ref = xstrdup(ref) };
	memcpy(m->now, now, SHA_HEX);
	memcpy(m->was, SHA_ZERO, SHA_HEX);
	return m;
}

char *
svc_refs_kept_name(int64_t at, const char *ref)
{
	const char *rest = strncmp(ref, "refs/", 5) == 0 ? ref + 5 : ref;

	return xasprintf("refs/coffer/kept/%" PRId64 "/%s", at, rest);
}

static int
svc_refs_actor(
    struct txn *t, const struct svc_refs *r, struct actor *out, struct err *e)
{
	struct user u;

	*out = (struct actor){ .id = r->actor };
	if (users_by_id(t, r->actor, &u, e) == -1)
		return -1;
	memcpy(out->login, u.login, sizeof(out->login));
	out->kind = u.kind;
	return roles_get(t, r->project, r->actor, &out->role, e);
}

int
svc_refs_event(struct txn *t, const struct svc_refs *r, const char *kind,
    const char *data, struct err *e)
{
	struct actor actor;
	const struct event_new n = { .at = r->now,
		.kind = kind,
		.project_id = r->project,
		.actor = &actor,
		.data = data };

	if (svc_refs_actor(t, r, &actor, e) == -1)
		return -1;
	return events_append(t, &n, NULL, e);
}

static int
svc_refs_moved(struct txn *t, const struct svc_refs *r,
    const struct svc_ref_move *m, struct err *e)
{
	AUTO_STR struct str data = STR_INIT;
	struct svc_refs by = *r;
	struct jw w;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "ref", m->ref);
	jw_str(&w, "old", m->was);
	jw_str(&w, "new", m->now);
	jw_bool(&w, "forced", m->forced);
	jw_str(&w, "source", r->source);
	jw_end(&w);
	if (m->actor != 0)
		by.actor = m->actor;
	return svc_refs_event(t, &by, "branch.updated", str_cstr(&data), e);
}

static int
svc_refs_row(
    struct txn *t, struct svc_refs *r, struct svc_ref_move *m, struct err *e)
{
	int64_t actor = m->actor != 0 ? m->actor : r->actor;
	char was[SHA_HEX + 1];

	m->changed = false;
	if (refs_get(t, r->project, m->ref, was, e) == -1)
		return -1;
	if (was[0] == '\0')
		memcpy(was, SHA_ZERO, sizeof(was));
	memcpy(m->was, was, sizeof(was));
	if (m->kept != NULL) {
		const struct kept_new k = { .project_id = r->project,
			.kept = m->kept,
			.ref = m->ref,
			.sha = m->kept_sha,
			.why = m->why != NULL ? m->why : "",
			.now = r->now };

		if (kept_put(t, &k, e) == -1)
			return -1;
	}
	if (strcmp(was, m->now) == 0)
		return 0;
	m->changed = true;
	r->changed++;
	if (strcmp(m->now, SHA_ZERO) == 0) {
		if (refs_delete(t, r->project, m->ref, e) == -1)
			return -1;
	} else if (refs_put(t, r->project, m->ref, m->now, actor, e) == -1 ||
	    refs_add_writer(t, r->project, m->ref,
		r->writer != 0 ? r->writer : actor, e) == -1) {
		return -1;
	}
	return r->quiet || m->silent ? 0 : svc_refs_moved(t, r, m, e);
}

int
svc_refs_write(struct txn *t, struct svc_refs *r, struct err *e)
{
	struct project p = { .id = 0 };

	if (projects_by_id(t, r->project, &p, e) == -1)
		return -1;
	project_release(&p);
	r->changed = 0;
	for (size_t i = 0; i < r->n; i++)
		if (svc_refs_row(t, r, &r->v[i], e) == -1)
			return err_wrap(e, "%.100s", r->v[i].ref);
	return 0;
}
