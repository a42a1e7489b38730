#!/bin/bash
# The pages: how long cofferd takes for each on a large database and a repository
# of 100,000 files, how many bytes it is, nginx with a file of the same bytes
# beside it, and when a browser shows the first of it.  Times are those of a
# client on loopback with kept connections that takes gzip; "plain" is what a page
# weighs, "sent" what of it goes over the line, which is what the limit is of.
#   QUICK=1    20,000 comments, 4,000 files, short rounds: it tests the benchmark
#   ONLY=WORD  pages whose name has the word
#   KEEP=FILE  the server stays, until FILE is gone; its address is in FILE
# The browser's rows need chromium, node and COFFER_TEST_CLIS (tests/clis.sh DIR
# playwright).
set -u
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build/release} in /*) ;; *) O=$PWD/$O ;; esac
export O GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
unset COFFER_URL COFFER_TOKEN COFFER_HOME
many=1000000 files=100000 commits=2000 ms=1000
if [ -n "${QUICK:-}" ]; then many=20000 files=4000 commits=200 ms=300; fi

name=web
. tests/bench/api_lib.sh
deep=1000

# ---- the data ----
repo=$top/up.git
say "$files files, $commits commits"
git init -q --bare -b main "$repo"
tests/bench/web_repo.pl "$files" "$commits" | git -C "$repo" fast-import --quiet --done || die fast-import
bring_up
P=admin/many C=/api/coffer/v1 R=/api/v1/repos/admin/many
api POST "$C/projects" "{\"upstream\":\"file://$repo\",\"name\":\"many\",\"sandbox\":{\"want\":\"stopped\"}}" >/dev/null || die project
for _ in 1 2 3 4 5 6; do
	api POST "$C/projects/$P/sync?wait=30" | jq -e '.mirror.state == "ok"' >/dev/null && break
done
api GET "$C/projects/$P" | jq -e '.mirror.state == "ok"' >/dev/null || die mirror
api PATCH "$C/projects/$P" '{"settings":{"interval_s":86400,"max_item_runs":100}}' >/dev/null || die settings
for i in 1 2 3; do api POST "$R/issues" "{\"title\":\"issue $i\",\"body\":\"of the usual length, more or less\"}" >/dev/null || die issue; done
for b in d1k d20k; do
	api POST "$R/pulls" "{\"title\":\"$b\",\"head\":\"$b\",\"base\":\"main\",\"body\":\"What it does.\"}" >/dev/null || die "pull $b"
done
# Runs, one that goes on and asks, names that were blocked; labels.
for i in $(seq 30); do api POST "$R/labels" "{\"name\":\"label-$i\",\"color\":\"#0a5fb4\"}" >/dev/null || die label; done
agentd="Authorization: Bearer $(cat "$home/secrets/agentd.token")"
agent() { curl -sS --fail-with-body -X "$1" -H "$agentd" -H 'Content-Type: application/json' -d "$3" "http://127.0.0.1:$port$C$2" || die "$2"; }
run=
for i in $(seq 30); do
	api POST "$R/issues/3/comments" '{"body":"/plan it"}' >/dev/null || die order
	event=$(api GET "$C/events?after=$((i * 2))&limit=1000" | jq '[.events[] | select(.kind == "comment.created")][-1].seq')
	run=$(agent POST /runs "{\"event\":$event,\"project\":1,\"item\":3,\"command\":\"plan\",\"access\":\"read\"}" | jq .id)
	[ "$i" = 30 ] || agent POST "/runs/$run/finish" '{"state":"done","why":"","message":"It is planned.","record":{"models":{"spent_micros":184200,"limit_micros":0,"out":false}}}' >/dev/null
done
agent PATCH "/runs/$run" '{"from":"queued","state":"preparing"}' >/dev/null
agent PATCH "/runs/$run" '{"from":"preparing","state":"running"}' >/dev/null
for i in $(seq 30); do
	agent POST /approvals "{\"run\":$run,\"kind\":\"command\",\"subject\":\"curl https://get$i.example/install.sh\",\"reason\":\"rule 7 asks\"}" >/dev/null
done
agent PUT /sandboxes/network "$(jq -n --arg at "$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)" '{rows: [range(200) | {id: 1, verdict: "name-unlisted",
    name: "host\(.).example", address: "", port: 443, proto: "tcp", count: 3, first: $at, last: $at, up: 0, down: 0, reason: "no rule allows the name", rule: "", process: "curl"}]}')" >/dev/null
fill 0 "$many"

# ---- a session ----
jar=$top/jar
# shellcheck disable=SC2317 # by `session`
browse() { curl -sS -b "$jar" -c "$jar" -H 'Accept: text/html' "$@"; }
session() {
	local u=http://127.0.0.1:$port form
	: >"$jar"
	tr -d '\n' <"$home/secrets/admin.token" >"$top/token"
	form=$(browse -L "$u/-/sign-in" | sed -n 's/.*name="form" value="\([0-9a-f]*\)".*/\1/p' | head -n 1)
	browse -o /dev/null -H "Origin: $u" --data-urlencode "form=$form" --data-urlencode login=admin \
	    --data-urlencode "password@$top/token" --data-urlencode next=/ "$u/-/sign-in"
	cookie="Cookie: $(awk 'NF >= 7 { sub(/^#HttpOnly_/, ""); printf "%s%s=%s", n++ ? "; " : "", $6, $7 }' "$jar")"
	[ "$(browse -o /dev/null -w '%{http_code}' "$u/")" = 200 ] || die 'no session'
}
session
# web CONNECTIONS MS PATH [OPTION...]: asked as a browser does, compressed; times
# on a page make it longer or shorter
web() {
	local c=$1 t=$2 path=$3
	shift 3
	"$O/tests/bench/http_replay" --port "$port" --path "$path" --connections "$c" --ms "$t" \
	    --header "$cookie" --header 'Accept: text/html' --header 'Accept-Encoding: gzip' --loose "$@" || die "$path: no good answer"
}

