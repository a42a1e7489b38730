#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/confirm.h"
#include "cli/out.h"
#include "cli/reviewer/exchange.h"
#include "cli/reviewer/guide.h"
#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/role.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "findings/finding.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	REVIEWER_PARTS = 100
};

struct reviewer_args {
	const char *provider, *url, *model, *key_file, *key;
	int64_t timeout_ms;
	uint64_t context, parts;
	bool remove, show, second, yes;
};

/* A change that no reviewer minds, asked for real: key, model and the form of
 * the answer are proved before they are kept. */
static int
reviewer_try(struct cli *c, const struct reviewer *r, struct err *e)
{
	static const char patch[] = "diff --git a/notes.txt b/notes.txt\n"
				    "--- a/notes.txt\n+++ b/notes.txt\n"
				    "@@ -1,2 +1,2 @@\n A list of words.\n"
				    "-two  blanks\n+two blanks\n";
	struct chunk_part part = {
		.what = { .number = 1, .path = "notes.txt" },
		.text = view_of(patch),
		.patch = true,
	};
	struct findings f = { .list = NULL };
	struct reviewer_session s;
	struct chunk chunk;
	struct role role;
	int rc;

	chunk_init(&chunk);
	rc = role_load(&role, e);
	if (rc == 0 && (rc = reviewer_open(&s, c, r, e)) == 0) {
		const struct exchange x = { .system = str_cstr(&role.system),
			.chunk = &chunk,
			.number = 1 };

		(void)chunk_add(
		    &chunk, &part, exchange_budget(&s, str_cstr(&role.system)));
		if (exchange_run(&s, &x, &f, e) != 0)
			rc = -1;
		else
			cli_note("it answers in %" PRId64
				 " tokens of context, by %s",
			    s.context, provider_mode_name(s.mode));
		reviewer_close(&s);
	}
	role_release(&role);
	chunk_release(&chunk);
	findings_release(&f);
	return rc;
}

static void
reviewer_show_json(const struct reviewers *all)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_array(&w, "reviewers");
	for (size_t i = 0; i < all->n; i++) {
		const struct reviewer *r = &all->by[i];

		jw_object(&w, NULL);
		jw_str(&w, "provider", r->provider);
		jw_str(&w, "url", r->url);
		jw_str(&w, "model", r->model);
		jw_bool(&w, "key", r->key[0] != '\0');
		jw_i64(&w, "timeout_ms", r->timeout_ms);
		jw_u64(&w, "context", r->context);
		jw_end(&w);
	}
	jw_end(&w);
	jw_u64(&w, "parts", all->parts);
	jw_end(&w);
	out_json_line(&out);
}

static void
reviewer_show_text(const struct reviewers *all)
{
	AUTO_FREE char *path = reviewer_path();

	(void)printf("%s\n", path);
	for (size_t i = 0; i < all->n; i++) {
		const struct reviewer *r = &all->by[i];

		(void)printf("%sprovider  %s\nurl       %s\nmodel     %s\n"
			     "key       %s\ntimeout   %" PRId64 " s\n",
		    i == 0 ? "" : "and, as both must agree:\n", r->provider,
		    r->url, r->model, r->key[0] != '\0' ? "(set)" : "(none)",
		    r->timeout_ms / 1000);
		if (r->context != 0)
			(void)printf(
			    "context   %" PRIu64 " tokens\n", r->context);
	}
	(void)printf("parts     %" PRIu64 " of a change at most\n", all->parts);
}

static int
reviewer_show(struct cli *c)
{
	struct reviewers all;
	struct err e = ERR_INIT;
	int rc = reviewers_load(&all, &e);

	if (rc == -1) {
		reviewers_release(&all);
		return cli_fail(c, &e, "fetch config");
	}
	if (rc == 1)
		(void)printf(
		    "%s\n", c->g.json ? "null" : "no reviewer configured");
	else if (c->g.json)
		reviewer_show_json(&all);
	else
		reviewer_show_text(&all);
	reviewers_release(&all);
	return CLI_OK;
}

