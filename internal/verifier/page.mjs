// The page around the verifier: takes files, says the result in words.
const find = id => document.getElementById(id);
const words = JSON.parse(find('k').textContent), built = find('f').textContent;
let bundle, trust = built && new TextEncoder().encode(built), asked = 0;

const say = (id, x) => words[id].replace('{0}', x);
// Whatever comes from a file is text and never markup.
const el = (tag, content, name) => {
	const e = document.createElement(tag);
	if (name) e.className = name;
	e.append(...[content].flat());
	return e;
};
const date = (seconds, time) => new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'long', timeZone: 'UTC', ...time }).format(seconds * 1000);
const day = d => date(Date.parse(d) / 1000);
const ul = (list, f) => el('ul', list.map(x => el('li', f(x))));
const said = (...e) => find('r').replaceChildren(...e);

const WHY = { 'algorithm-missing': 'browser', 'trust-unusable': 'badtrust', 'clock-behind': 'clock' };
const show = (r, now) => {
	const a = r.answer, t = r.terms, good = a.startsWith('genuine'), sure = good || a === 'not-current';
	const early = a === 'not-current' && now + 600 < Date.parse(t.valid_from) / 1000;
	const title = early ? say('not-yet', day(t.valid_from)) : say(a, a === 'expired' ? day(t.valid_until) : Math.floor((now - r.asOf) / DAY));
	said(el('div', [
		el('strong', title),
		...a === 'cannot-check' ? [el('p', say(WHY[r.failure] ?? 'newer'))] : a === 'not-genuine' ? [el('p', [say('why') + ' ', say('s-' + r.steps.at(-1)) + ' ', el('code', r.failure)]), el('p', say('doubt'))] : [el('p', say('asof', date(r.asOf, { timeStyle: 'short' })))],
		...sure && !early && a !== 'genuine-current' ? [el('p', say('renew'))] : [],
	], good ? 'good' : sure || a === 'cannot-check' ? '' : 'bad'));
	const section = (id, e) => find('m').append(el('h2', say(id)), e);
	if (!r.failure) {
		section('facts', el('dl', [
			['code', r.code.slice(0, 4) + '-' + r.code.slice(4)], ['product', t.product.name], ['model', t.product.model], ['holder', t.holder.name + ' (' + t.holder.domain + ')'],
			['software', t.product.software.min], ...(t.product.gtins ?? []).map(g => ['gtin', g]),
			['from', date(r.effective)], ['begin', day(t.valid_from)], ['until', day(t.valid_until)], ['updates', day(t.updates_until)],
		].flatMap(([k, v]) => [el('dt', say(k)), el('dd', el('bdi', v))])));
		section('who', ul(r.signers, s => [el('bdi', s.org), ' ' + say(s.role) + ' ', el('small', el('bdi', s.name))]));
		section('seen', r.witnesses.length ? ul(r.witnesses, w => el('bdi', w)) : el('p', say('unseen')));
	}
	const done = r.failure ? r.steps.slice(0, -1) : r.steps;
	if (done.length) section(r.failure ? 'failed' : 'steps', ul(done, s => say('s-' + s)));
};

const check = async () => {
	const mine = ++asked, now = Math.floor(Date.now() / 1000);
	find('m').replaceChildren();
	if (!bundle) return;
	said(el('p', say(trust ? 'wait' : 'need')));
	if (!trust) return;
	const r = await verify(bundle, trust, now);
	if (mine === asked) show(r, now); // or else another file was chosen meanwhile
};

const take = async (files, isTrust) => {
	for (const f of files) {
		const b = new B(await f.slice(0, 1 << 20).arrayBuffer());
		if (isTrust(f)) trust = b, find('w').textContent = '';
		else bundle = b;
	}
	check();
};
find('b').onchange = e => take(e.target.files, () => false);
find('t').onchange = e => take(e.target.files, () => true);
document.ondragover = e => e.preventDefault();
document.ondrop = e => {
	e.preventDefault();
	take(e.dataTransfer.files, f => f.name.startsWith('trust'));
};
if (built) find('w').textContent = say('have', JSON.parse(built).domain);
