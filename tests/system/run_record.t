#!/bin/bash
# The record of a run: whole, masked, a chain of hashes under a signature, on
# the comment, at cofferd, and there after a kill at any step.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'

attack_start alpha
KEY=ghp_abcdefghijklmnopqrstuvwxyz0123456789
agent_does <<A
echo "token \$(sed -n 's/.*Bearer //p' /etc/gitconfig)"
echo "key $KEY"
echo "at work" >&2
case \$COFFER_ACCESS in
write)	printf 'one\\ntwo\\n' >new.txt; printf '\\000\\001\\002' >bin.dat
	git rm -q README.md 2>/dev/null; git add -A; git commit -qm 'New'; echo left >left.txt ;;
scratch) echo scrap >scrap.txt ;;
esac
echo "<script>alert(1)</script> $KEY" >"\$COFFER_OUT"
A
dir() { echo "$HOME_DIR/runs/$RID/record"; }
run_is_clean() { [ ! -e "$HOME_DIR/runs/$RID/token" ]; }
ended() { attack_end; wait_for 20 run_is_clean; }
# whole: every file is what the manifest says, and the chain holds
whole() {
	(
		cd "$(dir)" || exit 1
		jq -r '.files[] | .sha256 + "  " + .name' manifest.json | sha256sum -c --quiet || exit 1
		perl -MDigest::SHA=sha256_hex -ne 'BEGIN { $p = "0" x 64 }
		    chomp; /"prev":"\Q$p\E"\}$/ or die "line $.\n"; $p = sha256_hex($_); END { print "$p\n" }' \
		    events.jsonl >"$T/head" || exit 1
		[ "$(cat "$T/head")" = "$(jq -r .events.head manifest.json)" ] &&
		    [ "$(jq -r .manifest manifest.sig)" = "$(sha256sum <manifest.json | cut -d ' ' -f 1)" ]
	)
}

attack_order alpha '/fix it'
ended
RUN1=$RID
tap_is "$(attack_state)" 'done' 'a write run'
tap_ok 'its record is whole' whole
tap_is "$(find "$(dir)" -type f ! -name resources.jsonl -printf '%f\n' | LC_ALL=C sort | tr '\n' ' ')" \
    'events.jsonl finish.log manifest.json manifest.sig out.log patch.diff policy.json prepare.log prompt.md report.html report.md result.json task.json ' \
    'of all that there is; a quick run has no samples'
tap_is "$(find "$(dir)" -perm /077 | wc -l)" 0 'root alone reads it'
tap_not 'the key is nowhere' grep -rqF "$KEY" "$HOME_DIR/runs/$RID" "$HOME_DIR/logs/runs"
tap_is "$(grep -c '^token \*\{40\}$' "$(dir)/out.log"),$(grep -c '^key \*\{40\}$' "$(dir)/out.log")" 1,1 'its token is not, either'
tap_is "$(coffer run logs "$RID" | grep -c '^\(token\|key\) \*\{40\}$')" 2 'nor in its log'
tap_not 'nor in its comment' sh -c "'$O/bin/coffer' issue show alpha $ITEM | grep -qF $KEY"
tap_is "$(jq -r '.patch.files, .patch.added' "$(dir)/manifest.json" | tr '\n' ' ')" '3 3 ' 'its patch is counted'
tap_not 'its report runs nothing' grep -q '<script' "$(dir)/report.html"
C=$(jq -r .comment "$T/run.json")
curl -sS -H "Authorization: token $ADMIN" "$URL/api/v1/repos/admin/alpha/issues/comments/$C/assets" >"$T/assets"
tap_is "$(jq -r '.[].name' "$T/assets")" "run-$RID.md" 'its comment has the report'
curl -sS -H "Authorization: token $ADMIN" "$(jq -r '.[0].browser_download_url' "$T/assets")" >"$T/report.md"
tap_ok 'the same' cmp -s "$T/report.md" "$(dir)/report.md"

# ---- the user's side ----
coffer run inspect "$RID" >"$T/inspect" 2>&1
tap_is $? 0 'coffer run inspect'
tap_ok 'with when it began' grep -q '^  began  *20[0-9][0-9]-[-0-9]*T[0-9:]*Z$' "$T/inspect"
tap_ok 'it is signed' grep -q 'signed by this installation' "$T/inspect"
tap_is "$(coffer run inspect "$RID" --json | jq -r .state)" 'done' 'as JSON'
coffer run report "$RID" -o "$T/report.html" && coffer run report "$RID" >"$T/report.txt"
tap_is "$?,$(head -c 15 "$T/report.html"),$(head -n 1 "$T/report.txt")" "0,<!DOCTYPE html>,# Run $RID\\: done" 'coffer run report'
coffer run replay "$RID" >"$T/replay" 2>&1
tap_is $? 0 'coffer run replay'
tap_ok 'gives the same tree' grep -q 'gives the tree' "$T/replay"
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/replay" "$T/inspect"

