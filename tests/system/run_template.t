#!/bin/sh
# The clone of a run borrows objects from the project's template: it is fetched
# into when a tip is new, made anew when it is broken, and no agent and no
# session can write to it.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 19

COFFER_HOME=$T/home
export COFFER_HOME
coffer() { "$O/bin/coffer" "$@"; }
down() { "$O/bin/coffer" down >"$T/down.log" 2>&1; }
template_on_exit() {
	down
	lib_on_exit
}
trap template_on_exit EXIT

coffer setup >/dev/null || exit 1
sed -i 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1")->sockport')
coffer up -d --listen "127.0.0.1:$port" >/dev/null 2>&1 || exit 1

mkdir -p "$COFFER_HOME/agents"
cat >"$COFFER_HOME/agents/probe" <<'A'
#!/bin/sh
t=/work/template
{
	echo "at $(git rev-parse HEAD) origin $(git rev-parse "origin/$COFFER_BASE") url $(git remote get-url origin)"
	git fsck --no-dangling >/dev/null 2>&1 && echo whole
	git fetch -q origin && echo fetched
	[ -d $t/git/objects ] && echo borrowed
	for f in git/config git/hooks/post-checkout git/objects/info/alternates git/packed-refs refs made lock new; do
		mkdir -p "$(dirname "$t/$f")" 2>/dev/null
		{ echo evil >>"$t/$f"; } 2>/dev/null && echo "WROTE $f"
	done
	chmod -R 777 $t 2>/dev/null && echo "WROTE mode"
	mv $t/git $t/old 2>/dev/null && echo "WROTE rename"
	rm -rf $t/git/objects 2>/dev/null && echo "WROTE remove"
	mount -o remount,rw $t 2>/dev/null && echo "WROTE remount"
	unshare -Urm mount -o remount,rw,bind $t 2>/dev/null && echo "WROTE namespace"
	git -C $t/git config core.hooksPath /work/tree 2>/dev/null && echo "WROTE config"
	git -C $t/git update-ref refs/heads/evil HEAD 2>/dev/null && echo "WROTE ref"
	if [ "$COFFER_ACCESS" = write ]; then
		echo "run $COFFER_RUN" >new.txt
		git add new.txt && git commit -q -m "New" && git push -q origin HEAD && echo pushed
		echo left >left.txt
	fi
} >"$COFFER_OUT" 2>&1
A
chmod 755 "$COFFER_HOME/agents/probe"
coffer create "$UPSTREAM" --network none --wait -- /opt/coffer/agents/probe >/dev/null || exit 1

# order N TEXT: a comment; the message of the Nth run.
order() {
	coffer issue comment calc 1 -b "$2" >/dev/null || return
	wait_for 30 has_run "$1" || return
	coffer run wait "$(coffer run list calc --json | jq -r 'max_by(.id).id')" --timeout 60s >/dev/null 2>&1
	coffer run list calc --json | jq 'max_by(.id)' >"$T/run"
	jq -r .message "$T/run" >"$T/message"
	jq -r .state "$T/run"
}
has_run() { coffer run list calc --json | jq -e --argjson n "$1" 'length >= $n'; }
tip() { git -C "$COFFER_HOME"/repos/*.git rev-parse "refs/heads/$1"; }
coffer issue new calc -t 'Look' -b 'around' >/dev/null || exit 1

tap_is "$(order 1 /plan)" 'done' 'the first run makes the template'
template=$(echo "$COFFER_HOME"/sandboxes/*/ws/runs/template)
main=$(sed -n 's/^ref: refs.heads.//p' "$COFFER_HOME"/repos/*.git/HEAD)
one=$(tip "$main")
tap_ok 'tree, origin and its address are right' \
    grep -qE "^at $one origin $one url http://coffer/.*calc.git$" "$T/message"
tap_ok 'the tree is whole' grep -q whole "$T/message"
tap_ok 'it borrows its objects' grep -q borrowed "$T/message"
tap_not 'an agent cannot write the template' grep WROTE "$T/message"
was=$(stat -c %y "$template/refs")
tap_is "$(order 2 /plan)" 'done' 'a second run'
tap_is "$(stat -c %y "$template/refs")" "$was" 'nothing new: nothing is fetched'
tap_ok 'it is at the same commit' grep -q "^at $one " "$T/message"

tap_is "$(order 3 /fix)" 'done' 'a run that writes'
tap_ok 'it pushes what borrows' grep -q pushed "$T/message"
tap_not 'nor can it write the template' grep WROTE "$T/message"
branch=$(jq -r .branch "$T/run")
tap_ok 'what it left is pushed, too' git -C "$COFFER_HOME"/repos/*.git cat-file -e "refs/heads/$branch:left.txt"
two=$(tip "$branch")
tap_is "$(order 4 /fix)" 'done' 'a run on the branch'
tap_ok 'it is fetched' grep -q "^$two refs/remotes/origin/$branch\$" "$template/refs"
tap_ok 'its tree was at the branch' git -C "$COFFER_HOME"/repos/*.git merge-base --is-ancestor "$two" "$(tip "$branch")"

rm -rf "$template"/git/objects/pack
tap_is "$(order 5 /plan)" 'done' 'a broken template is made anew'
tap_ok 'and the tree is whole' grep -q whole "$T/message"
coffer exec calc -- sh -c 'ls /work/runs; ls /work/runs/template; echo evil >/work/runs/template/refs; mv /work/runs /work/old' >"$T/session" 2>&1
tap_not 'a session sees nothing of it' grep -qE '^(git|refs|template)' "$T/session"
tap_ok 'and cannot take its place' test -s "$template/refs"
[ "$TAP_FAILED" -eq 0 ] || { cat "$T/message" "$T/session"; tail -n 20 "$COFFER_HOME"/log/*.log; } | sed 's/^/# /'
tap_done
