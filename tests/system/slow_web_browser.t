#!/bin/bash
# The pages in a real browser, with JavaScript: Debian's chromium by
# playwright-core (tests/clis.sh DIR playwright; COFFER_TEST_CLIS=DIR).
# WEB_PICTURES=DIR keeps the pictures of the pages.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

PLAYWRIGHT=${COFFER_TEST_CLIS:+$COFFER_TEST_CLIS/playwright/node_modules/playwright-core}
CHROMIUM=$(command -v chromium) || tap_skip_all 'there is no chromium (Debian package chromium)'
command -v node >/dev/null || tap_skip_all 'there is no node'
[ -n "$PLAYWRIGHT" ] && [ -d "$PLAYWRIGHT" ] ||
    tap_skip_all 'there is no playwright-core: tests/clis.sh DIR playwright, COFFER_TEST_CLIS=DIR'
PICTURES=${WEB_PICTURES:-$T/pictures}
mkdir -p "$PICTURES"

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
log) web_log ${#LOG} "\$2
" ;;
finish) as "\$AGENTD" api POST "/api/coffer/v1/runs/\$RUN/finish" '{"state":"done","why":"","message":"It is mended.","record":{"models":{"spent_micros":184200,"limit_micros":0,"out":false}}}' ;;
esac
HOOK
chmod +x "$T/hook"

HOOK=$T/hook timeout 400 node "$SYSTEM_DIR/web_browser.cjs" "$PLAYWRIGHT" "$CHROMIUM" "$URL" "$ADMIN" "$PROJECT" "$RUN" "$PICTURES" >"$T/browser" 2>"$T/browser.err"
tap_is $? 0 'the browser goes through the day'
while read -r line; do
	case $line in
	ok\ *) tap_result 0 "${line#ok }" ;;
	*) tap_result 1 "${line#not ok }" ;;
	esac
done <"$T/browser"
[ "$TAP_FAILED" -eq 0 ] || sed 's/^/# /' "$T/browser.err"
tap_is "$(find "$PICTURES" -name '*.png' -size +2k | wc -l)" 112 'and leaves its pictures'
tap_done
