#!/bin/sh
# The user's own settings in a sandbox: in the session and in a run, writable,
# without what looks like a credential.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
tap_plan 17
unset COFFER_TOKEN COFFER_URL
COFFER_HOME=$T/home
export COFFER_HOME
seed_on_exit() {
	coffer down >/dev/null 2>&1
	rm -rf "$SHARE"
	lib_on_exit
}
SHARE=$(mktemp -d /opt/coffer-test.XXXXXX)
chmod 755 "$SHARE"
echo shared >"$SHARE/hello"
trap seed_on_exit EXIT
run setup
sed -i -e 's/^#* *allow_file_upstream.*/allow_file_upstream = yes/' \
    -e "s|^\[agentd\]|[agentd]\nprompts_dir = $PWD/prompts|" "$COFFER_HOME/coffer.conf"
HOME_DIR=$COFFER_HOME
ME=$T/me
mkdir -p "$ME/.claude/commands" "$ME/.codex"
echo '# be kind' >"$ME/.claude/CLAUDE.md"
echo 'do it' >"$ME/.claude/commands/do.md"
echo '{"key":"x"}' >"$ME/.claude/.credentials.json"
echo '{}' >"$ME/.codex/auth.json"
echo "key = \"sk-ant-$(printf 'a%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18)\"" >"$ME/.codex/config.toml"
ln -s /etc/passwd "$ME/.claude/commands/p.md"
run seed --from "$ME" --dry-run
tap_is "$RC,$(ls -d "$COFFER_HOME/seed" 2>/dev/null)" 0, 'seed --dry-run writes nothing'
run seed --from "$ME"
tap_is "$RC,$(grep -c '^+' "$T/out")" 0,2 'seed takes what is listed'
tap_ok 'a link is named and left out' out_has '^- .claude/commands/p.md: it is a link'
tap_ok 'so is a file with a key' out_has '^- .codex/config.toml: it has a key'
tap_is "$(find "$COFFER_HOME/seed" -type f | wc -l)" 2 'nothing else is there'

# A sandbox may begin at any moment: there is always a whole one.
cat >"$T/watch.pl" <<'END'
my ($dir, $stop) = @ARGV;
my $missing = 0;
until (-e $stop) { $missing++ unless -e "$dir/.claude/CLAUDE.md" }
exit($missing != 0);
END
perl "$T/watch.pl" "$COFFER_HOME/seed" "$T/stop" &
WATCH=$!
I=0
while [ $I -lt 30 ]; do run seed --from "$ME"; I=$((I + 1)); done
: >"$T/stop"
wait "$WATCH"
tap_is "$?" 0 'seed again never takes it away'
run seed --remove --dry-run
tap_ok 'seed --remove --dry-run removes nothing' [ -d "$COFFER_HOME/seed" ]
run seed --remove
tap_is "$RC,$(ls -d "$COFFER_HOME"/seed* 2>/dev/null)" 0, 'seed --remove'
run seed --from "$ME"
tap_is "$RC,$(ls -d "$COFFER_HOME"/seed*)" "0,$COFFER_HOME/seed" 'and once more'

make_upstream calc
run up -d --listen 127.0.0.1:0
run create "$UPSTREAM" --network none --ro "$SHARE" --wait --timeout 60s \
    -- /bin/sh -c 'cat ~/.claude/CLAUDE.md /mnt/coffer-test.*/hello >/run/coffer/out/message.md; echo x >>~/.claude/CLAUDE.md'
tap_is "$RC" 0 'a sandbox begins'
in_session() { coffer exec calc -- "$@"; }
tap_is "$(in_session cat /home/agent/.claude/CLAUDE.md)" '# be kind' 'with them'
tap_ok 'which it may change' in_session sh -c 'echo more >>~/.claude/commands/do.md && mkdir ~/.claude/own'
tap_not 'but not for others' in_session sh -c 'echo x >/run/coffer/seed/x'
tap_is "$(cat "$COFFER_HOME/seed/.claude/commands/do.md")" 'do it' 'the seed is as it was'
URL=http://$(cat "$COFFER_HOME/run/cofferd.addr")
ADMIN=$(cat "$COFFER_HOME/secrets/admin.token")
PROJECT=$(coffer status calc --json | jq -r .project.full_name)
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"x","body":"y"}'
api POST "/api/v1/repos/$PROJECT/issues/$(field .number)/comments" '{"body":"/explain"}'
run_is_over() { api GET "/api/coffer/v1/runs?project=$PROJECT"; [ "$(field '.[0].state')" = "done" ]; }
tap_ok 'a run has them' wait_for 60 run_is_over
tap_is "$(field '.[0].message' | head -n 1)" '# be kind' 'and reads them'
tap_is "$(field '.[0].message' | sed -n 2p)" shared 'as well as what the project shares'
tap_done
