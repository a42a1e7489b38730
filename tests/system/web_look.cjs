// Every page, as an administrator sees it: pictures light and dark, wide and
// narrow, in OUT; what axe says of it; the way by Tab.
//   node web_look.cjs URL TOKEN PAGES OUT; a line of PAGES: name path
'use strict';
const fs = require('fs');
const { open, run, signIn, picture, speaks, tabs } = require('./web_chromium.cjs');
const [url, token, pages, out] = process.argv.slice(2);

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
	});
})();
