#!/bin/sh
# Branches, commits, trees, tags, files: read and written through Gitea's API.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_upstream
(
	cd "$WORK" || exit 1
	mkdir -p src/deep
	printf 'int main;\n' >src/main.c
	printf 'deep\n' >src/deep/x.txt
	ln -s main.c src/link
	printf '\000\001' >bin.dat
	git add . && git commit -q -m 'Second'
	printf 'one\ntwo\n' >a.txt
	git -c user.email=bob@example.org commit -q -am 'Third' \
	    --author='Bob <bob@example.org>'
	git tag light && git tag -a -m 'The first' v1.0
	git checkout -q -b release/1 && printf 'r\n' >r.txt
	git add . && git commit -q -m 'On release'
	git push -q origin main release/1 light v1.0
) || tap_bail 'upstream'
chmod -R a+rX "$T/up"
api POST /api/coffer/v1/projects "{\"upstream\":\"$UPSTREAM\"}"
PROJECT=$(field .full_name)
PROJECT_ID=$(field .id)
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
api PATCH /api/v1/admin/users/bob \
    '{"email":"bob@example.org","login_name":"bob","source_id":0}'
READER=$(make_user ann)
api PUT "$R/collaborators/bob" '{"permission":"write"}'
api PUT "$R/collaborators/ann" '{"permission":"read"}'
TIP=$(git -C "$WORK" rev-parse main)
FIRST=$(git -C "$WORK" rev-parse main~2)

# Branches.
api GET "$R/branches"
tap_is "$STATUS,$(field '[.[].name]|join(" ")')" '200,main release/1' 'branches are listed'
tap_is "$(field '.[0].commit.id')" "$TIP" 'with their commits'
tap_is "$(field '.[0]|[.protected,.user_can_push,.enable_status_check,.required_approvals,(.status_check_contexts|length)]|map(tostring)|join(",")' | cut -d, -f1,2)" \
    true,false 'what follows upstream is protected'
tap_is "$(field '.[0].commit|[.author.username,.verification.verified]|map(tostring)|join(",")')" bob,false 'an address names its user'
api GET "$R/branches?limit=1&page=2"
tap_is "$(field '.[0].name'),$(grep -ic '^x-total-count: 2' "$HEADERS")" release/1,1 'a page of them'
api GET "$R/branches/release/1"
tap_is "$STATUS,$(field .name)" 200,release/1 'a name with a slash'
api GET "$R/branches/release%2F1"
tap_is "$STATUS,$(field .name)" 200,release/1 'or an escaped one'
api GET "$R/branches/none"
tap_is "$STATUS" 404 'no such branch'
as "$BOB" api POST "$R/branches" '{"new_branch_name":"topic/a"}'
tap_is "$STATUS,$(field .commit.id),$(field .user_can_push)" "201,$TIP,true" 'a branch is made of the default one'
as "$BOB" api POST "$R/branches" '{"new_branch_name":"topic/a"}'
tap_is "$STATUS" 409 'once'
as "$BOB" api POST "$R/branches" "{\"new_branch_name\":\"old\",\"old_ref_name\":\"$(echo "$FIRST" | cut -c1-10)\"}"
tap_is "$STATUS,$(field .commit.id)" "201,$FIRST" 'of a commit by its short id'
as "$BOB" api POST "$R/branches" '{"new_branch_name":"x","old_branch_name":"nope"}'
tap_is "$STATUS" 404 'not of what is not there'
as "$BOB" api POST "$R/branches" '{"new_branch_name":"a..b"}'
tap_is "$STATUS" 422 'not by a bad name'
as "$READER" api POST "$R/branches" '{"new_branch_name":"mine"}'
tap_is "$STATUS" 403 'a reader makes none'
as "$BOB" api PUT "$R/branches/old" "{\"new_commit_id\":\"$TIP\",\"old_commit_id\":\"$FIRST\"}"
tap_is "$STATUS" 204 'a branch is moved forward'
as "$BOB" api PUT "$R/branches/old" "{\"new_commit_id\":\"$FIRST\"}"
tap_is "$STATUS" 422 'back only by force'
as "$BOB" api PUT "$R/branches/old" "{\"new_commit_id\":\"$FIRST\",\"old_commit_id\":\"$FIRST\"}"
tap_is "$STATUS" 409 'and only when it did not move'
as "$BOB" api PUT "$R/branches/old" "{\"new_commit_id\":\"$FIRST\",\"force\":true}"
api GET "$R/branches/old"
tap_is "$(field .commit.id)" "$FIRST" 'by force it is'
as "$BOB" api DELETE "$R/branches/old"
tap_is "$STATUS" 204 'a branch is deleted'
api GET "/api/coffer/v1/projects/$PROJECT/kept"
tap_is "$(field '[.[]|select(.ref=="refs/heads/old")]|length')" 2 'its tips are kept'
as "$BOB" api DELETE "$R/branches/old"
tap_is "$STATUS" 404 'once'
api DELETE "$R/branches/main"
tap_is "$STATUS" 403 'the default branch stays'
api DELETE "$R/branches/release/1"
tap_is "$STATUS" 403 'and so does what upstream has'

