#include "cli/fetch/secret.h"

#include <stddef.h>
#include <string.h>

enum secret_set {
	SECRET_ALNUM,
	SECRET_UPPER, /* A-Z 0-9 */
	SECRET_URL    /* A-Z a-z 0-9 _ - */
};

static const struct {
	const char *prefix;
	enum secret_set set;
	size_t min;
	const char *kind;
} secret_shapes[] = {
	{ "AKIA", SECRET_UPPER, 16, "AWS key" },
	{ "ASIA", SECRET_UPPER, 16, "AWS key" },
	{ "ghp_", SECRET_ALNUM, 36, "GitHub token" },
	{ "gho_", SECRET_ALNUM, 36, "GitHub token" },
	{ "ghu_", SECRET_ALNUM, 36, "GitHub token" },
	{ "ghs_", SECRET_ALNUM, 36, "GitHub token" },
	{ "ghr_", SECRET_ALNUM, 36, "GitHub token" },
	{ "github_pat_", SECRET_URL, 22, "GitHub token" },
	{ "glpat-", SECRET_URL, 20, "GitLab token" },
	{ "sk-ant-", SECRET_URL, 20, "Anthropic key" },
	{ "sk-proj-", SECRET_URL, 20, "OpenAI key" },
	{ "sk-or-", SECRET_URL, 20, "OpenRouter key" },
	{ "sk-", SECRET_ALNUM, 32, "API key" },
	{ "sk_live_", SECRET_ALNUM, 20, "Stripe key" },
	{ "rk_live_", SECRET_ALNUM, 20, "Stripe key" },
	{ "xoxb-", SECRET_URL, 20, "Slack token" },
	{ "xoxp-", SECRET_URL, 20, "Slack token" },
	{ "xoxa-", SECRET_URL, 20, "Slack token" },
	{ "xapp-", SECRET_URL, 20, "Slack token" },
	{ "AIza", SECRET_URL, 35, "Google key" },
	{ "ya29.", SECRET_URL, 30, "Google token" },
	{ "npm_", SECRET_ALNUM, 36, "npm token" },
	{ "pypi-AgEI", SECRET_URL, 40, "PyPI token" },
	{ "dop_v1_", SECRET_ALNUM, 64, "DigitalOcean token" },
	{ "hf_", SECRET_ALNUM, 34, "Hugging Face token" },
	{ "SG.", SECRET_URL, 22, "SendGrid key" },
	{ "AGE-SECRET-KEY-1", SECRET_UPPER, 50, "age key" },
};

static bool
secret_in(enum secret_set set, char c)
{
	bool upper = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	bool lower = c >= 'a' && c <= 'z';

	switch (set) {
	case SECRET_UPPER:
		return upper;
	case SECRET_ALNUM:
		return upper || lower;
	case SECRET_URL:
		return upper || lower || c == '_' || c == '-';
	}
	return false;
}

static size_t
secret_run(enum secret_set set, struct view v)
{
	size_t n = 0;

	while (n < v.len && secret_in(set, v.p[n]))
		n++;
	return n;
}

/* head.payload.signature, each base64url, the first two JSON objects. */
static bool
secret_is_jwt(struct view v)
{
	size_t n;

	if (!view_starts(v, "eyJ"))
		return false;
	n = secret_run(SECRET_URL, v);
	if (n < 16 || n >= v.len || v.p[n] != '.')
		return false;
	v = view_from(v, n + 1);
	if (!view_starts(v, "eyJ"))
		return false;
	n = secret_run(SECRET_URL, v);
	if (n < 16 || n >= v.len || v.p[n] != '.')
		return false;
	return secret_run(SECRET_URL, view_from(v, n + 1)) >= 16;
}

const char *
secret_find(struct view line, bool *private_key)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY";
	const char *pem = line.len == 0
	    ? NULL
	    : memmem(line.p, line.len, begin, sizeof(begin) - 1);

	*private_key = pem != NULL &&
	    memmem(pem, (size_t)(line.p + line.len - pem), key,
		sizeof(key) - 1) != NULL;
	if (*private_key)
		return "private key";
	for (size_t at = 0; at < line.len; at++) {
		struct view v = view_from(line, at);

		/* In the middle of a word it is some other text. */
		if (at > 0 && secret_in(SECRET_URL, line.p[at - 1]))
			continue;
		for (size_t i = 0;
		     i < sizeof(secret_shapes) / sizeof(secret_shapes[0]);
		     i++) {
			const char *prefix = secret_shapes[i].prefix;

			if (view_starts(v, prefix) &&
			    secret_run(secret_shapes[i].set,
				view_from(v, strlen(prefix))) >=
				secret_shapes[i].min)
				return secret_shapes[i].kind;
		}
		if (secret_is_jwt(v))
			return "JSON web token";
	}
	return NULL;
}
