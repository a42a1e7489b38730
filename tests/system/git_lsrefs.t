#!/bin/sh
# Refs that are told without git: the same bytes as git's own, never a stale
# one, and no process is started.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 104
REPO=$HOME_DIR/repos/$PROJECT_ID.git
NAME=${PROJECT#*/}

# ask PROTOCOL-LINE...: a request; a line of two dashes is the delimiter.
ask()
{
	perl -e 'binmode STDOUT;
	for (@ARGV) {
		if ($_ eq "--") { print "0001"; next }
		if ($_ eq "00") { print "0000"; next }
		s/\\0/\0/g;
		printf "%04x%s\n", length($_) + 5, $_;
	}
	print "0000";' -- "$@"
}

# The real git, as cofferd starts it.
real()
{
	real_ns=$1
	shift
	(
		unset GIT_CONFIG_GLOBAL
		export GIT_CONFIG_GLOBAL=/dev/null
		[ "$real_ns" = work ] || export GIT_NAMESPACE=upstream
		[ -z "$PROTO" ] || export GIT_PROTOCOL="$PROTO"
		exec git -c uploadpack.allowFilter=true \
		    -c uploadpack.allowReachableSHA1InWant=true \
		    -c transfer.hideRefs=refs/coffer \
		    -c transfer.hideRefs=refs/namespaces \
		    -c receive.hideRefs=refs/pull \
		    -c receive.advertiseAtomic=true \
		    -c receive.advertisePushOptions=true \
		    -c safe.directory='*' "$@" "$REPO"
	)
}

path_of()
{
	case $1 in
	work) echo "/$PROJECT.git" ;;
	*) echo "/upstream/$NAME.git" ;;
	esac
}

# post VIEW FILE [CURL-ARGUMENT...]
post()
{
	post_p=$(path_of "$1")
	post_f=$2
	shift 2
	http POST "$post_p/git-upload-pack" -u "x:$ADMIN" \
	    -H 'Content-Type: application/x-git-upload-pack-request' \
	    -H "Git-Protocol: $PROTO" --data-binary "@$post_f" "$@"
}

# same NAME VIEW LINE...: both answer the request with the same bytes.
same()
{
	same_n=$1
	same_v=$2
	shift 2
	ask "$@" >"$T/ask"
	real "$same_v" upload-pack --stateless-rpc --strict <"$T/ask" \
	    >"$T/want" 2>"$T/want.err"
	post "$same_v" "$T/ask"
	tap_ok "$same_n" cmp "$T/want" "$BODY"
}

# same_ad NAME VIEW SERVICE
same_ad()
{
	PROTO=$4
	real "$2" "$3" --stateless-rpc --http-backend-info-refs \
	    </dev/null >"$T/want.ad" 2>"$T/want.err"
	case $PROTO in
	version=2) cp "$T/want.ad" "$T/want" ;;
	*)
		{
			perl -e 'printf "%04x%s", length($_[0] = "# service=git-$ARGV[0]\n") + 4, $_[0]; print "0000"' "$3"
			cat "$T/want.ad"
		} >"$T/want"
		;;
	esac
	http GET "$(path_of "$2")/info/refs?service=git-$3" -u "x:$ADMIN" \
	    ${PROTO:+-H "Git-Protocol: $PROTO"}
	tap_ok "$1" cmp "$T/want" "$BODY"
	PROTO=version=2
}

# What children that ended have cost cofferd: the same twice, and none ran.
children() { awk '{ print $11 }' "/proc/$COFFERD_PID/stat"; }

L='command=ls-refs agent=git/2.39.5 object-format=sha1'
PROTO=version=2
in_repo() { git -C "$REPO" "$@"; }

