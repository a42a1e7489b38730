// What is live: the page is asked for again when something happened, and what
// changed takes the place of what was there.  The pages work without it.
'use strict';

const later = (ms) => new Promise((done) => setTimeout(done, ms));
let wanted = false;
let asking = false;

// What one is writing or choosing in is left alone.
function busy(part) {
	const at = document.activeElement;
	if (at !== null && part.contains(at) &&
	    at.matches('input, select, textarea'))
		return true;
	for (const field of part.querySelectorAll('input, textarea'))
		if (field.value !== field.defaultValue)
			return true;
	// One that has no default begins with its first.
	for (const choice of part.querySelectorAll('select:not([multiple])')) {
		const first = [...choice.options].findIndex(
		    (option) => option.defaultSelected);
		if (choice.selectedIndex !== Math.max(first, 0) &&
		    choice.options.length > 0)
			return true;
	}
	return false;
}

// What one points at or is in does not move: a click lands on what one saw.
function used(part) {
	return part.querySelector('form') !== null &&
	    part.matches(':hover, :focus-within');
}

function parts(of) {
	const live = of.querySelectorAll('[data-live]');
	return live.length > 0 ? [...live] : [of.querySelector('main')];
}

// Shown while something newer waits for the pointer to leave.
const news = document.createElement('p');
news.className = 'news';
news.hidden = true;
news.setAttribute('role', 'status');

function tell(shown, href, text) {
	const to = document.createElement('a');
	to.href = href;
	to.textContent = text;
	if (shown && (news.hidden || news.textContent !== 'Something new came: ' + text))
		news.replaceChildren('Something new came: ', to);
	news.hidden = !shown;
}

// How much was said when the page was loaded; the last page of now, when more
// was said since and this page is another one.
const saidThen = document.getElementById('said-pages')?.dataset.total;

function saidElsewhere(fresh) {
	const now = fresh.getElementById('said-pages')?.dataset;
	return Number(now?.total) > Number(saidThen) ? now.last : undefined;
}

// What was unfolded stays so.
function exchange(part, next) {
	const open = [...part.querySelectorAll('details[open][id]')];
	part.replaceChildren(...next.childNodes);
	for (const was of open) {
		const now = document.getElementById(was.id);
		if (now !== null)
			now.open = true;
	}
}

// The keyboard is there, or words that one has marked.
function held(node) {
	const marked = getSelection();
	return node.contains(document.activeElement) ||
	    (!marked.isCollapsed && marked.containsNode(node, true));
}

const timeless = (node) => node.outerHTML.replace(/<time[^]*?<\/time>/g, '');

// All of it but what is held; true: that has changed, too.
function merge(part, next) {
	const was = [...part.children];
	const is = [...next.children];
	let left = false;
	is.forEach((child, i) => {
		if (i >= was.length)
			part.append(child);
		else if (held(was[i]))
			left ||= timeless(was[i]) !== timeless(child);
		else if (was[i].outerHTML !== child.outerHTML)
			was[i].replaceWith(child);
	});
	for (const child of was.slice(is.length)) {
		if (held(child))
			left = true;
		else
			child.remove();
	}
	return left;
}

// The value of forms looks new on each page: of what is the same that is no
// change, and the fresh one is good for all.
function renew(fresh) {
	const forms = 'input[name="form"]';
	const value = fresh.querySelector(forms)?.getAttribute('value');
	if (value)
		for (const field of document.querySelectorAll(forms))
			field.setAttribute('value', value);
}

function put(fresh) {
	renew(fresh);
	const now = parts(document);
	const next = parts(fresh);
	const kept = now.findLastIndex(used);
	let late = false;
	// What is above it would move it.
	for (let i = 0; i < now.length && i < next.length; i++) {
		if (now[i].innerHTML === next[i].innerHTML || busy(now[i]))
			continue;
		if (i <= kept)
			late = true;
		else if (held(now[i]))
			late = merge(now[i], next[i]) || late;
		else
			exchange(now[i], next[i]);
	}
	const nav = document.querySelector('.top nav');
	const nav2 = fresh.querySelector('.top nav');
	if (kept === -1 && nav !== null && nav2 !== null &&
	    nav.innerHTML !== nav2.innerHTML)
		nav.replaceChildren(...nav2.childNodes);
	const last = saidElsewhere(fresh);
	if (last !== undefined)
		tell(true, '?page=' + last, 'it is on the last page');
	else
		tell(late, '', 'load again');
}

async function refresh() {
	wanted = true;
	if (asking)
		return;
	asking = true;
	while (wanted) {
		await later(400);
		wanted = false;
		try {
			const reply = await fetch(location.href,
			    { headers: { Accept: 'text/html' } });
			if (reply.redirected) {
				location.reload();
				return;
			}
			if (reply.ok)
				put(new DOMParser().parseFromString(
				    await reply.text(), 'text/html'));
		} catch {
			await later(2000);
		}
	}
	asking = false;
}