# Commits.
api GET "$R/commits?limit=2"
tap_is "$STATUS,$(field '[.[].commit.message|rtrimstr("\n")]|join(" ")')" '200,Third Second' 'commits are listed'
tap_is "$(grep -ic -e '^x-total-count: 3' -e '^x-hasmore: true' -e '^x-pagecount: 2' "$HEADERS")" 3 'with Gitea'"'"'s headers'
tap_is "$(field '.[0]|[.author.login,.stats.total,(.files[0]|.filename,.status),.commit.verification.reason]|map(tostring)|join(",")')" \
    'bob,1,a.txt,modified,gpg.error.not_signed_commit' 'with author, lines and files'
tap_is "$(field '.[0].committer')" null 'whose address nobody has is null'
api GET "$R/commits?stat=false&files=false&verification=false"
tap_is "$(field '.[0]|[.stats,(.files|length),.commit.verification]|map(tostring)|join(",")')" 'null,0,null' 'or without, for speed'
api GET "$R/commits?path=src/main.c"
tap_is "$(field '[.[].commit.message|rtrimstr("\n")]|join(" ")'),$(grep -ic '^x-total-count: 1' "$HEADERS")" Second,1 'those of a path'
api GET "$R/commits?sha=release/1&not=main"
tap_is "$(field 'length'),$(field '.[0].commit.message|rtrimstr("\n")')" '1,On release' 'those that another has not'
api GET "$R/commits?since=2100-01-01T00:00:00Z"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'those since then'
api GET "$R/commits?until=never"
tap_is "$STATUS" 422 'a time is a time'
api GET "$R/commits?sha=nope"
tap_is "$STATUS" 404 'no such branch'
api GET "$R/commits?sha=refs/coffer/kept"
tap_is "$STATUS" 404 'what is hidden stays so'
api GET "$R/git/commits/v1.0"
tap_is "$STATUS,$(field .sha),$(field '.parents|length')" "200,$TIP,1" 'a commit by a tag'
api GET "$R/git/commits/$(echo "$TIP" | cut -c1-7)"
tap_is "$(field .sha)" "$TIP" 'by a short id'
api GET "$R/git/commits/$TIP.diff"
tap_like "$(head -n 1 "$BODY"),$(grep -i '^content-type' "$HEADERS")" 'diff --git a/a.txt b/a.txt,*text/plain*' 'as a diff'
api GET "$R/git/commits/$FIRST.patch"
tap_ok 'as a patch that git takes' sh -c "cd '$T' && git init -q am && cd am && git am -q <'$BODY' && test -f a.txt"
api GET "$R/commits/$TIP/pull"
tap_is "$STATUS" 404 'no pull request brought it'

# Refs, trees, blobs.
api GET "$R/git/refs"
tap_is "$STATUS,$(field '[.[].ref]|join(" ")')" \
    '200,refs/heads/main refs/heads/release/1 refs/heads/topic/a refs/tags/light refs/tags/v1.0' 'refs, without the hidden'
