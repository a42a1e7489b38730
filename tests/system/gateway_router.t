#!/bin/sh
# From a project's network to the model gateway: by the router alone, and known
# by where it comes from.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/gateway_lib.sh"
. "$SYSTEM_DIR/router_lib.sh"
command -v curl >/dev/null || tap_skip_all 'needs curl'
router_setup
mode 7 none >/dev/null
mode 8 web >/dev/null
G=http://10.214.0.1:81

# call PROJECT TOKEN: from inside; its status and body.
call()
{
	in_ns "p$1" curl -sS -m 10 -H "x-api-key: $2" -H 'Content-Type: application/json' \
	    -w ' %{http_code}' -d '{"model":"m","max_tokens":100}' "$G/anthropic/v1/messages" 2>&1
}

tap_like "$(call 7 x)" '*the model gateway is not reachable* 502' 'without a gateway the answer says so'
printf '[gateway]\nlog_level = debug\n' >>"$HOME_DIR/coffer.conf"
gateway_provider
gateway_files anthropic anthropic
gateway_prices
start_gateway
grant 1 7 1
TOK=$TOKEN_NEW
tap_like "$(call 7 "$TOK")" '*"text":"hello"* 200' 'a run asks a model, in mode none too'
tap_like "$(call 8 "$TOK")" '*foreign_token* 403' 'its token is no good in another project'
tap_like "$(call 7 wrong)" '*invalid_token* 401' 'without a token there is none'
tap_like "$(in_ns p7 curl -sS -m 3 "http://10.214.0.1:$UP_PORT/" 2>&1)" '*curl: (7)*' 'the provider is not reached by another way'
tap_not 'the gateway'"'"'s door is closed to others' setpriv --reuid 12345 --regid 12345 --clear-groups \
    perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1' "$HOME_DIR/run/gateway/gateway.sock"
mode 7 off >/dev/null
tap_like "$(call 7 "$TOK")" '*curl: (*' 'off is off'
mode 7 none >/dev/null
tap_like "$(call 7 "$TOK")" '*"text":"hello"* 200' 'and back again'
tap_not 'no token is in a log' grep -qE "$TOK|$KEY" "$T/gateway.log" "$T/router.log"
tap_done
