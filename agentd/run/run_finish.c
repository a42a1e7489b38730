#include "agentd/run/run_priv.h"

/*
 * What the agent left uncommitted or unpushed is its work, too.  Without any
 * there is no push: a branch at its base would look like work.  Of a tree that
 * is thrown away there is the patch alone.  The patch is what it prints, behind
 * a line of what it is between (agentd/record/record.h); that there is none
 * fails nothing.
 *
 * This container has the network even when the agent had none, so nothing of
 * the agent's may run in it.  Git gets a folder with the agent's objects, refs
 * and index and none of its settings and hooks, nor of what shows another
 * object or parent than there is (refs/replace, info/grafts); repositories
 * inside the tree, which git would ask with theirs, become plain folders.
 */
/* clang-format off */
const char run_finish_script[] =
    "[ -d .git ] || exit 0\n"
    "find . -mindepth 2 -name .git -prune -exec rm -rf {} +\n"
    "export GIT_DIR=/tmp/git GIT_WORK_TREE=/work/tree\n"
    "export GIT_NO_REPLACE_OBJECTS=1\n"
    "mkdir -p $GIT_DIR/info\n"
    "for f in HEAD index packed-refs shallow info/exclude; do\n"
    "	[ ! -f .git/$f ] || cp .git/$f $GIT_DIR/$f\n"
    "done\n"
    "for f in objects refs; do\n"
    "	ln -s /work/tree/.git/$f $GIT_DIR/$f\n"
    "done\n"
    /* A server that is away is waited for; one that refuses is not. */
    "push() {\n"
    "	git push -q --no-verify \"$COFFER_URL\" "
    "\"HEAD:refs/heads/$COFFER_BRANCH\"\n"
    "}\n"
    /* patch TREE COMMIT */
    "patch() {\n"
    "	git rev-parse -q --verify \"$COFFER_FROM^{commit}\" >/dev/null || "
    "return 0\n"
    "	echo \"coffer-patch $COFFER_FROM $1 $2\"\n"
    "	git diff --binary --full-index --no-renames --no-color --no-ext-diff "
    "--no-textconv \"$COFFER_FROM\" \"$1\" | head -c 16777217\n"
    "}\n"
    "if [ \"$COFFER_ACCESS\" != write ]; then\n"
    "	git add -A && tree=$(git write-tree) && patch \"$tree\" -\n"
    "	exit 0\n"
    "fi\n"
    "if [ -n \"$(git status --porcelain)\" ]; then\n"
    "	git add -A\n"
    "	git commit -q --no-verify -m \"Work left by run $COFFER_RUN\"\n"
    "fi\n"
    "if ! at=$(git rev-parse -q --verify "
    "\"refs/remotes/origin/$COFFER_BRANCH\"); then\n"
    "	at=$(git rev-parse -q --verify "
    "\"refs/remotes/origin/$COFFER_BASE\")\n"
    "fi\n"
    "if [ \"$(git rev-parse HEAD)\" != \"$at\" ]; then\n"
    "	n=0\n"
    "	until push; do\n"
    "		n=$((n + 1))\n"
    "		[ $n -le 60 ] || exit 1\n"
    "		if git ls-remote \"$COFFER_URL\" HEAD >/dev/null 2>&1; then\n"
    "			push || exit 1\n"
    "			break\n"
    "		fi\n"
    "		sleep 1\n"
    "	done\n"
    "fi\n"
    "patch \"$(git rev-parse 'HEAD^{tree}')\" \"$(git rev-parse HEAD)\" || "
    ":\n";
/* clang-format on */
