#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/weigh.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "findings/policy.h"
#include "findings/rule.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static void
rules_json(const struct finding_rule *rule, struct jw *w)
{
	jw_str(w, "id", rule->id);
	jw_str(w, "severity", finding_severity_name(rule->severity));
	jw_bool(w, "allowable", (rule->flags & RULE_FIXED) == 0);
	jw_bool(w, "relaxable", (rule->flags & (RULE_FIXED | RULE_KEPT)) == 0);
	jw_str(w, "title", rule->title);
	jw_str(w, "todo", rule->todo);
}

static int
rules_run(struct cli *c, const void *args, int argc, char **argv)
{
	AUTO_STR struct str out = STR_INIT;
	struct out_table *t;
	struct jw w;
	size_t n;
	const struct finding_rule *rules = finding_rules(&n);

	(void)args;
	(void)argc;
	(void)argv;
	if (c->g.json) {
		jw_init(&w, &out);
		jw_array(&w, NULL);
		for (size_t i = 0; i < n; i++) {
			jw_object(&w, NULL);
			rules_json(&rules[i], &w);
			jw_end(&w);
		}
		jw_end(&w);
		out_json_line(&out);
		return CLI_OK;
	}
	t = out_table_new(4);
	out_cell(t, "RULE");
	out_cell(t, "WEIGHT");
	out_cell(t, "WHAT IT IS");
	out_cell(t, "WHAT TO DO");
	for (size_t i = 0; i < n; i++) {
		out_cell(t, rules[i].id);
		out_cell_state(t, finding_severity_name(rules[i].severity));
		out_cell(t, rules[i].title);
		out_cell(t, rules[i].todo);
	}
	out_table_print(t, c);
	return CLI_OK;
}

/* What a rule weighs where no line names a path. */
static const char *
policy_weight(const struct findings_policy *p, const struct finding_rule *rule)
{
	enum finding_severity s = rule->severity;

	return findings_policy_weigh(p, rule, rule->id, NULL, &s)
	    ? finding_severity_name(s)
	    : "off";
}

static void
policy_print_json(const struct findings_policy *p)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;
	size_t n;
	const struct finding_rule *rules = finding_rules(&n);

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_array(&w, "rules");
	for (size_t i = 0; i < n; i++) {
		const struct findings_policy_line *by = findings_policy_why(
		    p, &rules[i], NULL);

		jw_object(&w, NULL);
		jw_str(&w, "id", rules[i].id);
		jw_str(&w, "default", finding_severity_name(rules[i].severity));
		jw_str(&w, "weight", policy_weight(p, &rules[i]));
		jw_str(&w, "from", by == NULL ? NULL : by->from);
		if (by != NULL)
			jw_i64(&w, "line", by->number);
		jw_end(&w);
	}
	jw_end(&w);
	jw_array(&w, "lines");
	for (size_t i = 0; i < findings_policy_count(p); i++) {
		const struct findings_policy_line *l = findings_policy_at(p, i);

		jw_object(&w, NULL);
		jw_str(&w, "from", l->from);
		jw_i64(&w, "line", l->number);
		jw_str(&w, "text", l->text);
		jw_bool(&w, "locked", l->locked);
		jw_end(&w);
	}
	jw_end(&w);
	jw_object(&w, "limits");
	jw_u64(&w, "file", findings_limit(p, FINDINGS_LIMIT_FILE));
	jw_u64(&w, "total", findings_limit(p, FINDINGS_LIMIT_TOTAL));
	jw_end(&w);
	jw_end(&w);
	out_json_line(&out);
}

static void
policy_print_rules(const struct cli *c, const struct findings_policy *p)
{
	struct out_table *t = out_table_new(4);
	size_t n;
	const struct finding_rule *rules = finding_rules(&n);

	out_cell(t, "RULE");
	out_cell(t, "WEIGHT");
	out_cell(t, "DEFAULT");
	out_cell(t, "FROM");
	for (size_t i = 0; i < n; i++) {
		const struct findings_policy_line *by = findings_policy_why(
		    p, &rules[i], NULL);

		out_cell(t, rules[i].id);
		out_cell_state(t, policy_weight(p, &rules[i]));
		out_cell(t, finding_severity_name(rules[i].severity));
		if (by == NULL)
			out_cell(t, NULL);
		else
			out_cellf(t, "%s:%u", by->from, by->number);
	}
	out_table_print(t, c);
}

static void
policy_print(const struct cli *c, const struct findings_policy *p)
{
	policy_print_rules(c, p);
	(void)printf("\nfile at most %llu bytes, all files at most %llu\n",
	    (unsigned long long)findings_limit(p, FINDINGS_LIMIT_FILE),
	    (unsigned long long)findings_limit(p, FINDINGS_LIMIT_TOTAL));
	for (size_t i = 0; i < findings_policy_count(p); i++) {
		const struct findings_policy_line *l = findings_policy_at(p, i);

		out_text(stdout, l->from);
		(void)printf(":%u: ", l->number);
		out_text(stdout, l->text);
		(void)printf("%s\n",
		    l->locked ? "  (locked: it can only be stricter)" : "");
	}
}

static int
policy_run(struct cli *c, const void *args, int argc, char **argv)
{
	static const struct fetch_args none = { .apply = "unstaged" };
	struct fetch_job j = { .c = c, .args = &none };
	struct findings_policy *p = NULL;
	struct err e = ERR_INIT;
	char commit[SCAN_ID + 1] = "";
	const char *verify[] = { "rev-parse", "--verify", "--end-of-options",
		NULL, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = verify };
	AUTO_STR struct str rev = STR_INIT;

	(void)args;
	str_addf(&rev, "%s^{commit}", argc > 0 ? argv[0] : "HEAD");
	verify[3] = str_cstr(&rev);
	if (argc > 0 && argv[0][0] == '-')
		return cli_usage("fetch policy: %s is not a commit", argv[0]);
	if (fetch_open_clone(&j, &e) == 0) {
		if (fetch_git_line(&j, &g, commit, sizeof(commit), &e) == -1 ||
		    !fetch_id_ok(commit))
			(void)err_set(&e, ERR_NOTFOUND,
			    "%s is not a commit of this clone",
			    argc > 0 ? argv[0] : "HEAD");
		else
			p = fetch_policy_load(&j, FETCH_CLONE, commit, &e);
	}
	fetch_job_release(&j);
	if (p == NULL)
		return cli_fail(c, &e, "fetch policy");
	if (c->g.json)
		policy_print_json(p);
	else
		policy_print(c, p);
	findings_policy_free(p);
	return CLI_OK;
}

const struct command cmd_fetch_rules[] = {
	{ .name = "fetch rules",
	    .group = "Your clone",
	    .summary = "what the checks of a fetch look for, and its weight",
	    .usage = "",
	    .run = rules_run },
	{ .name = "fetch policy",
	    .group = "Your clone",
	    .summary = "which weight holds here, and who says so",
	    .usage = "[COMMIT]",
	    .max = 1,
	    .run = policy_run,
	    .more = "COMMIT is what is checked out, HEAD by default. The files "
		    "are fetch.policy in your configuration folder and "
		    ".coffer/fetch.policy of that commit." },
	{ .name = NULL },
};
