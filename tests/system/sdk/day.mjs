// A maintainer's day with an SDK that knows nothing of this server: prints TAP.
// URL, TOKEN, BOB, PROJECT and HOOK (where webhooks go) come by the environment.
import { File } from 'node:buffer'; // not global in Node.js 18
import { giteaApi } from 'gitea-js';

const { URL, TOKEN, BOB, CI, PROJECT, HOOK } = process.env;
const [owner, repo] = PROJECT.split('/');
const client = (token) => giteaApi(URL, { token });
const me = client(TOKEN), bob = client(BOB), ci = client(CI);
let n = 0, bad = 0;

function is(got, want, what) {
	const ok = JSON.stringify(got) === JSON.stringify(want);
	console.log(`${ok ? 'ok' : 'not ok'} ${++n} - ${what}`);
	if (!ok) {
		bad++;
		console.log(`# got:  ${JSON.stringify(got)}\n# want: ${JSON.stringify(want)}`);
	}
}

// The status of a call that is to fail, and its message.
async function refused(call) {
	try {
		const r = await call;
		return [r.status, ''];
	} catch (r) {
		return [r.status, r.error?.message ?? ''];
	}
}

async function data(call) {
	try {
		return (await call).data;
	} catch (r) {
		console.log(`# ${r.url} ${r.status} ${JSON.stringify(r.error ?? r.message)}`);
		bad++;
		return {};
	}
}

const list = (v) => (Array.isArray(v) ? v : []);
const logins = (v) => list(v).map((u) => u.login).sort();
const names = (v) => list(v).map((x) => x.name).sort();

async function until(fn, what) {
	for (let i = 0; i < 100; i++) {
		if (await fn()) return is(true, true, what);
		await new Promise((done) => setTimeout(done, 100));
	}
	is(false, true, what);
}

// Who and where.
is(/^\d+\.\d+\.\d+\+/.test((await data(me.version.getVersion())).version), true, 'the version is semver with metadata');
const settings = await data(me.settings.getGeneralApiSettings());
is([settings.max_response_items, settings.default_paging_num], [50, 30], 'paging is said');
const user = await data(me.user.userGetCurrent());
is([user.login, user.is_admin], ['admin', true], 'who I am');
is((await data(bob.users.userGet('admin'))).login, 'admin', 'another user');
const found = await data(me.users.userSearch({ q: 'bo' }));
is([found.ok, logins(found.data)], [true, ['bob']], 'users are found');
const r = await data(me.repos.repoGet(owner, repo));
is([r.full_name, r.mirror, r.archived, r.empty, r.permissions?.admin], [PROJECT, false, false, false, true], 'the repository');
is((await data(me.repositories.repoGetById(r.id))).full_name, PROJECT, 'by its id');
const search = await data(me.repos.repoSearch({ q: repo, limit: 10 }));
is([search.ok, search.data?.length], [true, 1], 'repositories are found');
is((await refused(me.orgs.orgGet(owner)))[0], 404, 'a user is no organisation');
is(await data(me.user.orgListCurrentUserOrgs()), [], 'no organisations');
is((await data(bob.repos.repoGet(owner, repo))).permissions, { admin: false, push: true, pull: true }, "bob's permissions");

// A tracker.
const bug = await data(me.repos.issueCreateLabel(owner, repo, { name: 'bug', color: '#ee0701', description: 'wrong' }));
is([bug.name, bug.color], ['bug', 'ee0701'], 'a label, without #');
const prio = await data(me.repos.issueCreateLabel(owner, repo, { name: 'prio/high', color: '00aabb', exclusive: true }));
await data(me.repos.issueCreateLabel(owner, repo, { name: 'prio/low', color: '00aabb', exclusive: true }));
is(names(await data(me.repos.issueListLabels(owner, repo))), ['bug', 'prio/high', 'prio/low'], 'the labels');
const due = '2030-01-02T00:00:00Z';
const stone = await data(me.repos.issueCreateMilestone(owner, repo, { title: 'v1', due_on: due }));
is([stone.title, stone.state, stone.open_issues], ['v1', 'open', 0], 'a milestone');
const issue = await data(me.repos.issueCreateIssue(owner, repo, {
	title: 'a.txt is wrong', body: 'It says *one*. @bob', labels: [bug.id, prio.id], assignees: ['bob'], milestone: stone.id,
}));
is([issue.state, names(issue.labels), logins(issue.assignees), issue.milestone?.title, issue.pull_request],
	['open', ['bug', 'prio/high'], ['bob'], 'v1', null], 'an issue with all of them');
