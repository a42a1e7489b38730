#!/bin/sh
# The tree of a run borrows the project's objects: they are there before the
# first run, follow a push by themselves, are made anew when old or broken, and
# no agent and no session can write to them.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 38

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
	[ -d $t/current/git/objects ] && echo borrowed
	git count-objects -v | awk '/^(count|in-pack):/ { n += $2 } END { print "own " n }'
	for f in current current/git/config current/git/hooks/x current/refs git/config git/hooks/post-checkout git/objects/info/alternates git/packed-refs refs made lock new; do
		mkdir -p "$(dirname "$t/$f")" 2>/dev/null
		{ echo evil >>"$t/$f"; } 2>/dev/null && echo "WROTE $f"
	done
	chmod -R 777 $t 2>/dev/null && echo "WROTE mode"
	mv $t/current $t/old 2>/dev/null && echo "WROTE rename"
	rm -rf $t/g*/git/objects 2>/dev/null && echo "WROTE remove"
	mount -o remount,rw $t 2>/dev/null && echo "WROTE remount"
	unshare -Urm mount -o remount,rw,bind $t 2>/dev/null && echo "WROTE namespace"
	git -C $t/current/git config core.hooksPath /work/tree 2>/dev/null && echo "WROTE config"
	git -C $t/current/git update-ref refs/heads/evil HEAD 2>/dev/null && echo "WROTE ref"
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

objects=$COFFER_HOME/sandboxes/1/objects
template=$objects/current
main=$(sed -n 's/^ref: refs.heads.//p' "$COFFER_HOME"/repos/*.git/HEAD)
one=$(tip "$main")
has_tip() { grep -q "^$1 refs/remotes/origin/$main\$" "$template/refs"; }
tap_ok 'the objects are there before any run' wait_for 20 has_tip "$one"
tap_is "$(stat -c %a "$objects")" 700 'for no other user of the host'
tap_is "$(order 1 /plan)" 'done' 'the first run'
tap_ok 'tree, origin and its address are right' \
    grep -qE "^at $one origin $one url http://coffer/.*calc.git$" "$T/message"
tap_ok 'the tree is whole' grep -q whole "$T/message"
tap_ok 'it borrows its objects' grep -q borrowed "$T/message"
tap_ok 'and has none of its own' grep -q '^own 0$' "$T/message"
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
tap_ok 'it is fetched' wait_for 20 grep -q "^[0-9a-f]* refs/remotes/origin/$branch\$" "$template/refs"
tap_ok 'its tree was at the branch' git -C "$COFFER_HOME"/repos/*.git merge-base --is-ancestor "$two" "$(tip "$branch")"

# upstream FILE [REF]: a commit there, on main unless REF is given.
upstream() {
	(cd "$WORK" && echo "$1" >"$1" && git add "$1" && git commit -q -m "$1" &&
	    git push -q origin "HEAD:refs/heads/${2:-main}") >/dev/null 2>&1
	chown -R "$(stat -c %u "$COFFER_HOME/db")" "$T/up"
	coffer sync calc >/dev/null 2>&1
}
# The upstream's owner is cofferd's: git as root has to be told.
git config --global --add safe.directory '*'
upstream two.txt
tap_ok 'what is pushed is fetched without a run' wait_for 20 has_tip "$(tip "$main")"
tap_is "$(order 5 /plan)" 'done' 'a run after it'
tap_ok 'it is at the new commit' grep -q "^at $(tip "$main") " "$T/message"
tap_ok 'it has no object of its own' grep -q '^own 0$' "$T/message"

upstream gone.txt gone
gone=$(git -C "$WORK" rev-parse HEAD)
tap_ok 'a branch is fetched' wait_for 20 grep -q "^$gone " "$template/refs"
git -C "$WORK" reset -q --hard HEAD~1
git -C "$WORK" push -q origin :refs/heads/gone
old=$(readlink "$template")
touch -d '2 days ago' "$template/made"
upstream three.txt
is_new() { [ "$(readlink "$template")" != "$old" ]; }
tap_ok 'a day later it is made anew' wait_for 20 is_new
tap_ok 'with all that is there' wait_for 5 has_tip "$(tip "$main")"
tap_not 'and no dropped branch lives on in it' git -C "$template/git" cat-file -e "$gone"
upstream four.txt
is_alone() { [ "$(ls "$objects")" = "$(printf 'current\n%s' "$(readlink "$template")")" ]; }
tap_ok 'the old one goes' wait_for 20 is_alone

kill -9 "$(pgrep -f "^$O/bin/coffer-agentd .*$COFFER_HOME" | head -n 1)"
upstream five.txt
tap_ok 'another agentd goes on with it' wait_for 20 has_tip "$(tip "$main")"

# Its name may come again when it is made twice.
: >"$template/mark"
rm -rf "$template"/git/objects/pack
tap_is "$(order 6 /plan)" 'done' 'a run without the objects that it should borrow'
tap_ok 'its tree is whole' grep -q whole "$T/message"
tap_ok 'they are made anew' wait_for 20 sh -c "test -e '$template/refs' && ! test -e '$template/mark'"
# shellcheck disable=SC2016 # the session expands it
coffer exec calc -- sh -c 'cd /run/coffer/objects && ls /work /work/runs; mv /work/runs /work/old
echo evil >>current/refs && echo WROTE; rm -rf g*; mv current x && echo WROTE; touch new && echo WROTE
mount -o remount,rw . && echo WROTE; ls' >"$T/session" 2>&1
tap_not 'a session cannot write them' grep -q WROTE "$T/session"
tap_ok 'nor take their place' test -s "$template/refs"
# shellcheck disable=SC2016
coffer exec calc -- sh -c 'cd /tmp && git tree && cd calc && git status --porcelain -b && git rev-parse HEAD &&
    git fsck --no-dangling && ls .git/objects/info && git fetch -q && git tree /tmp/b && git -C /tmp/b rev-parse origin/HEAD
    git -C /tmp tree' >"$T/session" 2>&1
tap_is "$(grep -c "^$(tip "$main")\$" "$T/session")" 2 'git tree makes a clone of a session'
tap_not 'that borrows nothing' grep -qE 'alternates|missing|^fatal|^error' "$T/session"
tap_ok 'it has an upstream' grep -q "^## $main...origin/$main\$" "$T/session"
tap_ok 'and takes no place' grep -q 'calc is there already' "$T/session"
coffer destroy calc --yes --force >/dev/null 2>&1
is_gone() { [ ! -e "$COFFER_HOME/sandboxes/1" ]; }
tap_ok 'they go with the project' wait_for 30 is_gone
[ "$TAP_FAILED" -eq 0 ] || { cat "$T/message" "$T/session"; tail -n 20 "$COFFER_HOME"/log/*.log; } | sed 's/^/# /'
tap_done
