#include "agentd/run/run_priv.h"

/*
 * The clone.  /work/template keeps the project's objects from run to run:
 *
 *   git    a bare repository; trees borrow its objects (alternates)
 *   refs   its branches as origin's, in the form of packed-refs; written last:
 *          what it names is there, whole
 *   made   when it was cloned
 *   lock
 *
 * It is fetched into only when a tip is asked for that `refs` does not tell,
 * and made anew when it is a day old (a dropped branch shall not live on in
 * it), has many packs, or a tree cannot be made from it.  No other container
 * can write there, so neither setting nor hook nor object of it is an agent's.
 * A pull request's head is not among the branches when it came from elsewhere.
 */
/* clang-format off */
const char run_prepare_script[] =
    "t=/work/template\n"
    "b=refs/remotes/origin/$COFFER_BASE w=refs/remotes/origin/$COFFER_BRANCH\n"
    "export b w\n"
    "exec 9>$t/lock\n"
    "flock 9\n"
    "refs() {\n"
    "	git -C $t/git for-each-ref "
    "--format='%(objectname) refs/remotes/origin/%(refname:lstrip=2)' "
    "refs/heads >$t/refs.new && mv $t/refs.new $t/refs\n"
    "}\n"
    "anew() {\n"
    "	rm -rf $t/refs $t/git $t/made &&\n"
    "	git clone -q --bare --no-tags --template= \"$COFFER_URL\" $t/git &&\n"
    "	: >$t/made && refs\n"
    "}\n"
    "more() {\n"
    "	set -- $t/git/objects/pack/*.pack\n"
    "	[ -e $t/refs ] && [ $# -lt 50 ] &&\n"
    "	git -C $t/git -c transfer.unpackLimit=1 -c maintenance.auto=false fetch -q --no-tags --prune "
    "--no-write-fetch-head \"$COFFER_URL\" '+refs/heads/*:refs/heads/*' &&\n"
    "	refs\n"
    "}\n"
    /* The commits that base and branch are at in it. */
    "look() {\n"
    "	at=$(awk '$2 == ENVIRON[\"b\"] { b = $1 } "
    "$2 == ENVIRON[\"w\"] { w = $1 } END { print b \"/\" w }' $t/refs)\n"
    "}\n"
    "tree() {\n"
    "	find . -mindepth 1 -delete &&\n"
    "	mkdir -p .git/objects/info .git/objects/pack .git/refs/heads "
    ".git/info &&\n"
    "	echo $t/git/objects >.git/objects/info/alternates &&\n"
    "	cp $t/refs .git/packed-refs &&\n"
    "	echo 'ref: refs/heads/main' >.git/HEAD &&\n"
    "	printf '[core]\\n\\trepositoryformatversion = 0\\n"
    "\\tfilemode = true\\n\\tbare = false\\n\\tlogallrefupdates = true\\n"
    "[remote \"origin\"]\\n\\turl = %s\\n\\ttagOpt = --no-tags\\n"
    "\\tfetch = +refs/heads/*:refs/remotes/origin/*\\n' "
    "\"$COFFER_URL\" >.git/config &&\n"
    "	look && checkout\n"
    "}\n"
    "checkout() {\n"
    "	if [ -n \"$COFFER_BRANCH\" ] && [ -n \"${at#*/}\" ]; then\n"
    "		git checkout -q -B \"$COFFER_BRANCH\" "
    "\"origin/$COFFER_BRANCH\"\n"
    "	elif [ -n \"$COFFER_BRANCH\" ]; then\n"
    "		git checkout -q --no-track -B \"$COFFER_BRANCH\" "
    "\"origin/$COFFER_BASE\"\n"
    "	elif [ -n \"$COFFER_PULL\" ]; then\n"
    "		git fetch -q origin \"refs/pull/$COFFER_PULL/head\" &&\n"
    "		git checkout -q --detach FETCH_HEAD\n"
    "	else\n"
    "		git checkout -q -B \"$COFFER_BASE\" \"origin/$COFFER_BASE\"\n"
    "	fi\n"
    "}\n"
    "at=\n"
    "[ ! -e $t/refs ] || look\n"
    "if [ -z \"$(find $t/made -mmin -1440 2>/dev/null)\" ]; then\n"
    "	anew\n"
    "elif [ -z \"$COFFER_BASE_SHA\" ] ||\n"
    "    [ \"$at\" != \"$COFFER_BASE_SHA/$COFFER_BRANCH_SHA\" ]; then\n"
    "	more || anew\n"
    "fi\n"
    "tree 2>/dev/null || { anew && tree; }\n";
/* clang-format on */