is((await data(me.repos.issueGetMilestone(owner, repo, String(stone.id)))).open_issues, 1, 'the milestone counts it');
is((await data(me.repos.issueListIssues(owner, repo, { labels: 'bug', type: 'issues' }))).length, 1, 'found by label');
is((await data(me.repos.issueListIssues(owner, repo, { assigned_by: 'bob' }))).length, 1, 'by assignee');
is((await data(me.repos.issueListIssues(owner, repo, { milestones: 'v1' }))).length, 1, 'by milestone');
is((await data(me.repos.issueListIssues(owner, repo, { q: 'wrong' }))).length, 1, 'by words');
is((await data(me.repos.issueListIssues(owner, repo, { state: 'closed' }))).length, 0, 'none is closed');
await data(me.repos.issueReplaceLabels(owner, repo, issue.number, { labels: ['bug', 'prio/low'] }));
is(names(await data(me.repos.issueGetLabels(owner, repo, issue.number))), ['bug', 'prio/low'], 'labels by name');
const edited = await me.repos.issueEditIssue(owner, repo, issue.number, { title: 'a.txt says one' });
is([edited.status, edited.data.title, names(edited.data.labels)], [201, 'a.txt says one', ['bug', 'prio/low']], 'PATCH leaves what is absent');
const words = await data(bob.repos.issueCreateComment(owner, repo, issue.number, { body: 'I look.' }));
is(words.user?.login, 'bob', 'bob says something');
is((await data(me.repos.issueGetComments(owner, repo, issue.number))).length, 1, 'comments');
is((await data(me.repos.issueGetRepoComments(owner, repo))).length, 1, 'of the repository');
is((await data(bob.repos.issueEditComment(owner, repo, words.id, { body: 'I looked.' }))).body, 'I looked.', 'an edit');
await data(me.repos.issuePostCommentReaction(owner, repo, words.id, { content: '+1' }));
is(list(await data(me.repos.issueGetCommentReactions(owner, repo, words.id))).map((x) => [x.content, x.user.login]), [['+1', 'admin']], 'a reaction');
const file = new File(['some bytes\n'], 'log.txt', { type: 'text/plain' });
const attached = await data(me.repos.issueCreateIssueAttachment(owner, repo, issue.number, { attachment: file }));
is([attached.name, attached.size], ['log.txt', 11], 'an attachment');
const got = await fetch(attached.browser_download_url, { headers: { Authorization: `token ${TOKEN}` } });
is([got.status, await got.text(), got.headers.get('x-content-type-options')], [200, 'some bytes\n', 'nosniff'], 'comes back');
is((await fetch(attached.browser_download_url)).status !== 200, true, 'not to nobody');
await until(async () => (await data(bob.notifications.notifyNewAvailable())).new > 0, 'bob is told');
const threads = await data(bob.notifications.notifyGetList());
is([threads[0]?.subject?.type, threads[0]?.repository?.full_name], ['Issue', PROJECT], 'of what');
const timeline = await data(me.repos.issueGetCommentsAndTimeline(owner, repo, issue.number));
is(['label', 'milestone', 'assignees', 'change_title', 'comment'].filter((k) => !list(timeline).some((t) => t.type === k)), [], 'the timeline has it all');
is((await refused(me.repos.issueCreateIssue(owner, repo, { title: '' })))[0], 422, 'no title: 422');
is((await refused(me.repos.issueGetIssue(owner, repo, 999)))[0], 404, 'no issue: 404');
is((await refused(client('0'.repeat(40)).repos.repoGet(owner, repo)))[0], 401, 'a wrong token: 401');

// Hooks and protection.
const hook = await data(me.repos.repoCreateHook(owner, repo, {
	type: 'gitea', active: true, events: ['issues', 'pull_request', 'push'], config: { url: HOOK, content_type: 'json', secret: 'hush' },
}));
is([hook.type, hook.config?.url, hook.config?.secret, list(hook.events).slice().sort()], ['gitea', HOOK, undefined, ['issues', 'pull_request', 'push']], 'a webhook, its secret untold');
const rule = await data(me.repos.repoCreateBranchProtection(owner, repo, { rule_name: 'release/*', enable_push: false, required_approvals: 1 }));
is([rule.rule_name, rule.required_approvals], ['release/*', 1], 'a protection');
is((await data(me.repos.repoListBranchProtection(owner, repo))).length, 1, 'is listed');

