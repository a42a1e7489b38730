#include "cli/reviewer/exchange.h"

#include <inttypes.h>
#include <string.h>

#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/verdict.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"

enum {
	EXCHANGE_RECEIPT = 4,
	EXCHANGE_FRAME = 600, /* bytes around the chunk */
	/* Code has more, but marks and numbers are many tokens. */
	EXCHANGE_BYTES_PER_TOKEN = 2,
	EXCHANGE_SLACK = 10 /* a tenth */
};

size_t
exchange_budget(const struct reviewer_session *s, const char *system)
{
	int64_t tokens = s->context - s->answer - s->context / EXCHANGE_SLACK;
	int64_t bytes = tokens * EXCHANGE_BYTES_PER_TOKEN -
	    (int64_t)(strlen(system) + strlen(reviewer_schema)) / 2 -
	    EXCHANGE_FRAME;

	if (bytes < EXCHANGE_CHUNK_MIN)
		return EXCHANGE_CHUNK_MIN;
	return bytes > EXCHANGE_CHUNK_MAX ? EXCHANGE_CHUNK_MAX : (size_t)bytes;
}

static void
exchange_question(const struct exchange *x, const char *sha,
    const char *receipt, const char *refused, struct str *out)
{
	str_addf(out,
	    "mark: %s\nchunk: %" PRId64 "\nchunk_sha256: %s\n"
	    "files in this chunk:",
	    x->chunk->mark, x->number, sha);
	for (size_t i = 0; i < x->chunk->n; i++)
		str_addf(out, " %" PRId64, x->chunk->texts[i].number);
	str_add(out, "\n\n");
	str_addv(out, str_view(&x->chunk->text));
	str_addf(out, "\nend of chunk %" PRId64 "\nreceipt: %s\n", x->number,
	    receipt);
	if (refused[0] != '\0')
		str_addf(out, "Your answer before was refused: %s.\n", refused);
	str_add(out, "Answer with the JSON object.\n");
}

int
exchange_run(struct reviewer_session *s, const struct exchange *x,
    struct findings *out, struct err *e)
{
	char sha[CHUNK_SHA + 1], receipt[2 * EXCHANGE_RECEIPT + 1];
	const struct verdict_want want = { .nonce = x->chunk->mark,
		.sha = sha,
		.receipt = receipt,
		.chunk = x->number,
		.texts = x->chunk->texts,
		.n = x->chunk->n,
		.by = x->by };
	char refused[sizeof(e->msg)] = "";

	chunk_sha(x->chunk, sha);
	rnd_hex(receipt, EXCHANGE_RECEIPT);
	for (int round = 0; round < 2; round++) {
		AUTO_STR struct str question = STR_INIT, answer = STR_INIT;

		*e = ERR_INIT;
		exchange_question(x, sha, receipt, refused, &question);
		if (reviewer_ask(
			s, x->system, str_view(&question), &answer, e) == -1)
			return s->too_long ? 1 : -1;
		if (verdict_read(str_view(&answer), &want, out, e) == 0)
			return 0;
		if (e->code != ERR_PROTO)
			return -1;
		memcpy(refused, e->msg, sizeof(refused));
	}
	return -1;
}
