# shellcheck shell=sh disable=SC2034,SC2154
# gateway_lib.sh: a coffer-gateway with a scripted provider and what the router
# would do for projects 7 and 8.  Sourced after lib.sh.

ROUTER=64102
[ "$(id -u)" -eq 0 ] || ROUTER=$(id -u)
KEY=sk-real-0123456789abcdefghijklmnop

# gateway_conf: standard input becomes the [gateway] section.
gateway_conf()
{
	{
		coffer_conf_server=$(sed -n '/^\[server\]/,$p' "$HOME_DIR/coffer.conf")
		printf '%s\n[gateway]\nlog_level = debug\n' "$coffer_conf_server"
		lib_router_ids
		cat
	} >"$T/conf.new"
	sed '/^\[gateway\]/,$!b' "$T/conf.new" >"$HOME_DIR/coffer.conf"
}

gateway_files()
{
	printf '%s' "$KEY" | "$O/bin/coffer-gateway" --home "$HOME_DIR" --set-key "$1"
	printf '[provider]\nkind = %s\nurl = http://127.0.0.1:%s\n' "$2" "$UP_PORT" \
	    >"$HOME_DIR/gateway/providers/$1.conf"
	chmod 644 "$HOME_DIR/gateway/providers/$1.conf"
}

# gateway_provider: $UP_PORT, its requests in $T/up.log.
gateway_provider()
{
	: >"$T/up.log"
	start "$T/provider.log" perl "$SYSTEM_DIR/gateway_provider.pl" "$T/up.port" "$T/up.log"
	wait_for 10 test -s "$T/up.port" || tap_bail 'no provider'
	UP_PORT=$(cat "$T/up.port")
}

# What costs 1500 micros for "hello", and at most 10,000 + a bit reserved.
gateway_prices()
{
	printf '* 1 1 0.1 10 200000 1000\n' >"$HOME_DIR/gateway/prices"
	chmod 644 "$HOME_DIR/gateway/prices"
}

start_gateway()
{
	start "$T/gateway.log" "$@" "$O/bin/coffer-gateway" --home "$HOME_DIR"
	GATEWAY_PID=$PID
	wait_for 10 control '{"op":"hello"}' ||
	    tap_bail "no gateway: $(tail -n 3 "$T/gateway.log")"
}

# gateway_relay PROJECT: prints the address at which it reaches the gateway.
gateway_relay()
{
	rm -f "$T/relay.$1"
	start "$T/relay.log" perl "$SYSTEM_DIR/gateway_relay.pl" \
	    "$HOME_DIR/run/gateway/gateway.sock" "$ROUTER" "$1" "$T/relay.$1"
	wait_for 10 test -s "$T/relay.$1" || tap_bail 'no relay'
	RELAY=http://127.0.0.1:$(cat "$T/relay.$1")
}

# control JSON: one order; the reply in $BODY.
control()
{
	perl -MIO::Socket::UNIX -e '
		my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or exit 1;
		syswrite $s, "$ARGV[1]\n";
		my $l = <$s> // exit 1;
		print $l;
		exit($l =~ /"ok":true/ ? 0 : 1);
	' "$HOME_DIR/run/gateway/control.sock" "$1" >"$BODY"
}

# grant RUN PROJECT ITEM [MORE]: TOKEN_NEW
grant()
{
	control "{\"op\":\"grant\",\"run\":$1,\"project\":$2,\"item\":$3,\"ttl\":600${4:+,$4}}" ||
	    tap_bail "grant: $(cat "$BODY")"
	TOKEN_NEW=$(field .token)
}

# ask TOKEN MODEL [CURL-ARGUMENT...]: one request to /anthropic/v1/messages.
ask()
{
	ask_t=$1
	ask_m=$2
	shift 2
	http POST "${ask_base:-$BASE}/${ask_path:-anthropic/v1/messages}" -H "x-api-key: $ask_t" \
	    -H 'Content-Type: application/json' \
	    -d "{\"model\":\"$ask_m\",\"max_tokens\":1000${ask_more:-},\"messages\":[]}" "$@"
}

# spent SCOPE WHO: micros
spent()
{
	control "{\"op\":\"usage\",\"scope\":\"$1\",$2}" && field .spent
}
