#include "lib/base/secret.h"

#include <stddef.h>
#include <string.h>

enum secret_set {
	SECRET_ALNUM,
	SECRET_UPPER, /* A-Z 0-9 */
	SECRET_URL    /* A-Z a-z 0-9 _ - */
};

enum {
	SECRET_ESCAPE = 5, /* bytes of one that are like a word's */
	SECRET_MIN = 20    /* the shortest of all, with its prefix */
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
	{ "ABIA", SECRET_UPPER, 16, "AWS key" },
	{ "ACCA", SECRET_UPPER, 16, "AWS key" },
	{ "glptt-", SECRET_URL, 20, "GitLab token" },
	{ "gldt-", SECRET_URL, 20, "GitLab token" },
	{ "glrt-", SECRET_URL, 20, "GitLab token" },
	{ "gloas-", SECRET_URL, 40, "GitLab token" },
	{ "sk-svcacct-", SECRET_URL, 20, "OpenAI key" },
	{ "sk-admin-", SECRET_URL, 20, "OpenAI key" },
	{ "gsk_", SECRET_ALNUM, 40, "Groq key" },
	{ "xai-", SECRET_ALNUM, 60, "xAI key" },
	{ "pplx-", SECRET_ALNUM, 40, "Perplexity key" },
	{ "nvapi-", SECRET_URL, 40, "NVIDIA key" },
	{ "r8_", SECRET_ALNUM, 37, "Replicate token" },
	{ "xoxe-", SECRET_URL, 20, "Slack token" },
	{ "xoxs-", SECRET_URL, 20, "Slack token" },
	{ "xoxr-", SECRET_URL, 20, "Slack token" },
	{ "GOCSPX-", SECRET_URL, 28, "Google client secret" },
	{ "1//0", SECRET_URL, 40, "Google token" },
	{ "rubygems_", SECRET_ALNUM, 48, "RubyGems key" },
	{ "CLOJARS_", SECRET_ALNUM, 60, "Clojars token" },
	{ "doo_v1_", SECRET_ALNUM, 64, "DigitalOcean token" },
	{ "dor_v1_", SECRET_ALNUM, 64, "DigitalOcean token" },
	{ "dckr_pat_", SECRET_URL, 27, "Docker token" },
	{ "dapi", SECRET_ALNUM, 32, "Databricks token" },
	{ "ATATT3", SECRET_URL, 80, "Atlassian token" },
	{ "ATCTT3", SECRET_URL, 80, "Atlassian token" },
	{ "PMAK-", SECRET_URL, 50, "Postman key" },
	{ "lin_api_", SECRET_ALNUM, 40, "Linear key" },
	{ "ntn_", SECRET_ALNUM, 40, "Notion token" },
	{ "figd_", SECRET_URL, 40, "Figma token" },
	{ "nfp_", SECRET_ALNUM, 36, "Netlify token" },
	{ "sbp_", SECRET_ALNUM, 40, "Supabase token" },
	{ "sgp_", SECRET_ALNUM, 40, "Sourcegraph token" },
	{ "hvs.", SECRET_URL, 24, "Vault token" },
	{ "hvb.", SECRET_URL, 24, "Vault token" },
	{ "glsa_", SECRET_URL, 32, "Grafana token" },
	{ "glc_", SECRET_ALNUM, 32, "Grafana token" },
	{ "sntrys_", SECRET_ALNUM, 40, "Sentry token" },
	{ "NRAK-", SECRET_UPPER, 27, "New Relic key" },
	{ "tskey-", SECRET_URL, 24, "Tailscale key" },
	{ "shpat_", SECRET_ALNUM, 32, "Shopify token" },
	{ "shpss_", SECRET_ALNUM, 32, "Shopify secret" },
	{ "shpca_", SECRET_ALNUM, 32, "Shopify token" },
	{ "sq0csp-", SECRET_URL, 43, "Square secret" },
	{ "sq0atp-", SECRET_URL, 22, "Square token" },
	{ "whsec_", SECRET_ALNUM, 32, "webhook secret" },
	{ "pscale_tkn_", SECRET_URL, 32, "PlanetScale token" },
	{ "pscale_pw_", SECRET_URL, 32, "PlanetScale password" },
	{ "fo1_", SECRET_URL, 40, "Fly.io token" },
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

/* id.time.signature of a bot of Discord. */
static size_t
secret_discord(struct view v)
{
	size_t a, b, c;

	if (v.p[0] < 'M' || v.p[0] > 'O')
		return 0;
	a = secret_run(SECRET_URL, v);
	if (a < 24 || a > 28 || a >= v.len || v.p[a] != '.')
		return 0;
	b = secret_run(SECRET_URL, view_from(v, a + 1));
	if (b != 6 || a + b + 2 >= v.len || v.p[a + b + 1] != '.')
		return 0;
	c = secret_run(SECRET_URL, view_from(v, a + b + 2));
	return c < 27 || c > 38 ? 0 : a + b + c + 2;
}

/* NUMBER:AA... of a bot of Telegram, in an address behind "bot". */
static size_t
secret_telegram(struct view v)
{
	size_t from = view_starts(v, "bot") ? 3 : 0, n = from;

	while (n < v.len && v.p[n] >= '0' && v.p[n] <= '9')
		n++;
	if (n < from + 8 || n > from + 10 ||
	    !view_starts(view_from(v, n), ":AA"))
		return 0;
	return secret_run(SECRET_URL, view_from(v, n + 1)) == 35 ? n + 36 : 0;
}

/* In a string of a connection to Azure. */
static size_t
secret_azure(struct view v)
{
	static const char *const names[] = { "AccountKey=",
		"SharedAccessKey=" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t at = strlen(names[i]), n = at;

		if (!view_starts(v, names[i]))
			continue;
		while (n < v.len &&
		    (secret_in(SECRET_ALNUM, v.p[n]) || v.p[n] == '+' ||
			v.p[n] == '/'))
			n++;
		if (n >= at + 42 && n < v.len && v.p[n] == '=')
			return n + 1 + (n + 1 < v.len && v.p[n + 1] == '=');
	}
	return 0;
}

/* Keys that open nothing: the makers' own documents show them. */
static const char *const secret_examples[] = { "AKIAIOSFODNN7EXAMPLE",
	"ASIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE",
	"AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4"
	"I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	"eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MD"
	"IyfQ."
	"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c" };

enum {
	SECRET_EXAMPLES = sizeof(secret_examples) / sizeof(secret_examples[0])
};

static bool
secret_is_example(struct view v)
{
	for (size_t i = 0; i < SECRET_EXAMPLES; i++)
		if (view_is(v, secret_examples[i]))
			return true;
	return false;
}

bool
secret_has_example(struct view line)
{
	for (size_t i = 0; i < SECRET_EXAMPLES; i++)
		if (line.len > 0 &&
		    memmem(line.p, line.len, secret_examples[i],
			strlen(secret_examples[i])) != NULL)
			return true;
	return false;
}

size_t
secret_at(struct view v, const char **kind)
{
	size_t n;

	if (v.len < SECRET_MIN)
		return 0;
	for (size_t i = 0; i < sizeof(secret_shapes) / sizeof(secret_shapes[0]);
	     i++) {
		const char *prefix = secret_shapes[i].prefix;

		/* Every prefix has two letters at least. */
		if (prefix[0] != v.p[0] || prefix[1] != v.p[1] ||
		    !view_starts(v, prefix))
			continue;
		n = secret_run(
		    secret_shapes[i].set, view_from(v, strlen(prefix)));
		if (n < secret_shapes[i].min)
			continue;
		*kind = secret_shapes[i].kind;
		return strlen(prefix) + n;
	}
	n = secret_jwt(v);
	if (n > 0) {
		*kind = "JSON web token";
		return n;
	}
	n = secret_discord(v);
	if (n > 0) {
		*kind = "Discord token";
		return n;
	}
	n = secret_telegram(v);
	if (n > 0) {
		*kind = "Telegram token";
		return n;
	}
	n = secret_azure(v);
	if (n > 0)
		*kind = "Azure key";
	return n;
}

bool
secret_inside(char c)
{
	return secret_in(SECRET_URL, c);
}

/* Of a key's text there is more, or the line ends with the header: a header
 * alone is what programs compare with. */
static bool
secret_is_pem(struct view line)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY",
			  putty[] = "PuTTY-User-Key-File-";
	const char *pem = memmem(line.p, line.len, begin, sizeof(begin) - 1);
	struct view v;

