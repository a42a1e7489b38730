// What strangers wrote, and what a person writes into every field of every
// form, is text on every page.
//   node web_xss.cjs URL TOKEN CORPUS PAGES OUT
// CORPUS: a string a line; PAGES: a line "name path" for each page to begin at.
'use strict';
const fs = require('fs');
const { say, open, run, signIn } = require('./web_chromium.cjs');
const [url, token, corpus, begin, out] = process.argv.slice(2);
const strings = fs.readFileSync(corpus, 'utf8').trim().split('\n');
const lines = (file) => fs.readFileSync(file, 'utf8').trim().split('\n').map((l) => l.split(' ')[1]);

// Pages of one shape are looked at this often.
const TIMES = 8, PAGES = 300;
const shape = (p) => p.replace(/[0-9a-f]{40}/g, 'SHA').replace(/\d+/g, 'N')
    .replace(/^(\/[^/]+\/[^/]+\/(?:src|blame|commits)\/[a-z]+\/).*?(\?|$)/, '$1PATH$2').replace(/file=[^&]*/, 'file=');

// What a page must not have: an element or attribute of the corpus, an address
// that a browser runs, one of elsewhere but in a link that says so.
const wrong = () => {
	const bad = [];
	for (const e of document.querySelectorAll('xss-mark, [xss-mark], iframe, object, embed, base, math, svg:not(.dot), svg.dot :not(circle), style, marquee, video, audio, meta[http-equiv]'))
		bad.push(e.outerHTML.slice(0, 120));
	for (const e of document.querySelectorAll('*'))
		for (const a of e.attributes) {
			if (/^on|^style$|^srcdoc$|^formaction$/.test(a.name))
				bad.push(e.outerHTML.slice(0, 120));
			if (/^(href|src|action|data|poster|srcset)$/.test(a.name)) {
				const u = new URL(a.value, location.href);
				const away = e.tagName === 'A' && /^(https?|mailto):$/.test(u.protocol) && e.rel.includes('noopener');
				if (u.origin !== location.origin && !away)
					bad.push(e.outerHTML.slice(0, 120));
			}
		}
	return bad;
};

// Each form of the page, as where it leads and how its fields are told apart.
const formsOf = (page) => page.evaluate(() => [...document.querySelectorAll('form[method=post]')].map((f, i) => ({
	i,
	to: new URL(f.action).pathname,
	what: [...f.elements].filter((e) => e.name !== 'form').map((e) => e.name + (e.type === 'hidden' ? '=' + e.value : '')).join('&'),
	buttons: [...f.querySelectorAll('button')].map((b) => b.textContent),
	fields: [...f.elements].filter((e) => /^(text|search|textarea|url|email)$/.test(e.type) && !e.disabled && !e.readOnly).length,
})));

// Not sent: what ends the session, the project or the day.
const spared = (f) => f.fields === 0 || /sign-out|\/delete$|\/archive$|password|\/merge$/.test(f.to);

async function fill(page, i, nth, one) {
	const form = page.locator('form[method=post]').nth(i);
	const fields = form.locator('input, textarea, select');
	for (let k = 0; k < await fields.count(); k++) {
		const f = fields.nth(k);
		const type = await f.evaluate((e) => e.disabled || e.readOnly ? '' : e.type);
		if (!/^(text|search|textarea|url|email)$/.test(type))
			continue;
		// One hostile field beside the sound values of the others.
		if (k % one.fields !== nth % one.fields && await f.inputValue() !== '')
			continue;
		await f.evaluate((e, v) => { e.removeAttribute('maxlength'); e.value = v; }, strings[(nth + k) % strings.length]);
	}
	await Promise.all([page.waitForNavigation(), form.evaluate((e) => {
		e.noValidate = true;
		const b = e.querySelector('button:not([value])') || e.querySelector('button');
		e.requestSubmit(b);
	})]);
}

(async () => {
	const it = await open(url);
	await run(it, out, async ({ page, heard }) => {
		const bad = [];
		const look = async () => {
			for (const w of await page.evaluate(wrong))
				bad.push(new URL(page.url()).pathname + ' ' + w);
			for (const h of heard.splice(0))
				bad.push(new URL(page.url()).pathname + ' ' + h);
		};
		await signIn(it, 'admin', token);

		let sent = 0;
		const done = new Map();
		for (const at of lines(begin)) {
			await page.goto(url + at);
			for (const f of await formsOf(page)) {
				const key = shape(f.to) + ' ' + shape(f.what);
				if (spared(f) || done.has(key))
					continue;
				done.set(key, true);
				for (let nth = 0; nth < Math.min(2, f.fields); nth++) {
					await page.goto(url + at);
					if ((await formsOf(page))[f.i]?.to !== f.to)
						break;
					await fill(page, f.i, nth, f);
					sent++;
					await look();
				}
			}
		}
		say(sent > 30, `${sent} forms were sent with strings of strangers`);

		const seen = new Map(), todo = lines(begin);
		let n = 0;
		while (todo.length > 0 && n < PAGES) {
			const at = todo.shift(), s = shape(at);
			if ((seen.get(s) || 0) >= TIMES)
				continue;
			seen.set(s, (seen.get(s) || 0) + 1);
			const reply = await page.goto(url + at).catch(() => null);
			if (reply === null || !/text\/html/.test(reply.headers()['content-type'] || ''))
				continue;
			n++;
			await look();
			for (const href of await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((a) => a.href)))
				if (href.startsWith(url + '/') && !/\/raw\/|\/report|\/api\/|\/archive\//.test(href))
					todo.push(href.slice(url.length).replace(/#.*/, ''));
		}
		say(n > 60, `${n} pages of ${seen.size} shapes were looked at`);
		say(bad.length === 0, `nothing of a stranger is an element, an attribute or an address that runs: ${[...new Set(bad)].slice(0, 12).join(' | ')}`);
	});
})();
