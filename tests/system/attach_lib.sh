# shellcheck shell=sh disable=SC2034
# attach_lib.sh: services and one project with a sandbox, for attach_*.t.
# Sourced after lib.sh and cli_lib.sh.  COFFER_TEST_AGENTD: further lines of the
# section [agentd], \n between them, for another driver.

attach_on_exit()
{
	if command -v attach_end >/dev/null; then attach_end; fi
	coffer down >/dev/null 2>&1
	lib_on_exit
}

# attach_up NAME: a home, its services, the project NAME running.
attach_up()
{
	unset COFFER_TOKEN COFFER_URL
	COFFER_HOME=$T/home
	HOME=$T/user
	XDG_CONFIG_HOME=$T/user/config
	export COFFER_HOME HOME XDG_CONFIG_HOME
	mkdir -p "$HOME"
	trap attach_on_exit EXIT
	run setup
	INST=$(cat "$COFFER_HOME/instance")
	sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
	    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts${COFFER_TEST_AGENTD:+\n$COFFER_TEST_AGENTD}|" \
	    "$COFFER_HOME/coffer.conf"
	HOME_DIR=$COFFER_HOME
	make_upstream "$1"
	run up -d --listen 127.0.0.1:0
	[ "$RC" = 0 ] || tap_bail "up: $(cat "$T/err")"
	ADMIN=$(cat "$HOME_DIR/secrets/admin.token")
	URL=http://$(cat "$HOME_DIR/run/cofferd.addr")
	run create "$UPSTREAM" --network none --wait --timeout 60s
	[ "$RC" = 0 ] || tap_bail "create: $(cat "$T/err")"
	wait_for 30 coffer exec "$1" -- true || tap_bail 'exec'
}

# What is left on the host of this home.
attach_left()
{
	find /run/netns -name "coffer-$INST-*" 2>/dev/null
	grep -F "$T" /proc/mounts
	losetup -a | grep -F "$T"
	pgrep -f -- "--home $COFFER_HOME"
	# Those of other tests have other mounts.
	for p in $(pgrep -f -- "/tmp/.coffer-ssh"); do
		! grep -qF "${T##*/}" "/proc/$p/mountinfo" 2>/dev/null || echo "$p"
	done
}
