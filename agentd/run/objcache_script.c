#include "agentd/run/objcache.h"

/*
 * COFFER_SWEEP: no run is there that could use any but the current one.
 * COFFER_ANEW: the current one is no good.  A half made one has the name `new`.
 */
/* clang-format off */
const char objcache_script[] =
    "cd /work/template\n"
    "cur=$(readlink current) || cur=\n"
    "refs() {\n"
    "	git -C $1/git for-each-ref "
    "--format='%(objectname) refs/remotes/origin/%(refname:lstrip=2)' "
    "refs/heads >$1/refs.new && sync $1/refs.new && "
    "mv $1/refs.new $1/refs\n"
    "}\n"
    "anew() {\n"
    "	n=g$(date +%s%N)\n"
    "	mkdir new &&\n"
    "	git clone -q --bare --no-tags --template= \"$COFFER_URL\" new/git &&\n"
    "	: >new/made && refs new || return\n"
    /* Nothing was mirrored yet. */
    "	[ -s new/refs ] || { rm -rf new; exit 0; }\n"
    "	git -C new/git commit-graph write --reachable --no-progress &&\n"
    "	mv new $n &&\n"
    "	ln -s $n current.new && mv -T current.new current && cur=$n\n"
    "}\n"
    "more() {\n"
    "	set -- $cur/git/objects/pack/*.pack\n"
    "	[ -e $cur/refs ] && [ $# -lt 50 ] &&\n"
    "	git -C $cur/git -c transfer.unpackLimit=1 "
    "-c maintenance.auto=false fetch -q --no-tags --prune "
    "--no-write-fetch-head \"$COFFER_URL\" '+refs/heads/*:refs/heads/*' &&\n"
    "	refs $cur\n"
    "}\n"
    /* What a full disk or a kill left of an earlier one. */
    "rm -rf new current.new g*/git/objects/pack/tmp_*\n"
    "for d in g*; do\n"
    "	[ -z \"$COFFER_SWEEP\" ] || [ \"$d\" = \"$cur\" ] || rm -rf \"$d\"\n"
    "done\n"
    "good=1\n"
    "if [ -n \"$COFFER_ANEW\" ] || [ -z \"$cur\" ] ||\n"
    "    [ -z \"$(find $cur/made -mmin -1440 2>/dev/null)\" ]; then\n"
    "	anew || good=\n"
    "else\n"
    "	more || anew || good=\n"
    "fi\n"
    "[ -n \"$good\" ] || { rm -rf new current.new; exit 1; }\n"
    "set -- g*\n"
    "[ $# -eq 1 ] || exit 3\n";
/* clang-format on */
