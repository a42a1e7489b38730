// What the tests in a real browser share: Debian's chromium by playwright-core,
// who reads the pages out, and lines "ok NAME" and "not ok NAME".
//   COFFER_NODE_MODULES  the folder with playwright-core and axe-core
'use strict';
const fs = require('fs');
const path = require('path');
const modules = process.env.COFFER_NODE_MODULES;
const { chromium } = require(path.join(modules, 'playwright-core'));
const axe = fs.readFileSync(path.join(modules, 'axe-core', 'axe.min.js'), 'utf8');

const say = (good, name) => console.log((good ? 'ok ' : 'not ok ') + name.replace(/\s+/g, ' '));

const looks = [
	{ name: 'light', scheme: 'light', width: 1280, height: 800 },
	{ name: 'dark', scheme: 'dark', width: 1280, height: 800 },
	{ name: 'phone', scheme: 'light', width: 390, height: 780 },
	{ name: 'phone-dark', scheme: 'dark', width: 390, height: 780 },
];

// One browser; heard is what it complained of, asked whom it spoke to.
async function open(url, options) {
	const browser = await chromium.launch({ executablePath: process.env.COFFER_CHROMIUM,
	    args: ['--no-sandbox', '--disable-dev-shm-usage'] });
	// What moves is measured at its end.
	const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
	const page = await context.newPage();
	const heard = [], asked = new Set();
	page.setDefaultTimeout(60000);
	page.on('console', (m) => {
		if (m.type() === 'error' && !/status of (401|403|404|409|422)|ERR_INCOMPLETE_CHUNKED/.test(m.text()))
			heard.push(m.text());
	});
	page.on('pageerror', (e) => heard.push(String(e)));
	page.on('dialog', (d) => { heard.push('dialog ' + d.message()); d.dismiss(); });
	page.on('request', (r) => { if (!r.url().startsWith('data:')) asked.add(new URL(r.url()).origin); });
	return { browser, page, heard, asked, url };
}

// Runs WORK(it), tells when it does not come to its end, and what was heard.
async function run(it, out, work) {
	try {
		await work(it);
	} catch (e) {
		say(false, 'it comes to its end: ' + String(e).slice(0, 400));
		await it.page.screenshot({ path: `${out}/failed.png` });
	}
	say(it.heard.length === 0, `nothing was refused by the policy, no script of a stranger ran ${it.heard}`);
	say([...it.asked].every((o) => o === it.url), `nothing was asked of another server ${[...it.asked]}`);
	await it.browser.close();
}

async function signIn(it, login, secret) {
	await it.page.goto(it.url + '/-/sign-in');
	await it.page.fill('#login', login);
	await it.page.fill('#password', secret);
	await it.page.keyboard.press('Enter');
	await it.page.waitForURL(it.url + '/');
}

// A picture in each look; nothing is wider than its screen.
async function picture(it, name, at, out) {
	const page = it.page, wide = [];
	for (const l of looks) {
		await page.setViewportSize({ width: l.width, height: l.height });
		await page.emulateMedia({ colorScheme: l.scheme });
		const reply = await page.goto(it.url + at);
		if (reply.status() !== (name === 'missing' ? 404 : 200))
			wide.push('status ' + reply.status());
		await page.screenshot({ path: `${out}/${name}-${l.name}.png`, fullPage: true });
		if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth))
			wide.push(l.name);
	}
	// As far as WCAG 1.4.10 wants it: 1280 pixels at 400 %.
	await page.setViewportSize({ width: 320, height: 640 });
	const over = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth ? ''
	    : [...document.querySelectorAll('main *, header *')].filter((e) => e.getBoundingClientRect().right > innerWidth)
		.map((e) => e.outerHTML.slice(0, 80)).slice(0, 3).join(' '));
	if (over !== '')
		wide.push('320: ' + over);
	say(wide.length === 0, `${name} fits its screen ${wide}`);
	await page.setViewportSize({ width: 1280, height: 800 });
	await page.emulateMedia({ colorScheme: 'light' });
}

// Names, labels, levels and contrast, as WCAG 2.2 AA wants them, by axe; in
// both themes.
async function speaks(it, name) {
	const page = it.page, wrong = [];
	for (const scheme of ['light', 'dark']) {
		await page.emulateMedia({ colorScheme: scheme });
		await page.evaluate(axe);
		wrong.push(...await page.evaluate(async (theme) => {
			const rules = { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };
			const found = await globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] });
			return found.violations.map((v) => `[${theme}: ${v.id}: ${v.nodes.length} like ` +
			    `${v.nodes[0].html.slice(0, 200)} ${v.nodes[0].failureSummary.slice(0, 200)}]`);
		}, scheme));
	}
	await page.emulateMedia({ colorScheme: 'light' });
	wrong.push(...await page.evaluate(() => {
		const bad = [];
		const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
		if (document.querySelectorAll('main h1').length !== 1)
			bad.push('not one h1');
		if (new Set(ids).size !== ids.length)
			bad.push('an id twice: ' + ids.filter((x, i) => ids.indexOf(x) !== i));
		return bad;
	}));
	say(wrong.length === 0, `${name} can be read out ${wrong}`);
}

// By Tab through the whole page: each stop is seen, none is twice.
async function tabs(it, name) {
	const page = it.page;
	const want = await page.evaluate(() => {
		document.activeElement.blur();
		scrollTo(0, 0);
		return [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
		    .filter((e) => !e.disabled && e.checkVisibility()).length;
	});
	let met = 0, dim = '';
	for (let i = 0; i < want + 2; i++) {
		await page.keyboard.press('Tab');
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			if (e === document.body || e === null || e.dataset.met)
				return null;
			e.dataset.met = '1';
			const s = getComputedStyle(e);
			return { html: e.outerHTML.slice(0, 100), seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0 };
		});
		if (at === null)
			break;
		met++;
		if (!at.seen)
			dim += at.html;
	}
	// Of radio buttons of one name Tab meets one.
	say(met > 3 && met <= want && dim === '', `${name}: ${met} stops of ${want} by Tab, each seen ${dim}`);
}

module.exports = { say, open, run, signIn, picture, speaks, tabs };