// Files, branches, a pull request.
const main = await data(me.repos.repoGetBranch(owner, repo, 'main'));
is(/^[0-9a-f]{40}$/.test(main.commit?.id), true, 'the branch main');
await data(me.repos.repoCreateBranch(owner, repo, { new_branch_name: 'agent/fix', old_branch_name: 'main' }));
const made = await data(me.repos.repoCreateFile(owner, repo, 'docs/b.txt', { branch: 'agent/fix', message: 'Add b', content: btoa('two\n') }));
is([made.content?.path, made.commit?.message?.trim()], ['docs/b.txt', 'Add b'], 'a file by the API');
const back = await data(me.repos.repoGetContents(owner, repo, 'docs/b.txt', { ref: 'agent/fix' }));
is([back.type, back.encoding, atob(back.content ?? '')], ['file', 'base64', 'two\n'], 'and back');
is((await refused(me.repos.repoCreateFile(owner, repo, 'c.txt', { branch: 'main', message: 'x', content: btoa('x') })))[0], 403, 'not on main');
is((await data(me.repos.repoGetAllCommits(owner, repo, { sha: 'agent/fix', stat: false, files: false }))).length >= 2, true, 'commits');
is((await data(me.repos.getTree(owner, repo, 'agent/fix', { recursive: true }))).tree?.some((t) => t.path === 'docs/b.txt'), true, 'the tree');
const compare = await data(me.repos.repoCompareDiff(owner, repo, 'main...agent/fix'));
is(compare.total_commits, 1, 'one commit ahead');
const pr = await data(me.repos.repoCreatePullRequest(owner, repo, { title: 'Add b', head: 'agent/fix', base: 'main', body: `Fixes #${issue.number}` }));
is([pr.state, pr.head?.ref, pr.base?.ref, pr.head?.repo?.full_name, pr.draft], ['open', 'agent/fix', 'main', PROJECT, false], 'a pull request');
is(await refused(me.repos.repoCreatePullRequest(owner, repo, { title: 'x', head: 'agent/fix', base: 'main' })).then((x) => [x[0], /pull request already exists/.test(x[1])]), [409, true], 'only one');
is((await data(me.repos.repoGetPullRequestByBaseHead(owner, repo, 'main', 'agent/fix'))).number, pr.number, 'found by its branches');
is(list(await data(me.repos.repoGetPullRequestFiles(owner, repo, pr.number))).map((f) => [f.filename, f.status, f.additions]), [['docs/b.txt', 'added', 1]], 'its files');
is((await data(me.repos.repoGetPullRequestCommits(owner, repo, pr.number))).length, 1, 'its commits');
const diff = await fetch(`${URL}/api/v1/repos/${PROJECT}/pulls/${pr.number}.diff`, { headers: { Authorization: `token ${TOKEN}` } });
is(/^\+two$/m.test(await diff.text()), true, 'its diff');
await data(me.repos.repoCreatePullReviewRequests(owner, repo, pr.number, { reviewers: ['bob'] }));
is(logins((await data(me.repos.repoGetPullRequest(owner, repo, pr.number))).requested_reviewers), ['bob'], 'bob is asked');
const no = await data(bob.repos.repoCreatePullReview(owner, repo, pr.number, {
	event: 'REQUEST_CHANGES', body: 'three', comments: [{ path: 'docs/b.txt', body: 'why two?', new_position: 1 }],
}));
is([no.state, no.comments_count], ['REQUEST_CHANGES', 1], 'bob says no, on a line');
is(list(await data(me.repos.repoGetPullReviewComments(owner, repo, pr.number, no.id))).map((x) => [x.path, x.body]), [['docs/b.txt', 'why two?']], 'the line');
is((await refused(me.repos.repoMergePullRequest(owner, repo, pr.number, { Do: 'merge' })))[0], 405, 'no merge');
const b = await data(me.repos.repoUpdateFile(owner, repo, 'docs/b.txt', { branch: 'agent/fix', message: 'Three', content: btoa('three\n'), sha: back.sha }));
is(b.commit?.message?.trim(), 'Three', 'mended');
await until(async () => (await data(me.repos.repoGetPullRequest(owner, repo, pr.number))).head?.sha === b.commit?.sha, 'the pull request follows');
is((await refused(bob.repos.repoCreateStatus(owner, repo, b.commit.sha, { state: 'success', context: 'ci/build' })))[0], 403, 'a person is not CI');
await data(ci.repos.repoCreateStatus(owner, repo, b.commit.sha, { state: 'success', context: 'ci/build', description: 'fine' }));
const combined = await data(me.repos.repoGetCombinedStatusByRef(owner, repo, b.commit.sha));
is([combined.state, list(combined.statuses).map((s) => [s.context, s.status])], ['success', [['ci/build', 'success']]], 'CI says yes');
await data(bob.repos.repoCreatePullReview(owner, repo, pr.number, { event: 'APPROVED', body: 'good' }));
await until(async () => (await data(me.repos.repoGetPullRequest(owner, repo, pr.number))).mergeable, 'it is mergeable');
const merged = await me.repos.repoMergePullRequest(owner, repo, pr.number, { Do: 'squash', delete_branch_after_merge: true }).catch((x) => x);
is(merged.status, 200, 'merged');
is((await me.repos.repoPullRequestIsMerged(owner, repo, pr.number)).status, 204, 'it says so');
is((await refused(me.repos.repoGetBranch(owner, repo, 'agent/fix')))[0], 404, 'its branch is gone');
const after = await data(me.repos.repoGetPullRequest(owner, repo, pr.number));
is([after.merged, after.merged_by?.login, /^[0-9a-f]{40}$/.test(after.merge_commit_sha)], [true, 'admin', true], 'by whom');
await until(async () => (await data(me.repos.issueGetIssue(owner, repo, issue.number))).state === 'closed', 'the issue is closed by its words');
is((await data(me.repos.repoGetContents(owner, repo, 'docs/b.txt'))).content, btoa('three\n'), 'main has it');
is((await data(me.repos.issueGetMilestone(owner, repo, String(stone.id)))).closed_issues, 1, 'the milestone is done');
await data(me.repos.repoDeleteHook(owner, repo, hook.id));
is(await data(me.repos.repoListHooks(owner, repo)), [], 'the hook is gone');
console.log(`1..${n}`);
process.exit(bad ? 1 : 0);
