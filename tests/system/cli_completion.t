#!/bin/bash
# coffer completion: what may stand at the cursor, and the script for bash in a
# real one; those for zsh and fish where the host has them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/cli_lib.sh"

# words WORD...: what is offered, without what it is
words()
{
	coffer completion words -- "$@" >"$T/out" 2>"$T/err"
	tail -n +2 "$T/out" | cut -f 1 | sort | tr '\n' ' '
}
kind() { head -n 1 "$T/out"; }

tap_is "$(words isu)" '' 'nothing begins so'
tap_is "$(words iss)" 'issue ' 'a family, once'
tap_is "$(words issue '')" 'close comment list new reopen show ' 'its commands'
tap_is "$(words issue re)" 'reopen ' 'those that begin so'
tap_is "$(words --home /x issue re)" 'reopen ' 'behind a global option'
tap_is "$(words fetch u)" 'undo ' 'a command that is a family, too'
tap_is "$(words issue new --t)" '--title ' 'an option'
tap_is "$(words issue new --dry)" '--dry-run ' 'a global one'
tap_is "$(words help issue sh)" 'show ' 'what help takes'
tap_is "$(words user grant acme/x bob '')" 'read write ' 'an argument that is one of few'
tap_is "$(words completion '')" 'bash fish zsh ' 'the shells'
words issue new acme/x -F '' >/dev/null
tap_is "$(kind)" :files 'the value of an option that is a file'
words --home '' >/dev/null
tap_is "$(kind)" :dirs 'the value of --home'
words exec acme/x -- '' >/dev/null
tap_is "$(kind)" :files 'behind the dashes of exec'
tap_is "$(words issue new -t)$(kind)" ':words' 'a letter that is whole'
start_canned
canned GET /api/coffer/v1/projects 200 '[{"full_name":"acme/calc"},{"full_name":"acme/other"},{"full_name":"x/$(touch y)"},{"full_name":"-x/y"}]'
tap_is "$(words issue show '')" 'acme/calc acme/other ' 'projects, and no name that is none'
tap_is "$(words issue show cal)" 'calc ' 'by their short name'
tap_is "$(words issue show acme/c)" 'acme/calc ' 'and by the long one'
COFFER_URL=http://127.0.0.1:9
tap_is "$(words issue show '')" '' 'nobody answers: nothing, and no noise'
run completion tcsh
tap_is "$RC" 2 'a shell that it does not know'

PATH=$O/bin:$PATH
run completion bash
# shellcheck disable=SC1091
. "$T/out"
# at WORD...: what bash would offer at the last word
at()
{
	COMP_WORDS=(coffer "$@")
	COMP_CWORD=$#
	_coffer coffer "${!#}" "${COMP_WORDS[$#-1]}" 2>/dev/null
	printf '%s ' "${COMPREPLY[@]}"
}
tap_is "$(at issue re)" 'reopen ' 'bash: a command'
tap_is "$(at run start --re)" '--repo --record ' 'bash: options'
mkdir "$T/cwd" && cd "$T/cwd" && touch 'a file' afile && mkdir adir
tap_is "$(at issue new acme/x -F afi)" 'afile ' 'bash: files'
tap_is "$(at --home a)" 'adir ' 'bash: folders'
tap_is "$(at issue 'x$(touch evil)')$(ls evil 2>/dev/null)" ' ' 'bash: a word is not run'
tap_ok 'bash: registered for coffer' sh -c "bash -c '. \"$T/out\"; complete -p coffer' | grep -q '_coffer coffer'"
coffer completion zsh >"$T/_coffer"
coffer completion fish >"$T/coffer.fish"
if command -v zsh >/dev/null; then
	cat >"$T/zsh.zsh" <<'END'
_describe() { print -rl -- ${(P)${@[-1]}} }
_files() { print -r -- "files $*" }
compdef() { print "registered $2" }
source $1
words=(coffer issue re) CURRENT=3
_coffer
words=(coffer issue new p -F '') CURRENT=6
_coffer
words=(coffer --home '') CURRENT=3
_coffer
END
	tap_is "$(zsh -f "$T/zsh.zsh" "$T/_coffer" 2>&1)" "registered coffer
reopen:open it again
files 
files -/" 'zsh: registered, words, files, folders'
else
	tap_ok 'zsh: not on this host; its script is there' grep -q '^#compdef coffer' "$T/_coffer"
fi
if command -v fish >/dev/null; then
	tap_is "$(HOME=$T fish --no-config -c "source $T/coffer.fish; complete -C 'coffer issue re'" 2>&1)" \
	    "reopen	open it again" 'fish: words'
	tap_is "$(HOME=$T fish --no-config -c "source $T/coffer.fish; complete -C 'coffer issue new p -F afi'" 2>&1 | cut -f 1)" \
	    afile 'fish: files'
else
	tap_ok 'fish: not on this host; its script is there' grep -q '^complete -c coffer' "$T/coffer.fish"
fi
tap_done
