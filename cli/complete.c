#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include "cli/command.h"
#include "lib/base/str.h"

enum {
	COMPLETE_TOKEN_MAX = 64
};

struct complete {
	struct str *out;
	const struct command *const *tables;
	const char *cur; /* what is begun */
};

static void
complete_add(struct complete *c, const char *word, size_t len, const char *what)
{
	if (strncmp(word, c->cur, strlen(c->cur)) == 0 && len >= strlen(c->cur))
		str_addf(c->out, "%.*s\t%s\n", (int)len, word, what);
}

/* Was the first word of this row told with an earlier one? */
static bool
complete_seen(const struct complete *c, const struct command *row, size_t len)
{
	for (size_t t = 0; c->tables[t] != NULL; t++) {
		for (const struct command *k = c->tables[t]; k->name != NULL;
		     k++) {
			if (k == row)
				return false;
			if (strncmp(k->name, row->name, len) == 0 &&
			    (k->name[len] == ' ' || k->name[len] == '\0'))
				return true;
		}
	}
	return false;
}

/* First words, or with a first word the second ones of its family. */
static void
complete_commands(struct complete *c, const char *first)
{
	size_t flen = first == NULL ? 0 : strlen(first);

	for (size_t t = 0; c->tables[t] != NULL; t++) {
		for (const struct command *k = c->tables[t]; k->name != NULL;
		     k++) {
			size_t len = strcspn(k->name, " ");

			if (first == NULL) {
				if (!complete_seen(c, k, len))
					complete_add(c, k->name, len,
					    k->name[len] == '\0' ? k->summary
								 : k->group);
			} else if (len == flen && k->name[len] == ' ' &&
			    strncmp(k->name, first, len) == 0) {
				complete_add(c, k->name + len + 1,
				    strlen(k->name + len + 1), k->summary);
			}
		}
	}
}

static void
complete_options(struct complete *c, const struct command *cmd)
{
	const struct command_option *lists[] = {
		cmd == NULL ? NULL : cmd->options, command_globals
	};

	for (size_t l = 0; l < 2; l++) {
		for (const struct command_option *o = lists[l];
		     o != NULL && o->name != NULL; o++) {
			char word[COMPLETE_TOKEN_MAX];

			(void)snprintf(word, sizeof(word), "--%s", o->name);
			complete_add(c, word, strlen(word),
			    o->help == NULL ? "" : o->help);
		}
	}
}

/* The option that this word is, if a value has to follow it, else NULL. */
static const struct command_option *
complete_wants_value(const struct command *cmd, const char *word)
{
	const struct command_option *lists[] = {
		cmd == NULL ? NULL : cmd->options, command_globals
	};

	if (word[0] != '-' || strchr(word, '=') != NULL)
		return NULL;
	for (size_t l = 0; l < 2; l++) {
		for (const struct command_option *o = lists[l];
		     o != NULL && o->name != NULL; o++) {
			bool same = word[1] == '-'
			    ? strcmp(word + 2, o->name) == 0
			    : o->letter != '\0' && word[1] == o->letter &&
				word[2] == '\0';

			if (same && o->type != OPT_FLAG)
				return o;
		}
	}
	return NULL;
}

/*
 * The i-th argument of a usage line, without brackets: "[PROJECT] [-f] KEPT..."
 * has PROJECT and KEPT.
 */
static bool
complete_token(const char *usage, int i, char token[COMPLETE_TOKEN_MAX])
{
	const char *p = usage;

	while (*p != '\0') {
		size_t len;

		p += strspn(p, " ");
		if (p[0] == '[' && p[1] == '-') {
			p += strcspn(p, "]");
			p += strspn(p, "].");
			continue;
		}
		if (p[0] == '-') { /* an option, and its value if it has one */
			bool dashes = p[1] == '-' && p[2] == ' ';

			p += strcspn(p, " ");
			p += strspn(p, " ");
			if (!dashes && p[0] >= 'A' && p[0] <= 'Z')
				p += strcspn(p, " ");
			continue;
		}
		len = strcspn(p, " ");
		if (len == 1 && (p[0] == '|' || p[0] == '<'))
			return false;
		if (i-- == 0) {
			size_t skip = strspn(p, "[(");

			(void)snprintf(token, COMPLETE_TOKEN_MAX, "%.*s",
			    (int)(strcspn(p + skip, " ])")), p + skip);
			return token[0] != '\0';
		}
		p += len;
	}
	return false;
}

static enum complete_kind
complete_value(struct complete *c, const char *token)
{
	if (strncmp(token, "PROJECT", strlen("PROJECT")) == 0)
		return COMPLETE_PROJECTS;
	if (strcmp(token, "DIR") == 0)
		return COMPLETE_DIRS;
	if (strcmp(token, "FILE") == 0 || strcmp(token, "HERE") == 0)
		return COMPLETE_FILES;
	if (token[0] < 'a' || token[0] > 'z')
		return COMPLETE_WORDS;
	while (*token != '\0') { /* read|write */
		size_t len = strcspn(token, "|");

		complete_add(c, token, len, "");
		token += len + (token[len] == '|');
	}
	return COMPLETE_WORDS;
}

static enum complete_kind
complete_argument(struct complete *c, const struct command *cmd,
    char *const *words, int n, int used)
{
	char token[COMPLETE_TOKEN_MAX];
	int at = 0;

	if (strcmp(cmd->name, "help") == 0) {
		complete_commands(c, n - used > 1 ? words[n - 2] : NULL);
		return COMPLETE_WORDS;
	}
	for (int i = used; i < n - 1; i++) {
		if (strcmp(words[i], "--") == 0)
			return COMPLETE_FILES;
		if (complete_wants_value(cmd, words[i]) != NULL)
			i++;
		else if (words[i][0] != '-')
			at++;
	}
	return complete_token(cmd->usage, at, token) ? complete_value(c, token)
						     : COMPLETE_WORDS;
}

enum complete_kind
complete_words(struct str *out, const struct command *const *tables,
    char *const *words, int n)
{
	struct complete c = { out, tables, n == 0 ? "" : words[n - 1] };
	const struct command_option *o;
	const struct command *cmd;
	int used = 0;

	/* Global options may stand before the command. */
	while (n > 1 && words[0][0] == '-') {
		int skip = complete_wants_value(NULL, words[0]) != NULL ? 2 : 1;

		if (skip >= n)
			return COMPLETE_DIRS; /* of --home */
		words += skip;
		n -= skip;
	}
	cmd = command_find(tables, words, n - 1, &used);
	o = n > 1 ? complete_wants_value(cmd, words[n - 2]) : NULL;
	if (o != NULL)
		return complete_value(&c, o->arg == NULL ? "" : o->arg);
	if (c.cur[0] == '-')
		complete_options(&c, cmd);
	else if (n <= 1)
		complete_commands(&c, NULL);
	else if (n == 2 && used < 2)
		complete_commands(&c, words[0]);
	if (cmd == NULL || c.cur[0] == '-' || (n == 2 && out->len > 0))
		return COMPLETE_WORDS;
	return complete_argument(&c, cmd, words, n, used);
}
