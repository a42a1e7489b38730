#!/bin/sh
# A webhook of an upstream: signed, it starts a sync; anything else does not.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 32
P=/api/coffer/v1/projects/$PROJECT
H=/api/coffer/v1/hooks/upstream/$PROJECT_ID
R=$HOME_DIR/repos/$PROJECT_ID.git
UP=$T/up/calc.git
owned() { [ "$(id -u)" -ne 0 ] || chown -R "$(stat -c %u "$HOME_DIR/db")" "$T/up"; }
rev() { git --git-dir="$1" rev-parse -q --verify "$2"; }
same() { [ "$(rev "$R" refs/heads/main)" = "$(rev "$UP" refs/heads/main)" ]; }
advance() {
	(cd "$WORK" && echo "$1" >>a.txt && git commit -qam "$1" && git push -q origin main) >/dev/null 2>&1
	owned
}
sign() { printf '%s' "$2" | openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }
# hook EVENT BODY SIGNATURE [HEADER]
hook() {
	printf '%s' "$2" >"$T/payload"
	http POST "$H" -H "X-GitHub-Event: $1" -H "${4:-X-Hub-Signature-256}: $3" \
	    -H 'Content-Type: application/json' --data-binary "@$T/payload"
}

# The interval is long: only a hook can be the reason.
api PATCH "$P" '{"settings":{"interval_s":86400}}'
api POST "$P/sync?wait=20"
tap_is "$(field .mirror.state)" ok 'synced once'

hook push '{}' "sha256=$(sign something '{}')"
tap_is "$STATUS" 401 'without a secret every signature is wrong'
MSG=$(field .message)
H=/api/coffer/v1/hooks/upstream/4711
hook push '{}' "sha256=$(sign something '{}')"
tap_is "$STATUS $(field .message)" "401 $MSG" 'a project that is not there answers the same'
H=/api/coffer/v1/hooks/upstream/$PROJECT_ID

api PUT "$P/upstream-hook" '{}'
tap_is "$STATUS" 200 'a secret is made'
SECRET=$(field .secret)
tap_is "${#SECRET}" 40 'of 160 bits'
tap_is "$(field .url)" "$URL$H" 'with the address for upstream'
F=$HOME_DIR/secrets/upstream/$PROJECT_ID.hook
tap_is "$(stat -c %a "$F")" 600 'its file is private'
api GET "$P"
tap_not 'it is shown once' grep -q "$SECRET" "$BODY"
USER=$(make_user joe)
api PUT "/api/v1/repos/$PROJECT/collaborators/joe" '{"permission":"write"}'
as "$USER" api PUT "$P/upstream-hook" '{}'
tap_is "$STATUS" 403 'a maintainer does not make one'
http PUT "$P/upstream-hook"
tap_is "$STATUS" 401 'nobody without a token does'

BODY1='{"ref":"refs/heads/main"}'
hook ping '{"zen":"x"}' "sha256=$(sign "$SECRET" '{"zen":"x"}')"
tap_is "$STATUS $(field .sync)" '200 false' 'a ping is answered'

advance one
tap_not 'nothing comes by itself' same
hook push "$BODY1" "sha256=$(sign "$SECRET" "$BODY1")"
tap_is "$STATUS $(field .sync)" '202 true' 'a signed push is taken'
tap_ok 'and upstream is followed' wait_for 10 same

advance two
hook push "$BODY1 " "sha256=$(sign "$SECRET" "$BODY1")"
tap_is "$STATUS" 401 'a changed body is refused'
hook push "$BODY1" "sha256=$(sign wrong "$BODY1")"
tap_is "$STATUS" 401 'another secret is refused'
hook push "$BODY1" "sha256="
tap_is "$STATUS" 401 'an empty signature is refused'
http POST "$H" --data-binary '{}'
tap_is "$STATUS" 401 'no signature is refused'
sleep 0.5
tap_not 'and nothing of that synced' same
hook issues "$BODY1" "sha256=$(sign "$SECRET" "$BODY1")"
tap_is "$STATUS $(field .sync)" '200 false' 'an event of no concern is ignored'
hook push "$BODY1" "$(sign "$SECRET" "$BODY1")" X-Gitea-Signature
tap_is "$STATUS" 202 "Gitea's signature is taken"
tap_ok 'and upstream is followed again' wait_for 10 same

# A flood is a few syncs: one runs, one waits.
advance three
SIG=$(sign "$SECRET" "$BODY1")
i=0
printf '%s' "$BODY1" >"$T/payload"
while [ $i -lt 60 ]; do
	echo "url = $URL$H"
	[ $i -eq 59 ] || echo next
	i=$((i + 1))
done >"$T/flood.urls"
sed "s|^url.*|&\nrequest = POST\nheader = \"X-GitHub-Event: push\"\nheader = \"X-Hub-Signature-256: sha256=$SIG\"\ndata-binary = \"@$T/payload\"\noutput = /dev/null\nwrite-out = \"%{http_code}\\\\n\"\nsilent|" "$T/flood.urls" >"$T/flood"
curl -K "$T/flood" >"$T/flood.out" 2>/dev/null
tap_is "$(grep -c 202 "$T/flood.out")" 60 'sixty replays are taken'
tap_ok 'upstream is followed' wait_for 10 same
moved() {
	api GET "/api/coffer/v1/events?after=0&limit=100"
	jq -e '[.events[] | select(.kind=="branch.updated" and .data.source=="mirror")] | length == 3' "$BODY"
}
tap_ok 'each change once' wait_for 10 moved

# Too much, and a mirror that waits for a person.
head -c 1100000 /dev/zero | tr '\0' x >"$T/payload"
http POST "$H" -H "X-Hub-Signature-256: sha256=$SIG" --data-binary "@$T/payload"
tap_is "$STATUS" 413 'over 1 MiB is refused'

api PUT "$P/upstream-hook" '{"secret":"short"}'
tap_is "$STATUS" 422 'a short secret is refused'
api PUT "$P/upstream-hook" '{"secret":"a-secret-of-my-own-making"}'
tap_is "$STATUS" 200 'one may bring a secret'
hook ping x "sha256=$(sign a-secret-of-my-own-making x)"
tap_is "$STATUS" 200 'which is good then'
api PUT "$P/upstream-hook" '{"secret":""}'
tap_is "$STATUS" 204 'an empty one removes it'
hook ping x "sha256=$(sign a-secret-of-my-own-making x)"
tap_is "$STATUS" 401 'and nothing is good any more'
tap_not 'no secret in the log' grep -qe "$SECRET" -e a-secret-of-my-own "$T/cofferd.log"
tap_done