api GET "$R/git/refs/tags/v1"
tap_is "$(field 'length'),$(field '.[0].object.type')" 1,tag 'that begin so'
api GET "$R/git/refs/heads/none"
tap_is "$STATUS,$(field .message)" '404,no ref begins with that name' 'none'
api GET "$R/git/tags/$(git -C "$WORK" rev-parse v1.0)"
tap_is "$STATUS,$(field .tag),$(field .object.sha)" "200,v1.0,$TIP" 'an annotated tag'
api GET "$R/git/tags/$TIP"
tap_is "$STATUS" 404 'a commit is none'
api GET "$R/git/trees/main"
tap_is "$(field '[.tree[].path]|join(" ")'),$(field .truncated),$(field .total_count)" 'a.txt bin.dat src,false,3' 'a tree'
api GET "$R/git/trees/main?recursive=1&per_page=2&page=2"
tap_is "$(field '[.tree[].path]|join(" ")'),$(field .truncated),$(field .total_count)" 'src src/deep,true,7' 'all of it, by pages'
SUB=$(git -C "$WORK" rev-parse main:src)
api GET "$R/git/trees/$SUB"
tap_is "$(field '[.tree[].mode]|join(" ")')" '040000 120000 100644' 'a tree by its own id'
api GET "$R/git/blobs/$(git -C "$WORK" rev-parse main:a.txt)"
tap_is "$(field .content | base64 -d | tr '\n' ' '),$(field .size)" 'one two ,8' 'a blob'
api GET "$R/git/blobs/$TIP"
tap_is "$STATUS" 404 'a commit is no blob'
api GET "$R/git/blobs/main"
tap_is "$STATUS" 400 'nor is a name'

# Tags.
api GET "$R/tags"
tap_is "$STATUS,$(field 'length'),$(field '[.[]|select(.name=="v1.0")][0]|[.commit.sha,(.message|rtrimstr("\n"))]|join(",")')" \
    "200,2,$TIP,The first" 'tags'
as "$BOB" api POST "$R/tags" '{"tag_name":"own/1","message":"Mine","target":"topic/a"}'
tap_is "$STATUS,$(field .name),$(field .commit.sha)" "201,own/1,$TIP" 'a tag is made'
as "$BOB" api POST "$R/tags" '{"tag_name":"own/1"}'
tap_is "$STATUS" 409 'once'
as "$BOB" api POST "$R/tags" '{"tag_name":"thin"}'
tap_is "$STATUS,$(field .id)" "201,$TIP" 'a light one'
as "$BOB" api DELETE "$R/tags/own/1"
tap_is "$STATUS" 204 'and deleted'
api GET "$R/tags/own/1"
tap_is "$STATUS" 404 'then it is gone'
api DELETE "$R/tags/v1.0"
tap_is "$STATUS" 403 'not what upstream has'

# Compare.
api GET "$R/compare/main...release/1"
tap_is "$STATUS,$(field .total_commits),$(field '.commits|length')" 200,1,1 'compare'
api GET "$R/compare/$FIRST..main"
tap_is "$(field .total_commits)" 2 'by two dots'
api GET "$R/compare/main...release/1?output=diff"
tap_is "$(head -n 1 "$BODY")" 'diff --git a/r.txt b/r.txt' 'as a diff'
api GET "$R/compare/$FIRST...main?output=patch"
tap_is "$(grep -c '^From [0-9a-f]\{40\}' "$BODY")" 2 'as patches'
api GET "$R/compare/main...none"
tap_is "$STATUS" 404 'with nothing'
api GET "$R/compare/a....b"
tap_is "$STATUS" 400 'four dots are no range'

# Contents, read.
api GET "$R/contents"
tap_is "$STATUS,$(field '[.[]|.name+":"+.type]|join(" ")'),$(field '.[0].content')" '200,a.txt:file bin.dat:file src:dir,null' 'the root'
tap_is "$(field '[.[].last_commit_sha]|join(" ")')" "$TIP $(git -C "$WORK" rev-parse main~1) $(git -C "$WORK" rev-parse main~1)" 'what changed each last'
api GET "$R/contents/a.txt?ref=v1.0"
tap_is "$(field .content | base64 -d | tail -n 1),$(field .encoding),$(field .sha)" "two,base64,$(git -C "$WORK" rev-parse main:a.txt)" 'a file'
api GET "$R/contents/src/link"
tap_is "$(field .type),$(field .target)" symlink,main.c 'a link'
api GET "$R/contents/nope"
tap_is "$STATUS" 404 'no such file'
api GET "$R/raw/a.txt?ref=main"
tap_is "$STATUS,$(tr '\n' ' ' <"$BODY"),$(grep -ic -e '^x-content-type-options: nosniff' -e '^content-disposition: attachment' "$HEADERS")" '200,one two ,2' 'its bytes'
ETAG=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *\([^\r]*\).*/\1/p' "$HEADERS")
http_t=$ADMIN
http GET "$R/raw/a.txt?ref=main" -H "If-None-Match: $ETAG"
tap_is "$STATUS" 304 'are not sent twice'
http_t=
api GET "$R/raw/release/1/r.txt"
tap_is "$STATUS,$(cat "$BODY")" 200,r 'the older form: a branch first'
api GET "$R/raw/$FIRST/a.txt"
tap_is "$STATUS,$(cat "$BODY")" 200,one 'or an id'
api GET "$R/raw/src/main.c"
tap_is "$STATUS" 200 'or neither'
api GET "$R/media/bin.dat"
tap_like "$STATUS,$(grep -i '^content-type' "$HEADERS")" '200,*octet-stream*' 'media'
api GET "$R/raw/src"
tap_is "$STATUS" 404 'a folder has no bytes'

