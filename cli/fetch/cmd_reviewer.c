#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/reviewer.h"
#include "cli/fetch/verdict.h"
#include "cli/out.h"
#include "cli/tables.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	REVIEWER_TIMEOUT_MS = 120 * 1000,
	REVIEWER_NONCE = 8
};

struct reviewer_args {
	const char *provider, *url, *model, *key_file;
	int64_t timeout_ms;
	bool remove;
};

/* A change that no reviewer minds, asked for real: key, model and the form of
 * the answer are proved before they are kept. */
static int
reviewer_try(struct cli *c, const struct reviewer *r, struct err *e)
{
	static const char system[] =
	    "You check a change. Answer with one JSON object and nothing "
	    "else, with exactly these keys: \"nonce\" (as given), \"chunk\" "
	    "(the number given), \"verdict\" (\"ok\" or \"block\"), "
	    "\"findings\" (a list, may be empty).";
	AUTO_STR struct str answer = STR_INIT;
	AUTO_FREE char *question = NULL;
	struct findings f = { .list = NULL };
	char nonce[2 * REVIEWER_NONCE + 1];
	int rc;

	rnd_hex(nonce, REVIEWER_NONCE);
	question = xasprintf("mark: %s\nchunk: 1\nthe change:\n%s|-a "
			     "spelling mistake\n%s|+a spelling error\n"
			     "Answer with the JSON object.\n",
	    nonce, nonce, nonce);
	rc = reviewer_ask(c, r, system, view_of(question), &answer, e);
	if (rc == 0)
		rc = verdict_read(str_view(&answer), nonce, 1, &f, e);
	findings_release(&f);
	return rc;
}

static int
reviewer_show(struct cli *c)
{
	AUTO_FREE char *path = reviewer_path();
	AUTO_STR struct str out = STR_INIT;
	struct reviewer r;
	struct err e = ERR_INIT;
	struct jw w;
	int rc = reviewer_load(&r, &e);

	if (rc == 1) {
		(void)printf(
		    "%s\n", c->g.json ? "null" : "no reviewer configured");
		return CLI_OK;
	}
	if (rc == -1) {
		reviewer_release(&r);
		return cli_fail(c, &e, "fetch config");
	}
	if (c->g.json) {
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "provider", r.provider);
		jw_str(&w, "url", r.url);
		jw_str(&w, "model", r.model);
		jw_bool(&w, "key", r.key[0] != '\0');
		jw_i64(&w, "timeout_ms", r.timeout_ms);
		jw_end(&w);
		(void)printf("%s\n", str_cstr(&out));
	} else {
		(void)printf("%s\nprovider  %s\nurl       %s\nmodel     %s\n"
			     "key       %s\n",
		    path, r.provider, r.url, r.model,
		    r.key[0] != '\0' ? "(set)" : "(none)");
	}
	reviewer_release(&r);
	return CLI_OK;
}

static int
reviewer_set(struct cli *c, const struct reviewer_args *a, struct reviewer *r,
    struct err *e)
{
	AUTO_STR struct str key = STR_INIT;

	if (a->key_file != NULL &&
	    target_body(NULL, a->key_file, &key, e) == -1)
		return -1;
	r->provider = xstrdup(a->provider);
	r->url = xstrdup(a->url != NULL ? a->url
		: strcmp(a->provider, "anthropic") == 0
		? "https://api.anthropic.com"
		: "https://api.openai.com/v1");
	r->model = xstrdup(a->model);
	r->key = view_dup(view_trim(str_view(&key)));
	r->timeout_ms = a->timeout_ms == 0 ? REVIEWER_TIMEOUT_MS
					   : a->timeout_ms;
	if (key.len > 0)
		explicit_bzero(key.p, key.len);
	if (r->url[0] != '\0' && r->url[strlen(r->url) - 1] == '/')
		r->url[strlen(r->url) - 1] = '\0';
	if (reviewer_check(r, e) == -1)
		return -1;
	if (c->g.dry_run)
		return 0;
	cli_note("asking %s at %s ...", r->model, r->url);
	if (reviewer_try(c, r, e) == -1)
		return err_wrap(e,
		    "the reviewer does not work, nothing was "
		    "kept");
	return reviewer_save(r, e);
}

static int
reviewer_run(struct cli *c, const void *args, int argc, char **argv)
{
	const struct reviewer_args *a = args;
	AUTO_FREE char *path = reviewer_path();
	struct reviewer r = { .provider = NULL };
	struct err e = ERR_INIT;
	int rc = CLI_OK;

	(void)argc;
	(void)argv;
	if (a->remove) {
		if (!c->g.dry_run)
			(void)unlink(path);
		cli_note("%s the reviewer",
		    c->g.dry_run ? "would forget" : "forgot");
		return CLI_OK;
	}
	if (a->provider == NULL && a->url == NULL && a->model == NULL)
		return reviewer_show(c);
	if (a->provider == NULL || a->model == NULL)
		return cli_usage(
		    "fetch config: --provider and --model are needed");
	if (reviewer_set(c, a, &r, &e) == -1)
		rc = cli_fail(c, &e, "fetch config");
	else if (!c->g.json)
		(void)printf("%s reviews%s\n", r.model,
		    c->g.dry_run ? " (not kept)" : "");
	else
		(void)printf(
		    "{\"kept\":%s}\n", c->g.dry_run ? "false" : "true");
	reviewer_release(&r);
	return rc;
}

#define REVIEWER(field) offsetof(struct reviewer_args, field)

static const struct command_option reviewer_options[] = {
	{ 0, OPT_STR, "provider", REVIEWER(provider), "NAME",
	    "anthropic, or openai for anything that speaks its API" },
	{ 0, OPT_STR, "base-url", REVIEWER(url), "URL",
	    "openai: ends in /v1 mostly" },
	{ 'm', OPT_STR, "model", REVIEWER(model), "NAME", "the model" },
	{ 0, OPT_STR, "key-file", REVIEWER(key_file), "FILE",
	    "with the API key, - for standard input" },
	{ 0, OPT_MS, "timeout", REVIEWER(timeout_ms), "TIME",
	    "for one answer (default 2m)" },
	{ 0, OPT_FLAG, "remove", REVIEWER(remove), NULL, "forget it" },
	{ 0, OPT_FLAG, NULL, 0, NULL, NULL },
};

const struct command cmd_reviewer[] = {
	{ .name = "fetch config",
	    .group = "Your clone",
	    .summary = "which model reviews a fetch",
	    .usage = "[--provider NAME --model NAME [--key-file FILE]]",
	    .args_size = sizeof(struct reviewer_args),
	    .options = reviewer_options,
	    .run = reviewer_run },
	{ .name = NULL },
};
