#!/bin/sh
# What people order of CI in comments, which checks are skipped, what the tests
# of a change show, and the one comment that says what all came to.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
printf 'header = "Authorization: Bearer %s"\n' "$RUNNER" >"$T/runner.rc"

met() { jq -r ".requirements[] | select(.id == \"$1\") | .met" "$BODY"; }
why() { jq -r ".requirements[] | select(.id == \"$1\") | .why" "$BODY"; }
runner() { as "$RUNNER" api "$@"; }
gate() { api GET "$C/repos/$PROJECT/pulls/$N/gate"; }
say() { api POST "$R/issues/$N/comments" "$(jq -n --arg b "$1" '{body: $b}')"; }
last() { api GET "$R/issues/$N/comments?limit=50"; field '.[-1].body'; }
report()
{
	api GET "$R/issues/$N/comments?limit=50"
	jq -r '[.[] | select(.body | startswith("**CI:"))] | if length == 1 then .[0].body else "of \(length)" end' "$BODY"
}
status_of()
{
	api GET "$R/commits/$1/statuses?limit=50&sort=recentupdate"
	jq -r "[.[] | select(.context == \"$2\")][0].status" "$BODY"
}
# The next job is the runner's: $JOB.
take()
{
	runner POST "$C/ci/poll?wait=10" '{"slots":50}'
	[ "$STATUS" = 200 ] || { JOB='{}'; return 1; }
	JOB=$(cat "$BODY")
}
job() { printf '%s' "$JOB" | jq -r "$1"; }
# end_job STATE EXIT [LOG]
end_job()
{
	if [ -n "${3:-}" ]; then
		printf '%s' "$3" >"$T/part"
		http_t=$RUNNER
		http PATCH "$C/ci/jobs/$(job .id)/log" -H "X-Coffer-Lease: $(job .lease)" \
		    -H "Content-Range: bytes 0-$(($(wc -c <"$T/part") - 1))/*" --data-binary "@$T/part"
		http_t=
	fi
	runner POST "$C/ci/jobs/$(job .id)/result" \
	    "{\"lease\":\"$(job .lease)\",\"state\":\"$1\",\"phase\":\"test\",\"exit_code\":$2,\"why\":\"exit status $2\"}"
}
tar_list()
{
	http_t=$RUNNER
	http GET "$C/ci/jobs/$(job .id)/tree.tar" -H "X-Coffer-Lease: $(job .lease)"
	tar tf "$BODY" 2>/dev/null | grep -v '/$' | sort | tr '\n' ' '
	http_t=
}

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
api PUT "$C/projects/$PROJECT/checks" "$(jq -n '{text: "new_tests: required\nchecks:\n  - name: unit\n    test: make check\n    presets: [python]\n  - name: docs\n    test: make docs\n    paths: [\"docs/**\"]\n"}')"
tap_is "$STATUS" 200 'the project has checks of its own'

# A change with a test.
push_branch fix/one tests/test_a.py 'def test_a(): assert f() == 2'
( cd "$WORK" && git checkout -q --detach "$SHA" && echo 'f = lambda: 2' >code.py && git add code.py &&
    git commit -q -m code && git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/fix/one ) 2>"$T/push.err"