# Archives.
api GET "$R/archive/main.tar.gz"
tap_is "$STATUS,$(tar tzf "$BODY" | grep -c '^calc/')" "200,$(tar tzf "$BODY" | grep -c .)" 'an archive'
tap_is "$(tar xzOf "$BODY" calc/a.txt | tail -n 1)" two 'has the files'
api GET "$R/archive/release/1.zip"
tap_is "$STATUS,$(head -c 2 "$BODY")" 200,PK 'as a zip'
tap_like "$(grep -i '^Content-Disposition:' "$HEADERS")" '*-release-1.zip*' 'its name has no folder'
api GET "$R/archive/main.rar"
tap_is "$STATUS" 404 'and no other'
api GET "$R/archive/none.zip"
tap_is "$STATUS" 404 'of what is there'

# Contents, written.
b64() { printf '%s' "$1" | base64 -w0; }
as "$BOB" api POST "$R/contents/new/file.txt" "{\"branch\":\"topic/a\",\"message\":\"Add it\",\"content\":\"$(b64 hello)\"}"
tap_is "$STATUS,$(field .content.path),$(field '.commit.message'),$(field '.commit.author.email')" '201,new/file.txt,Add it,bob@example.org' 'a file is made'
tap_is "$(field .commit.parents[0].sha),$(field .content.sha)" "$TIP,$(b64 hello | base64 -d | git hash-object --stdin)" 'on top of the branch'
SHA=$(field .content.sha)
as "$BOB" api POST "$R/contents/new/file.txt" "{\"branch\":\"topic/a\",\"content\":\"$(b64 x)\"}"
tap_is "$STATUS" 422 'not over one that is there'
as "$BOB" api PUT "$R/contents/new/file.txt" "{\"branch\":\"topic/a\",\"content\":\"$(b64 x)\",\"sha\":\"$FIRST\"}"
tap_is "$STATUS" 422 'an update knows what it replaces'
as "$BOB" api PUT "$R/contents/new/file.txt" "{\"branch\":\"topic/a\",\"content\":\"$(b64 changed)\"}"
tap_is "$STATUS" 422 'or says nothing and makes a file'
as "$BOB" api PUT "$R/contents/new/file.txt" "{\"branch\":\"topic/a\",\"content\":\"$(b64 changed)\",\"sha\":\"$SHA\",\"author\":{\"name\":\"Zed\",\"email\":\"z@example.org\"}}"
tap_is "$STATUS,$(field .commit.message),$(field .commit.committer.name)" '200,Update new/file.txt,Zed' 'an update'
SHA=$(field .content.sha)
api GET "$R/raw/new/file.txt?ref=topic/a"
tap_is "$(cat "$BODY")" changed 'is there'
as "$BOB" api POST "$R/contents/a.txt/below" "{\"branch\":\"topic/a\",\"content\":\"\"}"
tap_is "$STATUS" 422 'a file is no folder'
as "$BOB" api POST "$R/contents/src" "{\"branch\":\"topic/a\",\"content\":\"\"}"
tap_is "$STATUS" 422 'nor a folder a file'
for bad in .gitmodules a/.GIT/x '.git%20'; do
	as "$BOB" api POST "$R/contents/$bad" "{\"branch\":\"topic/a\",\"content\":\"\"}"
	tap_is "$STATUS" 422 "not the path $bad"
