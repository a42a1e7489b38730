#!/bin/sh
# The page of a project's network, without JavaScript: how far it reaches, rules
# and presets, what was seen, and who may change it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
mkdir -p "$HOME_DIR/egress"
printf 'registry.test\n*.packages.test 443 8443\n' >"$HOME_DIR/egress/mine.list"
start_cofferd
make_project
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
X=/api/coffer/v1/projects/$PROJECT
N=/$PROJECT/network
api PUT "$R/collaborators/eve" '{"permission":"read"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }

sign_in admin "$ADMIN"
page GET "$N"
tap_ok 'the page says how far the sandbox reaches' shows 'the open web. Addresses of this host'
tap_ok 'it is sound' sound

# ---- the mode ----
send "$N" of=mode act=mode network=locked
tap_is "$STATUS,$(location)" "303,$N" 'the mode is changed'
api GET "$X"
tap_is "$(field .settings.network)" locked 'and is so'
page GET "$N"
tap_ok 'the page says what it means now' shows '<p>locked: what rules allow'
send "$N" of=mode act=mode network=everything
tap_is "$STATUS,$(refused)" '422,There is no such network mode.' 'one that there is not is refused in its form'

# ---- rules ----
page GET "$N"
send "$N" of=new act=allow "domain=not a name $XSS" for_s=3600
tap_is "$STATUS" 422 'what is no domain is refused'
tap_ok 'in the form' test -n "$(refused)"
tap_ok 'with what was typed' shows 'value="not a name &quot;&gt;'
tap_ok 'and for how long' shows '<option value="3600" selected>'
tap_ok 'soundly' sound
page GET "$N"
send "$N" of=new act=allow 'domain=*.github.io' for_s=0
tap_is "$STATUS" 422 'a pattern that lets out more than it looks like is refused'
send "$N" of=new act=allow 'domain=*.github.io' for_s=0 force=1
tap_is "$STATUS" 303 'unless one says so'
page GET "$N"
send "$N" of=new act=allow domain=soon.test for_s=600
api GET "$X/network"
tap_not 'a rule for a time has an end' test "$(field '.allow[] | select(.domain == "soon.test") | .until')" = null

# ---- presets ----
page GET "$N"
tap_ok 'presets may be chosen' shows '<option value="mine">'
send "$N" of=preset act=preset preset=mine
tap_is "$STATUS" 303 'one is used'
api GET "$X/network"
tap_is "$(field '[.allow[] | select(.preset == "mine") | .domain] | sort | join(",")')" '*.packages.test,registry.test' 'with its rules'
page GET "$N"
tap_not 'it is no choice any more' shows '<option value="mine">'
tap_ok 'but removed by a button' shows 'name="preset" value="mine"'
tap_ok 'the page is sound' sound
send "$N" act=unpreset preset=mine
api GET "$X/network"
tap_is "$(field '[.allow[] | select(.preset == "mine")] | length')" 0 'it is removed'
page GET "$N"
send "$N" of=preset act=preset preset=../secrets
tap_is "$STATUS" 422 'a name that is none is refused'

# ---- what was seen ----
for name in alpha.test beta.test; do web_blocked "$name" 'no rule allows it'; done
web_blocked '=cmd|calc' "$XSS"
page GET "$N"
tap_ok 'each blocked name is there' shows 'beta.test:443'
tap_ok 'by which process' shows '>curl<'
tap_ok 'with a choice of how long it may' grep -q 'name="domain" value="beta.test"><label class="unseen" for="span-[0-9]*">' "$BODY"
tap_is "$(grep -o 'id="span-[0-9]*"' "$BODY" | sort | uniq -d)" '' 'no two of them are called the same'
tap_ok 'the page is sound' sound
page GET "$N?name=PHA.TES"
tap_ok 'a part of a name finds it' shows 'alpha.test:443'
tap_not 'alone' shows 'beta.test:443'
page GET "$N?name=%22%3E%3Cscript%3E"
tap_ok 'what is not there is told' shows 'Nothing that is called so'
tap_ok 'soundly' sound
page GET "$N"
send "$N" of=blocked-1 act=allow domain=beta.test for_s=604800
api GET "$X/network"
tap_is "$(field '[.allow[] | select(.domain == "beta.test")] | length')" 1 'a name is allowed by a click'
page GET "$N/log.csv"
tap_is "$STATUS,$(header Content-Type),$(header Content-Disposition)" '200,text/csv;charset=utf-8,attachment; filename="network.csv"' 'all of it is a file'
tap_ok 'with a row for each' grep -q '^"name-unlisted","alpha.test","",443,"tcp",3,' "$BODY"
tap_ok 'in which nothing is a formula' grep -q "\"'=cmd|calc\"" "$BODY"
tap_ok 'and a quote is two' grep -qF '"""><img src=x' "$BODY"

# ---- who may not ----
sign_in eve "$EVE"
page GET "$N"
tap_is "$STATUS" 200 'a reader sees the page'
tap_not 'without a form to change it' shows 'name="act"'
for act in mode preset lockdown; do
	page GET "$N"
	send "$N" "act=$act" network=open preset=mine
	tap_is "$STATUS" 403 "and may not: $act"
done
api GET "$X"
tap_is "$(field .settings.network)" locked 'nothing was changed'
make_user mallory >"$T/mallory"
sign_in mallory "$(cat "$T/mallory")"
page GET "$N/log.csv"
tap_is "$STATUS" 404 'a stranger has no file of it'
tap_done
