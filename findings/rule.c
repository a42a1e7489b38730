#include "findings/rule.h"

#include <string.h>

#define NOTE FINDING_NOTE
#define ASK FINDING_ASK
#define BLOCK FINDING_BLOCK

/* clang-format off */
static const struct finding_rule finding_rule_rows[] = {
	{ "agent-config", BLOCK, 0, "instructions or settings of a coding agent", "read it as a program: your own agents will obey it" },
	{ "bad-name", BLOCK, 0, "a path that deceives or that some file system reads otherwise", "have the file renamed" },
	{ "bidi", BLOCK, 0, "characters that turn the direction of text", "have them removed: the code is not what it looks like" },
	{ "binary", ASK, 0, "content that is not text", "ask where it comes from and how it is made" },
	{ "build-file", ASK, 0, "a file that a build, package or test tool obeys", "read it before you build, install or test" },
	{ "ci-file", ASK, 0, "a file that CI or a forge obeys", "read what would run, and with which rights" },
	{ "control-character", BLOCK, 0, "control characters in text", "have them removed: terminals and readers obey or hide them" },
	{ "editor-config", BLOCK, 0, "a file that an editor, shell or debugger obeys by itself", "read it before you open the folder" },
	{ "embedded-repository", BLOCK, 0, "a git repository inside the tree", "have it removed: git obeys its configuration" },
	{ "encoding", ASK, 0, "text that is not UTF-8", "look at the bytes" },
	{ "executable", ASK, 0, "a file becomes executable", "read it, or have the mode taken back" },
	{ "executable-binary", BLOCK, 0, "a program in machine or byte code", "have it removed; build it from sources" },
	{ "fetch-policy", BLOCK, RULE_KEPT, "the policy of these checks is changed", "read what it would let pass from now on" },
	{ "file-type", ASK, 0, "a file, link or submodule takes the place of another kind", "look what uses the path" },
	{ "gitattributes", ASK, 0, "attributes of git", "read what they change" },
	{ "gitattributes-filter", BLOCK, 0, "attributes that run a program or hide a change", "have them removed, or look at the files they name" },
	{ "gitmodules", BLOCK, 0, "the list of submodules", "read addresses and paths; update submodules by hand only" },
	{ "hidden-code", ASK, 0, "text that is out of sight", "scroll to it" },
	{ "hook", BLOCK, 0, "a hook, or what installs one", "read it: git runs it at your next command" },
	{ "invisible", BLOCK, 0, "characters that are not seen", "have them removed" },
	{ "lfs", ASK, 0, "content that is stored elsewhere (git-lfs)", "fetch and look at it by hand" },
	{ "lockfile", NOTE, 0, "a lock file of dependencies", "compare it with the manifest" },
	{ "long-line", ASK, 0, "a very long line", "look at all of it" },
	{ "mixed-scripts", ASK, 0, "letters of two scripts in one word", "look which letter it is" },
	{ "pipe-to-shell", ASK, 0, "a download that is run at once", "have it pinned by a hash, or removed" },
	{ "private-key", BLOCK, RULE_SILENT, "a private key", "have it removed, and replace the key wherever it is in use" },
	{ "prompt-injection", ASK, 0, "text that talks to a reviewing model or an agent", "read it yourself; trust no model's word on this change" },
	{ "secret", BLOCK, RULE_SILENT, "a key or token", "have it removed, and revoke it: it is in the history" },
	{ "submodule", BLOCK, 0, "a submodule: code that is not shown", "look at the other repository at that commit" },
	{ "symlink", ASK, 0, "a symbolic link", "look what it points to" },
	{ "symlink-escape", BLOCK, 0, "a symbolic link out of the tree or into .git", "have it removed" },
	{ "test-deleted", ASK, 0, "a file of tests is deleted", "ask why" },
	{ "test-skipped", ASK, 0, "a test or a step of CI no longer counts", "ask why" },
	{ "too-large", BLOCK, RULE_FIXED, "it is too large to be looked at", "have it split, or raise the limit in your policy" },
	{ "too-many-findings", BLOCK, RULE_FIXED, "there are more findings than are kept", "have the change split" },
	{ "unusual-mode", BLOCK, 0, "a mode that git does not write", "have it made anew with 644 or 755" },
};
/* clang-format on */

static const size_t finding_rule_count = sizeof(finding_rule_rows) /
    sizeof(finding_rule_rows[0]);

const struct finding_rule *
finding_rules(size_t *n)
{
	*n = finding_rule_count;
	return finding_rule_rows;
}

const struct finding_rule *
finding_rule_get(const char *id)
{
	for (size_t i = 0; i < finding_rule_count; i++)
		if (strcmp(finding_rule_rows[i].id, id) == 0)
			return &finding_rule_rows[i];
	return NULL;
}