SHA=$(git -C "$WORK" rev-parse HEAD)
api POST "$R/pulls" '{"title":"One","head":"fix/one","base":"main"}'
N=$(field .number)
gate
tap_is "$(field .open),$(met check:docs),$(met check:unit)" false,true,false 'a check whose files did not change is met'
tap_like "$(why check:docs)" '*skipped*counts as met*' 'and says that it was skipped'
tap_is "$(status_of "$SHA" ci/docs)" skipped 'its status, too'
gate
tap_is "$(met check:new-tests)" false 'what its tests show is not known yet'
take
tap_is "$(job .name),$(job .kind),$(job .side)" unit,check,whole 'the check comes first'
tap_is "$(job .check.network.setup),$(job '.check.network.presets|join(" ")')" locked,python 'with the presets that it names'
tap_ok 'and the domains that they stand for' sh -c "printf '%s' '$JOB' | jq -e '[.check.network.rules[].domain] | index(\"*.pythonhosted.org\")'"
end_job passed 0 'fine
'
take
tap_is "$(job .name),$(job .kind),$(job .side)" unit@base,proof,base 'then the tests on the base'
tap_is "$(tar_list)" 'a.txt tests/test_a.py ' 'of which the code is the base, the tests are the head'
end_job passed 0
gate
tap_is "$(field .open),$(met check:unit),$(met check:new-tests)" false,true,false 'tests that pass on the base show nothing'
tap_like "$(report)" '*not all passed*tests do not show the change*' 'the comment says so'
tap_like "$(report)" '*`docs`*skipped: counts as met*' 'and what was skipped'
tap_is "$(status_of "$SHA" ci/unit@base)" null 'a part has no status'
api GET "$R/issues/$N/comments?limit=50"
tap_is "$(field '[.[] | select(.user.login == "ci")] | length')" 1 'one comment, by ci'
tap_is "$(field '[.[] | select(.user.login == "ci") | .assets[].name] | join(" ")')" \
    "unit-1-1.log" 'with the whole log attached'

# Another head: better tests.
( cd "$WORK" && echo 'def test_b(): assert g' >tests/test_b.py && git add tests && git commit -q -m b &&
    git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/fix/one ) 2>"$T/push.err"
SHA=$(git -C "$WORK" rev-parse HEAD)
moved() { api GET "$R/pulls/$N"; [ "$(field .head.sha)" = "$SHA" ]; }
wait_for 10 moved
stale() { case $(report) in *"still running"*"$(printf '%.12s' "$SHA")"*) ;; *) return 1 ;; esac; }
tap_ok 'of a new head the comment says that it runs' wait_for 10 stale
take && end_job passed 0
take && end_job failed 127
gate
tap_is "$(met check:new-tests)" false 'a command that is not there shows nothing'
tap_like "$(why check:new-tests)" '*error*' 'it cannot be told'