attack_order alpha /scrap
coffer run watch "$RID" >"$T/watch" 2>&1
tap_is $? 0 'coffer run watch'
tap_ok 'shows what it says' grep -q '^at work' "$T/watch"
ended
tap_ok 'a scratch run has its record' whole
tap_ok 'and its patch' grep -q '^+scrap$' "$(dir)/patch.diff"
tap_ok 'that gives its tree' coffer run replay "$RID"
coffer run compare "$RUN1" "$RID" >"$T/compare"
tap_is "$?,$(grep -c '^access *write *scratch' "$T/compare")" 0,1 'coffer run compare'
attack_order alpha /look
ended
tap_ok 'a read run has one' whole
tap_ok 'without a patch' [ ! -e "$(dir)/patch.diff" ]
coffer run replay "$RID" >"$T/replay"
tap_is "$?,$(grep -c 'there is no patch' "$T/replay")" 0,1 'of which nothing is replayed'

# ---- one that shows git another commit than it made ----
agent_does <<'A'
echo good >shown.txt; git add -A; git commit -qm Shown; D=$(git rev-parse HEAD)
echo bad >shown.txt; git commit -qam Made
git replace HEAD "$(git commit-tree -p "$D^" -m Made "$D^{tree}")"
echo "$D" >.git/info/grafts
git reset -q --hard
echo over >"$COFFER_OUT"
A
attack_order alpha '/fix it'
ended
tap_is "$(attack_state)" 'done' 'a run that replaces its commit'
C=$(jq -r .patch.commit "$(dir)/manifest.json")
tap_is "$(curl -sS -H "Authorization: token $ADMIN" "$URL/api/v1/repos/admin/alpha/raw/shown.txt?ref=$C"),$(grep -x '+[a-z]*' "$(dir)/patch.diff")" \
    'good,+good' 'what it pushed is what its patch says'
coffer run replay "$RID" >"$T/replay" 2>&1
tap_is "$?,$(grep -c 'gives the tree' "$T/replay")" 0,1 'and gives the tree of its commit'

# ---- one that was changed ----
cp "$HOME_DIR/logs/runs/$RUN1.tar" "$T/good.tar"
sed 's/^+two$/+TWO/' "$T/good.tar" >"$HOME_DIR/logs/runs/$RUN1.tar"
coffer run replay "$RUN1" >"$T/replay" 2>&1
tap_is "$?,$(grep -c 'patch.diff is not what the manifest names' "$T/replay")" 3,1 'a changed patch is refused'
sed 's/"kind":"begin"/"kind":"BEGIN"/' "$T/good.tar" >"$HOME_DIR/logs/runs/$RUN1.tar"
coffer run inspect "$RUN1" >/dev/null 2>&1
tap_is $? 3 'a changed event, too'
sed 's/"format":1/"format":2/' "$T/good.tar" >"$HOME_DIR/logs/runs/$RUN1.tar"
coffer run inspect "$RUN1" >"$T/inspect" 2>&1
tap_is "$?,$(grep -c "is not this installation" "$T/inspect")" 3,1 'a changed manifest is not signed'
cp "$T/good.tar" "$HOME_DIR/logs/runs/$RUN1.tar"
tap_ok 'as it was it is good' coffer run inspect "$RUN1"

# ---- one that is signed for another ----
# made_of JQ NUMBER [SED]: RUN1's record with a changed manifest, and a changed
# patch, signed here.
made_of()
{
	rm -rf "$T/made" && mkdir "$T/made" && tar -xf "$T/good.tar" -C "$T/made" && (
		cd "$T/made" || exit 1
		[ -z "${3:-}" ] || sed -i "$3" patch.diff
		jq -c --arg p "$(sha256sum <patch.diff | cut -d ' ' -f 1)" \
		    '(.files[] | select(.name == "patch.diff")).sha256 = $p | '"$1" manifest.json >new &&
		    mv new manifest.json
		{
			printf 302e020100300506032b657004220420
			cat "$HOME_DIR/secrets/prove.key"
		} | xxd -r -p >"$T/key.der"
		sha=$(sha256sum <manifest.json | cut -d ' ' -f 1)
		printf 'coffer run record %s%s' "$2" "$sha" >"$T/signed"
		openssl pkeyutl -sign -rawin -inkey "$T/key.der" -keyform DER -in "$T/signed" -out "$T/sig"
		printf '{"manifest":"%s","signature":"%s"}\n' "$sha" "$(xxd -p -c 64 "$T/sig")" >manifest.sig
		tar --format=ustar -cf "$T/made.tar" -- *
	)
}
put() { cp "$T/made.tar" "$HOME_DIR/logs/runs/$1.tar"; }
cp "$HOME_DIR/logs/runs/$RID.tar" "$T/other.tar"
made_of . ''
put "$RUN1"
tap_ok 'one that was signed without a number is good with its facts' coffer run inspect "$RUN1"
made_of '.facts = null' ''
put "$RUN1"
coffer run inspect "$RUN1" >"$T/inspect" 2>&1
tap_is "$?,$(grep -c 'is not this installation' "$T/inspect")" 3,1 'not without'
made_of '.facts = null' "$RUN1 "
put "$RUN1"
tap_ok 'with its number it is good without facts' coffer run inspect "$RUN1"
put "$RID"
coffer run inspect "$RID" >"$T/inspect" 2>&1
tap_is "$?,$(grep -c 'is not this installation' "$T/inspect")" 3,1 'but of no other run'
made_of . "$RUN1 " 's/^--- .*//; s/^@@ .*/@@ -7,3 +7,3 @@/'
put "$RUN1"
coffer run replay "$RUN1" >"$T/replay" 2>&1
tap_is "$?,$(grep -c 'its patch: git apply failed' "$T/replay")" 3,1 'a patch that does not apply is no system error'
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/replay" "$T/inspect"
cp "$T/good.tar" "$HOME_DIR/logs/runs/$RUN1.tar"
cp "$T/other.tar" "$HOME_DIR/logs/runs/$RID.tar"

