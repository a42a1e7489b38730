#!/bin/sh
# Objects that are made to harm whoever checks them out, or the server itself: each is refused while it is in quarantine,
# the pusher reads why, and nothing of it stays.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
tap_plan 49
R=$HOME_DIR/repos/$PROJECT_ID.git
git clone -q "http://x:$ADMIN@${URL#http://}/$PROJECT.git" "$T/c"
cd "$T/c" || exit 1
B=$(echo hello | git hash-object -w --stdin)
E=$(git mktree </dev/null)
TIP=$(git rev-parse HEAD)
hex() { git rev-parse "$1" | sed 's/../\\x&/g'; }
raw() { # FORMAT of printf: a tree written byte by byte
	# shellcheck disable=SC2059
	/usr/bin/printf "$1" | git hash-object -t tree --literally -w --stdin
}
# push TREE: a commit with it to agent/h; what git says is in $T/why.
push() {
	git push -q origin "$(git commit-tree -p "$TIP" -m h "$1" </dev/null):refs/heads/agent/h" 2>"$T/why"
}
BH=$(hex "$B")
EH=$(hex "$E")
# refused NAME ID TREE: with that id of git's checks.
refused() {
	push "$3"
	rc=$?
	if [ $rc -ne 0 ] && grep -q "remote: .*$2" "$T/why"; then
		tap_result 0 "$1"
	else
		tap_result 1 "$1"
		echo "# status $rc, want $2"
		sed 's/^/# /' "$T/why"
		[ $rc -ne 0 ] || git push -q origin :refs/heads/agent/h 2>/dev/null
	fi
}

# Names that a file system takes for .git, or for another folder.
refused '.git as a file' hasDotgit "$(raw "100644 .git\0$BH")"
refused '.git as a folder' hasDotgit "$(raw "40000 .git\0$EH")"
refused '.GIT' hasDotgit "$(raw "40000 .GIT\0$EH")"
refused '.Git' hasDotgit "$(raw "40000 .Git\0$EH")"
refused 'git~1, the short name of .git' hasDotgit "$(raw "40000 git~1\0$EH")"
refused '.git with a trailing dot' hasDotgit "$(raw "40000 .git.\0$EH")"
refused '.git with a trailing space' hasDotgit "$(raw "40000 .git \0$EH")"
refused '.git with a stream name' hasDotgit "$(raw "40000 .git::\$INDEX_ALLOCATION\0$EH")"
refused '.git with a backslash' hasDotgit "$(raw "40000 .git\\\\x\0$EH")"
refused '.git with a zero-width joiner' hasDotgit "$(raw "40000 .g\xe2\x80\x8dit\0$EH")"
refused '.git with a zero-width non-joiner' hasDotgit "$(raw "40000 .g\xe2\x80\x8cit\0$EH")"
refused '.git with a byte order mark' hasDotgit "$(raw "40000 .git\xef\xbb\xbf\0$EH")"
refused 'dot' hasDot "$(raw "40000 .\0$EH")"
refused 'dot dot' hasDotdot "$(raw "40000 ..\0$EH")"
refused 'a slash in a name' fullPathname "$(raw "100644 a/b\0$BH")"
refused 'an empty name' 'emptyName\|empty filename' "$(raw "100644 \0$BH")"
refused 'a tree out of order' treeNotSorted "$(raw "100644 b\0${BH}100644 a\0$BH")"
refused 'a name twice' duplicateEntries "$(raw "100644 a\0${BH}100644 a\0$BH")"
refused 'a file and a folder of one name' duplicateEntries "$(raw "100644 a\0${BH}40000 a\0$EH")"
refused 'an unknown mode' badFilemode "$(raw "100666 a\0$BH")"
refused 'a setuid mode' badFilemode "$(raw "104755 a\0$BH")"
refused 'an id of zeros' nullSha1 "$(raw "160000 a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")"
refused 'a tree cut short' 'badTree\|too-short tree' "$(raw "100644 a\0abc")"
refused '.git deep inside' hasDotgit "$(printf '040000 tree %s\tx\n' "$(raw "40000 .git\0$EH")" | git mktree)"

