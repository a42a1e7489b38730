# shellcheck shell=sh disable=SC2034,SC2154
# web_lib.sh: the pages as a browser without JavaScript asks for them.  After
# lib.sh.  $JAR has the cookies; STATUS, $BODY and $HEADERS are the reply's.

JAR=$T/jar

# page METHOD PATH [CURL-ARGUMENT...]
page()
{
	page_m=$1
	page_p=$2
	shift 2
	http "$page_m" "$page_p" -b "$JAR" -c "$JAR" -H 'Accept: text/html' "$@"
}

# form_value: what the forms of the last page are bound to.
form_value() { sed -n 's/.*name="form" value="\([0-9a-f]*\)".*/\1/p' "$BODY" | head -n 1; }

# send PATH [FIELD=VALUE...]: the form of the last page.
send()
{
	send_p=$1
	shift
	send_f=${FORM-$(form_value)}
	for send_v; do
		shift
		set -- "$@" --data-urlencode "$send_v"
	done
	page POST "$send_p" -H "Origin: ${ORIGIN-$URL}" --data-urlencode "form=$send_f" "$@"
}

# sign_in NAME PASSWORD-OR-TOKEN [NEXT]
sign_in()
{
	: >"$JAR"
	page GET '/-/sign-in' -L
	send /-/sign-in "login=$1" "password=$2" "next=${3:-/}"
}

# What the refusal of a form says, in the form it is of.
refused() { grep -oE '<input type="hidden" name="of" value="[a-z0-9-]*"><p class="alert" id="refused" role="alert" tabindex="-1" autofocus>[^<]*' "$BODY" | sed 's/.*autofocus>//'; }

location() { sed -n 's/^[Ll]ocation: \(.*\)\r$/\1/p' "$HEADERS"; }
header() { sed -n "s/^$1: \(.*\)\r\$/\1/p" "$HEADERS" | tail -n 1; }
shows() { grep -qF -- "$1" "$BODY"; }

# What strangers write where they can.
XSS='"><img src=x onerror=alert(1)><script>alert(2)</script>'\''&lt;</pre></main>'

# web_run COMMAND: a run on issue 1 that goes on; RUN is its id.
web_run()
{
	api POST "/api/v1/repos/$PROJECT/issues/1/comments" "{\"body\":\"/$1 it\"}"
	api GET "/api/coffer/v1/events?after=0&limit=1000"
	web_ev=$(field '[.events[] | select(.kind == "comment.created")][-1].seq')
	as "$AGENTD" api POST /api/coffer/v1/runs "{\"event\":$web_ev,\"project\":$PROJECT_ID,\"item\":1,\"command\":\"$1\",\"access\":\"write\"}"
	RUN=$(field .id)
	web_move queued preparing
	web_move preparing running
}
web_move() { as "$AGENTD" api PATCH "/api/coffer/v1/runs/$RUN" "{\"from\":\"$1\",\"state\":\"$2\"}"; }
# web_log OFFSET TEXT
web_log()
{
	printf '%s' "$2" >"$T/part"
	http_t=$AGENTD
	http PATCH "/api/coffer/v1/runs/$RUN/log" --data-binary "@$T/part" \
	    -H "Content-Range: bytes $1-$(($1 + $(wc -c <"$T/part") - 1))/*" -H 'Content-Type: application/octet-stream'
	http_t=
}
# web_ask KIND SUBJECT [REASON]: of the run
web_ask()
{
	as "$AGENTD" api POST /api/coffer/v1/approvals "$(jq -n --argjson r "$RUN" --arg k "$1" --arg s "$2" \
	    --arg w "${3:-rule 7 asks}" '{run: $r, kind: $k, subject: $s, reason: $w}')"
	ASK=$(field .id)
}
# web_blocked NAME REASON
web_blocked()
{
	web_at=$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)
	as "$AGENTD" api PUT /api/coffer/v1/sandboxes/network "$(jq -n --arg n "$1" --arg r "$2" --arg at "$web_at" --argjson p "$PROJECT_ID" \
	    '{rows: [{id: $p, verdict: "name-unlisted", name: $n, address: "", port: 443, proto: "tcp", count: 3, first: $at, last: $at, up: 0, down: 0, reason: $r, rule: "", process: "curl"}]}')"
}
# web_prove RESULT FAILED EVIDENCE
web_prove()
{
	as "$AGENTD" api PUT "/api/coffer/v1/projects/$PROJECT/prove" "$(jq -n --arg r "$1" --argjson f "$2" --arg e "$3" --arg at "$(date -u -d '+1 second' +%Y-%m-%dT%H:%M:%SZ)" --arg net "${NET:-locked}" \
	    '{at: $at, result: $r, passed: 61, failed: $f, untestable: 4, generation: 0, network: $net, driver: "oci",
	      failed_rows: (if $f > 0 then [{id: "dns-rebind", what: "an answer with a private address is refused", evidence: $e}] else [] end)}')"
}
# web_record REPORT [MANIFEST]: of the run, with that report.html
web_record()
{
	mkdir -p "$T/record"
	printf '%s\n' "${2:-{\}}" >"$T/record/manifest.json"
	printf '%s' "$1" >"$T/record/report.html"
	tar -C "$T/record" --format=ustar --owner=0 --group=0 -cf "$T/record.tar" manifest.json report.html
	web_size=$(wc -c <"$T/record.tar")
	http_t=$AGENTD
	http PATCH "/api/coffer/v1/runs/$RUN/record" --data-binary "@$T/record.tar" -H "Content-Range: bytes 0-$((web_size - 1))/*" -H 'Content-Type: application/octet-stream'
	http_t=
	as "$AGENTD" api POST "/api/coffer/v1/runs/$RUN/record" "{\"bytes\":$web_size,\"sha256\":\"$(sha256sum "$T/record.tar" | cut -d' ' -f1)\"}"
}
