#include "server/domain/job_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"
#include "server/domain/checks.h"

#define JOB_NAME_ORDER "test-pr-"
#define JOB_NAME_BUG "test-pr-bug-"
#define JOB_NAME_BASE "@base"
#define JOB_NAME_HEAD "@head"

static bool
job_name_comment(struct view v, const char *prefix, int64_t *out)
{
	struct err e = ERR_INIT;
	char digits[24];

	if (!view_starts(v, prefix))
		return false;
	v = view_from(v, strlen(prefix));
	if (v.len == 0 || v.len >= sizeof(digits))
		return false;
	memcpy(digits, v.p, v.len);
	digits[v.len] = '\0';
	return num_i64(digits, 1, INT64_MAX, out, &e) == 0;
}

struct job_name
job_name_read(const char *name)
{
	struct job_name n = { .kind = JOB_KIND_CHECK };
	struct view v = view_of(name);

	if (view_ends(v, JOB_NAME_BASE)) {
		n.side = JOB_SIDE_BASE;
		n.kind = JOB_KIND_PROOF;
		v.len -= strlen(JOB_NAME_BASE);
	} else if (view_ends(v, JOB_NAME_HEAD)) {
		n.side = JOB_SIDE_HEAD;
		v.len -= strlen(JOB_NAME_HEAD);
	} else if (view_is(v, CHECK_NEW_TESTS)) {
		n.kind = JOB_KIND_PROOF;
	}
	if (job_name_comment(v, JOB_NAME_BUG, &n.comment))
		n.kind = JOB_KIND_BUG;
	else if (n.side == JOB_SIDE_WHOLE &&
	    job_name_comment(v, JOB_NAME_ORDER, &n.comment))
		n.kind = JOB_KIND_ORDER;
	return n;
}

void
job_name_write(
    const struct job_name *n, const char *check, char out[JOB_NAME_MAX])
{
	static const char *const sides[] = { [JOB_SIDE_WHOLE] = "",
		[JOB_SIDE_HEAD] = JOB_NAME_HEAD,
		[JOB_SIDE_BASE] = JOB_NAME_BASE };
	const char *side = sides[n->side];

	if (n->comment == 0)
		(void)snprintf(out, JOB_NAME_MAX, "%.80s%s", check, side);
	else
		(void)snprintf(out, JOB_NAME_MAX, "%s%" PRId64 "%s",
		    n->kind == JOB_KIND_BUG ? JOB_NAME_BUG : JOB_NAME_ORDER,
		    n->comment, side);
}

const char *
job_kind_name(enum job_kind k)
{
	static const char *const names[] = { [JOB_KIND_CHECK] = "check",
		[JOB_KIND_ORDER] = "order",
		[JOB_KIND_BUG] = "bug",
		[JOB_KIND_PROOF] = "proof" };

	return k >= JOB_KIND_CHECK && k <= JOB_KIND_PROOF ? names[k] : "";
}

const char *
job_side_name(enum job_side s)
{
	static const char *const names[] = { [JOB_SIDE_WHOLE] = "whole",
		[JOB_SIDE_HEAD] = "head",
		[JOB_SIDE_BASE] = "base" };

	return s <= JOB_SIDE_BASE ? names[s] : "";
}
