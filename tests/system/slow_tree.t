#!/bin/bash
# With a repository of 100 MB: nothing is cloned for the tree of a run, after a
# push and on a new day, too, nor for the tree of a check; how long each took is
# printed.  agentd is killed while the objects are made anew, a disk is full.
. "$(dirname "$0")/lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x "$O/tests/bench/gen_repo" ] || tap_skip_all 'no tests/bench/gen_repo'
tap_plan 20
COMMITS=${COMMITS:-8500}
COFFER_HOME=$T/home
export COFFER_HOME
coffer() { "$O/bin/coffer" "$@"; }
tree_on_exit() {
	coffer down >"$T/down.log" 2>&1
	umount "$COFFER_HOME/sandboxes" 2>/dev/null
	lib_on_exit
}
trap tree_on_exit EXIT

coffer setup >/dev/null || exit 1
sed -i 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
git config --global --add safe.directory '*'
mkdir "$T/up"
chmod 755 "$T/up"
big=$T/up/big.git
git init -q --bare -b main "$big"
"$O/tests/bench/gen_repo" --commits "$COMMITS" | git -C "$big" fast-import --quiet --done --force
echo "# $(git -C "$big" count-objects -v | grep size-pack) KiB, $(git -C "$big" ls-tree -r main | wc -l) files"
owner=$(stat -c %u "$COFFER_HOME/db")
git clone -q --no-checkout "$big" "$T/work"
# upstream PATH TEXT: a commit there.
upstream() {
	local blob
	blob=$(printf '%b' "$2" | git -C "$T/work" hash-object -w --stdin)
	git -C "$T/work" read-tree HEAD
	git -C "$T/work" update-index --add --cacheinfo "100644,$blob,$1"
	git -C "$T/work" update-ref HEAD "$(git -C "$T/work" commit-tree -p HEAD -m "$1" "$(git -C "$T/work" write-tree)")"
	git -C "$T/work" push -q origin HEAD:main
	chown -R "$owner" "$T/up"
	[ -z "${SYNC-1}" ] || coffer sync big >/dev/null 2>&1
}
SYNC='' upstream .coffer/checks.yml 'checks:\n  - name: count\n    test: find . -type f | wc -l\n    required: false\n'
files=$(git -C "$T/work" ls-tree -r HEAD | wc -l)

mkdir -p "$COFFER_HOME/agents"
cat >"$COFFER_HOME/agents/probe" <<'A'
#!/bin/sh
{
	echo "at $(git rev-parse HEAD)"
	[ -z "$(git status --porcelain)" ] && echo clean
	git fsck --connectivity-only --no-dangling >/dev/null 2>&1 && echo whole
	git count-objects -v | awk '/^(count|in-pack):/ { n += $2 } END { print "own " n }'
	if [ "$COFFER_ACCESS" = write ]; then
		echo "run $COFFER_RUN" >new.txt
		git add new.txt && git commit -q -m "New" && git push -q origin HEAD
	fi
} >"$COFFER_OUT" 2>&1
A
chmod 755 "$COFFER_HOME/agents/probe"
coffer up -d --listen 127.0.0.1:0 >/dev/null 2>&1 || exit 1
coffer create "file://$big" --network none --wait --timeout 120s -- /opt/coffer/agents/probe >/dev/null || exit 1
coffer issue new big -t 'Look' -b 'around' >/dev/null || exit 1
template=$COFFER_HOME/sandboxes/1/objects/current
tip() { git -C "$T/work" rev-parse HEAD; }
has_tip() { grep -q "^$(tip) refs/remotes/origin/main\$" "$template/refs"; }
# ms of DATE [DATE]: from the log's times.
ms() { echo $((($(date -d "$2" +%s%N) - $(date -d "$1" +%s%N)) / 1000000)); }
served() { ip netns exec "coffer-$(cat "$COFFER_HOME/instance")-p${1:-1}" cat /sys/class/net/eth0/statistics/rx_bytes; }
# order TEXT: a run; its id, message, state, the time from the order to the
# whole tree and what cofferd served meanwhile.
order() {
	local before log=$COFFER_HOME/log/agentd.log n
	before=$(served)
	n=$(coffer run list "${2:-big}" --json | jq length)
	coffer issue comment "${2:-big}" 1 -b "$1" >/dev/null
	wait_for 30 has_runs "$n" "${2:-big}"
	ID=$(coffer run list "${2:-big}" --json | jq -r 'max_by(.id).id')
	coffer run wait "$ID" --timeout 120s >/dev/null 2>&1
	coffer run list "${2:-big}" --json | jq -r 'max_by(.id) | .state, .message' >"$T/message"
	MS=$(ms "$(awk -v r="run=$ID" '/run begin/ && $6 == r { print $1 }' "$log")" \
	    "$(awk -v r="run=$ID" '/phase-end/ && /phase=prepare/ && $6 == r { print $1 }' "$log")")
	KB=$((($(served) - before) / 1024))
	echo "# run $ID: tree after $MS ms, $KB KiB served"
}
has_runs() { [ "$(coffer run list "$2" --json | jq length)" -gt "$1" ]; }
# few_own: of the objects, which a clone would have all of: thousands.
few_own() { grep -qxE 'own [0-9]{1,2}' "$T/message"; }
nothing_cloned() { [ "$KB" -lt 1024 ] && few_own; }

