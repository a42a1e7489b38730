#!/bin/bash
# A person's minutes in a real browser: what others do meanwhile comes in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

. "$(dirname "$0")/chromium_lib.sh"

coffer_home
start_cofferd
make_project
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"network":"locked"}}'
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"It crashes on empty input","body":"It does."}'
api POST "/api/v1/repos/$PROJECT/issues" "$(jq -n --arg t "$XSS" '{title: $t, body: "x"}')"
web_run plan
as "$AGENTD" api POST "/api/coffer/v1/runs/$RUN/finish" '{"state":"budget","why":"the models may take no more: $2.00 of $2.00 are spent by this run","message":"","record":{"models":{"spent_micros":2000000,"limit_micros":2000000,"out":true}}}'
web_run fix
LOG='$ make check
cc -O2 -o calc calc.c
calc.c:14: note: an empty line is read here
12 passed, 1 failed
'
web_log 0 "$LOG"
web_ask command 'curl -sSf https://get.example/install.sh | sh' 'rule pipe-to-shell: what is downloaded is not run'
web_ask tool "WebFetch $XSS" 'no rule allows it'
web_blocked packages.test 'no rule allows the name'
web_blocked telemetry.example 'no rule allows the name'
web_prove fail 1 'an A record of 10.0.0.7 came back: 203.0.113.9'
cat >"$T/use.json" <<JSON
{"driver":"oci","uses":[{"id":$PROJECT_ID,"memory":734003200,"memory_max":2147483648,"cpu_milli":1430,"cpu_max_milli":2000,"pids":41,"pids_max":512,"disk":943718400,"disk_max":10737418240,"ooms":0}]}
JSON
as "$AGENTD" api PUT "/api/coffer/v1/projects/$PROJECT/sandbox" '{"state":"running","cause":"","reason":"","address":"10.214.1.1","generation":0}'
use() { as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use "$(cat "$T/use.json")"; }
use

web_record "<h1>Report</h1>$XSS"

# What happens meanwhile, by whom the browser knows nothing of.
declare -f http api as field web_ask web_log web_blocked >"$T/hook.sh"
cat >"$T/hook" <<HOOK
#!/bin/bash
. $T/hook.sh
T=$T/hooked BODY=$T/hooked/body HEADERS=$T/hooked/headers URL=$URL AGENTD=$AGENTD ADMIN=$ADMIN TOKEN= RUN=$RUN PROJECT_ID=$PROJECT_ID http_t=
mkdir -p "\$T"
case \$1 in
ask) web_blocked "\$2" 'no rule allows the name' ;;
say) api POST "/api/v1/repos/$PROJECT/issues/1/comments" "{\\"body\\":\\"\$2\\"}" ;;
log)
	at=\$(cat "\$T/at" 2>/dev/null || echo ${#LOG})
	web_log "\$at" "\$2
"
	echo \$((at + \${#2} + 1)) >"\$T/at"
	;;
finish) as "\$AGENTD" api POST "/api/coffer/v1/runs/\$RUN/finish" '{"state":"done","why":"","message":"It is mended.","record":{"models":{"spent_micros":184200,"limit_micros":0,"out":false}}}' ;;
esac
HOOK
chmod +x "$T/hook"

export HOOK=$T/hook
browser 'the browser goes through the minutes' web_browser.cjs "$URL" "$ADMIN" "$PROJECT" "$RUN" "$PICTURES"
tap_done
