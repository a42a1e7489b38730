#!/bin/sh
# What the token of a run is good for, and where else it can be found.  The
# proof is taken from cofferd's state: refs, issues, users, settings, runs.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'
tap_plan 29
attack_start alpha beta
AGENTD=$(cat "$HOME_DIR/secrets/agentd.token")
RUNNER=$(cat "$HOME_DIR/secrets/runner.token")

# Everything that a run could want to change, but its own run and branch, and
# what cofferd keeps tidy by itself.
state()
{
	attack_refs alpha | grep -v -e 'refs/heads/agent/fix-' -e 'refs/pull/'
	attack_refs beta
	for p in /api/v1/admin/users /api/v1/users/admin/tokens \
	    /api/v1/users/agent/tokens /api/coffer/v1/projects \
	    "/api/v1/repos/admin/alpha/issues?type=issues" \
	    /api/v1/repos/admin/alpha/issues/1/comments \
	    /api/v1/repos/admin/beta/issues /api/coffer/v1/ci/jobs; do
		api GET "$p"
		jq -cS 'if type == "array" then map(del(.updated_at, .comments,
		    .last_used_at, .mirror, .sandbox, .repository)) else
		    . end' "$BODY"
	done
}

api POST /api/v1/repos/admin/alpha/issues '{"title":"The first","body":"text"}'
agent_does <<'A'
exec 2>&1
sed -n 's/.*Bearer //p' /etc/gitconfig | rev
while [ ! -e /opt/coffer/agents/go ]; do sleep 0.1; done
sh /opt/coffer/agents/attack
printf '/fix\n/merge\n' >"$COFFER_OUT"
A
cat >"$HOME_DIR/agents/attack" <<'A'
TOKEN=$(sed -n 's/.*Bearer //p' /etc/gitconfig)
c()
{
	printf 'CALL %s ' "$*"
	curl -s -m 8 --path-as-is -o /tmp/o -w '%{http_code}\n' \
	    -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@"
}
H=http://coffer
A=/api/v1/repos/admin/alpha
C=/api/coffer/v1
for p in /api/v1/admin/users /api/v1/repos/search /api/v1/repos/admin/beta \
    /api/v1/repos/admin/beta/issues $A/../beta $A%2f..%2fbeta $A%00 \
    //api/v1/repos/admin/beta /api/v1/repos/admin/%62eta $C/projects \
    $C/projects/admin/beta $C/events "$C/events?project=1" $C/runs \
    $C/runs/$COFFER_RUN $C/runs/$COFFER_RUN/log $C/cursors/agentd $C/ci/jobs \
    /api/v1/users/admin/tokens /api/v1/repos/admin/beta/raw/a.txt \
    '/admin/beta.git/info/refs?service=git-upload-pack' \
    '/upstream/beta.git/info/refs?service=git-upload-pack' \
    '/admin/alpha.git/../beta.git/info/refs?service=git-upload-pack' \
    '/admin/%2e%2e/admin/beta.git/info/refs?service=git-upload-pack' \
    /admin/alpha.git/config /admin/alpha.git/HEAD; do
	c "$H$p"
done
c -H 'Host: 127.0.0.1' -H 'X-Coffer-Project: 2' -H 'X-Forwarded-For: 127.0.0.1' \
    $H/api/v1/repos/admin/beta
c --request-target "http://127.0.0.1$C/projects" $H/
while read -r m p d; do
	c -X "$m" -d "$d" "$H$p"
done <<E
POST $A/issues {"title":"evil","body":"/fix"}
POST $A/issues/1/comments {"body":"/fix"}
PATCH $A/issues/1 {"title":"evil","state":"closed"}
POST $A/pulls {"title":"evil","head":"main","base":"main"}
POST $A/pulls/1/merge {"Do":"merge"}
POST $A/pulls/1/reviews {"event":"APPROVED"}
POST $A/statuses/$(git rev-parse HEAD) {"state":"success","context":"ci/test"}
POST $A/statuses/$(git rev-parse HEAD) {"state":"success","context":"mine"}
POST /api/v1/admin/users {"username":"evil"}
POST /api/v1/users/admin/tokens {"name":"evil"}
POST /api/v1/users/agent/tokens {"name":"evil"}
PUT $A/collaborators/agent {"permission":"write"}
PATCH $A {"archived":true}
PATCH $A {"mirror_token":"evil"}
DELETE $A {}
PUT $A/topics {"topics":["evil"]}
PUT $A/subscription {}
POST $A/mirror-sync {}
POST /api/v1/repos/migrate {"clone_addr":"http://127.0.0.1/x","repo_name":"evil"}
POST /api/v1/user/repos {"name":"evil"}
POST $C/projects {"upstream":"http://127.0.0.1/x"}
PATCH $C/projects/admin/alpha {"settings":{"approvals":0}}
DELETE $C/projects/admin/alpha {}
PUT $C/projects/admin/alpha/upstream-token {"token":"evil"}
PUT $C/projects/admin/alpha/sandbox {"state":"absent"}
POST $C/runs {"event":1,"project":1,"item":1,"command":"fix","access":"write","agent":"command","network":"web","wall_s":9}
POST $C/runs/$COFFER_RUN/token {}
POST $C/runs/$COFFER_RUN/finish {"state":"done","message":"evil"}
PATCH $C/runs/$COFFER_RUN {"from":"running","state":"done"}
POST $C/runs/$COFFER_RUN/cancel {}
POST $C/projects/admin/alpha/session-token {}
POST $C/tickets {"project":"admin/alpha","verb":"attach"}
POST $C/tickets/redeem {"ticket":"x"}
POST $C/ci/poll {"runner":"evil","slots":1}
PUT $C/cursors/agentd {"seq":9999}
E
cd /work/tree || exit 1
echo evil >evil && git add evil && git commit -q -m Evil
B=refs/heads/$COFFER_BRANCH
for r in refs/heads/main refs/heads/agent/fix-99 refs/heads/agent refs/heads/new \
    $B/below refs/heads/Agent/fix-2 refs/tags/v1 refs/pull/1/head \
    refs/coffer/kept/x refs/namespaces/upstream/refs/heads/main refs/notes/x \
    refs/heads/HEAD HEAD refs/replace/0123456789012345678901234567890123456789 \
    refs/stash refs/meta/config; do
	git push -q origin "+HEAD:$r" 2>/dev/null && echo "PUSHED $r"