// A browser has six connections to a server for all its tabs: the one that is
// seen listens, from where it stopped.
const kinds = ['approval.asked', 'approval.decided',
    'issue.labeled', 'issue.assigned', 'issue.unassigned',
    'issue.milestoned', 'issue.demilestoned', 'issue.deadline',
    'issue.locked', 'issue.unlocked', 'issue.pinned', 'issue.unpinned',
    'approval.expired', 'approval.withdrawn', 'run.asked',
    'run.created', 'run.updated',
    'run.cancel', 'sandbox.updated', 'sandbox.proved',
    'project.created', 'project.updated', 'project.deleting',
    'project.deleted', 'network.changed', 'sandbox.wanted',
    'issue.opened', 'issue.closed', 'issue.reopened', 'issue.edited',
    'comment.created', 'comment.edited', 'comment.deleted', 'pull.opened', 'pull.closed',
    'pull.merged', 'pull.reopened', 'pull.synchronized', 'pull.conflict', 'pull.auto_merge',
    'pull.finding_dismissed', 'pull.review_requested', 'pull.review_request_removed',
    'review.created', 'review.deleted', 'review.dismissed', 'review.undismissed', 'review.commented',
    'review.resolved', 'review.unresolved', 'status.created', 'protection.changed',
    'check.queued', 'check.started', 'check.finished', 'check.failed',
    'mirror.synced', 'mirror.failed'];
let stream = null;
let after = document.body.dataset.after;

function listen() {
	if (stream !== null || document.visibilityState === 'hidden')
		return;
	stream = new EventSource('/-/events?after=' + after);
	for (const kind of kinds)
		stream.addEventListener(kind, (e) => {
			after = e.lastEventId || after;
			refresh();
		});
}

function unlisten() {
	stream?.close();
	stream = null;
}

const seen = () => new Promise((done) => {
	if (document.visibilityState !== 'hidden') {
		done();
		return;
	}
	document.addEventListener('visibilitychange', () => done(seen()),
	    { once: true });
});

// The output of a run as it grows, from where the page ends.  Who reads above
// its end stays there; what is long loses its beginning.
const logMax = 4 << 20;

function grow(log, text) {
	const down = log.scrollTop + log.clientHeight >= log.scrollHeight - 40;
	log.append(text);
	if (!down)
		return;
	let size = log.textContent.length;
	while (size > logMax && log.childNodes.length > 1) {
		size -= log.firstChild.textContent.length;
		log.firstChild.remove();
	}
	log.scrollTop = log.scrollHeight;
}

async function follow(log) {
	const text = new TextDecoder();
	let next = Number(log.dataset.next);
	for (;;) {
		await seen();
		const stop = new AbortController();
		const hide = () => stop.abort();
		document.addEventListener('visibilitychange', hide, { once: true });
		try {
			const reply = await fetch(
			    log.dataset.url + '?follow=1&offset=' + next,
			    { signal: stop.signal });
			if (!reply.ok)
				return;
			const body = reply.body.getReader();
			for (;;) {
				const { value, done } = await body.read();
				if (done)
					return;
				next += value.length;
				grow(log, text.decode(value, { stream: true }));
				if (document.getElementById('transcript') !== null)
					refresh();
			}
		} catch {
			if (!stop.signal.aborted)
				await later(2000);
		}
		document.removeEventListener('visibilitychange', hide);
	}
}

const log = document.getElementById('log');
if (log !== null) {
	log.scrollTop = log.scrollHeight;
	if (!('ended' in log.dataset))
		follow(log);
}
if (after !== undefined) {
	listen();
	document.addEventListener('visibilitychange', () => {
		if (document.visibilityState === 'hidden') {
			unlisten();
		} else {
			listen();
			refresh();
		}
	});
	document.body.append(news);
	document.addEventListener('mouseover', () => {
		if (!news.hidden && !parts(document).some(used))
			refresh();
	});
	// What is used now has no events.
	setInterval(() => {
		if (document.visibilityState === 'visible')
			refresh();
	}, 30000);
}

// ---- what one writes ----

// maxlength counts what one types, and the server bytes: who writes in another
// script than Latin is told before he sends it.
const bytes = new TextEncoder();
document.addEventListener('input', (e) => {
	const most = e.target.maxLength;
	if (!(most > 0))
		return;
	const n = bytes.encode(e.target.value).length;
	e.target.setCustomValidity(n <= most ? '' :
	    'That is too long: ' + n + ' bytes, of at most ' + most + '.');
});