tap_ok 'the objects are fetched before any run' wait_for 120 has_tip
order /plan
tap_ok 'the first run is done' grep -qx 'done' "$T/message"
tap_ok 'at the tip' grep -qx "at $(tip)" "$T/message"
tap_ok 'as the commit says' grep -qx clean "$T/message"
tap_ok 'with all objects' grep -qx whole "$T/message"
tap_ok 'nothing was cloned' nothing_cloned
order /plan
tap_ok 'nor for a later run' nothing_cloned
upstream a.txt one
order /plan
tap_ok 'nor after a push' nothing_cloned
tap_ok 'it is at the new tip' grep -qx "at $(tip)" "$T/message"

# A new day: they are made anew beside the old ones, and agentd dies meanwhile.
old=$(readlink "$template")
touch -d '2 days ago' "$template/made"
upstream b.txt two
is_half() { [ -e "$COFFER_HOME/sandboxes/1/objects/new/git" ]; }
tap_ok 'a day later they are made anew' wait_for 20 is_half
order /plan
tap_ok 'the first run of the day is at the tip' grep -qx "at $(tip)" "$T/message"
tap_ok 'and has not cloned it' few_own
is_new() { [ "$(readlink "$template")" != "$old" ]; }
if is_half; then
	kill -9 "$(awk '/service=agentd/ && /respawn|pid=/ { print }' "$COFFER_HOME/log/coffer.log" | sed -n 's/.*pid=\([0-9]*\).*/\1/p' | tail -n 1)" 2>/dev/null ||
	    kill -9 "$(pgrep -f "^$O/bin/coffer-agentd .*$COFFER_HOME" | head -n 1)"
fi
tap_ok 'a killed agentd makes them all the same' wait_for 120 is_new
is_alone() { [ "$(ls "$COFFER_HOME/sandboxes/1/objects")" = "$(printf 'current\n%s' "$(readlink "$template")")" ]; }
upstream c.txt three
tap_ok 'nothing else is left' wait_for 90 is_alone
order /plan
tap_ok 'and nothing is cloned for a run after it' nothing_cloned

# A CI job: from its lease to the tree.
order /fix
job_over() { grep -q 'job end' "$COFFER_HOME/log/runner.log"; }
tap_ok 'a check runs' wait_for 60 job_over
log=$COFFER_HOME/log/runner.log
echo "# job: tree after $(ms "$(awk '/job begin/ { print $1; exit }' "$log")" "$(awk '/phase=test/ { print $1; exit }' "$log")") ms"
tap_ok 'its tree is whole' test "$(grep -hx '[0-9]*' "$COFFER_HOME"/logs/jobs/1.log | head -n 1)" = $((files + 4))

# A full disk: no objects are kept, and a run has its tree all the same.
coffer destroy big --yes --force >/dev/null 2>&1
is_gone() { [ ! -e "$COFFER_HOME/sandboxes/1" ]; }
tap_ok 'all of it goes with the project' wait_for 60 is_gone
mount -t tmpfs -o size=200m,mode=711 none "$COFFER_HOME/sandboxes" || tap_bail 'tmpfs'
make_upstream calc
coffer create "$UPSTREAM" --network none --wait --timeout 60s -- /opt/coffer/agents/probe >/dev/null 2>&1
coffer issue new calc -t 'Look' -b 'around' >/dev/null
served() { echo 0; }
order /plan calc
tap_ok 'a run of a full disk is done' grep -qx 'done' "$T/message"
tap_ok 'by a clone of its own' grep -qE '^own [1-9]' "$T/message"
[ "$TAP_FAILED" -eq 0 ] || { cat "$T/message"; tail -n 30 "$COFFER_HOME"/log/*.log; } | sed 's/^/# /'
tap_done