	if (memmem(line.p, line.len, putty, sizeof(putty) - 1) != NULL)
		return true;
	if (pem == NULL)
		return false;
	v = view_from(line, (size_t)(pem - line.p) + sizeof(begin) - 1);
	pem = memmem(v.p, v.len, key, sizeof(key) - 1);
	if (pem == NULL)
		return false;
	v = view_from(v, (size_t)(pem - v.p) + sizeof(key) - 1);
	while (v.len > 0 && strchr("- \t\r\\n\"'`+,;", v.p[0]) != NULL &&
	    v.p[0] != '\0')
		v = view_from(v, 1);
	if (view_starts(v, "BLOCK"))
		return true;
	return v.len == 0 || secret_run(SECRET_ALNUM, v) >= 16;
}

/* What is escaped before it is no part of the word: \n, %3D, \u003d. */
static bool
secret_is_escaped(struct view line, size_t i)
{
	static const struct {
		const char *start;
		size_t hex;
	} codes[] = { { "%", 2 }, { "\\x", 2 }, { "\\u", 4 } };

	if (i >= 2 && line.p[i - 2] == '\\' &&
	    strchr("nrtbf0", line.p[i - 1]) != NULL && line.p[i - 1] != '\0')
		return true;
	for (size_t k = 0; k < sizeof(codes) / sizeof(codes[0]); k++) {
		size_t n = strlen(codes[k].start) + codes[k].hex;

		if (i < n ||
		    !view_starts(
			(struct view){ line.p + i - n, n }, codes[k].start))
			continue;
		n = codes[k].hex;
		while (n > 0 &&
		    ((line.p[i - n] >= '0' && line.p[i - n] <= '9') ||
			((line.p[i - n] | 0x20) >= 'a' &&
			    (line.p[i - n] | 0x20) <= 'f')))
			n--;
		if (n == 0)
			return true;
	}
	return false;
}

