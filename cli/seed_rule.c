#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/seed.h"

/* Files, and folders with everything in them ('/' at the end). */
static const char *const seed_places[] = {
	".claude/CLAUDE.md",
	".claude/agents/",
	".claude/commands/",
	".claude/output-styles/",
	".claude/skills/",
	".claude/settings.json",
	".codex/AGENTS.md",
	".codex/agents/",
	".codex/config.toml",
	".codex/prompts/",
	".codex/skills/",
	".config/opencode/AGENTS.md",
	".config/opencode/agent/",
	".config/opencode/agents/",
	".config/opencode/command/",
	".config/opencode/commands/",
	".config/opencode/opencode.json",
	".config/opencode/opencode.jsonc",
	".config/opencode/skills/",
	".config/goose/.goosehints",
	".config/goose/recipes/",
	".gemini/GEMINI.md",
	".gemini/commands/",
	".gemini/settings.json",
	".agents/skills/",
	NULL,
};

const char *const *
seed_list(void)
{
	return seed_places;
}

bool
seed_is_listed(const char *path)
{
	for (size_t i = 0; seed_places[i] != NULL; i++) {
		size_t n = strlen(seed_places[i]);

		if (strcmp(path, seed_places[i]) == 0 ||
		    (seed_places[i][n - 1] == '/' &&
			strncmp(path, seed_places[i], n) == 0 &&
			path[n] != '\0'))
			return strstr(path, "/../") == NULL &&
			    strstr(path, "/./") == NULL;
	}
	return false;
}

/* Parts of names that credentials have. */
static const char *const seed_names[] = { "credential", "secret", "token",
	"password", "passwd", "oauth", "apikey", "api_key", "api-key", "id_rsa",
	"id_ed25519", "id_ecdsa", "id_dsa", "netrc", "cookie", "private",
	"keyring", "keychain", "auth.json", ".env", NULL };
static const char *const seed_ends[] = { ".pem", ".key", ".p12", ".pfx", ".jks",
	".kdbx", ".gpg", ".asc", ".sqlite", ".db", NULL };

const char *
seed_name_refused(const char *name)
{
	size_t len = strlen(name);

	if (name[0] == '.' && strcmp(name, ".goosehints") != 0)
		return "it is hidden";
	for (size_t i = 0; seed_names[i] != NULL; i++)
		if (strcasestr(name, seed_names[i]) != NULL)
			return "it is named like a credential";
	for (size_t i = 0; seed_ends[i] != NULL; i++) {
		size_t n = strlen(seed_ends[i]);

		if (len > n && strcasecmp(name + len - n, seed_ends[i]) == 0)
			return "it is named like a key or a database";
	}
	return NULL;
}

/* What keys begin with, and how many more characters of theirs follow. */
static const struct {
	const char *start;
	size_t more;
} seed_keys[] = {
	{ "sk-ant-", 16 },
	{ "sk-proj-", 16 },
	{ "sk-or-", 16 },
	{ "sk-", 32 },
	{ "ghp_", 30 },
	{ "gho_", 30 },
	{ "ghs_", 30 },
	{ "github_pat_", 20 },
	{ "glpat-", 16 },
	{ "AKIA", 16 },
	{ "ASIA", 16 },
	{ "AIza", 30 },
	{ "xoxb-", 10 },
	{ "xoxp-", 10 },
	{ "hf_", 30 },
	{ "npm_", 30 },
	{ "eyJhbGciOi", 20 },
	{ NULL, 0 },
};

static bool
seed_is_key_char(char c)
{
	return isalnum((unsigned char)c) != 0 || c == '_' || c == '-';
}

static bool
seed_is_key_at(struct view v, size_t at)
{
	if (at > 0 && seed_is_key_char(v.p[at - 1]))
		return false;
	for (size_t i = 0; seed_keys[i].start != NULL; i++) {
		size_t n = strlen(seed_keys[i].start), k = at + n;

		if (v.len - at < n ||
		    memcmp(v.p + at, seed_keys[i].start, n) != 0)
			continue;
		while (k < v.len && seed_is_key_char(v.p[k]))
			k++;
		if (k - at - n >= seed_keys[i].more)
			return true;
	}
	return false;
}

/* Settings that hold a credential, or a program that prints one. */
static const char *const seed_members[] = { "\"apiKey", "\"api_key",
	"\"ANTHROPIC_API_KEY", "\"ANTHROPIC_AUTH_TOKEN", "\"OPENAI_API_KEY",
	"\"GEMINI_API_KEY", "\"accessToken", "\"refreshToken", "\"password",
	"\"Authorization", "api_key =", "experimental_bearer_token",
	"AWS_SECRET_ACCESS_KEY", NULL };

/* Variables of programs, as they end: GITHUB_TOKEN, DB_PASSWORD. */
static const char *const seed_variables[] = { "_TOKEN", "_SECRET", "_PASSWORD",
	"_PASSWD", "_KEY", "_PAT", NULL };

static bool
seed_is_blank_or_quote(char c)
{
	return c == ' ' || c == '\t' || c == '"' || c == '\'';
}

/* NAME=x, "NAME": "x", NAME = 'x'; not NAME=$OTHER, nor nothing. */
static bool
seed_is_set_at(struct view v, size_t at)
{
	for (size_t i = 0; seed_variables[i] != NULL; i++) {
		size_t n = strlen(seed_variables[i]), k = at + n;

		if (v.len - at < n ||
		    memcmp(v.p + at, seed_variables[i], n) != 0)
			continue;
		while (k < v.len && seed_is_blank_or_quote(v.p[k]))
			k++;
		if (k == v.len || (v.p[k] != '=' && v.p[k] != ':'))
			continue;
		k++;
		while (k < v.len && seed_is_blank_or_quote(v.p[k]))
			k++;
		if (k < v.len && seed_is_key_char(v.p[k]))
			return true;
	}
	return false;
}

const char *
seed_text_refused(struct view text)
{
	if (memchr(text.p == NULL ? "" : text.p, '\0', text.len) != NULL)
		return "it is no text";
	for (size_t i = 0; i < text.len; i++)
		if (seed_is_key_at(text, i))
			return "it has a key or a token in it";
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] == '_' && seed_is_set_at(text, i))
			return "it sets a credential";
	if (text.len > 0 &&
	    memmem(text.p, text.len, "PRIVATE KEY-----", 16) != NULL)
		return "it has a private key in it";
	for (size_t i = 0; text.len > 0 && seed_members[i] != NULL; i++)
		if (memmem(text.p, text.len, seed_members[i],
			strlen(seed_members[i])) != NULL)
			return "it sets a credential";
	return NULL;
}
