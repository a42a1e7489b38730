#!/bin/bash
# For demo.sh: which agent, how it gets into the sandbox, where its key is.
# Uses demo.sh's say and fail; sets agent, agent_kind, agent_keys.
# shellcheck disable=SC2154
agent_max=$((1 << 30))
agent_keys=()

# AGENT= as the caller's user sees it, before sudo changes PATH.
agent_find() {
	AGENT_BIN=
	[ -n "${AGENT-}" ] || return 0
	AGENT_BIN=$(command -v -- "$AGENT") && AGENT_BIN=$(readlink -f -- "$AGENT_BIN") && [ -f "$AGENT_BIN" ] || {
		echo "make demo: AGENT=$AGENT: there is no such program in PATH" >&2
		exit 2
	}
	AGENT_NODE=$(command -v node) && AGENT_NODE=$(readlink -f -- "$AGENT_NODE")
	export AGENT_BIN AGENT_NODE
}

# What can be known before anything is started; takes the keys out of the
# environment, so that no program of the demo inherits them.
agent_check() {
	local v url
	[ -n "${AGENT-}" ] || return 0
	agent=real-agent
	agent_kind=${AGENT##*/}
	case $agent_kind in
	claude | codex | opencode | goose) ;;
	*) agent_kind=program ;;
	esac
	if [ -n "${AGENT_STUB-}" ]; then
		[ "$agent_kind" != codex ] || agent_stop 'AGENT_STUB=1 speaks /v1/messages, codex does not'
		[ "$agent_kind" != program ] || agent_stop 'AGENT_STUB=1 is for claude, opencode and goose'
		unset ANTHROPIC_BASE_URL OPENAI_API_KEY OPENAI_BASE_URL
		ANTHROPIC_API_KEY=sk-stub-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
		AGENT_MODEL=${AGENT_MODEL:-claude-stub-model}
	fi
	for v in ANTHROPIC_API_KEY OPENAI_API_KEY; do
		[ -n "${!v-}" ] || continue
		[[ ${!v} =~ ^[!-~]{8,1024}$ ]] || agent_stop "$v is not the text of a key"
		agent_keys+=("${!v}")
	done
	case $agent_kind in
	claude) [ -n "${ANTHROPIC_API_KEY-}" ] || agent_stop 'AGENT=claude needs ANTHROPIC_API_KEY (or AGENT_STUB=1)' ;;
	codex) [ -n "${OPENAI_API_KEY-}" ] || agent_stop 'AGENT=codex needs OPENAI_API_KEY' ;;
	opencode | goose)
		[ ${#agent_keys[@]} != 0 ] || agent_stop "AGENT=$agent_kind needs ANTHROPIC_API_KEY or OPENAI_API_KEY (or AGENT_STUB=1)"
		[ -n "${AGENT_MODEL-}" ] || agent_stop "AGENT=$agent_kind needs AGENT_MODEL, the model's name"
		;;
	esac
	for url in "${ANTHROPIC_BASE_URL-}" "${OPENAI_BASE_URL-}"; do
		case $url in
		'' | http://* | https://*) ;;
		*) agent_stop 'a model address begins with http:// or https://' ;;
		esac
		[[ ! $url =~ ^https?://([^/]*@)?(127\.|localhost|\[::1\]|0\.) ]] ||
		    agent_stop "no sandbox reaches $url, by design: the address must be one that the network mode web lets through"
	done
	export -n ANTHROPIC_API_KEY ANTHROPIC_BASE_URL OPENAI_API_KEY OPENAI_BASE_URL
}

agent_stop() {
	echo "make demo: $*" >&2
	exit 2
}

# A package in a node_modules folder, and those that it needs next to it.
agent_copy_package() { # NODE_MODULES NAME TO
	local dep
	[ -d "$1/$2" ] && [ ! -e "$3/$2" ] || return 0
	mkdir -p "$(dirname "$3/$2")" && cp -rL --no-preserve=ownership -- "$1/$2" "$3/$2" || return 1
	while read -r dep; do
		[[ $dep =~ ^(@[a-zA-Z0-9._-]+/)?[a-zA-Z0-9_-][a-zA-Z0-9._-]*$ ]] || continue
		[ -d "$1/$2/node_modules/$dep" ] || agent_copy_package "$1" "$dep" "$3" || return 1
	done < <(jq -r '(.dependencies // {}) + (.optionalDependencies // {}) | keys[]' "$1/$2/package.json" 2>/dev/null)
}

# The sandbox sees the host's /usr and HOME/agents: what is elsewhere is copied.
agent_copy() { # prints the path in the sandbox
	local to=$COFFER_HOME/agents/cli in=/opt/coffer/agents/cli mods rest name size
	mkdir -p "$to/bin"
	case $AGENT_NODE in
	'' | /usr/*) ;;
	*) cp -L --no-preserve=ownership -- "$AGENT_NODE" "$to/bin/node" || return 1 ;;
	esac
	case $AGENT_BIN in
	/usr/*)
		echo "$AGENT_BIN"
		return
		;;
	esac
	if [ "$(head -c 4 "$AGENT_BIN" | od -An -tx1 | tr -d ' ')" != 7f454c46 ] && [[ $AGENT_BIN == */node_modules/* ]]; then
		mods=${AGENT_BIN%/node_modules/*}/node_modules
		rest=${AGENT_BIN#"$mods"/}
		name=$(cut -d/ -f1 <<<"$rest")
		[[ $name != @* ]] || name=$(cut -d/ -f1,2 <<<"$rest")
		size=$(du -sLb --total -- "$mods/$name" | tail -n 1 | cut -f1)
		[ "$size" -le $agent_max ] && agent_copy_package "$mods" "$name" "$to/node_modules" || return 1
		in=$in/node_modules/$rest
	else
		size=$(stat -c %s -- "$AGENT_BIN")
		[ "$size" -le $agent_max ] && cp --no-preserve=ownership -- "$AGENT_BIN" "$to/bin/" || return 1
		in=$in/bin/${AGENT_BIN##*/}
	fi
	[ "$(du -sb "$to" | cut -f1)" -le $agent_max ] || return 1
	chmod -R u+rwX,go=rX "$to" || return 1
	echo "$in"
}

agent_install() {
	local path
	cp "$here/$agent" "$here/fence.sh" "$COFFER_HOME/agents/"
	[ "$agent" = real-agent ] || return 0
	path=$(agent_copy) || fail "AGENT=$AGENT could not be copied into HOME/agents, or is over 1 GB: $AGENT_BIN"
	[ "$path" = "$AGENT_BIN" ] ||
	    say "$AGENT_BIN is not below /usr: copied into the sandbox's reach, $(du -sh "$COFFER_HOME/agents/cli" | cut -f1)"
	[ -z "${AGENT_STUB-}" ] || cp "$here/stub-model.pl" "$COFFER_HOME/agents/"
	printf '%s=%q\n' AGENT_KIND "$agent_kind" AGENT_BIN "$path" AGENT_MODEL "${AGENT_MODEL-}" \
	    AGENT_STUB "${AGENT_STUB-}" >"$COFFER_HOME/agents/agent.conf"
}

# The key, for the agent of one project: agent_give_key PROJECT-ID
agent_give_key() {
	local f=$COFFER_HOME/agents/agent.key uid v
	[ ${#agent_keys[@]} != 0 ] || return 0
	# host_project_uid_base + HOST_AGENT_UID, agentd/sandbox/host.c
	uid=$((200000 + 65536 * $1 + 1000))
	(umask 377 && : >"$f") && chown "$uid:$uid" "$f" || fail 'the key file'
	for v in ANTHROPIC_API_KEY ANTHROPIC_BASE_URL OPENAI_API_KEY OPENAI_BASE_URL; do
		[ -z "${!v-}" ] || printf '%s=%q\n' "$v" "${!v}"
	done >"$f"
	printf '        \033[1mWARNING: there is no model gateway yet: the key IS inside the sandbox (%s)\033[0m\n' \
	    "agent.key, uid $uid, mode 0400"
}

agent_key_list() { printf '%s\n' "${agent_keys[@]}"; }

# No process of the host may show a key in its arguments.
agent_key_in_argv() {
	[ ${#agent_keys[@]} != 0 ] || return 0
	! grep -alFsf <(agent_key_list) /proc/[0-9]*/cmdline || fail 'a key is in the arguments of a process'
}

# Nor may anything but the key file hold one: HOME as it is (the files of an
# image are seen through its mount), and unpacked what git and the runs hold.
agent_key_elsewhere() { # PROJECT-ID
	local r
	[ ${#agent_keys[@]} != 0 ] || return 0
	step 'the key is nowhere but in its file'
	agent_key_in_argv
	! grep -rlaFsf <(agent_key_list) --exclude-dir=cli --exclude=ws.img "$COFFER_HOME" |
	    grep -vxF "$COFFER_HOME/agents/agent.key" || fail 'a key is where it must not be'
	git -c safe.directory='*' --git-dir "$COFFER_HOME/repos/$1.git" cat-file --batch --batch-all-objects >"$top/objects" &&
	    [ -s "$top/objects" ] || fail 'the objects of the repository cannot be read'
	! grep -qaFf <(agent_key_list) "$top/objects" || fail 'a key is in the repository'
	for r in $(coffer run list tally --json | jq '.[].id'); do
		coffer run logs "$r" >"$top/run.log" 2>&1 || fail "the log of run $r"
		! grep -qaFf <(agent_key_list) "$top/run.log" || fail "a key is in the log of run $r"
	done
	say "looked in HOME, every object of the project's repository, the runs' logs, the arguments of all processes"
}
