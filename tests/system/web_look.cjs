// Every page, as an administrator sees it: pictures light and dark, wide and
// narrow, in OUT; what axe says of it; the way by Tab.
//   node web_look.cjs URL TOKEN PAGES OUT LONG; a line of PAGES: name path;
// LONG: the path of a file of 350 lines, each an x
'use strict';
const fs = require('fs');
const { say, open, run, signIn, picture, speaks, tabs } = require('./web_chromium.cjs');
const [url, token, pages, out, long] = process.argv.slice(2);

// All of a long file is read out and gone to, though at first a browser lays out
// only what it shows.
async function whole(it, at, last) {
	const page = it.page;
	await page.goto(it.url + at + '#L' + last);
	const parts = await page.evaluate(async () => {
		const all = [...document.querySelectorAll('.part')];
		await Promise.all(all.flatMap((part) => part.getAnimations()).map((a) => a.finished));
		return all.filter((part) => getComputedStyle(part).contentVisibility === 'visible').length;
	});
	const seen = await page.evaluate((id) => {
		const box = document.getElementById(id).getBoundingClientRect();
		return box.height > 10 && box.top >= 0 && box.bottom <= innerHeight;
	}, 'L' + last);
	const cdp = await page.context().newCDPSession(page);
	const { nodes } = await cdp.send('Accessibility.getFullAXTree');
	const heard = nodes.filter((n) => n.role?.value === 'listitem').length;
	const numbers = nodes.filter((n) => n.role?.value === 'ListMarker').map((n) => n.name.value.trim());
	say(seen, `line ${last} is where its address leads`);
	say(parts === Math.ceil(last / 100), `all parts of it are laid out then: ${parts}`);
	say(heard === last && numbers.includes(String(last)), `each of ${last} lines is read out, with its number: ${heard}`);
}

(async () => {
	const it = await open(url);
	await run(it, out, async () => {
		await picture(it, 'sign-in', '/-/sign-in', out);
		await speaks(it, 'sign-in');
		await tabs(it, 'sign-in');
		await signIn(it, 'admin', token);
		for (const line of fs.readFileSync(pages, 'utf8').trim().split('\n')) {
			const [name, at] = line.split(' ');
			await picture(it, name, at, out);
			await speaks(it, name);
			await tabs(it, name);
		}
		await whole(it, long, 350);
	});
})();