done
git push -q origin :refs/heads/main 2>/dev/null && echo 'PUSHED deletion'
for u in beta.git alpha.git/../beta.git; do
	git push -q http://coffer/admin/$u "HEAD:$B" 2>/dev/null && echo "PUSHED $u"
done
git push -q http://coffer/upstream/alpha.git "HEAD:$B" 2>/dev/null && echo 'PUSHED upstream'
git push -q --atomic origin "HEAD:$B" HEAD:refs/heads/main 2>/dev/null && echo 'PUSHED both'
git push -q origin "HEAD:$B" && echo 'OWN branch'
git push -q --mirror origin 2>/dev/null && echo 'PUSHED mirror'
A
attack_order alpha /fix
says_token() { coffer run logs "$RID" | grep -q '^[A-Za-z0-9_-]\{40\}$'; }
tap_ok 'a run hands its token to a friend' wait_for 20 says_token
R=$(coffer run logs "$RID" | head -n 1 | rev)

# use TOKEN WHERE PROJECT: API and git, from a session
use()
{
	# shellcheck disable=SC2016
	coffer exec "$2" -- sh -c 'for p in "/api/v1/repos/admin/$2/issues" \
	    "/admin/$2.git/info/refs?service=git-upload-pack"; do
		curl -s -m 5 -o /dev/null -w "%{http_code} " \
		    -H "Authorization: Bearer $1" "http://coffer$p"
	done' sh "$1" "$3"
}
tap_is "$(use "$R" alpha alpha)" '200 200 ' 'control: it works in its own project'
tap_is "$(use "$R" alpha beta)" '404 404 ' 'it does not see another project'
tap_is "$(use "$R" beta alpha)" '401 401 ' "it is nothing in another project's sandbox"
for t in "$ADMIN" "$AGENTD" "$RUNNER"; do
	tap_is "$(use "$t" alpha alpha)" '401 401 ' 'a token of the host is nothing in a sandbox'
done
as "$R" api GET /api/v1/user
tap_is "$STATUS" 401 'a run token is nothing on the host'

where()
{
	grep -rlF "$1" "$HOME_DIR" --exclude=ws.img 2>/dev/null |
	    sed "s,^$HOME_DIR/,," | sort | tr '\n' ' '
	for p in /proc/[0-9]*; do
		for f in cmdline environ; do
			{ tr '\0' '\n' <"$p/$f" | grep -qF "$1"; } 2>/dev/null &&
			    printf '%s ' "$p/$f"
		done
	done
}
kept="runs/$RID/token "
tap_is "$(where "$R")" "$kept" \
    "a living run token is in its run's file and in no process"
# With an engine there is no bundle.
tap_is "$(stat -c %a "$HOME_DIR/runs/$RID/token" "$HOME_DIR/runs/$RID"/*/bundle 2>/dev/null | sort -u | tr '\n' ' ')" \
    "600 $([ -n "${COFFER_TEST_ENGINE-}" ] || echo '700 ')" 'where others cannot open it'
for n in admin agentd runner; do
	tap_is "$(where "$(cat "$HOME_DIR/secrets/$n.token")")" "secrets/$n.token " \
	    "the token of $n is in its file only"
	tap_is "$(stat -c %a "$HOME_DIR/secrets/$n.token")" 600 'which is 0600'
done

state >"$T/before"
: >"$HOME_DIR/agents/go"
attack_end
state >"$T/after"
tap_is "$(grep -c '^CALL' "$T/run.log")" 63 'the run made all its calls'
tap_is "$(grep '^CALL' "$T/run.log" | grep -v ' 4[0-9][0-9]$')" '' 'each was refused'
tap_is "$(grep '^PUSHED' "$T/run.log")" '' 'no foreign ref could be pushed'
tap_ok 'control: its own branch could' grep -q '^OWN' "$T/run.log"
tap_ok 'and moved' git_as "$ADMIN" ls-remote --exit-code "$URL/admin/alpha.git" \
    "refs/heads/agent/fix-$ITEM"
tap_ok 'refs, issues, users, tokens and settings are what they were' \
    diff "$T/before" "$T/after"
tap_is "$(git_as "$ADMIN" ls-remote "$URL/admin/alpha.git" | awk '{print $2}' |
    grep -v -x -e HEAD -e refs/heads/main -e "refs/heads/agent/fix-$ITEM" \
	-e 'refs/pull/[0-9]*/head')" '' 'there is no other ref'
tap_is "$(attack_state)" 'done' 'the run could not end itself before'
tap_is "$(coffer run list alpha --json | jq length)" 1 \
    'an order in its answer started nothing'
tap_is "$(use "$R" alpha alpha)" '401 401 ' 'its token died with it'
tap_is "$(where "$R")" '' 'and is nowhere'
tap_is "$(cat "$T/run.log" "$HOME_DIR"/log/*.log | grep -cF "$R")" 0 'nor in a log'
api GET '/api/coffer/v1/events?limit=100'
tap_not 'no event has a token' grep -F -e "$R" -e "$ADMIN" -e "$AGENTD" "$BODY"
[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$HOME_DIR"/log/*.log | sed 's/^/# /'
tap_done
