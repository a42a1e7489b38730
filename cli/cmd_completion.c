#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/complete.h"
#include "cli/remote.h"
#include "cli/tables.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	COMPLETION_LIMIT_MS = 1000 /* nobody waits longer for a Tab */
};

static const char completion_bash[] =
    "# bash completion for coffer; made by `coffer completion bash`\n"
    "_coffer() {\n"
    "    local out kind line IFS=$'\\n'\n"
    "    COMPREPLY=()\n"
    "    out=$(\"$1\" completion words -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" "
    "2>/dev/null) || return 0\n"
    "    kind=${out%%$'\\n'*}\n"
    "    case $kind in\n"
    "    :files) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$2\")) ;;\n"
    "    :dirs) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$2\")) ;;\n"
    "    *)\n"
    "        while read -r line; do\n"
    "            [ \"${line#:}\" = \"$line\" ] && [ -n \"$line\" ] && "
    "COMPREPLY+=(\"${line%%$'\\t'*}\")\n"
    "        done <<<\"$out\"\n"
    "        ;;\n"
    "    esac\n"
    "    return 0\n"
    "}\n"
    "complete -F _coffer coffer\n";

static const char completion_zsh[] =
    "#compdef coffer\n"
    "# zsh completion for coffer; made by `coffer completion zsh`\n"
    "_coffer() {\n"
    "    local -a lines found\n"
    "    local line kind\n"
    "    lines=(\"${(@f)$(\"${words[1]}\" completion words -- "
    "\"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
    "    kind=${lines[1]}\n"
    "    shift lines\n"
    "    case $kind in\n"
    "    :files) _files ;;\n"
    "    :dirs) _files -/ ;;\n"
    "    *)\n"
    "        for line in $lines; do\n"
    "            found+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "        done\n"
    "        _describe -t commands coffer found\n"
    "        ;;\n"
    "    esac\n"
    "}\n"
    "if [ \"$funcstack[1]\" = _coffer ]; then\n"
    "    _coffer \"$@\"\n"
    "else\n"
    "    compdef _coffer coffer\n"
    "fi\n";

static const char completion_fish[] =
    "# fish completion for coffer; made by `coffer completion fish`\n"
    "function __coffer_complete\n"
    "    set -l before (commandline -opc)\n"
    "    set -l cur (commandline -ct)\n"
    "    set -l out ($before[1] completion words -- $before[2..-1] \"$cur\" "
    "2>/dev/null)\n"
    "    switch \"$out[1]\"\n"
    "        case :files\n"
    "            __fish_complete_path \"$cur\"\n"
    "        case :dirs\n"
    "            __fish_complete_directories \"$cur\"\n"
    "        case '*'\n"
    "            printf '%s\\n' $out[2..-1]\n"
    "    end\n"
    "end\n"
    "complete -c coffer -f -a '(__coffer_complete)'\n";

/* A name that is one: nothing else goes into a shell's line. */
static bool
completion_name_ok(const char *s)
{
	return s[0] != '\0' && s[0] != '-' &&
	    strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-/") == strlen(s);
}

/* OWNER/NAME of the projects; nothing when nobody answers. */
static void
completion_projects(struct cli *c, struct str *out, const char *cur)
{
	struct err e = ERR_INIT;
	struct json *list = NULL;

	if (remote_wait(c, "/api/coffer/v1/projects", COMPLETION_LIMIT_MS,
		&list, &e) == -1)
		return;
	for (const struct json *p = json_first(list); p != NULL;
	     p = json_next(p)) {
		const char *full = json_str_or(p, "full_name", "");
		const char *name = strrchr(full, '/');

		if (!completion_name_ok(full))
			continue;
		if (strncmp(full, cur, strlen(cur)) == 0)
			str_addf(out, "%s\tproject\n", full);
		else if (name != NULL &&
		    strncmp(name + 1, cur, strlen(cur)) == 0)
			str_addf(out, "%s\tproject\n", name + 1);
	}
	json_free(list);
}

static int
completion_answer(struct cli *c, int n, char **words)
{
	static const char *const kinds[] = { ":words", ":files", ":dirs",
		":words" };
	AUTO_STR struct str out = STR_INIT;
	enum complete_kind kind = complete_words(
	    &out, command_tables, words, n);

	if (kind == COMPLETE_PROJECTS)
		completion_projects(c, &out, n == 0 ? "" : words[n - 1]);
	(void)printf("%s\n%s", kinds[kind], str_cstr(&out));
	return CLI_OK;
}

static int
completion_run(struct cli *c, const void *args, int argc, char **argv)
{
	static const struct {
		const char *shell, *script;
	} rows[] = {
		{ "bash", completion_bash },
		{ "zsh", completion_zsh },
		{ "fish", completion_fish },
	};

	(void)args;
	if (strcmp(argv[0], "words") == 0)
		return completion_answer(c, argc - 1, argv + 1);
	for (size_t i = 0; argc == 1 && i < sizeof(rows) / sizeof(rows[0]);
	     i++) {
		if (strcmp(argv[0], rows[i].shell) == 0) {
			(void)fputs(rows[i].script, stdout);
			return CLI_OK;
		}
	}
	return cli_usage("completion: want bash, zsh or fish, not %s", argv[0]);
}

const struct command cmd_completion[] = {
	{ .name = "completion",
	    .group = "Help",
	    .summary = "print what makes a shell complete coffer's commands",
	    .usage = "bash|zsh|fish",
	    .min = 1,
	    .max = COMMAND_MANY,
	    .run = completion_run,
	    .more = "bash: coffer completion bash "
		    ">/etc/bash_completion.d/coffer\n"
		    "zsh:  coffer completion zsh >DIR/_coffer, with DIR in "
		    "fpath\n"
		    "fish: coffer completion fish "
		    ">~/.config/fish/completions/coffer.fish\n"
		    "`make install` has put them where the shells look.  The "
		    "scripts ask\n`coffer completion words -- WORD...` at each "
		    "Tab; names of projects\ncome from cofferd, if it answers "
		    "within a second." },
	{ .name = NULL },
};
