#include "lib/base/secret.h"

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
	{ "sk-coffer-", SECRET_ALNUM, 40, "token of the model gateway" },
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

/* head.payload.signature, each base64url, the first two JSON objects; its
 * length, 0: it is none. */
static size_t
secret_jwt(struct view v)
{
	size_t at = 0, n;

	for (int part = 0; part < 3; part++) {
		struct view rest = view_from(v, at);

		if (part < 2 && !view_starts(rest, "eyJ"))
			return 0;
		n = secret_run(SECRET_URL, rest);
		if (n < 16)
			return 0;
		at += n;
		if (part == 2)
			break;
		if (at >= v.len || v.p[at] != '.')
			return 0;
		at++;
	}
	return at;
}

size_t
secret_at(struct view v, const char **kind)
{
	size_t n;

	for (size_t i = 0; i < sizeof(secret_shapes) / sizeof(secret_shapes[0]);
	     i++) {
		const char *prefix = secret_shapes[i].prefix;

		if (!view_starts(v, prefix))
			continue;
		n = secret_run(
		    secret_shapes[i].set, view_from(v, strlen(prefix)));
		if (n < secret_shapes[i].min)
			continue;
		*kind = secret_shapes[i].kind;
		return strlen(prefix) + n;
	}
	n = secret_jwt(v);
	if (n > 0)
		*kind = "JSON web token";
	return n;
}

bool
secret_inside(char c)
{
	return secret_in(SECRET_URL, c);
}

const char *
secret_find(struct view line, bool *private_key)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY";
	const char *pem = line.len == 0
	    ? NULL
	    : memmem(line.p, line.len, begin, sizeof(begin) - 1);
	const char *kind;

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
		if (secret_at(v, &kind) > 0)
			return kind;
	}
	return NULL;
}
