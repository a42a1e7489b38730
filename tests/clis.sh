#!/bin/sh
# Installs the agent CLIs that tests/system/slow_agent_*.t run, at the versions
# they were written against, with npm:
#   tests/clis.sh DIR [claude|codex|opencode|goose|playwright]...
# DIR/bin then has the programs: COFFER_TEST_CLIS=DIR.  playwright, only when it
# is named, is what slow_web_*.t drive Debian's chromium with, and axe.  They
# take 1.5 GB; no script of a package is run.
set -eu
[ $# -ge 1 ] || {
	sed -n '2,7s/^# //p' "$0" >&2
	exit 2
}
mkdir -p "$1/bin"
dir=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- claude codex opencode goose
for n in "$@"; do
	case $n in
	claude) package=@anthropic-ai/claude-code@2.1.329 program='*/claude-code-linux-x64/claude' ;;
	codex) package=@openai/codex@0.169.0 program='*/bin/codex' ;;
	opencode) package=opencode-ai@1.18.33 program='*/opencode-linux-x64/bin/opencode' ;;
	goose) package=@aaif/goose-binary-linux-x64@0.20.1 program='*/bin/goose' ;;
	playwright)
		npm install --prefix "$dir/$n" --cache "$dir/cache" --ignore-scripts --no-audit --no-fund --silent playwright-core@1.48.2 axe-core@4.14.1
		continue
		;;
	*)
		echo "clis.sh: $n is none of claude, codex, opencode, goose, playwright" >&2
		exit 2
		;;
	esac
	npm install --prefix "$dir/$n" --cache "$dir/cache" --ignore-scripts --no-audit --no-fund --silent "$package"
	file=$(find "$dir/$n" -type f -path "$program" -size +1M | head -n 1)
	[ -n "$file" ] || {
		echo "clis.sh: $package has no program for this machine" >&2
		exit 1
	}
	chmod 755 "$file"
	ln -sf "$file" "$dir/bin/$n"
	echo "$n: $("$file" --version </dev/null)"
done