/* What there is stays; a file that cannot be used is replaced by a first
 * reviewer only. */
static int
reviewer_load_others(
    const struct reviewer_args *a, struct reviewers *all, struct err *e)
{
	int rc = reviewers_load(all, e);

	if (rc == 0)
		return 0;
	reviewers_release(all);
	if (a->second && rc == 1)
		return err_set(e, ERR_INVALID,
		    "there is no first reviewer yet; leave --second out");
	if (a->second)
		return -1;
	all->parts = REVIEWER_PARTS;
	*e = ERR_INIT;
	return 0;
}

static void
reviewer_put(
    const struct reviewer_args *a, struct reviewers *all, struct reviewer *r)
{
	size_t i = a->second ? 1 : 0;

	reviewer_release(&all->by[i]);
	all->by[i] = *r;
	*r = (struct reviewer){ .provider = NULL };
	if (all->n < i + 1)
		all->n = i + 1;
	if (a->parts != 0)
		all->parts = a->parts;
}

static int
reviewer_from_args(
    const struct reviewer_args *a, struct reviewer *r, struct err *e)
{
	const struct provider *p = provider_find(a->provider);
	AUTO_STR struct str key = STR_INIT;

	if (a->key_file != NULL &&
	    target_body(NULL, a->key_file, &key, e) == -1)
		return -1;
	*r = (struct reviewer){ .provider = xstrdup(a->provider),
		.url = a->url != NULL             ? xstrdup(a->url)
		    : p != NULL && p->url != NULL ? xstrdup(p->url)
						  : NULL,
		.model = xstrdup(a->model),
		.key = view_dup(view_trim(str_view(&key))),
		.timeout_ms = a->timeout_ms,
		.context = a->context };
	if (key.len > 0)
		explicit_bzero(key.p, key.len);
	if (r->url == NULL && p != NULL)
		return err_set(e, ERR_INVALID, "%s needs --base-url", p->name);
	return 0;
}

static int
reviewer_set(struct cli *c, const struct reviewer_args *a, struct reviewer *r,
    struct err *e)
{
	struct reviewers all;
	size_t n;
	int rc;

	if (r->timeout_ms == 0)
		r->timeout_ms = REVIEWER_TIMEOUT_MS;
	n = r->url == NULL ? 0 : strlen(r->url);
	if (n > 0 && r->url[n - 1] == '/')
		r->url[n - 1] = '\0';
	if (reviewer_check(r, e) == -1 ||
	    reviewer_load_others(a, &all, e) == -1)
		return -1;
	rc = 0;
	if (!c->g.dry_run) {
		cli_note("asking %s at %s ...", r->model, r->url);
		if ((rc = reviewer_try(c, r, e)) == -1)
			(void)err_wrap(
			    e, "the reviewer does not work, nothing was kept");
	}
	if (rc == 0 && !c->g.dry_run) {
		reviewer_put(a, &all, r);
		rc = reviewers_save(&all, e);
	}
	reviewers_release(&all);
	return rc;
}

static int
reviewer_forget(struct cli *c, const struct reviewer_args *a)
{
	struct reviewers all = { .n = 0 };
	struct err e = ERR_INIT;
	int rc = 0;

	if (a->second)
		rc = reviewers_load(&all, &e);
	/* Without the first there is nobody to agree with. */
	all.n = a->second && all.n > 0 ? 1 : 0;
	if (rc != -1 && !c->g.dry_run)
		rc = rc == 1 ? 0 : reviewers_save(&all, &e);
	reviewers_release(&all);
	if (rc == -1)
		return cli_fail(c, &e, "fetch config");
	cli_note("%s the %sreviewer%s",
	    c->g.dry_run ? "would forget" : "forgot",
	    a->second ? "second " : "", a->second ? "" : "s");
	return CLI_OK;
}

/* Was anything asked for?  Else the one at the terminal is asked. */
static bool
reviewer_is_plain(const struct reviewer_args *a)
{
	return a->provider == NULL && a->url == NULL && a->model == NULL &&
	    a->key_file == NULL;
}

