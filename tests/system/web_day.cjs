// A maintainer's day, from the sign-in to the merge, by what is seen on the
// pages: with JavaScript (what comes, comes by itself) or without (the page is
// loaded again).  HOOK is the program by which others do their part.
//   node web_day.cjs URL TOKEN PROJECT OUT live|plain
'use strict';
const { execFileSync } = require('child_process');
const { say, open, run, signIn } = require('./web_chromium.cjs');
const [url, token, project, out, how] = process.argv.slice(2);
const live = how === 'live';
const hook = (...args) => execFileSync(process.env.HOOK, args, { encoding: 'utf8' }).trim();

(async () => {
	const it = await open(url, { javaScriptEnabled: live });
	await run(it, out, async ({ page }) => {
		page.setDefaultTimeout(20000);
		const link = (name) => page.getByRole('link', { name, exact: true }).first();
		const button = (name) => page.getByRole('button', { name, exact: true }).first();
		// What others did: it comes to a page that lives, else by loading it again.
		const comes = async (selector) => {
			if (live)
				await page.mouse.move(2, 2);
			for (let i = 0; i < 60 && !await page.isVisible(selector); i++) {
				if (!live)
					await page.reload();
				await new Promise((done) => setTimeout(done, 200));
			}
			return page.isVisible(selector);
		};

		await signIn(it, 'admin', token);
		await link(project).click();
		await link('Issues').click();
		await link('New issue').click();
		await page.getByLabel('Title', { exact: true }).fill('It crashes on empty input');
		await page.locator('textarea[name=body]').fill('/fix\n\n`calc` with no line ends by **signal 11**.');
		await button('Open issue').click();
		say(await page.isVisible('h1:has-text("It crashes on empty input")'), `${how}: an issue is filed`);
		say(await page.isVisible('strong:has-text("signal 11")'), `${how}: its Markdown is shown`);
		const issue = new URL(page.url()).pathname.split('/').pop();

		const pull = hook('work', issue);
		await page.goto(`${url}/${project}/pulls`);
		await link(`Mend #${issue}`).click();
		say(await page.isVisible('h1:has-text("Mend")'), `${how}: the pull request is in the list`);
		hook('check', pull, 'failed');
		say(await comes('#checks :has-text("failed"), section:has(h2:text-is("Checks")) .badge:text-is("failed")'), `${how}: the check that failed comes`);
		await link('unit').click();
		say(await comes('pre:has-text("1 failed")'), `${how}: with its output`);
		await page.goBack();

		await link('Files').click();
		await page.locator('table.unified td a').last().click();
		await page.locator('textarea#say').fill('What of a line of blanks?');
		await page.locator('form:has(#say)').getByRole('button', { name: 'Comment', exact: true }).click();
		say(await comes(':text("What of a line of blanks?")'), `${how}: a word is said on a line`);
		const before = await page.locator('body').innerText();
		hook('again', pull);
		hook('check', pull, 'passed');
		await page.reload(); // a diff stays as it is while it is read
		say(!before.includes('blank line is skipped') && await comes(':text("blank line is skipped")'), `${how}: what was pushed is there`);
		await button('Resolve').click();
		say(await comes(':text("resolved by admin")'), `${how}: the word is resolved`);

		await link('Conversation').click();
		say(await comes('section:has(h2:text-is("Checks")) .badge:text-is("passed")'), `${how}: the check passed`);
		await page.selectOption('select[name=event]', 'APPROVED');
		await button('Send the review').click();
		say(await comes('h2:has-text("Gate") .badge:text-is("open")'), `${how}: an approval opens the gate`);
		await page.selectOption('select[name=style]', 'squash');
		await button('Merge').click();
		say(await comes('.title .badge:text-is("merged")'), `${how}: it is merged`);
		await page.goto(`${url}/${project}/issues/${issue}`);
		say(await comes('.title .badge:text-is("closed")'), `${how}: and its issue is closed`);
		await page.goto(`${url}/${project}/commits/branch/main`);
		say(await page.isVisible(`a:has-text("Mend #${issue}")`), `${how}: the history has it`);
		await page.goto(`${url}/`);
		await button('Sign out').click();
		say(await page.isVisible('#login'), `${how}: the day is over`);
	});
})();