if [ -n "${KEEP:-}" ]; then
	printf '%s\n%s\n%s\n%s\n' "$port" "$pid" "$cookie" "$home" >"$KEEP"
	say "kept: $KEEP"
	while [ -e "$KEEP" ]; do sleep 1; done
	exit 0
fi

# What cofferd and its workers ran so far, in ns: others on the machine make
# that less wrong than they make times.
ran() {
	local p
	for p in "$pid" $(cat "/proc/$pid/task/$pid/children"); do cat "/proc/$p"/task/*/schedstat; done 2>/dev/null |
	    awk '{ n += $1 } END { printf "%.0f", n }'
}

nginx_up || nport=
sha=$(git -c 'safe.directory=*' -C "$repo" rev-parse d1k) || die 'no d1k'
# name, the limit of its p95 in ms, path
pages() {
	cat <<-PAGES
	projects 20 /
	project 20 /$P
	issues 20 /$P/issues
	issues_closed 20 /$P/issues?state=closed
	issues_page_400 20 /$P/issues?page=400
	issues_label 20 /$P/issues?labels=label-7
	issues_search 20 /$P/issues?q=word77
	issue 20 /$P/issues/1
	issue_1000 20 /$P/issues/10
	pulls 20 /$P/pulls
	pull 20 /$P/pulls/4
	pull_commits 20 /$P/pulls/4/commits
	files_1k 50 /$P/pulls/4/files
	files_1k_split 50 /$P/pulls/4/files?view=split
	files_20k 50 /$P/pulls/5/files
	commit_1k 50 /$P/commit/$sha
	tree_root 50 /$P/src
	tree_5000 50 /$P/src/branch/main/many
	tree_folders 50 /$P/src/branch/main/src/area00
	file_2000 50 /$P/src/branch/main/long.c
	blame_2000 50 /$P/blame/branch/main/long.c
	commits 20 /$P/commits/branch/main
	commits_file 20 /$P/commits/branch/main/long.c
	branches 20 /$P/branches
	runs 20 /-/runs
	run 20 /-/runs/$run
	network 20 /$P/network
	approvals 20 /-/approvals
	notifications 20 /-/notifications
	labels 20 /$P/labels
	settings 20 /$P/settings
	settings_gate 20 /$P/settings/gate
	admin 20 /-/admin
	health 20 /-/admin/health
	account 20 /-/account
	PAGES
}

# Of a server that has only begun: nothing is remembered.  Each of its workers
# has to find things once.
stop "$pid"
serve
session
u=http://127.0.0.1:$port
first() { browse -o /dev/null -w '%{http_code} %{time_total}' "$u$1"; }
sent() { browse -o "$top/sent" -w '%{size_download}' "$@"; }

pages | while read -r what limit path; do
	case $what in *"${ONLY:-}"*) ;; *) continue ;; esac
	read -r code took < <(first "$path")
	if [ "$code" != 200 ]; then
		say "$what: $path is not there ($code)"
		skip "web_$what" us 'there is no such page' -
		continue
	fi
	row "web_${what}_first" ms "$(awk -v t="$took" 'BEGIN { print t * 1000 }')" 0 - -
	for _ in 1 2; do web 2 100 "$path" >/dev/null; done
	was=$(ran)
	read -r rate bytes p50 _ p95 < <(web 1 "$ms" "$path" --save "$top/page.html")
	row "web_${what}_ran" us "$(awk -v a="$was" -v b="$(ran)" -v r="$rate" -v ms="$ms" 'BEGIN { print (b - a) / 1000 / (r * ms / 1000 + 1) }')" 0 - -
	read -r rate _ _ _ busy < <(web 8 "$ms" "$path")
	npeer=0 n8=0
	if [ -n "$nport" ]; then
		read -r _ _ npeer _ < <(port=$nport web 1 "$((ms / 3))" /page.html)
		read -r n8 _ < <(port=$nport web 8 "$((ms / 3))" /page.html)
	fi
	row "web_${what}_p50" us "$p50" "$npeer" 'nginx, a file' -
	row "web_${what}_p95" us "$p95" "$((limit * 1000))" "limit $limit ms" '<= 1.0'
	row "web_${what}_c8_p95" us "$busy" "$p95" 'ours, alone' -
	row "web_${what}_c8" 1/s "$rate" "$n8" 'nginx, a file' -
	plain=$(sent "$u$path")
	row "web_${what}_plain" KB "$(awk -v n="$plain" 'BEGIN { print n / 1000 }')" 0 - -
	row "web_${what}_sent" KB "$(awk -v n="$bytes" 'BEGIN { print n / 1000 }')" 100 'limit 100 KB' '<= 1.0'
done

for a in style.css app.js; do
	path=$(browse "$u/" | grep -o "/-/$a?v=[0-9a-f]*" | head -n 1)
	plain=$(sent "$u$path")
	row "web_${a%.*}_sent" KB "$(awk -v n="$(sent -H 'Accept-Encoding: gzip' "$u$path")" 'BEGIN { print n / 1000 }')" \
	    "$(awk -v n="$plain" 'BEGIN { print n / 1000 }')" 'as it is' -
done

# ---- a browser ----
cli=${COFFER_TEST_CLIS:+$COFFER_TEST_CLIS/playwright/node_modules/playwright-core}
chromium=$(command -v chromium)
if [ -n "$chromium" ] && command -v node >/dev/null && [ -n "$cli" ] && [ -d "$cli" ]; then
	node tests/bench/web_browser.cjs "$cli" "$chromium" "$u" "$cookie" / "/$P/issues" "/$P/issues/10" "/$P/pulls/4/files" "/$P/src" \
	    "/$P/src/branch/main/long.c" "/$P/blame/branch/main/long.c" >"$top/browser" ||
	    die 'the browser'
	while read -r path paint nodes requests kb task; do
		row "web_paint $path" ms "$paint" 200 'limit 200 ms' '<= 1.0'
		row "web_work $path" ms "$task" 0 - -
		row "web_dom $path" nodes "$nodes" 0 - -
		row "web_requests $path" each "$requests" 0 - -
		row "web_transferred $path" KB "$kb" 100 'limit 100 KB' '<= 1.0'
	done <"$top/browser"
else
	say 'no browser: chromium, node and COFFER_TEST_CLIS are wanted'
	skip web_paint ms 'chromium, COFFER_TEST_CLIS' '<= 1.0'
fi
exit 0
