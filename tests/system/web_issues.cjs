// Writing an issue's words in a real browser: the orders while one types, files
// that are dropped, a preview, reactions.  Prints "ok NAME" and "not ok NAME"
// lines; pictures of the pages are left in OUT.
//   node web_issues.cjs PLAYWRIGHT CHROMIUM URL TOKEN PROJECT OUT
'use strict';
const [playwright, chromium, url, token, project, out] = process.argv.slice(2);
const { chromium: browsers } = require(playwright);

const say = (good, name) => console.log((good ? 'ok ' : 'not ok ') + name);
const issue = '/' + project + '/issues/1';
const looks = [
	{ name: 'light', scheme: 'light', width: 1280, height: 800 },
	{ name: 'dark', scheme: 'dark', width: 1280, height: 800 },
	{ name: 'phone', scheme: 'light', width: 390, height: 780 },
	{ name: 'phone-dark', scheme: 'dark', width: 390, height: 780 },
];

// Each look of it fits, and is kept.
async function picture(page, name, path) {
	const wide = [];
	for (const l of looks) {
		await page.setViewportSize({ width: l.width, height: l.height });
		await page.emulateMedia({ colorScheme: l.scheme });
		await page.goto(url + path);
		await page.screenshot({ path: `${out}/${name}-${l.name}.png`, fullPage: true });
		if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
			wide.push(l.name);
	}
	say(wide.length === 0, `${name} fits its screen ${wide}`);
	await page.setViewportSize({ width: 1280, height: 800 });
	await page.emulateMedia({ colorScheme: 'light' });
}

// What a drop is made of.
const dropped = (page, name, text) => page.evaluateHandle(([n, t]) => {
	const data = new DataTransfer();
	data.items.add(new File([t], n));
	return data;
}, [name, text]);

async function orders(page) {
	await page.goto(url + issue);
	await page.click('#body');
	await page.keyboard.type('/');
	say(await page.isVisible('#orders-menu'), 'a slash shows the orders');
	await page.screenshot({ path: `${out}/orders.png` });
	await page.keyboard.type('re');
	const names = await page.$$eval('#orders-menu li', (rows) => rows.map((r) => r.textContent.split(' ')[0]));
	say(names.length > 1 && names.every((n) => n.startsWith('/re')), 'those that begin so');
	await page.keyboard.press('ArrowDown');
	const second = await page.textContent('#orders-menu [aria-selected=true]');
	say(second.startsWith(names[1]) && await page.getAttribute('#body', 'aria-activedescendant') === 'order-1',
	    'an arrow goes down, and says where');
	await page.keyboard.press('ArrowUp');
	await page.keyboard.press('Enter');
	say(await page.inputValue('#body') === names[0] + ' ' && await page.isHidden('#orders-menu'), 'Enter takes one');
	await page.fill('#body', '');
	await page.click('#body');
	await page.keyboard.type('/f');
	await page.keyboard.press('Escape');
	say(await page.isHidden('#orders-menu') && await page.inputValue('#body') === '/f', 'Escape takes none');
	await page.fill('#body', 'words\n');
	await page.click('#body');
	await page.keyboard.press('Control+End');
	await page.keyboard.type('/');
	say(await page.isHidden('#orders-menu'), 'a second line orders nothing');
}

async function files(page) {
	await page.goto(url + issue);
	await page.dispatchEvent('#body', 'drop', { dataTransfer: await dropped(page, 'a [b].txt', 'hello') });
	await page.waitForSelector('.write + [role=status]:has-text("is attached")');
	const text = await page.inputValue('#body');
	say(/^\[a \\\[b\\\]\.txt\]\(\/attachments\/[0-9a-f-]{36}\)\n$/.test(text), 'what is dropped is attached and linked to');
	await page.click('button[value=preview]');
	const link = await page.getAttribute('#preview a', 'href');
	const got = await page.evaluate(async (at) => (await fetch(at)).text(), link);
	say(got === 'hello', 'the link of the preview leads to it');
	say(await page.inputValue('#body') === text, 'which keeps what was typed');
	await picture(page, 'preview', issue);
}

// maxlength counts letters, and the server bytes.
async function bounded(page) {
	await page.goto(url + '/' + project + '/issues/new');
	await page.fill('#title', 'é'.repeat(127));
	say(await page.$eval('#title', (f) => f.checkValidity()), 'a title of 254 bytes may be sent');
	await page.fill('#title', 'é'.repeat(128));
	await page.click('button[value=say]');
	say(await page.$eval('#title', (f) => f.validationMessage) === 'That is too long: 256 bytes, of at most 255.' &&
	    await page.inputValue('#title') === 'é'.repeat(128), 'one of 256 is stopped, whatever it is written in');
}

// What comes on another page than the one that is open.
async function told(page) {
	const other = await page.context().newPage();
	await page.goto(url + '/' + project + '/issues/2');
	await page.mouse.move(2, 2);
	await other.goto(url + '/' + project + '/issues/2?page=2');
	await other.fill('#body', 'Said at the end.');
	await other.click('button[value=say]');
	await other.close();
	await page.waitForSelector('.news:visible a[href="?page=2"]');
	say(true, 'the first page of two tells what was said on the last');
	await page.click('.news a');
	await page.waitForSelector('.said:has-text("Said at the end.")');
	say(true, 'and leads there');
}

async function react(page) {
	await page.goto(url + issue);
	await page.click('#said article:nth-of-type(2) summary');
	await page.click('.said details[open] button:has-text("rocket")');
	say(await page.isVisible('button[aria-pressed=true]:has-text("rocket")'), 'a click reacts');
	await page.click('button[aria-pressed=true]:has-text("rocket")');
	say(await page.isHidden('button[aria-pressed=true]:has-text("rocket")'), 'and another takes it back');
}

async function set(page) {
	await page.goto(url + issue);
	await page.selectOption('#side-label', { label: 'bug' });
	await page.click('button[value=label]');
	say(await page.isVisible('.side .chip:has-text("bug")'), 'a label is set');
	await page.fill('#side-assignee', 'admin');
	await page.click('button[value=assign]');
	say(await page.isVisible('.side .chip:has-text("admin")'), 'somebody is assigned');
}

(async () => {
	const browser = await browsers.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-gpu'] });
	const page = await (await browser.newContext()).newPage();
	const heard = [];
	page.on('console', (m) => m.type() === 'error' && heard.push(m.text()));
	page.on('pageerror', (e) => heard.push(String(e)));
	page.setDefaultTimeout(15000);
	try {
		await page.goto(url + '/-/sign-in');
		await page.fill('#login', 'admin');
		await page.fill('#password', token);
		await page.click('main button');
		await orders(page);
		await files(page);
		await react(page);
		await set(page);
		await bounded(page);
		await told(page);
		for (const [name, path] of [['list', '/' + project + '/issues?state=all'],
		    ['found', '/' + project + '/issues?labels=bug&q=none'], ['new', '/' + project + '/issues/new'],
		    ['talk', issue], ['edit', issue + '/edit'], ['pull', '/' + project + '/pulls/3'],
		    ['pulls', '/' + project + '/pulls']])
			await picture(page, name, path);
		say(heard.length === 0, `the browser has nothing to complain of ${heard}`);
	} catch (e) {
		say(false, 'the browser went on: ' + e);
	}
	await browser.close();
})();