# Orders.
say '/test-pr "make check'
tap_like "$(last)" '*Not tested: the quote at column 1*' 'an order that is wrong is answered'
say '/test-pr make check'
tap_like "$(last)" "*Not tested: \`check\` is not the head's branch*" 'only the head is tested'
say 'text
/test-pr "false"'
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"read"}'
as "$BOB" api POST "$R/issues/$N/comments" '{"body":"/test-pr \"true\""}'
api GET "$C/ci/jobs?project=$PROJECT&limit=50"
tap_is "$(field '[.[] | select(.state == "queued")] | length')" 0 'no text and no reader orders anything'
say '/test-pr "pytest -k \"a b\"" fix/one --setup "pip install ."'
ORDER=$(field .id)
take
tap_is "$(job .name),$(job .kind),$(job .sha),$(job .check.required)" "test-pr-$ORDER,order,$SHA,false" 'an order is a job of the head'
tap_is "$(job .check.test)|$(job .check.setup)" 'pytest -k "a b"|pip install .' 'with its commands'
end_job failed 1 'a ``` fence
'"$(printf '\033')"'[31m---RESULTS---
PASS <script>alert(1)</script>
'
tap_like "$(last)" '*`/test-pr`: \*\*failed\*\* on `*`, advisory*' 'it is answered'
tap_not 'nor speak to a terminal' sh -c "last() { cat '$BODY'; }; last | grep -q '\[31m'"
tap_like "$(last)" '*````text
a ``` fence*````*' 'what it printed cannot end its fence'
tap_is "$(status_of "$SHA" "ci/test-pr-$ORDER")" failure 'and it is a status'
gate
tap_is "$(met "check:test-pr-$ORDER")" '' 'which the gate does not ask for'
say '/test-pr "make more" --required'
MORE=$(field .id)
gate
tap_is "$(met "check:test-pr-$MORE")" false 'unless a maintainer says so'
take && end_job passed 0
gate
tap_is "$(met "check:test-pr-$MORE")" true 'until it has passed'

say '/test-pr "make less" --required'
LESS=$(field .id)
take
api DELETE "$R/issues/comments/$LESS"
gate
tap_is "$(met "check:test-pr-$LESS")" '' 'an order is taken back with its comment'
end_job failed 1
tap_is "$STATUS" 200 'whose result is taken all the same'

# Reproductions.
say '/test-pr-bug "python -m pytest tests/test_b.py"'
BUG=$(field .id)
bug_job() { take; tap_is "$(job .kind),$(job .side)" "bug,$1" "a reproduction on the $1"; }
bug_job head
tap_is "$(tar_list)" 'a.txt code.py tests/test_a.py tests/test_b.py ' 'the head as it is'
end_job passed 0
bug_job base
tap_is "$(tar_list)" 'a.txt tests/test_a.py tests/test_b.py ' 'the base with its tests'
end_job failed 1 '1 failed
'
tap_like "$(last)" '*test-pr-bug`: \*\*passed\*\**reproduced and fixed*' 'fails there, passes here: fixed'
tap_is "$(status_of "$SHA" "ci/test-pr-bug-$BUG")" success 'with a status'
say '/test-pr-bug "python -m pytest tests/test_b.py"'
take && end_job passed 0
take && end_job failed 2 'ERROR collecting tests/test_b.py
'
tap_like "$(last)" '*\*\*failed\*\**invalid: pytest ran no test*' 'a collection error is no reproduction'
say '/test-pr-bug "sh tests/test_b.py"'
take && end_job passed 0
take && end_job passed 0
tap_like "$(last)" '*not reproduced: the base passes it*' 'nor is what the base passes'

# A file of checks that a pull request brings.
push_branch checks .coffer/checks.yml 'checks:
  - name: x
    tset: y'
api POST "$R/pulls" '{"title":"Checks","head":"checks","base":"main"}'
N=$(field .number)
tap_is "$(status_of "$SHA" ci/checks.yml)" failure 'its own file is wrong'
api GET "$R/commits/$SHA/statuses?limit=50"
tap_like "$(field '[.[] | select(.context == "ci/checks.yml")][0].description')" '*line 3: unknown key: tset*' 'with the line'
take
tap_is "$(job .check.test)" 'make check' 'it is checked with the settings'
end_job passed 0
tap_like "$(report)" '*it changes `.coffer/checks.yml` and was checked with the base*' 'and flagged'

# Nothing that a check looks at, and no test.
api PUT "$C/projects/$PROJECT/checks" "$(jq -n '{text: "new_tests: required\nchecks:\n  - {name: docs, test: make docs, paths: [\"docs/**\"]}\n"}')"
push_branch quiet tests/test_q.py 'def test_q(): pass'
api POST "$R/pulls" '{"title":"Quiet","head":"quiet","base":"main"}'
N=$(field .number)
gate
tap_is "$(met check:new-tests),$(met check:docs),$(field .open)" true,true,true 'a gate that has nothing to ask is open'
tap_like "$(why check:new-tests)" '*skipped, counts as met*' 'and says why'
api PUT "$C/projects/$PROJECT/checks" "$(jq -n '{text: "checks:\n  - {name: unit, test: make check}\n"}')"

# Tests that go.
( cd "$WORK" && git_as "$ADMIN" fetch -q "$URL/$PROJECT.git" refs/heads/fix/one && git checkout -q --detach FETCH_HEAD &&
    git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/old && git rm -q tests/test_b.py &&
    printf '@pytest.mark.skip\ndef test_a(): pass\n' >tests/test_a.py && git commit -q -am less &&
    git_as "$ADMIN" push -q "$URL/$PROJECT.git" +HEAD:refs/heads/less ) 2>"$T/push.err"
api POST "$R/pulls" '{"title":"Less","head":"less","base":"old"}'
N=$(field .number)
while take && [ "$(job .pull)" != "$N" ]; do end_job passed 0; done
end_job passed 0
tap_like "$(report)" '*a file of tests is deleted: `tests/test_b.py`*' 'deleted tests are listed'
tap_like "$(report)" '*a test is skipped: `tests/test_a.py` line 1*' 'and skipped ones'
tap_done