# shellcheck disable=SC2086
{
	git -C "$WORK" tag -a -m t v1
	git -C "$WORK" tag light
	git -C "$WORK" tag -a -m tt v1-of-tag v1 2>/dev/null
	git -C "$WORK" push -q origin --tags
	api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
	in_repo update-ref refs/pull/1/head refs/heads/main
	in_repo update-ref refs/coffer/kept/1/heads/x refs/heads/main
	in_repo update-ref refs/heads/feature/a refs/heads/main
	in_repo update-ref refs/heads/feature-a refs/heads/main
	in_repo update-ref refs/notes/n refs/heads/main

	same 'the first question' work $L -- peel symrefs unborn
	BEFORE=$(children)
	for v in work upstream; do
		same "$v: all" $v $L -- peel symrefs
		same "$v: all again" $v $L -- peel symrefs
		same "$v: unborn" $v $L -- peel symrefs unborn
		same "$v: bare" $v $L --
		same "$v: without a delimiter" $v $L
		same "$v: no capabilities" $v command=ls-refs -- peel
		same "$v: peel" $v $L -- peel
		same "$v: symrefs" $v $L -- symrefs
		same "$v: one prefix" $v $L -- 'ref-prefix refs/heads/'
		same "$v: HEAD alone" $v $L -- symrefs 'ref-prefix HEAD'
		same "$v: HE" $v $L -- symrefs 'ref-prefix HE'
		same "$v: a tag" $v $L -- peel 'ref-prefix refs/tags/v1'
		same "$v: prefixes in no order" $v $L -- peel symrefs \
		    'ref-prefix refs/tags/' 'ref-prefix HEAD' \
		    'ref-prefix refs/heads/f' 'ref-prefix refs/heads/feature/'
		same "$v: what git clone asks" $v $L -- peel symrefs unborn \
		    'ref-prefix HEAD' 'ref-prefix refs/heads/' 'ref-prefix refs/tags/'
		same "$v: an empty prefix" $v $L -- 'ref-prefix ' 'ref-prefix x'
		same "$v: nothing of that name" $v $L -- 'ref-prefix refs/none'
		same "$v: hidden by prefix" $v $L -- 'ref-prefix refs/coffer'
		tap_is "$(cat "$BODY")" 0000 "$v: hidden refs are not told"
		same "$v: namespaces by prefix" $v $L -- 'ref-prefix refs/namespaces/'
		tap_is "$(cat "$BODY")" 0000 "$v: namespaces are not told"
		same "$v: a pattern is a text" $v $L -- 'ref-prefix refs/heads/*'
	done
	tap_is "$(children)" "$BEFORE" 'no process answered'
	PROTO=key=1:version=2
	same 'version 2 among other keys' work $L -- peel
	PROTO=version=2
	tap_is "$(children)" "$BEFORE" 'nor for that'
	ask $L -- peel symrefs 'ref-prefix refs/heads/' >"$T/ask"
	post work "$T/ask" && cp "$BODY" "$T/plain"
	gzip -k "$T/ask"
	post work "$T/ask.gz" -H 'Content-Encoding: gzip'
	tap_ok 'a gzip body' cmp "$T/plain" "$BODY"
	post work "$T/ask" -H 'Transfer-Encoding: chunked'
	tap_ok 'a chunked body' cmp "$T/plain" "$BODY"
	post work "$T/ask.gz" -H 'Content-Encoding: gzip' -H 'Transfer-Encoding: chunked'
	tap_ok 'both' cmp "$T/plain" "$BODY"
	perl -e 'printf "%04x%s\n0001", 20, "command=ls-refs";
	    printf "%04xref-prefix refs/x%06d\n", 28, $_ for 1 .. 65535;
	    print "001bref-prefix refs/heads/\n0000"' >"$T/many"
	sed 's/001bref-prefix refs\/heads\/$/0009peel/' "$T/many" >"$T/fewer"
	for f in fewer many; do
		real work upload-pack --stateless-rpc --strict <"$T/$f" >"$T/want"
		post work "$T/$f"
		tap_ok "git's limit of prefixes: $f" cmp "$T/want" "$BODY"
	done
	tap_is "$(children)" "$BEFORE" 'still no process'

	# Nor by the API.
	for ref in refs/coffer/kept/1/heads/x refs//coffer///kept/1/heads/x \
	    refs/namespaces/upstream/refs/heads/main; do
		api GET "/api/v1/repos/$PROJECT/commits?sha=$ref"
		tap_is "$STATUS" 404 "commits of $ref"
		api GET "/api/v1/repos/$PROJECT/raw/a.txt?ref=$ref"
		tap_is "$STATUS" 404 "a file of $ref"
		api GET "/api/v1/repos/$PROJECT/commits/$(echo "$ref" | sed 's,/,%2F,g')/status"
		tap_is "$STATUS" 404 "status of $ref"
	done

	# What git refuses, git refuses.
	same 'an unknown argument' work $L -- peeled
	same 'an unknown capability' work $L what=1 -- peel
	same 'sha256' work command=ls-refs object-format=sha256 -- peel
	same 'two commands' work command=ls-refs command=ls-refs -- peel
	same 'no command' work agent=x -- peel
	same 'an unknown command' work command=ls-all -- peel
	same 'a NUL' work $L -- 'ref-prefix refs/heads\0x'
	same 'bytes after the end' work $L -- peel 00 symrefs
	printf '0014command=ls-refs\n0001' >"$T/ask"
	real work upload-pack --stateless-rpc --strict <"$T/ask" >"$T/want" 2>/dev/null
	post work "$T/ask"
	tap_ok 'a body that is cut' cmp "$T/want" "$BODY"
	same 'object-info goes to git' work command=object-info -- size "oid $(in_repo rev-parse main)"

	# Advertisements: the first teaches.
	for v in work upstream; do
		for p in '' version=1 version=2 version=0 version=7; do
			http GET "$(path_of $v)/info/refs?service=git-upload-pack" -u "x:$ADMIN"
			same_ad "$v: upload-pack, ${p:-no protocol}" $v upload-pack "$p"
		done
	done
	http GET "$(path_of work)/info/refs?service=git-receive-pack" -u "x:$ADMIN"
	BEFORE=$(children)
	same_ad 'receive-pack' work receive-pack ''
	same_ad 'upload-pack once more' work upload-pack ''

	tap_is "$(children)" "$BEFORE" 'no process made them'

	# True at once.
	push_branch agent/one b.txt two
	tap_is "$(git_as "$ADMIN" ls-remote "$URL/$PROJECT.git" refs/heads/agent/one | cut -f1)" "$SHA" 'a push is told at once'
	same 'and in the same bytes' work $L -- peel symrefs
	in_repo update-ref refs/heads/by-hand main
	sleep 0.1
	same 'a ref made by hand' work $L -- peel symrefs
	in_repo update-ref refs/heads/deep/er/hand main
	sleep 1.2
	same 'one in a new folder' work $L -- peel symrefs
	in_repo update-ref refs/heads/deep/er/hand "$SHA"
	sleep 1.2
	same 'a change deep in the folders' work $L -- peel symrefs
	in_repo pack-refs --all
	sleep 0.1
	same 'after pack-refs' work $L -- peel symrefs
	in_repo update-ref -d refs/heads/by-hand
	sleep 0.1
	same 'a packed ref is deleted' work $L -- peel symrefs

	# What the snapshot does not tell, git tells.
	in_repo symbolic-ref refs/heads/sym refs/heads/main
	sleep 0.1
	same 'a symbolic branch' work $L -- peel symrefs
	in_repo symbolic-ref -d refs/heads/sym
	echo 0123456789012345678901234567890123456789 >"$REPO/refs/heads/gone"
	sleep 0.1
	same 'a ref to nothing' work $L -- peel symrefs
	rm "$REPO/refs/heads/gone"
	in_repo symbolic-ref HEAD refs/heads/none
	sleep 0.1
	same 'unborn HEAD' work $L -- peel symrefs unborn
	same 'unborn HEAD, not asked for' work $L -- peel symrefs
	same_ad 'unborn HEAD, advertised' work upload-pack ''
	SHA=$(in_repo rev-parse main)
	in_repo update-ref --no-deref HEAD "$SHA"
	sleep 0.1
	same 'detached HEAD' work $L -- peel symrefs unborn
	same_ad 'detached HEAD, advertised' work upload-pack ''
	in_repo rev-parse v1 >"$REPO/HEAD.new" && mv "$REPO/HEAD.new" "$REPO/HEAD"
	sleep 0.1
	same 'HEAD at a tag' work $L -- peel symrefs unborn
	same_ad 'HEAD at a tag, advertised' work upload-pack ''
	in_repo symbolic-ref HEAD refs/heads/main

	# No ref at all.
	for r in $(in_repo for-each-ref --format='%(refname)'); do echo "delete $r"; done |
	    in_repo update-ref --stdin --no-deref 2>/dev/null
	sleep 1.2
	same 'an empty repository' work $L -- peel symrefs unborn
	same_ad 'empty, upload-pack' work upload-pack ''
	same_ad 'empty, receive-pack' work receive-pack ''
	same 'an empty namespace' upstream $L -- peel symrefs unborn
}
tap_done
