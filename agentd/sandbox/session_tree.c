#include "agentd/sandbox/session.h"

/*
 * `git tree [DIR]` in a session: a clone as `git clone` makes it, with objects
 * of its own.  Most are copied from the project's (objects.h), which may be
 * removed at any time: without them, and for what is newer, it fetches.
 */
/* clang-format off */
const char session_tree_script[] =
    "set -eu\n"
    "dir=${1:-$(basename \"$COFFER_URL\" .git)}\n"
    "[ ! -e \"$dir\" ] || {\n"
    "	echo \"git tree: $dir is there already\" >&2\n"
    "	exit 1\n"
    "}\n"
    "new=$dir.new.$$\n"
    "trap 'rm -rf \"$new\"' EXIT\n"
    "trap 'exit 1' INT TERM HUP\n"
    "git init -q \"$new\"\n"
    "git=$new/.git\n"
    "git -C \"$new\" remote add origin \"$COFFER_URL\"\n"
    "objects=/run/coffer/objects\n"
    "if cur=$(readlink $objects/current); then\n"
    "	cp -R $objects/$cur/git/objects/pack $objects/$cur/git/objects/info "
    "\"$git/objects/\" &&\n"
    "	cp $objects/$cur/refs \"$git/packed-refs\" || {\n"
    "		rm -rf \"$git\"/objects/*/* \"$git/packed-refs\"\n"
    "	}\n"
    "fi 2>/dev/null\n"
    "git -C \"$new\" fetch -q --prune origin\n"
    "at=$(git -C \"$new\" ls-remote --symref origin HEAD |\n"
    "    sed -n 's|^ref: refs/heads/\\(.*\\)\tHEAD$|\\1|p')\n"
    "if [ -n \"$at\" ]; then\n"
    "	git -C \"$new\" symbolic-ref refs/remotes/origin/HEAD "
    "\"refs/remotes/origin/$at\"\n"
    "	own=$(cat /run/coffer/live/branch 2>/dev/null) || own=\n"
    "	if [ -n \"$own\" ] && git -C \"$new\" rev-parse -q --verify "
    "\"refs/remotes/origin/$own\" >/dev/null; then\n"
    "		at=$own\n"
    "	fi\n"
    "	git -C \"$new\" checkout -q -B \"$at\" \"origin/$at\"\n"
    "fi\n"
    "mv -T \"$new\" \"$dir\"\n";
/* clang-format on */
