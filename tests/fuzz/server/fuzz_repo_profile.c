/* What a client says of a repository: topics, an interval, a website. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/domain/repo_profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_topic(const char *text)
{
	char once[REPO_TOPIC_MAX + 1], twice[REPO_TOPIC_MAX + 1];

	if (!repo_topic_clean(text, once))
		return;
	if (once[0] == '\0' || !repo_topic_clean(once, twice) ||
	    strcmp(once, twice) != 0)
		die("a clean topic that is none");
}

static void
fuzz_duration(const char *text)
{
	struct err e = ERR_INIT;
	int64_t seconds = -1, again = -1;
	char out[32];

	if (repo_duration_parse(text, &seconds, &e) == -1) {
		if (seconds != -1)
			die("a refused duration was written");
		return;
	}
	if (seconds < 0)
		die("a duration below nothing");
	repo_duration_text(seconds, out);
	if (repo_duration_parse(out, &again, &e) == -1 || again != seconds)
		die("a duration that changes when it is written");
}

static void
fuzz_profile(char *text)
{
	struct repo_profile p;
	struct err e = ERR_INIT;

	repo_profile_init(&p);
	p.website = text;
	if (repo_profile_check(&p, &e) == 0 && text[0] != '\0' &&
	    strncmp(text, "http", 4) != 0)
		die("a website that is no address");
	p.website = NULL;
	p.description = text;
	(void)repo_profile_check(&p, &e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);

	fuzz_topic(text);
	fuzz_duration(text);
	fuzz_profile(text);
	(void)merge_style_parse(text);
	return 0;
}
