// A person's minutes in a real browser: signs in, sees what is proved, answers
// an approval that comes while the page is open, follows a run's output, signs
// out.  HOOK is the program that others do things by.
//   node web_browser.cjs URL TOKEN PROJECT RUN OUT
'use strict';
const { execFileSync } = require('child_process');
const { say, open, run } = require('./web_chromium.cjs');
const [url, token, project, runId, out] = process.argv.slice(2);

const hook = (...args) => execFileSync(process.env.HOOK, args, { stdio: 'ignore' });

// What comes in leaves the keyboard and marked words where they are.
async function kept(page) {
	await page.mouse.move(2, 2);
	await page.locator('.said a.change').first().focus();
	hook('say', 'while one is at a link');
	await page.waitForSelector('.said:has-text("while one is at a link")');
	say(await page.evaluate(() => document.activeElement.className) === 'change',
	    'what comes in leaves the focus where it is');
	await page.evaluate(() => {
		document.activeElement.blur();
		getSelection().selectAllChildren(document.querySelector('.said .md'));
	});
	const marked = await page.evaluate(() => getSelection().toString());
	hook('say', 'while one copies');
	await page.waitForSelector('.said:has-text("while one copies")');
	say(marked !== '' && await page.evaluate(() => getSelection().toString()) === marked,
	    'and what one marked');
	await page.evaluate(() => getSelection().removeAllRanges());
}

// A browser has six connections for all of them.  Here each is the one seen,
// so it is told that it is not.
async function tabs(page) {
	const see = (how) => {
		Object.defineProperty(document, 'visibilityState', { get: () => how, configurable: true });
		document.dispatchEvent(new Event('visibilitychange'));
	};
	const all = [];
	for (let i = 0; i < 8; i++) {
		const tab = await page.context().newPage();
		await tab.goto(page.url(), { timeout: 20000 });
		await tab.evaluate(see, 'hidden');
		all.push(tab);
	}
	say(true, 'the eighth tab loads, too');
	hook('say', 'while it was hidden');
	await all[0].evaluate(see, 'visible');
	await all[0].waitForSelector('.said:has-text("while it was hidden")');
	say(true, 'who comes back to one sees what came');
	for (const tab of all)
		await tab.close();
}

async function day(page, heard) {
	await page.goto(url + '/');
	say(new URL(page.url()).pathname === '/-/sign-in', 'who is not signed in comes to the form');
	await page.fill('#login', 'admin');
	await page.fill('#password', 'wrong');
	await page.keyboard.press('Enter');
	await page.waitForSelector('[role=alert]');
	say(true, 'a wrong password is told');
	await page.fill('#login', 'admin');
	await page.fill('#password', token);
	await page.keyboard.press('Enter');
	await page.waitForSelector('h1:text("Projects")');
	say(await page.isVisible(`a[href="/${project}"]`), 'the projects are there');
	say(await page.isVisible('.verdict:has-text("1 failed")'), 'with the verdict of coffer prove');
	await page.goto(`data:text/html,<a href="${url}/${project}">here</a>`);
	await page.click('a');
	await page.waitForURL('**/' + project);
	await page.waitForSelector('h1:has-text("calc")');
	say(true, 'a link on another site leads to the page, though its cookie is strict');
	await page.goto(`data:text/html,<form method=post action="${url}/-/sign-out"><button>go</button></form>`);
	await page.click('button');
	await page.waitForURL('**/-/sign-out');
	await page.goto(url + '/' + project);
	say(await page.isVisible('h1:has-text("calc")'), "another site's form signs nobody out");
	say(await page.isVisible('.failed:has-text("dns-rebind")'), 'the row that failed is named');

	await page.goto(url + '/' + project + '/issues/1');
	await page.fill('#body', 'Written here.\n/fix is no order on the second line');
	hook('say', 'said elsewhere');
	await page.waitForSelector('.said:has-text("said elsewhere")');
	say(await page.inputValue('#body') !== '', 'what others say comes in, and what one writes stays');
	await page.getByRole('button', { name: 'Comment' }).click();
	await page.waitForSelector('.said:has-text("Written here.")');
	say(true, 'and is said by a click');
	await kept(page);
	await tabs(page);

	await page.mouse.move(2, 2);
	await page.goto(url + '/-/approvals');
	hook('ask', 'live.example');
	await page.waitForSelector('.subject:text("live.example")');
	say(true, 'what is asked comes to an open page');
	const card = page.locator('article', { hasText: 'live.example' });
	const allow = card.getByRole('button', { name: 'Allow' });
	await allow.hover();
	const before = await allow.boundingBox();
	hook('ask', 'moving.example');
	await page.waitForSelector('.news:visible');
	const after = await allow.boundingBox();
	say(before.y === after.y && !await page.isVisible('.subject:text("moving.example")'),
	    'what one points at stays where it is');
	await page.mouse.move(2, 2);
	await page.waitForSelector('.subject:text("moving.example")');
	say(!await page.isVisible('.news'), 'and the rest comes when one points elsewhere');
	const asks = await page.locator('.subject').allTextContents();
	say(asks.indexOf('live.example') < asks.indexOf('moving.example'), 'below what was there');
	await card.locator('select').selectOption('3600');
	await card.getByRole('button', { name: 'Allow' }).click();
	await page.waitForSelector('td:has-text("live.example")');
	say(await page.isVisible('tr:has-text("live.example") [data-kind=good]'), 'a click allows it');

	await page.mouse.move(2, 2);
	await page.goto(url + '/-/runs/' + runId);
	hook('log', 'one more line');
	await page.waitForSelector('#log:has-text("one more line")');
	say(true, 'the output of a run grows');
	hook('log', 'row\n'.repeat(400) + 'end of many');
	await page.waitForSelector('#log:has-text("end of many")');
	await page.evaluate(() => { document.getElementById('log').scrollTop = 0; });
	hook('log', 'the last line');
	await page.waitForSelector('#log:has-text("the last line")');
	say(await page.evaluate(() => document.getElementById('log').scrollTop) === 0,
	    'and stays where one reads');
	hook('finish');
	await page.waitForSelector('.badge:text-is("done")');
	say(true, 'and its end is seen');
	await page.getByRole('link', { name: 'Report' }).click();
	await page.waitForSelector('h1:text("Report")');
	const stopped = heard.splice(0);
	say(stopped.length > 0 && stopped.every((t) => /Content Security Policy|sandboxed|ERR_BLOCKED_BY_CSP/.test(t)),
	    `a report of an agent runs no script ${stopped}`);
	await page.goBack();
	await page.getByRole('button', { name: 'Sign out' }).click();
	await page.waitForSelector('#login');
	await page.goBack();
	await page.reload();
	say(await page.isVisible('#login'), 'who signed out is out');
}

(async () => {
	const it = await open(url);
	await run(it, out, () => day(it.page, it.heard));
})();
