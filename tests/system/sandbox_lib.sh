# shellcheck shell=sh disable=SC2034
# Sandboxes by the command line, as root: a home with an upstream `calc`
# (branches main and dev), all services up, and $SHARE, a folder of the host
# that may be shared.  Sourced after cli_lib.sh, and after the plan.
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
sandbox_on_exit() {
	coffer down >/dev/null 2>&1
	rm -rf "$SHARE"
	lib_on_exit
}
SHARE=$(mktemp -d /opt/coffer-test.XXXXXX)
chmod 755 "$SHARE"
trap sandbox_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
make_upstream calc
git -C "$T/up/calc.git" branch dev main
run up -d --listen 127.0.0.1:0
URL=http://$(cat "$COFFER_HOME/run/cofferd.addr")
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
sandbox() { coffer status calc --json | jq -r ".project.sandbox.$1"; }
setting() { coffer status calc --json | jq -r ".project.settings.$1"; }
in_session() { coffer exec calc -- "$@"; }
