#!/bin/sh
# What an upstream over HTTP can do wrong, and what the mirror makes of it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mirror_lib.sh"

coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
upstream_stall = 2s
$(lib_router_ids)
CONF
start_cofferd
start_upstream
tap_plan 86

SECRET=s3cr3t-upstream-t0ken
project_of "$UPURL" calc
api PATCH /api/v1/repos/admin/calc '{"mirror_interval":"24h0m0s"}'
tap_is "$STATUS" 200 'nothing is asked but what is asked for here'
sync
look
tap_is "$(state)" ok 'the first sync is ok'
tap_is "$(rev refs/heads/main)" "$(uprev main)" 'with its branch'

# A poll without news is one exchange on a kept connection.
before=$(asked) conns=$(asked connection)
for _ in 1 2 3 4 5; do sync; done
tap_is "$(($(asked) - before))" 5 'five polls are five requests'
tap_ok 'on connections that were there' [ "$(($(asked connection) - conns))" -le 1 ]
tap_is "$(events mirror.synced)" 1 'and nothing to tell'

# failure MODE STATE: the failure, once as an event; then well again.
failure()
{
	up_commit "$1"
	n=$(events mirror.failed)
	old=$(rev refs/heads/main)
	mode "$1"
	sync
	look
	tap_is "$(state)" "$2" "$1: $2"
	sync
	tap_is "$(($(events mirror.failed) - n))" 1 'one event for it'
	tap_is "$(rev refs/heads/main)$(rev refs/namespaces/upstream/refs/heads/main)" "$old$old" 'no ref has moved'
	mode
	sync
	look
	tap_is "$(state) $(rev refs/heads/main)" "ok $(uprev main)" 'well again when asked'
}

failure 'any status 401' paused/auth
failure 'any status 403' paused/auth
failure 'any status 404' paused/not-found
failure 'any status 500' failed/gone
failure 'any redirect 301 http://127.0.0.1:9' paused/redirect
failure 'any hang' failed/slow
failure 'fetch cut 300' failed/protocol
failure 'fetch drip 300' failed/slow
failure 'fetch corrupt 30' failed/content
tap_ok 'nothing half is left of all that' whole

# A pause goes on without a question until a token comes.
mode 'any status 401'
sync
look
tap_is "$(field .mirror.next_at)" null 'a pause has no next time'
tap_like "$(field .mirror.last_error)" '*set a token or key*' 'and says what to do'
mode
printf '%s\n' "$SECRET" >"$T/token"
COFFER_URL=$URL COFFER_TOKEN=$ADMIN "$O/bin/coffer" credential "$PROJECT" --token-file "$T/token" >"$T/cli.out" 2>&1
tap_is "$?" 0 'one is set by the command line'
rm "$T/token"
tap_ok 'a new token ends it' wait_for 10 is_ok
tap_ok 'it was sent' grep -q "^ls ok .*$(printf 'x-access-token:%s' "$SECRET" | base64 -w0)" "$UPDIR/log"

# Asked to wait: not before, whoever asks; nor for another project there.
project_of "$UPURL" other
sync
mode 'any status 429 Retry-After=8'
began=$(date +%s)
sync
look
tap_is "$(state)" failed/rate-limited 'asked to wait'
n=$(asked)
sync
sync admin/calc
tap_is "$(asked)" "$n" 'then nobody asks'
mode
look
next=$(date -d "$(field .mirror.next_at)" +%s)
tap_ok 'the next time is then' [ "$next" -ge $((began + 8)) ]
goes_on() { sync; is_ok; }
tap_ok 'and after that it goes on' wait_for 20 goes_on
mode 'any status 403 X-RateLimit-Remaining=0 X-RateLimit-Reset='$(($(date +%s) + 2))
sync
look
tap_is "$(state)" failed/rate-limited 'a spent budget is no refusal'
mode
tap_ok 'which ends, too' wait_for 20 goes_on
# Upstream counts whoever asks.
api DELETE /api/v1/repos/admin/other
tap_is "$STATUS" 204 'the other project goes'

# The token does not go where upstream points.
mkdir -p "$T/else"
start "$T/else.log" perl "$SYSTEM_DIR/upstream.pl" "$T/else"
wait_for 20 test -s "$T/else/port"
ELSE=http://127.0.0.1:$(cat "$T/else/port")
PROJECT=admin/calc
look
PROJECT_ID=$(field .id) R=$HOME_DIR/repos/$PROJECT_ID.git
up_commit redirected
mode "any redirect 302 $ELSE"
sync
look
tap_like "$(field .mirror.last_error)" "*$ELSE*" 'where it points is told'
mode "fetch redirect 307 $ELSE"
sync
look
tap_is "$(state)" paused/redirect 'a redirected fetch too'
mode "info redirect 302 $ELSE" "ls status 400"
sync
look
tap_is "$(state)" paused/redirect 'a redirected greeting too'
tap_not 'nobody came there' test -s "$T/else/log"

