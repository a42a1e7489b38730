// What a browser makes of pages, each in a context of its own with an empty
// cache, the median of five:
//   node web_browser.cjs PLAYWRIGHT CHROMIUM URL COOKIE-HEADER PATH...
// prints "PATH FIRST_PAINT_MS NODES REQUESTS KB WORK_MS" for each.  WORK is the
// processor time of the page's main thread until its first picture was there,
// which others on the machine make less wrong than they make times.
'use strict';
const [playwright, chromium, url, cookie, ...paths] = process.argv.slice(2);
const { chromium: browsers } = require(playwright);

const median = (v) => v.sort((a, b) => a - b)[Math.floor(v.length / 2)];

async function look(browser, path) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
	await context.addCookies(cookie.replace(/^Cookie: /, '').split('; ').map((c) => {
		const at = c.indexOf('=');
		return { name: c.slice(0, at), value: c.slice(at + 1), url };
	}));
	const page = await context.newPage();
	const cdp = await context.newCDPSession(page);
	let requests = 0, bytes = 0;
	await cdp.send('Network.enable');
	await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
	cdp.on('Network.requestWillBeSent', () => requests++);
	cdp.on('Network.loadingFinished', (e) => { bytes += e.encodedDataLength; });
	await page.goto(url + path, { waitUntil: 'load' });
	const paint = await page.evaluate(() => new Promise((done) => {
		const have = () => performance.getEntriesByName('first-contentful-paint')[0];
		if (have())
			done(have().startTime);
		else
			new PerformanceObserver((list, o) => {
				if (have()) {
					o.disconnect();
					done(have().startTime);
				}
			}).observe({ type: 'paint', buffered: true });
	}));
	const { metrics } = await cdp.send('Performance.getMetrics');
	const work = metrics.find((m) => m.name === 'TaskDuration').value * 1000;
	const nodes = await page.evaluate(() => document.getElementsByTagName('*').length);
	await context.close();
	return { paint, nodes, requests, kb: bytes / 1000, work };
}

(async () => {
	const browser = await browsers.launch({ executablePath: chromium, args: ['--no-sandbox'] });
	await look(browser, paths[0]);
	for (const path of paths) {
		const seen = [];
		for (let i = 0; i < 5; i++)
			seen.push(await look(browser, path));
		console.log(path, ...['paint', 'nodes', 'requests', 'kb', 'work'].map((k) => median(seen.map((s) => s[k])).toFixed(1)));
	}
	await browser.close();
})().catch((e) => {
	console.error(e);
	process.exit(1);
});