// The orders that one may give, while the first line is "/" and part of a word.
function orders(area) {
	const known = [...document.querySelectorAll('#orders dt')].map((dt) => ({
		name: dt.querySelector('code').textContent,
		takes: dt.querySelector('code').nextSibling.textContent,
		means: dt.nextElementSibling.textContent,
	}));
	const menu = document.createElement('ul');
	let shown = [];
	let at = 0;
	menu.className = 'menu';
	menu.id = 'orders-menu';
	menu.hidden = true;
	menu.setAttribute('role', 'listbox');
	menu.setAttribute('aria-label', 'Orders');
	const heard = document.createElement('p');
	heard.className = 'unseen';
	heard.setAttribute('role', 'status');
	area.after(menu, heard);
	area.setAttribute('aria-autocomplete', 'list');
	area.setAttribute('aria-haspopup', 'listbox');
	area.setAttribute('aria-controls', menu.id);

	function mark(to) {
		at = (to + shown.length) % shown.length;
		[...menu.children].forEach((row, i) => row.setAttribute(
		    'aria-selected', String(i === at)));
		area.setAttribute('aria-activedescendant', menu.children[at].id);
		menu.children[at].scrollIntoView({ block: 'nearest' });
	}
	function hide() {
		menu.hidden = true;
		heard.textContent = '';
		area.removeAttribute('aria-activedescendant');
	}
	function take(order) {
		area.setRangeText(order.name + ' ', 0, area.selectionStart, 'end');
		hide();
		area.focus();
	}
	function row(order, i) {
		const li = document.createElement('li');
		const name = document.createElement('code');
		const takes = document.createElement('em');
		const means = document.createElement('span');
		li.id = 'order-' + i;
		li.setAttribute('role', 'option');
		name.textContent = order.name;
		takes.textContent = order.takes;
		means.textContent = order.means;
		li.append(name, takes, means);
		// Before the field loses the focus.
		li.addEventListener('mousedown', (e) => {
			e.preventDefault();
			take(order);
		});
		return li;
	}
	area.addEventListener('input', () => {
		const typed = area.value.slice(0, area.selectionStart);
		shown = /^\/[a-z-]*$/.test(typed)
		    ? known.filter((order) => order.name.startsWith(typed)) : [];
		if (shown.length === 0) {
			hide();
			return;
		}
		menu.replaceChildren(...shown.map(row));
		menu.hidden = false;
		heard.textContent = shown.length + (shown.length === 1 ?
		    ' order: Enter takes it' : ' orders: arrows choose, Enter takes');
		menu.scrollIntoView({ block: 'nearest' });
		mark(0);
	});
	area.addEventListener('keydown', (e) => {
		if (menu.hidden || e.isComposing)
			return;
		if (e.key === 'ArrowDown')
			mark(at + 1);
		else if (e.key === 'ArrowUp')
			mark(at - 1);
		else if (e.key === 'Enter')
			take(shown[at]);
		else if (e.key === 'Escape')
			hide();
		else
			return;
		e.preventDefault();
	});
	area.addEventListener('blur', hide);
}

// Files that are dropped or pasted are attached, and linked to where one is.
function takeFiles(area) {
	const status = document.createElement('p');
	status.className = 'hint';
	status.setAttribute('role', 'status');
	area.parentElement.after(status);

	async function send(files) {
		const form = new FormData();
		form.append('form', area.form.elements.namedItem('form').value);
		for (const file of files)
			form.append('attachment', file, file.name);
		status.textContent = 'Attaching…';
		try {
			const reply = await fetch(area.dataset.url, { method: 'POST',
			    body: form, headers: { Accept: 'application/json' } });
			const made = await reply.json();
			if (!reply.ok)
				throw new Error(made.message);
			for (const file of made)
				area.setRangeText((file.image ? '!' : '') + '[' +
				    file.name.replace(/[\\[\]]/g, '\\$&') +
				    '](/attachments/' + file.uuid + ')\n',
				    area.selectionStart, area.selectionEnd, 'end');
			status.textContent = made.length === 1
			    ? 'One file is attached.' : made.length + ' files are attached.';
		} catch (e) {
			status.textContent = 'Not attached: ' + e.message;
		}
	}
	area.addEventListener('dragover', (e) => {
		if (!e.dataTransfer.types.includes('Files'))
			return;
		e.preventDefault();
		area.parentElement.classList.add('over');
	});
	area.addEventListener('dragleave',
	    () => area.parentElement.classList.remove('over'));
	area.addEventListener('drop', (e) => {
		area.parentElement.classList.remove('over');
		if (e.dataTransfer.files.length === 0)
			return;
		e.preventDefault();
		send(e.dataTransfer.files);
	});
	area.addEventListener('paste', (e) => {
		if (e.clipboardData.files.length === 0)
			return;
		e.preventDefault();
		send(e.clipboardData.files);
	});
}

for (const area of document.querySelectorAll('textarea[data-orders]'))
	orders(area);
for (const area of document.querySelectorAll('.write textarea[data-url]'))
	takeFiles(area);