# Lies.
A=$(uprev main)
mode "ls sub $A 1111111111111111111111111111111111111111"
sync
look
tap_is "$(state)" failed/lying 'an id that upstream does not have'
mode
sync
up_commit late
B=$(uprev main)
printf '%s HEAD symref-target:refs/heads/main\n%s refs/heads/main\n' "$A" "$A" >"$T/refs"
n=$(asked fetch)
{ cat "$T/refs" && echo "$A refs/tags/lie"; } >"$T/lie"
mode "poll refs $T/lie"
sync
look
tap_is "$(state) $(rev refs/heads/main)" "failed/lying $A" 'a list that is not what a fetch gives is not followed'
tap_is "$(($(asked fetch) - n))" 1 'what it gave is not fetched twice'
mode "info sub x x" "ls refs $T/refs"
sync
look
tap_is "$(state)" ok 'an old list is followed as it is'
tap_is "$(rev refs/heads/main)" "$A" 'without the new commit'
printf '%s refs/heads/main\n%s refs/heads/no..good\n%s refs/heads/a/\n%s refs/heads/..\n%s refs/heads/x.lock\n%s refs/heads/-oops\n' "$A" "$A" "$A" "$A" "$A" "$A" >"$T/refs"
sync
look
tap_is "$(state)" ok 'names that git refuses are left out'
tap_is "$(git --git-dir="$R" for-each-ref --format='%(refname)' refs/heads | tr '\n' ' ')" 'refs/heads/-oops refs/heads/main ' 'and the others there'
long=$(printf '%0300d' 0)
printf '%s refs/heads/main\n%s refs/heads/%s\n' "$A" "$A" "$long" >"$T/refs"
sync
look
tap_is "$(state)" ok 'a name that no disk holds is left out'

# A branch that is no commit, which is HEAD too: nobody could clone that.
blob=$(echo hi | git --git-dir="$UPDIR/calc.git" hash-object -w --stdin)
[ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$UPDIR/calc.git/objects"
printf '%s HEAD symref-target:refs/heads/blob\n%s refs/heads/blob\n%s refs/heads/main\n%s refs/tags/blob\n' "$blob" "$blob" "$A" "$blob" >"$T/refs"
sync
look
tap_is "$(state) $(field .default_branch) $(field .mirror.report.counts.failed)" 'ok main 1' 'a branch that is no commit is left out and told'
tap_is "$(rev refs/heads/blob) $(rev refs/tags/blob)" "none $blob" 'a tag may be one'
tap_is "$(git --git-dir="$R" symbolic-ref HEAD)" refs/heads/main 'HEAD is a branch that is there'
sync
n=$(events mirror.synced)
sync
sync
tap_is "$(events mirror.synced)" "$n" 'it is not told at every poll'

# Back and forth: each tip is kept once.
other=$(git --git-dir="$UPDIR/calc.git" rev-parse "$B~1")
for sha in "$B" "$other" "$B" "$other" "$B" "$A"; do
	printf '%s refs/heads/main\n%s refs/tags/flap\n' "$A" "$sha" >"$T/refs"
	sync
done
tap_is "$(git --git-dir="$R" for-each-ref refs/coffer/kept | grep -c 'tags/flap$')" 2 'an upstream that goes back and forth costs a kept ref for each tip'
printf '%s%s refs/heads/main\n' "$A" 111111111111111111111111 >"$T/refs"
sync
look
tap_is "$(state)" failed/protocol 'ids of another hash are refused'
perl -e 'printf "%s refs/tags/t%d\n", $ARGV[0], $_ for 1 .. 150_000' "$A" >"$T/refs"
sync
look
tap_is "$(state)" failed/limit 'more refs than are mirrored'
mode 'ls echo' 'info echo'
sync
look
tap_is "$(state)" failed/protocol 'an upstream that tells what it was sent'
mode
sync
look
tap_is "$(state) $(rev refs/heads/main)" "ok $B" 'well again'

# The token is nowhere: not the text, not what was sent.
api GET "/api/coffer/v1/events?after=0&limit=1000"
cp "$BODY" "$T/events"
api GET /api/coffer/v1/projects
cp "$BODY" "$T/projects"
basic=$(printf 'x-access-token:%s' "$SECRET" | base64 -w0)
for what in "$T/cofferd.log" "$T/events" "$T/projects" "$HOME_DIR/db" "$HOME_DIR/repos" "$HOME_DIR/git" "$HOME_DIR/coffer.conf"; do
	tap_not "no token in ${what#"$T/"}" grep -rqF -e "$SECRET" -e "$basic" "$what"
done
tap_is "$(grep -rlF "$SECRET" "$HOME_DIR")" "$HOME_DIR/secrets/upstream/$PROJECT_ID.token" 'but in its file'
tap_is "$(stat -c %a "$HOME_DIR/secrets/upstream/$PROJECT_ID.token")" 600 'which is its owner'\''s'
tap_ok 'cofferd ends well' stop_cofferd
tap_done