# ---- agentd is killed ----
agentd_pid() { jq -r '.. | objects | select(.name? == "agentd") | .pid' "$HOME_DIR/run/services.json"; }
agentd_is_new() { P=$(agentd_pid) && [ -n "$P" ] && [ "$P" != "$OLD" ] && [ "$P" -gt 0 ] 2>/dev/null && kill -0 "$P"; }
killed() { OLD=$(agentd_pid); kill -9 "$OLD"; wait_for 30 agentd_is_new; }
agent_does <<'A'
echo begun
until [ -e /work/tree/go ]; do sleep 0.1; done
echo over >"$COFFER_OUT"
A
attack_order alpha /scrap
wait_for 30 attack_says begun
tap_ok 'in the midst of a run' killed
go() { touch "$HOME_DIR/sandboxes/1/ws/runs/$RID/tree/go"; }
wait_for 10 go
ended
tap_is "$(attack_state)" 'done' 'it goes on'
tap_ok 'its record is whole' whole
tap_is "$(grep -c '"kind":"resume"' "$(dir)/events.jsonl")" 1 'and tells of it'
tap_ok 'it is at cofferd' coffer run inspect "$RID"
attack_order alpha /scrap
wait_for 30 attack_says begun
# While the record is made: the folder that it is made in appears, then it goes.
( until [ -e "$HOME_DIR/runs/$RID/record.new" ] || [ -e "$HOME_DIR/runs/$RID/record" ]; do :; done
	kill -9 "$(agentd_pid)" ) &
OLD=$(agentd_pid)
wait_for 10 go
wait $!
wait_for 30 agentd_is_new
ended
tap_is "$(attack_state)" 'done' 'while a record is made'
tap_ok 'it is made again' whole
tap_ok 'and brought' coffer run inspect "$RID"
tap_is "$(find "$HOME_DIR/runs" -name 'record.new' -o -name mask | wc -l)" 0 'nothing is left over'

# ---- cofferd ends a run while agentd is away ----
attack_order alpha /scrap
wait_for 30 attack_says begun
kill -STOP "$(agentd_pid)"
curl -sS -X PATCH -H "Authorization: token $(cat "$HOME_DIR/secrets/agentd.token")" -H 'Content-Type: application/json' \
    -d '{"from":"running","state":"failed","why":"test"}' "$URL/api/coffer/v1/runs/$RID" >"$T/patch"
tap_is "$(jq -r .state "$T/patch")" failed 'a run that is over for cofferd alone'
tap_ok 'is found by the next agentd' killed
tap_ok 'which cleans it away' wait_for 30 run_is_clean
tap_ok 'with a record' whole
tap_is "$(jq -r '.state, .facts.run' "$(dir)/manifest.json" | tr '\n' ' ')" "unknown $RID " 'that knows no verdict'
tap_ok 'and is at cofferd' coffer run inspect "$RID"

# ---- what is too old goes ----
touch -d '100 days ago' "$HOME_DIR/runs/$RUN1/record"
killed
pruned() { [ ! -e "$HOME_DIR/runs/$RUN1" ] && [ ! -e "$HOME_DIR/logs/runs/$RUN1.tar" ]; }
tap_ok 'an old record is removed, here and at cofferd' wait_for 20 pruned
tap_ok 'others stay' coffer run inspect "$RID"

# ---- a project goes ----
no_tar() { [ -z "$(find "$HOME_DIR/logs/runs" -name '*.tar')" ]; }
tap_not 'its records are there' no_tar
curl -sS -X DELETE -H "Authorization: token $ADMIN" "$URL/api/coffer/v1/projects/admin/alpha?force=true" >"$T/gone"
tap_ok 'with a project its records go from cofferd' wait_for 30 no_tar
tap_done