# .gitmodules: what a recursive clone would run or write.
modules() { # TEXT of printf: a tree with it
	# shellcheck disable=SC2059
	m=$(printf "$1" | git hash-object -w --stdin)
	printf '100644 blob %s\t.gitmodules\n160000 commit %s\tsub\n' "$m" "$TIP" | git mktree
}
refused 'a URL that is an option' gitmodulesUrl "$(modules '[submodule "a"]\n\tpath = sub\n\turl = --upload-pack=touch\n')"
refused 'a URL with a newline' gitmodulesUrl "$(modules '[submodule "a"]\n\tpath = sub\n\turl = https://x/%%0ahost=y\n')"
refused 'a URL that climbs to a host' gitmodulesUrl "$(modules '[submodule "a"]\n\tpath = sub\n\turl = ../../../../:x/y\n')"
refused 'a path that is an option' gitmodulesPath "$(modules '[submodule "a"]\n\tpath = -x\n\turl = https://x/y\n')"
refused 'a name that climbs' gitmodulesName "$(modules '[submodule "../../x"]\n\tpath = sub\n\turl = https://x/y\n')"
refused 'an update command' gitmodulesUpdate "$(modules '[submodule "a"]\n\tpath = sub\n\turl = https://x/y\n\tupdate = !touch x\n')"
refused '.gitmodules that cannot be read' gitmodulesParse "$(modules '[submodule "a\n')"
refused '.gitmodules that is a folder' gitmodulesBlob "$(raw "40000 .gitmodules\0$EH")"
refused '.gitmodules that is a link' gitmodulesSymlink "$(raw "120000 .gitmodules\0$BH")"
refused '.GITMODULES that is a link' gitmodulesSymlink "$(raw "120000 .GITMODULES\0$BH")"
refused 'gitmod~1 that is a link' gitmodulesSymlink "$(raw "120000 gitmod~1\0$BH")"
refused '.gitattributes that is a link' gitattributesSymlink "$(raw "120000 .gitattributes\0$BH")"
refused '.gitignore that is a link' gitignoreSymlink "$(raw "120000 .gitignore\0$BH")"
refused '.mailmap that is a link' mailmapSymlink "$(raw "120000 .mailmap\0$BH")"
refused '.gitattributes with an endless line' gitattributesLineLength \
    "$(printf '100644 blob %s\t.gitattributes\n' "$(head -c 5000 /dev/zero | tr '\0' a | git hash-object -w --stdin)" | git mktree)"
tap_ok 'a decent .gitmodules passes' push "$(modules '[submodule "a"]\n\tpath = sub\n\turl = https://example.org/y\n')"
git push -q origin :refs/heads/agent/h

# Commits and tags.
commit() { git hash-object -t commit --literally -w --stdin; }
bad_commit() { # NAME ID SHA
	git push -q origin "$3:refs/heads/agent/h" 2>"$T/why"
	tap_ok "$1" grep -q "remote: .*$2" "$T/why"
}
bad_commit 'a commit without an author' missingAuthor \
    "$(printf 'tree %s\nparent %s\ncommitter A <a@b> 1 +0000\n\nx\n' "$E" "$TIP" | commit)"
bad_commit 'a commit with a NUL in its head' nulInHeader \
    "$(printf 'tree %s\nparent %s\nauthor A\0 <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n' "$E" "$TIP" | commit)"
git push -q origin "$B:refs/heads/agent/h" 2>"$T/why"
tap_not 'a branch that is a blob' git ls-remote --exit-code origin refs/heads/agent/h

tap_is "$(find "$R/objects" -maxdepth 1 -name '*incoming*')" '' 'no quarantine stays'
tap_not 'no hostile object stays' git --git-dir="$R" cat-file -e "$(raw "100644 .git\0$BH")"

# What only old tools did wrong passes, with a remark; so does a branch on top of what upstream has.
PAD=$(raw "040000 d\0$(hex "$(raw "100644 a\0$BH")")")
tap_ok 'a zero-padded mode passes' push "$PAD"
tap_ok 'and is remarked on' grep -q 'zeroPaddedFilemode' "$T/why"
git push -q origin :refs/heads/agent/h
tap_ok 'git has no complaint' git --git-dir="$R" fsck --connectivity-only --no-dangling
tap_ok 'cofferd ends well' stop_cofferd
tap_done
