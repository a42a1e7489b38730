#!/bin/bash
# The record of a coffer fetch: signed by a key of the user, on the pull request
# at cofferd, checked by coffer verify; what could not be sent is sent later.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
coffer_home
start_cofferd
make_project
MIA=$(make_user mia)
api PUT "/api/v1/repos/$PROJECT/collaborators/mia" '{"permission":"read"}'
as "$ADMIN" push_branch agent/fix 'fix' >/dev/null 2>&1
api POST "/api/v1/repos/$PROJECT/pulls" \
    '{"title":"A fix","head":"agent/fix","base":"main"}'
tap_is "$STATUS" 201 'there is a pull request'
N=$(field .number)
COFFER_URL=$URL
COFFER_TOKEN=$ADMIN
REPO=$(echo "$HOME_DIR"/repos/*.git)
COFFER_HOME=$T/none
export COFFER_URL COFFER_TOKEN COFFER_HOME
CLONE=$T/clone
FETCH=$CLONE/.git/coffer/fetch
P=/api/coffer/v1/projects/$PROJECT
git clone -q "$T/up/calc.git" "$CLONE"

run()
{
	(cd "$CLONE" && "$O/bin/coffer" "$@") >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}
newest() { find "$FETCH" -maxdepth 1 -name '2*.json' | sort | tail -n 1; }

run fetch --project "$PROJECT" "$N" --yes
tap_is "$RC" 0 'it is fetched'
REC=$(newest)
tap_is "$(stat -c %a "$T/xdg/coffer/fetch.key") $(stat -c %a "$REC")" '600 600' \
    'key and record are the user'"'"'s alone'
tap_is "$(jq -r '[.result, .apply, .pull, (.key | length), (.signature | length)] | join(" ")' "$REC")" \
    "applied unstaged $N 64 128" 'the record says what was done, and is signed'
api GET "$P/pulls/$N/fetches"
tap_is "$STATUS $(field '.[0] | [.result, .actor.login, .pull, .apply] | join(" ")')" \
    "200 applied admin $N unstaged" 'cofferd lists it on the pull request'
ID=$(field '.[0].id')
tap_is "$(field '.[0].key')" "$(jq -r .key "$REC")" 'with its key'
api GET "$P/fetches/$ID"
tap_is "$(field .record)" "$(cat "$REC")" 'and gives it back as it was signed'
api GET '/api/coffer/v1/events?after=0&limit=1000'
tap_is "$(field '[.events[] | select(.kind == "fetch.recorded") | .item] | join(" ")')" "$N" \
    'one event tells of it'
run pr show "$PROJECT" "$N"
tap_ok 'coffer pr show tells who fetched it' grep -q "fetched by admin: applied.*record $ID" "$T/out"

sign_in admin "$ADMIN"
page GET "/$PROJECT/pulls/$N"
tap_ok 'and so does the page of the pull request' shows 'Fetched into clones'
tap_ok 'which is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"

run verify "$REC" --json
tap_is "$RC $(jq -r '[.checks[] | select(.state == "ok") | .what] | join(" ")' "$T/out")" \
    '0 signature key base clone_head' 'coffer verify of a file: what is not here is not judged'
run verify "$ID"
tap_is "$RC" 0 'of a number'
tap_ok 'with whose key it is' grep -q 'of admin, since' "$T/out"
sed 's/"unstaged"/"branch"/' "$REC" >"$T/forged.json"
run verify "$T/forged.json"
tap_is "$RC" 40 'a record that was changed is told'
printf '{"a":1}\n' >"$T/none.json"
run verify "$T/none.json"
tap_is "$RC" 40 'one without a signature, too'
run verify 999
tap_is "$RC" 4 'one that is not there: 4'
run fetch undo
tap_is "$RC" 0 'undo'

run fetch agent/fix --yes --apply branch
run verify "$(newest)" --json
tap_is "$RC $(jq -r '[.checks[] | select(.state == "ok") | .what] | join(" ")' "$T/out")" \
    '0 signature key base head clone_head tree' 'with the branch here its commit and tree are checked, too'
run fetch undo
run fetch merge agent/fix --yes
MERGED=$(newest)
run verify "$MERGED" --json
tap_is "$RC $(jq -r '[.checks[] | select(.state == "ok") | .what] | join(" ")' "$T/out")" \
    '0 signature key base head clone_head tree' 'and after a merge that the same merge gives the same tree'
run fetch undo

# What cofferd takes.
tell() { jq -n --rawfile r "$1" '{record: $r}' >"$T/body"; api POST "$P/fetches" "$(cat "$T/body")"; }
tell "$REC"
tap_is "$STATUS $(field .id)" "200 $ID" 'told again it is the same one'
tell "$T/forged.json"
tap_is "$STATUS" 403 'a forged one is refused'
tell "$T/none.json"
tap_is "$STATUS" 422 'one that is none is refused'
as "$MIA" tell "$REC"
tap_is "$STATUS" 403 'a key is his who came with it first'
as "$AGENTD" tell "$REC"
tap_is "$STATUS" 403 'a service has none'
make_project other
Q=$P
P=/api/coffer/v1/projects/$PROJECT
tell "$REC"
tap_is "$STATUS" 403 'a record says nothing of another project'
api GET "$P/fetches/$ID"
tap_is "$STATUS" 404 'nor is it found there'
P=$Q
api POST "$P/fetches" '{}'
tap_is "$STATUS" 422 'a body without one is refused'
api GET "$P/fetches?key=x"
tap_is "$STATUS" 422 'a key is 64 digits'
EVE=$(make_user eve)
as "$EVE" api GET "$P/fetches"
tap_is "$STATUS" 404 'who may not see the project sees none'

# Refusals are told, too.
push_branch bad/agent bad >/dev/null 2>&1
git_work=$T/bad
git_as "$ADMIN" clone -q "$URL/$(api GET "$P" && field .full_name).git" "$git_work" >/dev/null 2>&1
(
	cd "$git_work" && git checkout -q -B bad/agent && mkdir .claude &&
	    echo '{}' >.claude/settings.json && git add . && git commit -q -m bad
)
git_as "$ADMIN" -C "$git_work" push -q -f origin bad/agent >/dev/null 2>&1
run fetch bad/agent
tap_is "$RC" 3 'a branch with an agent'"'"'s settings is refused'
api GET "$P/fetches?limit=1"
tap_is "$(field '.[0] | [.result, .branch, .pull] | join(" ")')" 'blocked bad/agent ' \
    'which cofferd knows'

# What is refused before it is judged; who said yes; what is undone.
# branch_of NAME: a branch from main by the commands of the input, pushed
branch_of()
{
	(cd "$git_work" && git checkout -q -B "$1" origin/main && sh -e) &&
	    git_as "$ADMIN" -C "$git_work" push -q -f origin "$1" >/dev/null 2>&1
}
branch_of agent/clash <<'E'
echo theirs >README.md
git add . && git commit -q -m x
E
(cd "${CLONE:?}" && echo mine >README.md && git add README.md && git commit -q -m mine)
run fetch agent/clash
tap_is "$RC $(jq -r '.result + " " + .refused' "$(newest)" | cut -c1-20)" '1 refused it conflicts' \
    'a conflict is on record'
git -C "${CLONE:?}" reset -q --hard HEAD~1
before=$(find "$FETCH" -name '2*.json' | wc -l)
run fetch nosuch
tap_is "$RC $(find "$FETCH" -name '2*.json' | wc -l)" "4 $before" 'not a branch that is not there'
api GET "$P/fetches?limit=1"
tap_is "$(field '.[0] | .result + " " + .branch')" 'refused agent/clash' 'and cofferd has it'
branch_of agent/asks <<'E'
echo 1 >setup.py
git add . && git commit -q -m x
E
run fetch agent/asks --yes
tap_is "$RC $(jq -r .confirmed "$(newest)")" '0 --yes' 'how somebody said yes is on record'
run fetch undo
tap_is "$RC $(jq -r '[.result, .branch, .head] | join(" ")' "$(newest)")" \
    "0 undone agent/asks $(git -C "$git_work" rev-parse HEAD)" 'and that it was undone'
api GET "$P/fetches?limit=1"
tap_is "$(field '.[0] | .result + " " + .branch')" 'undone agent/asks' 'at cofferd, too'
run verify "$(newest)"
tap_is "$RC" 0 'which can be verified'
# An older repository, or an upstream, has names that no push may make.
ODD="fix/$(printf '\303\274')mlaut's \$(id)&<b>"
ODD=$(printf %s "$ODD" | tr -d ' ')
git -C "$REPO" update-ref "refs/heads/$ODD" "$(git -C "$git_work" rev-parse HEAD)"
odd_is_there() { run fetch "$ODD" --dry-run && [ "$RC" != 4 ]; }
wait_for 10 odd_is_there
run fetch "$ODD" --yes
tap_is "$RC" 0 'a branch of an odd name is fetched'
api GET "$P/fetches?limit=1"
tap_is "$(field '.[0] | .result + " " + .branch')" "applied $ODD" 'and on record at cofferd'
run fetch undo

# A key is of the account that its first record names; words are known ones.
LATER=$(newest)
hex() { od -An -tx1 | tr -d ' \n'; }
# signed FILE KEY FILTER: the record with another content, signed by KEY.
signed()
{
	{
		jq -cj "del(.key, .signature) | $3" "$1" | sed 's/}$//'
		printf ',"key":"%s"' "$(openssl pkey -in "$2" -pubout -outform DER | tail -c 32 | hex)"
	} >"$T/part"
	{ printf 'coffer fetch record\n'; cat "$T/part"; } >"$T/msg"
	openssl pkeyutl -sign -inkey "$2" -rawin -in "$T/msg" -out "$T/sig"
	{ cat "$T/part"; printf ',"signature":"%s"}\n' "$(hex <"$T/sig")"; } >"$T/signed.json"
}
openssl genpkey -algorithm ed25519 -out "$T/k1.pem" 2>/dev/null
openssl genpkey -algorithm ed25519 -out "$T/k2.pem" 2>/dev/null
signed "$LATER" "$T/k1.pem" .
as "$MIA" tell "$T/signed.json"
tap_is "$STATUS" 403 'who only has the text of another does not get his key'
signed "$LATER" "$T/k1.pem" 'del(.account)'
tell "$T/signed.json"
tap_is "$STATUS" 403 'nor does anybody by a text that names nobody'
signed "$LATER" "$T/k1.pem" .
tell "$T/signed.json"
tap_is "$STATUS" 201 'the one who is named does'
signed "$LATER" "$T/k1.pem" 'del(.account) | .at = "2026-01-01T00:00:00Z"'
tell "$T/signed.json"
tap_is "$STATUS" 201 'and from then on by his key alone'
for bad in '.review = "ok, by admin"' '.apply = "well"' '.branch = "a\u202eb"' '.at = "soon"' '.result = "fine"'; do
	signed "$LATER" "$T/k2.pem" "$bad"
	tell "$T/signed.json"
	tap_is "$STATUS $(field .message | grep -c '^record: \(no \|at\)')" '422 1' "a record of other words is refused: $bad"
done

# Another server says of whom it likes that he is the account here.
openssl genpkey -algorithm ed25519 -out "$T/k3.pem" 2>/dev/null
refused()
{
	signed "$LATER" "$T/k3.pem" "$1"
	tell "$T/signed.json"
	tap_is "$STATUS $(field .message | grep -c 'of this server.*administrator sets public_url')" '409 1' "the first record of a key is of this server: $1"
}
# restart [PUBLIC_URL]: at the same port.
cp "$HOME_DIR/coffer.conf" "$T/before.conf"
restart()
{
	stop_cofferd
	cp "$T/before.conf" "$HOME_DIR/coffer.conf"
	[ $# = 0 ] || printf 'public_url = %s\n' "$1" >>"$HOME_DIR/coffer.conf"
	start_cofferd --listen "${URL#http://}"
}
refused '.url = "http://127.0.0.1@evil.example"'
refused 'del(.url)'
signed "$LATER" "$T/k2.pem" '.url = "http://vm:3000"'
tell "$T/signed.json"
tap_is "$STATUS" 201 'a server that was not told its address takes any'
restart https://coffer.example
refused '.url = "https://evil.example"'
refused '.url = "http://192.0.2.1:3000"'
signed "$LATER" "$T/k3.pem" '.url = "https://coffer.example:443"'
tell "$T/signed.json"
tap_is "$STATUS" 201 'of this one it is taken'

# Reached by what it does not know as its own address.
XDG_CONFIG_HOME=$T/xdg3
COFFER_URL=http://127.1:${URL##*:}
run fetch --project "$(jq -r .project "$REC")" agent/asks --yes --hold none
FIRST=$(newest)
tap_is "$RC $(jq -r '.result + " " + .url' "$FIRST")" "0 applied $COFFER_URL" 'a client at an address that is not public_url'
tap_not 'has not given up its record' test -e "$FIRST.sent"
tap_ok 'and says who can do what' grep -q 'sent next time: .*https://coffer.example: use that address, or an administrator sets public_url' "$T/err"
restart "$COFFER_URL"
run fetch undo
tap_is "$RC $(grep -c '^[0-9]*$' "$FIRST.sent")" '0 1' 'once it is, the record goes with the next one'
COFFER_URL=$URL
restart
git -C "$CLONE" config coffer.url "$URL"

# A token that may not ask whose it is; then another one of the same account.
api POST /api/v1/users/admin/tokens '{"name":"narrow","scopes":["write:repository"]}'
NARROW=$(field .sha1)
XDG_CONFIG_HOME=$T/xdg2
COFFER_TOKEN=$NARROW
run fetch agent/asks --yes
FIRST=$(newest)
tap_is "$RC $(jq -r '.result + " " + (.account // "nobody")' "$FIRST")" '0 applied nobody' 'an account that cannot be asked for is not in the record'
tap_not 'which stays to be sent' test -e "$FIRST.sent"
tap_ok 'and that is said' grep -q 'the record stays here and is sent next time: .*names its account' "$T/err"
COFFER_TOKEN=$ADMIN
run fetch undo
tap_is "$RC $(jq -r '.result + " " + .account' "$(newest)")" '0 undone admin' 'a record that names it'
tap_is "$(cat "$(newest).sent" "$FIRST.sent" | grep -c '^[0-9]*$')" 2 'goes first, and takes the other one along'
XDG_CONFIG_HOME=$T/xdg

# cofferd is away.
stop_cofferd
run fetch agent/fix --yes
tap_is "$RC" 5 'without cofferd nothing is fetched'
start_cofferd
COFFER_URL=$URL
run fetch --project "$(jq -r .project "$REC")" agent/fix --yes
tap_is "$RC" 0 'an apply'
LATE=$(newest)
tap_ok 'that cofferd has' test -s "$LATE.sent"
rm "$LATE.sent"
run fetch undo
run fetch agent/fix --yes --hold none
tap_is "$RC $(test -s "$LATE.sent" && echo sent)" '0 sent' \
    'a record that was not told before is told with the next one'
tap_done