/* A word's bytes, with the dots in it, and with the mark before the longer part
 * of some keys: NUMBER:AA..., ...Key=... */
static size_t
secret_word(struct view v, size_t at)
{
	size_t n = at;
	bool value = false;

	for (; n < v.len; n++) {
		char c = v.p[n];

		if (n > at && c == '=' && v.p[n - 1] == 'y')
			value = true;
		else if (!secret_in(SECRET_URL, c) && c != '.' && c != '/' &&
		    !(value && c == '+') &&
		    !(n > at && view_starts(view_from(v, n), ":AA")))
			break;
	}
	return n - at;
}

const char *
secret_find(struct view line, bool *private_key)
{
	const char *kind;
	size_t at = 0, n, len;

	*private_key = line.len > SECRET_MIN && secret_is_pem(line);
	if (*private_key)
		return "private key";
	for (; at < line.len; at += n + 1) {
		n = secret_word(line, at);
		if (n < SECRET_MIN)
			continue;
		for (size_t i = at; i < at + n; i++) {
			/* In the middle of a word it is some other text. */
			if (i > 0 && secret_in(SECRET_URL, line.p[i - 1]) &&
			    (i - at > SECRET_ESCAPE ||
				!secret_is_escaped(line, i)))
				continue;
			len = secret_at(view_from(line, i), &kind);
			if (len == 0)
				continue;
			if (!secret_is_example(
				(struct view){ line.p + i, len }))
				return kind;
		}
	}
	return NULL;
}
