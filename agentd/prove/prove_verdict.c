/* prove_verdict: the rows one after another, and what is kept of them. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agentd/prove/prove.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

enum {
	PROVE_STATE_MAX = 1 << 20
};

enum prove_exit {
	PROVE_EXIT_PASSED = 0,
	PROVE_EXIT_ERROR = 1,
	PROVE_EXIT_FAILED = 3
};

static const char *const prove_words_of[] = {
	[PROVE_UNTESTABLE] = "untestable",
	[PROVE_PASS] = "pass",
	[PROVE_FAIL] = "fail",
};

static const struct prove_row *const prove_tables[] = { prove_net_rows,
	prove_dns_rows, prove_box_rows, prove_limit_rows };

/* A failure stays, and one part that could not be tried spoils the rest. */
void
prove_say(struct prove *p, enum prove_result r, const char *fmt, ...)
{
	va_list ap;

	if (p->said &&
	    (p->result == PROVE_FAIL || r == PROVE_PASS ||
		(p->result == PROVE_UNTESTABLE && r == PROVE_UNTESTABLE)))
		return;
	p->said = true;
	p->result = r;
	str_reset(&p->why);
	va_start(ap, fmt);
	str_vaddf(&p->why, fmt, ap);
	va_end(ap);
}

static void
prove_row_json(const struct prove *p, const struct prove_row *row, struct jw *w)
{
	jw_object(w, NULL);
	jw_str(w, "id", row->id);
	jw_str(w, "threat", row->threat);
	jw_str(w, "what", row->what);
	jw_str(w, "result", prove_words_of[p->result]);
	jw_str(w, "evidence", str_cstr(&p->why));
	jw_end(w);
}

static void
prove_print(const struct str *json)
{
	(void)printf("%s\n", str_cstr(json));
	(void)fflush(stdout);
}

static void
prove_one(struct prove *p, const struct prove_row *row, struct jw *all,
    unsigned counts[3])
{
	AUTO_STR struct str one = STR_INIT;
	struct jw w;

	p->said = false;
	p->result = PROVE_UNTESTABLE;
	str_release(&p->why);
	p->why = STR_INIT_MAX(PROVE_WHY_MAX);
	p->asked_alone = false;
	row->fn(p);
	if (p->asked_alone) {
		/* It may have tried nothing. */
		if (p->result == PROVE_PASS)
			p->result = PROVE_UNTESTABLE;
		str_addf(&p->why, " (by the word of the program inside alone)");
	}
	counts[p->result]++;
	prove_row_json(p, row, all);
	jw_init(&w, &one);
	prove_row_json(p, row, &w);
	prove_print(&one);
}

/* What is not kept with a state, a job of CI, has none. */
static int64_t
prove_generation(const struct prove *p)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/sandboxes/%" PRId64 "/state.json", p->home, p->project);
	AUTO_STR struct str text = STR_INIT;
	struct err ignored = ERR_INIT;
	struct json *j;
	int64_t n;

	if (path_read(path, PROVE_STATE_MAX, &text, &ignored) == -1)
		return 0;
	j = json_parse(str_view(&text), PROVE_STATE_MAX, &ignored);
	n = json_i64_or(j, "generation", 0);
	json_free(j);
	return n;
}

static int
prove_keep(struct prove *p, const struct str *verdict, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/sandboxes/%" PRId64 "/prove.json", p->home, p->project);
	AUTO_STR struct str doc = STR_INIT;
	char sig[SIGNED_HEX];
	struct jw w;

	if (signed_make(p->home, str_view(verdict), sig, e) == -1)
		return -1;
	jw_init(&w, &doc);
	jw_object(&w, NULL);
	jw_str(&w, "verdict", str_cstr(verdict));
	jw_str(&w, "signature", sig);
	jw_end(&w);
	prove_print(&doc);
	return path_write_atomic(path, str_cstr(&doc), doc.len, 0644, e);
}

/* Rows after the end of the probe were not tried; a table without them is no
 * proof. */
static void
prove_lived(struct prove *p)
{
	AUTO_STR struct str line = STR_INIT;
	struct err e = ERR_INIT;

	str_add(&line, "sock 1:1:0");
	if (prove_ask(p, &line, &e) == NULL)
		prove_say(p, PROVE_UNTESTABLE, "%s", e.msg);
	else
		prove_say(p, PROVE_PASS, "it answers still");
	p->asked_alone = false;
}

static const struct prove_row prove_last = { "probe", "",
	"the program in the sandbox lived to the end", prove_lived };

static void
prove_head(const struct prove *p, struct jw *w)
{
	jw_object(w, NULL);
	jw_i64(w, "format", 1);
	jw_str(w, "instance", p->inst);
	jw_i64(w, "project", p->project);
	jw_i64(w, "generation", p->generation);
	jw_time(w, "at", clock_now_ms());
	jw_str(w, "driver", p->driver);
	jw_str(w, "network", p->mode);
}

int
prove_run(struct prove *p)
{
	AUTO_STR struct str verdict = STR_INIT;
	unsigned counts[3] = { 0 };
	struct err e = ERR_INIT;
	const char *word;
	bool proven;
	struct jw w;

	p->generation = prove_generation(p);
	jw_init(&w, &verdict);
	prove_head(p, &w);
	jw_array(&w, "rows");
	for (size_t i = 0; i < sizeof(prove_tables) / sizeof(prove_tables[0]);
	     i++) {
		for (const struct prove_row *r = prove_tables[i]; r->id != NULL;
		     r++)
			prove_one(p, r, &w, counts);
	}
	prove_one(p, &prove_last, &w, counts);
	jw_end(&w);
	/* Nothing that was not seen to hold is called proven, nor what only a
	 * program said that the agent may have written. */
	proven = counts[PROVE_FAIL] == 0 && p->result == PROVE_PASS &&
	    p->twin.fd >= 0 && p->beside.filter != BESIDE_FILTER_UNKNOWN;
	word = counts[PROVE_FAIL] > 0 ? "fail" : proven ? "pass" : "untestable";
	jw_u64(&w, "passed", counts[PROVE_PASS]);
	jw_u64(&w, "failed", counts[PROVE_FAIL]);
	jw_u64(&w, "untestable", counts[PROVE_UNTESTABLE]);
	jw_str(&w, "result", word);
	jw_end(&w);
	if (prove_keep(p, &verdict, &e) == -1) {
		(void)fprintf(stderr, "coffer-prove: %s\n", e.msg);
		return PROVE_EXIT_ERROR;
	}
	if (counts[PROVE_FAIL] > 0)
		return PROVE_EXIT_FAILED;
	return proven ? PROVE_EXIT_PASSED : PROVE_EXIT_ERROR;
}
