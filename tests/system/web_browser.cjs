// A person's minutes in a real browser: signs in, sees what is proved, answers
// an approval that comes while the page is open, follows a run's output, signs
// out.  Prints "ok NAME" and "not ok NAME" lines; a picture of each page, light
// and dark, wide and narrow, is left in OUT.
//   node web_browser.cjs PLAYWRIGHT CHROMIUM URL TOKEN PROJECT RUN OUT
'use strict';
const [playwright, chromium, url, token, project, run, out] = process.argv.slice(2);
const { chromium: browsers } = require(playwright);
const { execFileSync } = require('child_process');

const say = (good, name) => console.log((good ? 'ok ' : 'not ok ') + name);
const hook = (...args) => execFileSync(process.env.HOOK, args, { stdio: 'ignore' });

const looks = [
	{ name: 'light', scheme: 'light', width: 1280, height: 800 },
	{ name: 'dark', scheme: 'dark', width: 1280, height: 800 },
	{ name: 'phone', scheme: 'light', width: 390, height: 780 },
	{ name: 'phone-dark', scheme: 'dark', width: 390, height: 780 },
];
const pages = [['projects', '/'], ['project', '/' + project],
    ['network', '/' + project + '/network'],
    ['issues', '/' + project + '/issues'],
    ['issue', '/' + project + '/issues/1'], ['approvals', '/-/approvals'], ['runs', '/-/runs'],
    ['run', '/-/runs/' + run], ['account', '/-/account'],
    ...['', '/mirror', '/agent', '/sandbox', '/gate', '/checks', '/branches', '/collaboration', '/hooks'].map((p) =>
	['settings' + p.replace('/', '-'), '/' + project + '/settings' + p]),
    ['labels', '/' + project + '/labels'], ['milestones', '/' + project + '/milestones'],
    ['tokens', '/-/account/tokens'], ['password', '/-/account/password'],
    ['admin', '/-/admin'], ['admin-user', '/-/admin/users/admin'], ['admin-runners', '/-/admin/runners'],
    ['admin-health', '/-/admin/health'],
    ['missing', '/no/where']];

async function picture(page, name, path) {
	let wide = [];
	for (const l of looks) {
		await page.setViewportSize({ width: l.width, height: l.height });
		await page.emulateMedia({ colorScheme: l.scheme });
		await page.goto(url + path);
		await page.screenshot({ path: `${out}/${name}-${l.name}.png`, fullPage: true });
		if (await page.evaluate(() =>
		    document.documentElement.scrollWidth > innerWidth))
			wide.push(l.name);
	}
	say(wide.length === 0, `${name} fits its screen ${wide}`);
	await page.setViewportSize({ width: 1280, height: 800 });
	await page.emulateMedia({ colorScheme: 'light' });
}

// Names, labels and levels, as a screen reader needs them.
async function speaks(page, name) {
	const bad = await page.evaluate(() => {
		const wrong = [];
		for (const e of document.querySelectorAll('input:not([type=hidden]), select'))
			if (e.labels.length === 0)
				wrong.push('no label: ' + e.id);
		for (const e of document.querySelectorAll('a, button'))
			if (e.textContent.trim() === '')
				wrong.push('no name: ' + e.outerHTML);
		if (document.querySelectorAll('main h1').length !== 1)
			wrong.push('not one h1');
		const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
		if (new Set(ids).size !== ids.length)
			wrong.push('an id twice');
		return wrong;
	});
	say(bad.length === 0, `${name} can be read out ${bad}`);
}

async function day(page, heard) {
	await page.goto(url + '/');
	say(new URL(page.url()).pathname === '/-/sign-in', 'who is not signed in comes to the form');
	await picture(page, 'sign-in', '/-/sign-in');
	await speaks(page, 'sign-in');
	await page.goto(url + '/');
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
	for (const [name, path] of pages) {
		await picture(page, name, path);
		await speaks(page, name);
	}
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
	await page.goto(url + '/-/runs/' + run);
	hook('log', 'one more line');
	await page.waitForSelector('#log:has-text("one more line")');
	say(true, 'the output of a run grows');
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
	const browser = await browsers.launch({ executablePath: chromium,
	    args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	const page = await (await browser.newContext()).newPage();
	const heard = [], asked = new Set();
	page.setDefaultTimeout(60000);
	page.on('console', (m) => {
		if (m.type() === 'error' && !/status of (401|403|404)|ERR_INCOMPLETE_CHUNKED/.test(m.text()))
			heard.push(m.text());
	});
	page.on('pageerror', (e) => heard.push(String(e)));
	page.on('dialog', (d) => { heard.push('dialog ' + d.message()); d.dismiss(); });
	page.on('request', (r) => { if (!r.url().startsWith('data:')) asked.add(new URL(r.url()).origin); });
	try {
		await day(page, heard);
	} catch (e) {
		say(false, 'the day ends: ' + String(e).split('\n')[0]);
		await page.screenshot({ path: `${out}/failed.png` });
	}
	say(heard.length === 0, `nothing was refused by the policy, no script of a stranger ran ${heard}`);
	say([...asked].every((o) => o === url), `nothing was asked of another server ${[...asked]}`);
	await browser.close();
})();
