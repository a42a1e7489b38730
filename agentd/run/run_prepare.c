#include "agentd/run/run_priv.h"

/*
 * The tree.  It borrows the objects of /work/template (agentd/run/objcache.h),
 * which it cannot write, and has the branches as they are there.  Only when a
 * tip is asked for that is not there, what is missing is fetched, into the
 * tree itself.  Without a template, or when no tree can be made from it, the
 * tree is a full clone.  A pull request's head is not among the branches when
 * it came from elsewhere.
 */
/* clang-format off */
const char run_prepare_script[] =
    "t=/work/template\n"
    "b=refs/remotes/origin/$COFFER_BASE w=refs/remotes/origin/$COFFER_BRANCH\n"
    "export b w\n"
    /* A cofferd that is being started again is back in a moment. */
    "get() {\n"
    "	for n in 1 2 4; do\n"
    "		! git \"$@\" || return 0\n"
    "		sleep $n\n"
    "	done\n"
    "	git \"$@\"\n"
    "}\n"
    "start() {\n"
    "	find . -mindepth 1 -delete &&\n"
    "	mkdir -p .git/objects/info .git/objects/pack .git/refs/heads "
    ".git/info &&\n"
    "	echo 'ref: refs/heads/main' >.git/HEAD &&\n"
    "	printf '[core]\\n\\trepositoryformatversion = 0\\n"
    "\\tfilemode = true\\n\\tbare = false\\n\\tlogallrefupdates = true\\n"
    "[remote \"origin\"]\\n\\turl = %s\\n\\ttagOpt = --no-tags\\n"
    "\\tfetch = +refs/heads/*:refs/remotes/origin/*\\n' "
    "\"$COFFER_URL\" >.git/config || return\n"
    "	[ -n \"$1\" ] || return 0\n"
    "	echo $t/$1/git/objects >.git/objects/info/alternates &&\n"
    "	cp $t/$1/refs .git/packed-refs\n"
    "}\n"
    /* Are base and branch where they should be? */
    "fresh() {\n"
    "	[ -n \"$COFFER_BASE_SHA\" ] && [ -e .git/packed-refs ] &&\n"
    "	[ \"$COFFER_BASE_SHA/$COFFER_BRANCH_SHA\" = "
    "\"$(awk '$2 == ENVIRON[\"b\"] { b = $1 } "
    "$2 == ENVIRON[\"w\"] { w = $1 } END { print b \"/\" w }' "
    ".git/packed-refs)\" ]\n"
    "}\n"
    "checkout() {\n"
    "	if [ -n \"$COFFER_BRANCH\" ] && "
    "git rev-parse -q --verify \"$w\" >/dev/null; then\n"
    "		git checkout -q -B \"$COFFER_BRANCH\" "
    "\"origin/$COFFER_BRANCH\"\n"
    "	elif [ -n \"$COFFER_BRANCH\" ]; then\n"
    "		git checkout -q --no-track -B \"$COFFER_BRANCH\" "
    "\"origin/$COFFER_BASE\"\n"
    "	elif [ -n \"$COFFER_PULL\" ]; then\n"
    "		get fetch -q origin \"refs/pull/$COFFER_PULL/head\" &&\n"
    "		{ git checkout -q --detach \"$COFFER_SEEN\" 2>/dev/null || "
    "git checkout -q --detach FETCH_HEAD; }\n"
    "	else\n"
    "		git checkout -q -B \"$COFFER_BASE\" \"origin/$COFFER_BASE\"\n"
    "	fi\n"
    "}\n"
    /* What the agent would obey and has no switch for: not in the tree, and
     * not seen as taken away. */
    "aside() {\n"
    "	[ -n \"$COFFER_ASIDE\" ] || return 0\n"
    "	git ls-files -z -- $COFFER_ASIDE |"
    " git update-index -z --skip-worktree --stdin &&\n"
    "	rm -rf -- $COFFER_ASIDE\n"
    "}\n"
    /* What instructs an agent, or is run for it, is in the tree of somebody's
     * pull request as the base has it: nobody's words but the maintainers'. A
     * run that writes is on a branch that they and runs alone can push. */
    "words() {\n"
    "	set -f\n"
    "	for f in AGENTS.md AGENTS.override.md CLAUDE.md CLAUDE.local.md "
    "GEMINI.md .goosehints .cursorrules .mcp.json .claude.json opencode.json "
    "opencode.jsonc .envrc .ripgreprc .claude .codex .opencode .agents .goose "
    ".cursor .gemini .github/copilot-instructions.md .github/instructions; do\n"
    "		printf ':(glob)**/%s\\0:(glob)**/%s/**\\0' \"$f\" \"$f\"\n"
    "	done\n"
    "}\n"
    "theirs() {\n"
    "	[ -n \"$COFFER_PULL\" ] && [ -z \"$COFFER_BRANCH\" ] || return 0\n"
    "	words >/tmp/words && words | tr '\\0' '\\n' | "
    "sed 's/^:(glob)//' >>.git/info/exclude &&\n"
    "	xargs -0 git ls-files -z -- </tmp/words >/tmp/theirs &&\n"
    "	git update-index -z --skip-worktree --stdin </tmp/theirs &&\n"
    "	xargs -0 -r rm -rf -- </tmp/theirs &&\n"
    "	GIT_INDEX_FILE=/tmp/base git read-tree \"$b\" &&\n"
    "	GIT_INDEX_FILE=/tmp/base xargs -0 git ls-files -z -- </tmp/words | "
    "GIT_INDEX_FILE=/tmp/base git checkout-index -q -f -z --stdin\n"
    "}\n"
    "tree() {\n"
    "	start \"$1\" || return\n"
    "	fresh || get -c transfer.unpackLimit=1 fetch -q --prune origin || "
    "return\n"
    "	checkout && theirs && aside && "
    "echo \"coffer-base $(git rev-parse HEAD)\"\n"
    "}\n"
    "cur=$(readlink $t/current) || cur=\n"
    "[ -z \"$cur\" ] || ! tree \"$cur\" 2>/dev/null || exit 0\n"
    "tree '' || exit 1\n"
    "[ -z \"$cur\" ] || exit 3\n";
/* clang-format on */
