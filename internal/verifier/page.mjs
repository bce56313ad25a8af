// The page around the verifier: takes files, says the result in words.
const $ = s => document.querySelector(s);
const words = JSON.parse($('#words').textContent);
const built = $('#trust').textContent.trim();
let lang = navigator.language?.startsWith('de') ? 'de' : 'en';
let bundle, trust = built && text(built), result, whose;

const say = (id, ...args) => (words[lang][id] ?? id).replace(/\{(\d)\}/g, (_, i) => args[i]);
// Whatever comes from a file is text and never markup.
const el = (tag, content, name) => {
	const e = document.createElement(tag);
	if (name) e.className = name;
	e.append(...[content].flat());
	return e;
};
const when = (seconds, time) => new Intl.DateTimeFormat(lang, { dateStyle: 'long', timeZone: 'UTC', ...time && { timeStyle: 'short' } }).format(seconds * 1000);
const day = d => when(Date.parse(d) / 1000);
const rows = list => el('dl', list.filter(r => r[1]).map(([w, v, more]) =>
	el('div', [el('dt', say(w)), el('dd', [el('bdi', v), ...more ? [el('small', more)] : []])])));

const show = () => {
	document.documentElement.lang = lang;
	document.title = say('title');
	for (const e of document.querySelectorAll('[data-w]')) e.textContent = say(e.dataset.w);
	for (const e of document.querySelectorAll('nav button')) e.setAttribute('aria-pressed', e.lang === lang);
	$('#have').textContent = whose ? say('have', whose) : '';
	$('#more').replaceChildren();
	if (!bundle) return;
	if (!trust) return $('#say').replaceChildren(el('p', say('need')));
	if (!result) return $('#say').replaceChildren(el('p', say('wait')));
	const r = result, a = r.answer, t = r.terms, note = [];
	const title = say(a, a === 'expired' ? day(t.valid_until) : Math.floor((r.now - r.asOf) / 86400));
	if (r.asOf) note.push(el('p', say('asof', when(r.asOf, 1))));
	if (a === 'cannot-check') note.push(el('p', say(r.failure === 'trust-malformed' ? 'badtrust' : 'browser')));
	if (a === 'not-genuine') note.push(el('p', [say('why') + ' ', el('code', r.failure)]), el('p', say('doubt')));
	if (a === 'not-current' || a === 'genuine-aged') note.push(el('p', say('renew')));
	$('#say').replaceChildren(el('div', [el('strong', title), ...note],
		'st ' + (a.startsWith('genuine') ? 'good' : a === 'not-current' || a === 'cannot-check' ? '' : 'bad')));
	if (!t) return;
	const section = (id, ...e) => $('#more').append(el('h2', say(id)), ...e);
	section('facts', rows([
		['code', r.code.slice(0, 4) + '-' + r.code.slice(4)], ['product', t.product.name], ['model', t.product.model],
		['holder', t.holder.name, t.holder.domain], ['from', when(r.effective)], ['until', day(t.valid_until)], ['updates', day(t.updates_until)]]));
	section('who', el('ul', r.signers.map(s => el('li', [el('bdi', s.org), ', ' + say(s.role), el('small', el('bdi', s.name))]))));
	section('seen', r.witnesses.length ? el('ul', r.witnesses.map(w => el('li', el('bdi', w)))) : el('p', say('unseen')));
	section('steps', el('ul', r.steps.map(s => el('li', say(s)))));
};

const check = async () => {
	result = null;
	try {
		whose = JSON.parse(utf8(trust)).domain;
	} catch {
		whose = '';
	}
	show();
	if (!bundle || !trust) return;
	const now = Math.floor(Date.now() / 1000), mine = [bundle, trust];
	const r = await verify(bundle, trust, now);
	if (mine[0] !== bundle || mine[1] !== trust) return; // another file was chosen meanwhile
	result = { ...r, now };
	show();
};

const bytes = async f => new B(await f.slice(0, 1 << 21).arrayBuffer());
$('#b').onchange = async e => { if (e.target.files[0]) bundle = await bytes(e.target.files[0]), check(); };
$('#t').onchange = async e => { if (e.target.files[0]) trust = await bytes(e.target.files[0]), check(); };
document.ondragover = e => { e.preventDefault(), document.body.classList.add('over'); };
document.ondragleave = () => document.body.classList.remove('over');
document.ondrop = async e => {
	e.preventDefault();
	document.body.classList.remove('over');
	for (const f of e.dataTransfer.files) f.name === 'trust.json' ? trust = await bytes(f) : bundle = await bytes(f);
	check();
};
for (const b of document.querySelectorAll('nav button')) b.onclick = () => { lang = b.lang, show(); };
check();