static int
reviewer_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct reviewer_args *a = args;
	struct reviewer r = { .provider = NULL };
	struct err e = ERR_INIT;
	char model[REVIEWER_NAME_MAX + 1] = "";
	int rc = CLI_OK;

	(void)argc;
	(void)argv;
	if (a->key != NULL)
		return cli_usage("fetch config: a key on the command line is "
				 "seen by others; --key-file takes it from a "
				 "file, or - from standard input");
	if (a->remove && !confirm_possible(c, a->yes, "fetch config --remove"))
		return CLI_USAGE;
	if (a->remove &&
	    !confirm_ask(c, a->yes, "yes",
		"the %sreviewer%s and the key are forgotten",
		a->second ? "second " : "", a->second ? "" : "s"))
		return CLI_FAILED;
	if (a->remove)
		return reviewer_forget(c, a);
	if (a->show || (reviewer_is_plain(a) && !guide_is_possible()))
		return reviewer_show(c);
	if (!reviewer_is_plain(a) && (a->provider == NULL || a->model == NULL))
		return cli_usage(
		    "fetch config: --provider and --model are needed");
	rc = reviewer_is_plain(a) ? guide_reviewer(&r, &e)
				  : reviewer_from_args(a, &r, &e);
	if (rc == 0 && r.context == 0)
		r.context = a->context;
	if (rc == 0)
		(void)snprintf(model, sizeof(model), "%s", r.model);
	if (rc == -1 || reviewer_set(c, a, &r, &e) == -1)
		rc = cli_fail(c, &e, "fetch config");
	else if (c->g.json)
		(void)printf(
		    "{\"kept\":%s}\n", c->g.dry_run ? "false" : "true");
	else
		(void)printf(
		    "%s reviews%s\n", model, c->g.dry_run ? " (not kept)" : "");
	reviewer_release(&r);
	return rc;
}

#define REVIEWER(field) offsetof(struct reviewer_args, field)

static const struct command_option reviewer_options[] = {
	{ 0, OPT_STR, "provider", REVIEWER(provider), "NAME",
	    "anthropic, openai, openai-responses, openrouter, ollama, "
	    "llamacpp, vllm or compatible" },
	{ 0, OPT_STR, "base-url", REVIEWER(url), "URL",
	    "of the server; ends in /v1 mostly" },
	{ 'm', OPT_STR, "model", REVIEWER(model), "NAME", "the model" },
	{ 0, OPT_STR, "key-file", REVIEWER(key_file), "FILE",
	    "with the API key, - for standard input" },
	/* Else it would be short for --key-file, and the key in a message. */
	{ 0, OPT_STR, "key", REVIEWER(key), "KEY",
	    "refused: the list of processes would show it" },
	{ 0, OPT_MS, "timeout", REVIEWER(timeout_ms), "TIME",
	    "for one answer (default 2m)" },
	{ 0, OPT_U64, "context", REVIEWER(context), "TOKENS",
	    "that it takes (default: the server is asked)" },
	{ 0, OPT_U64, "parts", REVIEWER(parts), "N",
	    "of a change that are sent at most (default 100)" },
	{ 0, OPT_FLAG, "second", REVIEWER(second), NULL,
	    "the second reviewer, who must agree" },
	{ 0, OPT_FLAG, "show", REVIEWER(show), NULL, "what is configured" },
	{ 0, OPT_FLAG, "remove", REVIEWER(remove), NULL,
	    "forget all of it, with --second the second" },
	{ 'y', OPT_FLAG, "yes", REVIEWER(yes), NULL,
	    "do not ask, with --remove" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_reviewer[] = {
	{ .name = "fetch config",
	    .group = "Your clone",
	    .summary = "which model reviews a fetch",
	    .usage = "[--provider NAME --model NAME [--key-file FILE]]",
	    .args_size = sizeof(struct reviewer_args),
	    .options = reviewer_options,
	    .run = reviewer_run,
	    .more = "On a terminal it asks for what it needs. The reviewer is "
		    "asked once before it is kept, in a file of mode 0600." },
	{ .name = NULL },
};