done
as "$BOB" api POST "$R/contents/b.txt" '{"branch":"topic/a","content":"%%%%"}'
tap_is "$STATUS" 422 'content is base64'
as "$BOB" api POST "$R/contents/lines.txt" '{"branch":"topic/a","new_branch":"lines","content":"aGVs\nbG8=\r\n"}'
tap_is "$STATUS,$(field .content.sha)" "201,$(b64 hello | base64 -d | git hash-object --stdin)" 'in lines, too'
N=0
for type in 'application/json;charset=utf-8,201' 'Application/JSON,201' 'text/plain,201' 'application/jsonx,415'; do
	N=$((N + 1))
	http POST "$R/contents/type.txt" -H "Authorization: token $BOB" -H "Content-Type: ${type%,*}" \
	    -d "{\"branch\":\"topic/a\",\"new_branch\":\"type$N\",\"content\":\"\"}"
	tap_is "$STATUS" "${type#*,}" "a body of the type ${type%,*}"
done
as "$BOB" api POST "$R/contents/b.txt" '{"branch":"gone","content":""}'
tap_is "$STATUS" 404 'on a branch that is there'
as "$BOB" api POST "$R/contents/b.txt" '{"content":""}'
tap_is "$STATUS" 403 'not on what follows upstream'
as "$BOB" api POST "$R/contents/b.txt" '{"content":"","new_branch":"topic/b"}'
tap_is "$STATUS" 201 'but on a new branch of it'
as "$READER" api POST "$R/contents/c.txt" '{"content":"","new_branch":"topic/c"}'
tap_is "$STATUS" 403 'a reader writes nothing'
as "$BOB" api POST "$R/contents" "{\"branch\":\"topic/a\",\"message\":\"Many\",\"files\":[
 {\"operation\":\"create\",\"path\":\"m/1\",\"content\":\"$(b64 1)\"},
 {\"operation\":\"update\",\"path\":\"m/moved\",\"from_path\":\"new/file.txt\",\"sha\":\"$SHA\",\"content\":\"$(b64 2)\"},
 {\"operation\":\"delete\",\"path\":\"bin.dat\",\"sha\":\"$(git -C "$WORK" rev-parse main:bin.dat)\"}]}"
tap_is "$STATUS,$(field '.files|map(if . == null then "-" else .path end)|join(" ")')" '201,m/1 m/moved -' 'many files, one commit'
api GET "$R/git/trees/topic/a?recursive=true"
tap_is "$(field '[.tree[]|select(.type=="blob").path]|join(" ")')" 'a.txt m/1 m/moved src/deep/x.txt src/link src/main.c' 'all of them'
as "$BOB" api POST "$R/contents" "{\"branch\":\"topic/a\",\"files\":[
 {\"operation\":\"create\",\"path\":\"n/1\",\"content\":\"\"},
 {\"operation\":\"delete\",\"path\":\"m/1\",\"sha\":\"$FIRST\"}]}"
tap_is "$STATUS" 422 'or none of them'
api GET "$R/contents/m/1?ref=topic/a"
as "$BOB" api DELETE "$R/contents/m/1" "{\"branch\":\"topic/a\",\"sha\":\"$(field .sha)\"}"
tap_is "$STATUS,$(field .content),$(field .commit.message)" '200,null,Delete m/1' 'a file is deleted'
as "$BOB" api DELETE "$R/contents/m/1" "{\"branch\":\"topic/a\",\"sha\":\"$SHA\"}"
tap_is "$STATUS" 404 'once'
# Protections hold here as for a push.
as "$BOB" api POST "$R/branches" '{"new_branch_name":"guard/a"}'
api POST "$R/branch_protections" '{"rule_name":"guard/*","enable_push":true,"protected_file_patterns":"secret/**"}'
api GET "$R/branches/guard/a"
tap_is "$(field '[.protected,.user_can_push,.effective_branch_protection_name]|map(tostring)|join(",")')" 'true,true,guard/*' 'a branch tells its protection'
as "$BOB" api POST "$R/contents/secret/x" '{"branch":"guard/a","content":""}'
tap_is "$STATUS" 403 'a protected file stays'
as "$BOB" api POST "$R/contents/open/x" '{"branch":"guard/a","content":""}'
tap_is "$STATUS" 201 'another is written'
as "$BOB" api PUT "$R/branches/guard/a" "{\"new_commit_id\":\"$FIRST\",\"force\":true}"
tap_is "$STATUS" 403 'no commit is dropped'
as "$BOB" api DELETE "$R/branches/guard/a"
tap_is "$STATUS" 403 'and the branch stays'

# A large file, an archived repository, one without commits.
head -c 5000000 /dev/zero | tr '\0' 'z' >"$T/big"
(cd "$WORK" && git checkout -q main && cp "$T/big" big && git add big &&
    git commit -q -m 'Large' && git push -q origin main) || tap_bail 'push'
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
api GET "$R/contents/big"
tap_is "$STATUS,$(field .size),$(field .content)" 200,5000000,null 'a large file is told without its bytes'
api GET "$R/raw/big"
tap_ok 'and streamed' cmp "$BODY" "$T/big"
tap_is "$STATUS,$(grep -ic '^x-content-type-options: nosniff' "$HEADERS")" 200,1 'with the same headers'
{ printf '{"content":"'; head -c 3000000 "$T/big" | base64 -w0; printf '","branch":"topic/a"}'; } >"$T/put"
http_t=$BOB
http POST "$R/contents/big2" -H 'Content-Type: application/json' --data-binary "@$T/put"
tap_is "$STATUS,$(field .content.size)" 201,3000000 'a file of 3 MB is written'
http_t=
api PATCH "$R" '{"archived":true}'
as "$BOB" api POST "$R/branches" '{"new_branch_name":"late"}'
tap_is "$STATUS" 423 'an archived repository gets no branch'
as "$BOB" api POST "$R/contents/late" '{"content":"","branch":"topic/a"}'
tap_is "$STATUS" 423 'no file'
as "$BOB" api DELETE "$R/branches/topic/a"
tap_is "$STATUS" 423 'and loses none'
api PATCH "$R" '{"archived":false}'
api POST /api/v1/user/repos '{"name":"bare"}'
tap_is "$STATUS" 201 'a repository without commits'
E=/api/v1/repos/admin/bare
api GET "$E/branches"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'has no branches'
api GET "$E/tags"
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'no tags'
api GET "$E/commits"
tap_is "$STATUS" 409 'no history'
api GET "$E/contents"
tap_is "$STATUS" 404 'no files'
api POST "$E/contents/README.md" "{\"content\":\"$(b64 hi)\",\"message\":\"Begin\"}"
tap_is "$STATUS,$(field '.commit.parents|length')" 201,0 'the first file is its first commit'
api GET "$E/commits"
tap_is "$STATUS,$(field length)" 200,1 'then there is history'

# Killed between the commit and the ref, and between the ref and its row.
if grep -q COFFER_FAIL "$O/bin/cofferd"; then
	for at in files_written refmove_moved; do
		stop_cofferd
		COFFER_FAIL=$at
		export COFFER_FAIL
		start_cofferd
		unset COFFER_FAIL
		as "$BOB" api POST "$R/contents/crash/$at" '{"branch":"topic/a","content":""}'
		wait_for 10 sh -c "! kill -0 $COFFERD_PID 2>/dev/null || grep -q '^State:.*Z' /proc/$COFFERD_PID/status"
		start_cofferd
		api GET "$R/contents/crash/$at?ref=topic/a"
		want=200
		[ $at = refmove_moved ] || want=404
		tap_is "$STATUS" $want "killed at $at: all of it, or nothing"
	done
	SHA=$(git -C "$HOME_DIR/repos/$PROJECT_ID.git" rev-parse topic/a)
	api GET "/api/coffer/v1/events?limit=100"
	tap_is "$(field "[.events[]|select(.data.new==\"$SHA\")]|length")" 1 'the event is told once'
fi

REPO=$HOME_DIR/repos/$PROJECT_ID.git
tap_ok 'what was written is sound' git -C "$REPO" fsck --strict --no-dangling
api GET "/api/coffer/v1/events?limit=100&project=$PROJECT_ID"
tap_is "$(field '[.events[]|select(.kind=="branch.updated" and .actor.login=="bob" and .data.ref=="refs/heads/topic/b")]|length')" 1 'the events tell of it'
tap_done
