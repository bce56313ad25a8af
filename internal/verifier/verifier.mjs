// Verifies the bundle of one mark offline, with nothing but what every
// browser has. Written against the formats: RFC 8785, 6962, 8032, C2SP
// signed-note, tlog-checkpoint, -cosignature, -proof, -policy, OpenSSH's
// PROTOCOL.sshsig, W3C eddsa-jcs-2022 and Bitstring Status List.
// All bytes are hostile; whatever is wrong has the same id as in package verify.
//
// What is wrong is thrown: must throws the id of a failure, or none, and as
// says what is wrong where something without an id was thrown further in.
const B = Uint8Array;
const must = (x, id) => {
	if (!x) throw { id };
	return x;
};
const as = async (id, f) => {
	try {
		return await f();
	} catch (e) {
		throw { id: e.id ?? id };
	}
};

// Bytes are handled as texts of one character a byte.
const str = b => b.reduce((s, x) => s + String.fromCharCode(x), '');
const raw = s => B.from(s, c => c.charCodeAt());
const text = s => str(new TextEncoder().encode(s));
const utf8 = b => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw(b));
const hex = b => [...b].map(c => c.charCodeAt().toString(16).padStart(2, '0')).join('');
const big = b => BigInt('0x' + hex(b));
const hash = async (b, alg = '256') => str(new B(await crypto.subtle.digest('SHA-' + alg, raw(b))));
const leafHash = b => hash('\0' + b);

// base64, standard alphabet, in its one form.
const b64 = (s, n) => {
	const b = atob(s);
	must(btoa(b) === s && (!n || b.length === n));
	return b;
};

// Every number of a log is a decimal below 2^53, in its one form.
const number = s => +must(+s + '' === s && count(+s) && s);

// canon writes a value as RFC 8785 does: texts and whole numbers of ECMAScript
// are already in that form. Other numbers are not used.
const canon = (v, depth = 32) => {
	const inner = x => canon(x, depth - 1);
	must(depth);
	if (Array.isArray(v)) return '[' + v.map(inner) + ']';
	if (v && typeof v === 'object') return '{' + Object.keys(v).sort().map(k => inner(k) + ':' + inner(v[k])) + '}';
	must(!/\p{Cs}/u.test(v) && (v !== +v || Number.isSafeInteger(v)));
	return JSON.stringify(v);
};

// strict reads JSON that is in that form. A member that stands twice, another
// order, space or another way to write a number would be written differently.
const strict = s => {
	const v = JSON.parse(s);
	must(canon(v) === s);
	return v;
};

// checkSig verifies one Ed25519 signature.
const publicKey = key => crypto.subtle.importKey('raw', raw(key), 'Ed25519', false, ['verify']);
const checkSig = async (k, sig, msg) => must(sig.length === 64 && await crypto.subtle.verify('Ed25519', await publicKey(k.key), raw(sig), raw(msg)));

// unpack decompresses what is at most so long, or throws the id for what is
// longer.
const unpack = async (b, format, most, id) => {
	const r = new Blob([raw(b)]).stream().pipeThrough(new DecompressionStream(format)).getReader();
	let out = '';
	for (let x; !(x = await r.read()).done;) {
		out += str(x.value);
		if (out.length > most) r.cancel().catch(() => 0), must(0, id);
	}
	return out;
};

// gunzip decompresses one gzip member without optional fields, and nothing
// after it. Some engines do not mind what comes after the end: there, what
// has one byte less is still whole.
const gunzip = async (b, ...limit) => {
	const body = b.slice(10, -8), out = await unpack(body, 'deflate-raw', ...limit);
	must(b.startsWith('\x1f\x8b\b\0') && await unpack(body.slice(0, -1), 'deflate-raw', ...limit).catch(() => 1) === 1);
	await unpack(b, 'gzip', ...limit);
	return out;
};

// sigs reads the signature lines of a note (C2SP signed-note). Nothing is
// verified yet.
const control = /[\0-\x09\x0b-\x1f\x7f]/;
const isName = s => s && text(s).length < 256 && !/[\p{Z}\x85+]/u.test(s);
const sigs = s => {
	const lines = s.split('\n');
	must(!lines.pop() && lines.length && lines.length < 101);
	return lines.map(l => {
		const [, name, data] = l.match(/^\u2014 ([^ ]+) ([^ ]+)$/), b = b64(data);
		must(b.length > 4 && isName(name));
		return { name, id: hex(b.slice(0, 4)), sig: b.slice(4) };
	});
};

// keyID is that of a note's signature.
const keyID = async (name, key) => hex(await hash(text(name + '\n') + key)).slice(0, 8);

// vkey reads a C2SP verifier key: Ed25519 of a log (type 1) or of a witness
// (type 4). No browser has ML-DSA-44 (type 6) yet.
const vkey = async (s, type) => {
	const [, name, id, data] = s.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/), b = b64(data), key = b.slice(1);
	must(isName(name));
	must(b[0] !== '\x06', 'algorithm-missing');
	must(b[0] === type && key.length === 32 && id === await keyID(name, b));
	return { name, id, key };
};

// readPolicy reads a C2SP tlog-policy: its witnesses, which of them count, and
// whether the quorum is met by those whose names are on.
const readPolicy = async s => {
	const named = new Map(), used = [], logs = [], witnesses = [];
	const define = (name, group) => {
		must(name !== 'none' && text(name).length < 256 && !named.has(name));
		named.set(name, group);
	};
	let quorum;
	must(text(s).length < 49153 && !control.test(s.replaceAll('\t', '')) && s.endsWith('\n'));
	for (const line of s.split('\n')) {
		const [kind = '#', a, b, ...more] = line.split(/[ \t]+/).filter(x => x);
		if (kind[0] === '#') continue;
		if (kind === 'log') {
			must(!more.length && !logs.includes(a));
			await vkey(a, '\x01');
			logs.push(a);
		} else if (kind === 'witness') {
			must(more.length < 2);
			const k = await vkey(b, '\x04');
			must(!witnesses.some(w => w.key === k.key));
			witnesses.push({ ...k, label: a });
			define(a);
		} else if (kind === 'group') {
			const k = b === 'any' ? 1 : b === 'all' ? more.length : number(b);
			must(k && k <= more.length);
			for (const m of more) must(named.has(m) && !used.includes(m)), used.push(m);
			define(a, { k, of: more });
		} else {
			must(kind === 'quorum' && !b && !quorum && (a === 'none' || named.has(a)));
			quorum = a;
		}
	}
	must(quorum);
	const below = n => named.get(n)?.of.flatMap(below) ?? [n];
	const met = (n, on) => {
		const g = named.get(n);
		return g ? g.of.filter(m => met(m, on)).length >= g.k : n === 'none' || on.includes(n);
	};
	return { logs, witnesses, quorum, counted: below(quorum), met: on => met(quorum, on) };
};

// rootOf is the root of the RFC 6962 tree of a size that a leaf's path leads to.
const rootOf = async (leaf, index, size, path) => {
	must(index >= 0 && index < size);
	if (size === 1) return must(!path.length && leaf);
	let half = 1;
	while (half * 2 < size) half *= 2;
	const rest = path.slice(0, -1), beside = must(path.at(-1));
	return hash('\x01' + (index < half ? await rootOf(leaf, index, half, rest) + beside : beside + await rootOf(leaf, index - half, size - half, rest)));
};

// An SSH string (RFC 4251, 5), and a reader of several.
const ssh = b => '\0\0' + String.fromCharCode(b.length >> 8, b.length & 255) + b;
const reader = b => {
	let i = 0;
	const take = n => {
		must(i + n <= b.length);
		return b.slice(i, i += n);
	};
	return { take, next: () => take(Number(big(take(4)))), end: () => must(i === b.length) };
};

// sshKey reads a key as in a public key file of OpenSSH, without comment.
// Points of small order verify what nobody signed (their y is a root of the
// product below), and about those that can be written in two ways
// implementations differ.
const sshKey = s => {
	const [, kind, sk, data] = s.match(/^(ssh-ed25519|(sk-)ssh-ed25519@openssh\.com) (.+)$/), blob = b64(data), r = reader(blob);
	must(r.next() === kind);
	const key = r.next(), app = sk ? r.next() : '', y = big([...key].reverse()) % 2n ** 255n, p = 2n ** 255n - 19n;
	r.end();
	must(key.length === 32 && (!sk || app.length < 129 && isName(utf8(app))) && y < p && y * (y * y - 1n) * ((121665n * y * y - 243332n) * y * y + 121666n) % p);
	return { kind, blob, key, app, sk };
};

// checkSSH verifies an OpenSSH signature (PROTOCOL.sshsig), also one of a
// security key (PROTOCOL.u2f), which somebody must have touched.
const checkSSH = async (k, blob, msg, namespace) => {
	const r = reader(blob), space = ssh(text(namespace)) + ssh(''), head = 'SSHSIG\0\0\0\x01' + ssh(k.blob) + space;
	must(r.take(head.length) === head);
	const alg = r.next(), s = reader(r.next());
	r.end();
	must(/^sha(256|512)$/.test(alg) && s.next() === k.kind);
	const sig = s.next(), flags = s.take(k.sk ? 5 : 0), m = 'SSHSIG' + space + ssh(alg) + ssh(await hash(msg, alg.slice(3)));
	s.end();
	must(!k.sk || /^[\x01\x05]/.test(flags));
	await checkSig(k, sig, k.sk ? await hash(k.app) + flags + await hash(m) : m);
};

// base58 reads a multibase base58btc text of n bytes.
const base58 = (s, n) => {
	let v = 0n;
	const [, ones] = s.match(/^z(1*).{0,99}$/);
	for (const c of s.slice(1)) v = v * 58n + BigInt(must('123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(c) + 1) - 1);
	let b = '';
	for (; b.length < n; v >>= 8n) b = String.fromCharCode(Number(v & 255n)) + b;
	must(!v && ones.length === b.match(/^\0*/)[0].length);
	return b;
};

// The forms of bodies. Each is a function that tells whether a value has it,
// or throws. form takes the members that must be there and those that may.
const is = re => v => typeof v === 'string' && re.test(v);
const any = is(/^/);
const int = (least, most) => v => Number.isSafeInteger(v) && v >= least && !(v > most);
const list = (f, least = 0, most = 200) => v => Array.isArray(v) && v.length >= least && v.length <= most && v.every(x => f(x));
const each = (names, f) => Object.fromEntries(names.split(' ').map(k => [k, f]));
const form = (need, may) => v => Object.keys({ ...need, ...v }).every(k => ({ __proto__: null, ...need, ...may })[k](v[k]));
const rising = (v, f) => v.every((x, i) => !i || f(v[i - 1]) < f(x));
const sorted = f => v => list(f, 1)(v) && rising(v, text);
const count = int(0);
const digest = is(/^[0-9a-f]{64}$/);
const iso = time => new Date(time).toISOString().slice(0, 19) + 'Z';
const date = v => v > '2' && iso(v).slice(0, 10) === v;
const slug = is(/^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const host = v => is(/^(?!((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$)(?=.{1,253}$)[^.]+\./)(v) && v.split('.').every(l => l.length < 64 && slug(l));
const label = v => is(/^[^]+$/)(v) && text(v).length < 201 && !/^[\p{Z}]|[\p{Z}]$|[^ ]@[^ .]+\.[^ ]|[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff\ufff0-\uffff\u{e0000}-\u{10ffff}]/u.test(v);
const lei = v => is(/^[0-9A-Z]{18}\d\d$/)(v) && BigInt(v.replace(/[A-Z]/g, c => c.charCodeAt() - 55)) % 97n === 1n;
const gtin = v => is(/^\d{14}$/)(v) && [...v].reduce((n, d, i) => n + d * (3 - i % 2 * 2), 0) % 10 === 0;
const code = v => is(/^[0-9A-HJKMNP-TV-Z]{8}$/)(v) && [...v].reduce((n, c, i) => {
	const x = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c) * (2 - i % 2);
	return n + (x >> 5) + x;
}, 0) % 32 === 0;
const keys = roles => v => list(form({
	key: sshKey,
	name: v => any(v) && v.length < 201 && v.split(/[./]/).every(slug),
	org: v => slug(v) || host(v),
	person: is(/^[a-z]{1,8}\d{1,6}$/),
	role: v => roles.split(' ').includes(v),
}, { until: count }), 1, 300)(v) && rising(v, k => k.name) && new Set(v.map(k => k.key)).size === v.length;
const persons = keys => new Set(keys.map(k => k.person)).size;

const TOPICS = 'data-security privacy data-governance device-security interoperability provenance lifecycle accountability';
const topic = v => form(each('assessed checked criteria tested', int(0, 1e4)))(v) && Math.max(v.assessed, v.checked, v.tested) <= v.criteria;
const terms = v => form({
	...each('catalogue conclusions evaluation evidence', digest), ...each('updates_until valid_from valid_until', date),
	code, edition: is(/^20\d\d\.\d{1,4}$/),
	holder: form({ domain: host, name: label }, { lei }),
	product: form({ ...each('category id', slug), ...each('model name', label), software: form({ min: label }, { manifest: digest }) },
		{ gtins: sorted(gtin), hardware: sorted(label), matter: form(each('pid vid', int(1, 65535))), services: sorted(host) }),
	scope: slug, slot: count, topics: form(each(TOPICS, topic)),
})(v) && v.scope === v.product.category && v.valid_from <= v.valid_until;

// Which roles sign which entries. A keyring may ask for more or fewer people,
// and not for other roles.
const SIGN = {
	operator: 'checkpoint.anchored status.published complaint.opened',
	committee: 'note.correction proposal.published consultation.opened consultation.closed ballot.held edition.adopted edition.withdrawn org.accredited org.suspended org.restored mark.refused mark.suspended suspension.confirmed complaint.decided appeal.decided',
	maker: 'declaration.published promise.set evidence.sealed appeal.opened unit.batch',
	assessor: 'evaluation.completed',
	'maker operator': 'maker.registered application.accepted',
	'assessor committee': 'mark.granted mark.renewed mark.amended mark.restored',
	'committee/maker': 'mark.withdrawn',
	'committee/assessor': 'finding.published',
};
const rules = v => Object.keys(v).length && Object.keys(v).every(t => {
	const [need, or] = Object.keys(SIGN).find(r => SIGN[r].split(' ').includes(t)).split('/').map(r => form(each(r, int(1, 20))));
	return form({ need, ...or && { or } }, { orgs_apart: x => x === true })(v[t]);
});

// The entries that a bundle may hold: kind of subject, form of the body, who
// must sign where the keyring does not say.
const PURPOSES = ['revocation', 'suspension'];
const mark = ['mark', terms, { need: { assessor: 1, committee: 2 }, orgs_apart: true }];
const TYPES = {
	__proto__: null,
	'keyring.set': ['', v => form({ keys: keys('root committee operator issuer sealer'), root: int(1) }, { rules })(v) &&
		v.root <= persons(v.keys.filter(k => k.role === 'root' && !('until' in k)))],
	'org.accredited': ['org', v => form({
		id: slug, keys: keys('assessor'), name: label, kind: is(/^(assessor|laboratory|researcher)$/), until: date,
		scopes: v => sorted(s => s === '*' || slug(s))(v) && (v.length < 2 || !v.includes('*')),
	}, { lei })(v) && v.keys.every(k => k.org === v.id), { need: { committee: 2 } }],
	'status.published': ['status', form({
		covers: int(1), marks: count, ...each('keyring snapshot states', digest),
		lists: v => list(form({ id: count, purpose: any, sha256: digest }), 2)(v) && v.length % 2 === 0 && v.every((l, i) => l.id === (i >> 1) + 1 && l.purpose === PURPOSES[i % 2]),
	}), { need: { operator: 1 } }],
	'mark.granted': mark,
	'mark.renewed': mark,
	'mark.amended': mark,
};

// entry reads an entry of a scheme: a note whose text is a type line and one
// line of JSON. No signature is verified.
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const entry = (domain, note) => as('malformed', async () => {
	const [first, line, none, ...more] = note.split('\n'), [, place, version] = first.match(/^([^]*?)\/entry\/v([^]*)$/);
	must(text(note).length < 65536 && !control.test(note));
	if (first !== domain + '/entry/v1') {
		must(text(first).length < 256);
		must(place !== domain, 'version-unknown');
		must(version !== '1', 'domain-wrong');
		must(0);
	}
	const [, json, id, prev, subject, time, type, v] = line.match(/^\{"body":(\{[^]*),"id":"([^"\\]*)"(?:,"prev":"([^"\\]+)")?(?:,"subject":"([^"\\]+)")?,"time":"([^"\\]*)","type":"([^"\\]*)","v":(\d)\}$/);
	must(none !== undefined);
	must(v === '1', 'version-unknown');
	must(uuid.test(id) && (!prev || digest(prev)) && time > '2' && iso(time) === time);
	const [kind, shape, rule] = must(TYPES[type], 'type-unknown'), body = strict(json);
	await as('body-wrong', () => must(shape(body)));
	const own = kind === 'mark' ? subject?.slice(-36) : body.id ?? domain;
	must(kind ? subject === 'urn:iotmark:' + kind + ':' + own && (kind !== 'mark' || uuid.test(own)) : !subject, 'subject-wrong');
	const lines = sigs(more.join('\n'));
	// Signature lines stand in one order: by name, then length, then key id.
	must(none === '' && rising(lines, s => text(s.name) + '\0' + String.fromCharCode(s.sig.length) + s.id));
	const top = await leafHash(text(note));
	return { body, type, rule, subject, time: Date.parse(time) / 1000, text: text(first + '\n' + line + '\n'), sigs: lines, hash: top, leaf: hex(top) };
});

// checkpoint opens one of a log (C2SP tlog-checkpoint, -cosignature): the log
// signed it, and so did the quorum of witnesses.
const checkpoint = (s, log, policy) => as('checkpoint-malformed', async () => {
	const [, msg, origin, digits, data] = s.match(/^(([^\n]*)\n([^\n]*)\n([^\n]*)\n)\n/), signed = sigs(s.slice(msg.length + 1)), size = number(digits), top = b64(data, 32);
	must(!control.test(s));
	must(origin === log.name, 'origin-wrong');
	const by = k => signed.find(x => x.name === k.name && x.id === k.id), own = must(by(log), 'log-signature-missing'), on = [];
	await as('log-signature-wrong', () => checkSig(log, own.sig, text(msg)));
	for (const x of signed) {
		const w = policy.witnesses.find(w => by(w) === x);
		if (!w) continue;
		await as('witness-signature-wrong', async () => {
			const at = big(x.sig.slice(0, 8));
			await checkSig(w, x.sig.slice(8), text('cosignature/v1\ntime ' + at + '\n' + msg));
			if (at && at < 253402300800n && policy.counted.includes(w.label)) on.push({ name: w.label, at: Number(at) });
		});
	}
	// Those count together that signed within one hour.
	const within = from => on.filter(w => w.at >= from && w.at < from + 3601).map(w => w.name);
	const earliest = [...on.map(w => w.at).sort((a, b) => b - a), 0].find(t => policy.met(within(t)));
	must(earliest !== undefined, 'quorum-unmet');
	return { size, top, witnesses: within(earliest), earliest };
});

// included tells where in the log an entry stands (C2SP tlog-proof).
const included = async (proof, leaf, open) => {
	const [index, path, note] = await as('proof-malformed', () => {
		const [, digits, hashes, note] = proof.match(/^c2sp\.org\/tlog-proof@v1\nindex (.*)\n((?:.+\n)*)\n([^]*)$/), path = hashes.split('\n').slice(0, -1).map(p => b64(p, 32));
		must(path.length < 65);
		return [number(digits), path, note];
	}), seen = await open(note);
	await as('proof-wrong', async () => must(await rootOf(leaf, index, seen.size, path) === seen.top));
	return { ...seen, index };
};

// signers verifies the signatures on an entry that were made by some keys, and
// gives those that count by a rule: one person counts once, and nobody stands
// on two sides.
const tell = (rule, keys) => {
	const sides = {}, out = [];
	next: for (const k of [...keys].sort((a, b) => a.name < b.name ? -1 : 1)) {
		if (!rule.need[k.role]) continue;
		for (const one of ['person ' + k.person, ...rule.orgs_apart ? ['org ' + k.org] : []]) {
			const side = sides[one];
			sides[one] ??= k.role;
			if (side && side !== k.role) return 'signers-not-apart';
			if (side) continue next;
		}
		out.push(k);
	}
	return Object.keys(rule.need).every(r => out.filter(k => k.role === r).length >= rule.need[r]) ? out : 'signers-missing';
};
const signers = async (e, domain, rule, keys) => {
	const all = [];
	for (const s of e.sigs) {
		for (const k of keys.filter(k => k.name === s.name)) {
			const p = sshKey(k.key), plain = !p.sk && s.id === await keyID(k.name, '\x01' + p.key);
			if (!plain && s.id !== await keyID(k.name, '\xffoim-sshsig' + p.key + p.app)) continue;
			await as('signature-wrong', () => (plain ? checkSig : checkSSH)(p, s.sig, e.text, 'decision@' + domain));
			all.push(k);
			break;
		}
	}
	const now = all.filter(k => !(e.index >= k.until)), r = tell(rule, now);
	must(!any(r), now.length < all.length && !any(tell(rule, all)) ? 'key-ended' : r);
	return r;
};

// trusted reads a trust file.
const trusted = async b => {
	const t = strict(utf8(str(b)).replace(/\n$/, ''));
	must(b.length < 2 ** 18 + 1 && form({ domain: host, ...each('log policy', any), root: keys('root'), root_threshold: int(1), v: int(1, 1) })(t) && t.root_threshold <= persons(t.root));
	const log = await vkey(t.log, '\x01'), policy = await readPolicy(t.policy);
	must(!policy.logs.length || policy.logs.includes(t.log));
	return { ...t, log, policy };
};

// The credential of a mark: a rendering of its terms, so that it is made
// again and compared.
const BITS = 131072;
const VC = 'https://www.w3.org/ns/credentials/';
const CONTEXT = [VC + 'v2', 'https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/', VC + 'undefined-terms/v2'];
const listNumber = slot => Math.floor(slot / BITS) + 1;
const listAt = (domain, n, purpose) => 'https://' + domain + '/status/' + n + '-' + purpose;
const credentialOf = (domain, origin, subject, t, refs) => {
	const scheme = { id: 'did:web:' + domain, name: domain }, at = 'https://' + domain, page = at + '/m/' + t.code, h = t.holder, p = t.product;
	const product = (id, registeredId) => ({ IDverifiedByCAB: true, product: { id, name: p.name, registeredId } });
	const assessment = (name, description, more) => ({ conformance: true, conformityTopic: 'governance.compliance', description, id: page + '#' + name, name, type: ['ConformityAssessment', 'Declaration'], ...more });
	return {
		'@context': CONTEXT, id: page, issuer: { ...scheme, type: ['CredentialIssuer'] }, type: ['DigitalConformityCredential', 'VerifiableCredential'],
		validFrom: t.valid_from + 'T00:00:00Z', validUntil: t.valid_until + 'T23:59:59Z',
		credentialStatus: PURPOSES.map(statusPurpose => {
			const list = listAt(domain, listNumber(t.slot), statusPurpose), i = '' + t.slot % BITS;
			return { id: list + '#' + i, statusListCredential: list, statusListIndex: i, statusPurpose, type: 'BitstringStatusListEntry' };
		}),
		evidence: refs.map(e => ({ id: subject + '#' + e.what, index: e.index, leaf: e.leaf, log: origin, type: ['TransparencyLogEntry'] })),
		credentialSubject: {
			assessmentLevel: 'Verified', assessorLevel: '3rdParty', attestationType: 'certification', id: subject, name: domain + ': ' + p.name, type: ['ConformityAttestation', 'Attestation'],
			description: p.name + ', model ' + p.model + (p.hardware ? ', hardware ' + p.hardware.join(' and ') : '') + ', software from ' + p.software.min + (p.services ? ', services ' + p.services.join(' and ') : '') + '; security updates until ' + t.updates_until,
			issuedToParty: h.lei ? { id: 'https://search.gleif.org/#/record/' + h.lei, name: h.name, registeredId: h.lei } : { id: 'https://' + h.domain, name: h.name },
			assessment: [assessment('criteria', 'All criteria of edition ' + t.edition + ' that apply are met', {
				assessedProduct: p.gtins?.map(g => product('https://id.gs1.org/01/' + g, g)) ?? [product('urn:iotmark:product:' + h.domain + ':' + p.id, p.id)],
				referenceStandard: { id: at + '/criteria/' + t.edition, issuingParty: scheme, name: 'Criteria of ' + domain + ', edition ' + t.edition, type: ['Standard'] },
			}), ...TOPICS.split(' ').map(name => {
				const n = t.topics[name];
				return assessment(name, n.criteria + ' criteria: ' + n.checked + ' examined by program, ' + n.assessed + ' read by a person, ' + n.tested + ' tried on a unit');
			})],
		},
	};
};
const listOf = (id, domain, statusPurpose, from, encodedList) => ({
	'@context': CONTEXT.slice(0, 1), id, issuer: 'did:web:' + domain, type: ['VerifiableCredential', 'BitstringStatusListCredential'],
	credentialSubject: { encodedList, id: id + '#list', statusPurpose, ttl: 86400000, type: 'BitstringStatusList' },
	validFrom: iso(from), validUntil: iso(from + 604800000),
});
const split = x => {
	must('proof' in x);
	const { proof, ...doc } = x;
	return [doc, proof];
};

const CANNOT = ['algorithm-missing', undefined, 'bundle-version', 'version-unknown', 'type-unknown', 'integrity-unknown', 'clock-behind', 'trust-unusable'];
const DAY = 86400;

// verify verifies a bundle by a trust file, both Uint8Array, at a time in Unix
// seconds. It gives the answer, and why where the answer is a failure; all
// else that it gives comes from entries of the log.
export const verify = async (file, trust, now) => {
	const r = { signers: [], steps: [] };
	try {
		await run(file, trust, now, r);
	} catch (e) {
		r.answer = CANNOT.includes(e.id) ? 'cannot-check' : 'not-genuine';
		r.failure = e.id ?? 'program-fault';
	}
	return r;
};

const run = async (file, trust, now, r) => {
	const step = id => r.steps.push(id);
	await as('algorithm-missing', () => publicKey('\x01'.repeat(32), new DecompressionStream('gzip')));

	step('bundle');
	const { domain, log, policy, root, root_threshold } = await as('trust-unusable', () => trusted(trust));
	r.witnessed = policy.quorum !== 'none';
	must(file.length <= (file[0] === 123 ? 2 ** 18 : 2 ** 16), 'bundle-large');
	const b = await as('bundle-malformed', async () => strict(utf8(file[0] === 31 ? await gunzip(str(file), 2 ** 18, 'bundle-large') : str(file))));
	must(b?.v === undefined || any(b.v) || b.v === 1, 'bundle-version');
	await as('bundle-malformed', () => must(form({
		credential: v => v !== undefined, entries: list(form(each('entry proof', any)), 0, 32), lists: list(v => 1, 0, 32),
		state: form({ path: list(any, 0, 64), record: form({ slot: count, ...each('code grant state terms', any) }), size: count }), v: int(1, 1),
	})(b)));

	// Every entry is in the log.
	step('log');
	const entries = [], opened = { __proto__: null }, tops = {};
	for (const x of b.entries) {
		const e = await entry(domain, x.entry), i = await included(x.proof, e.hash, async note => opened[note] ??= await checkpoint(note, log, policy));
		must((tops[i.size] ??= i.top) === i.top, 'log-forked');
		entries.push({ ...e, ...i, at: i.earliest || e.time });
	}
	const take = (...types) => {
		const n = entries.findIndex(e => !types.includes(e.type));
		return entries.splice(0, n < 0 ? 32 : n);
	};
	const rings = take('keyring.set'), orgs = take('org.accredited'), grants = take('mark.granted'), newer = take('mark.renewed', 'mark.amended'), states = take('status.published');
	must(rings[0], 'keyring-missing');
	must(grants[0], 'grant-missing');
	must(states[0], 'status-missing');
	must(!grants[1] && !newer[1] && !states[1] && !entries[0], 'bundle-malformed');
	const [grant] = grants, [status] = states, [term = grant] = newer, last = rings.at(-1);
	must(term === grant || term.subject === grant.subject && term.index > grant.index, 'terms-other-mark');
	must(rising(rings, x => x.index), 'bundle-malformed');
	r.subject = grant.subject, r.effective = grant.at, r.asOf = status.at, r.witnesses = status.witnesses;

	// The keys come from the root that is trusted.
	step('keyring');
	const roots = x => canon(x.keys.filter(k => k.role === 'root'));
	let old = { keys: root, root: root_threshold };
	for (const { body, ...x } of rings) {
		const by = ring => signers(x, domain, { need: { root: ring.root } }, ring.keys);
		await by(old);
		if (old.root !== body.root || roots(old) !== roots(body) || roots(old).includes('"until"')) await by(body);
		old = body;
	}
	must(status.body.keyring === last.leaf, 'keyring-other');

	// Those who must decide have signed.
	step('decision');
	const signed = (e, keys = []) => signers(e, domain, (rings.findLast(x => x.index < e.index) ?? rings[0]).body.rules?.[e.type] ?? e.rule, [...last.body.keys, ...keys]);
	for (const o of orgs) await signed(o);
	for (const d of new Set([grant, term])) {
		for (const { name, org, role } of await signed(d, orgs.flatMap(o => o.body.keys)))
			if (!r.signers.some(s => canon(s) === canon({ name, org, role }))) r.signers.push({ name, org, role });
	}
	const m = term.body, slot = m.slot;
	must(m.code === grant.body.code && slot === grant.body.slot, 'terms-other-mark');
	r.code = m.code, r.terms = m;

	// The credential says what the entry says.
	step('credential');
	const refs = [{ what: 'mark.granted', ...grant }];
	if (term !== grant) refs.push({ what: 'terms', ...term });
	const secured = async (what, [doc, proof], context, created, e) => {
		must(proof?.type === 'DataIntegrityProof' && proof.cryptosuite === 'eddsa-jcs-2022', 'integrity-unknown');
		const { cryptosuite, proofValue, type, verificationMethod } = proof;
		const key = await as('issuer-unknown', () => {
			const did = 'did:web:' + domain + '#';
			must(verificationMethod.startsWith(did));
			const k = base58(verificationMethod.slice(did.length), 34);
			return must(last.body.keys.find(x => x.role === 'issuer' && k === '\xed\x01' + sshKey(x.key).key));
		});
		must(!(e.index >= key.until), 'issuer-ended');
		const options = { '@context': context, created, cryptosuite, proofPurpose: 'assertionMethod', type, verificationMethod };
		const sig = await as(what + '-proof', () => must(canon(proof) === canon({ ...options, proofValue }) && base58(proofValue, 64)));
		await as(what + '-signature-wrong', async () => checkSig(sshKey(key.key), sig, await hash(text(canon(options))) + await hash(text(canon(doc)))));
	};
	const cred = await as('credential-differs', () => {
		const parts = split(b.credential);
		must(canon(parts[0]) === canon(credentialOf(domain, log.name, grant.subject, m, refs)));
		return parts;
	});
	await secured('credential', cred, CONTEXT, m.valid_from + 'T00:00:00Z', term);

	// The registry counts this grant, with these terms.
	step('state');
	await signed(status);
	must(status.body.covers === status.index, 'status-stale');
	must(!status.earliest || status.time <= status.earliest, 'clock-ahead');
	const { path, record, size } = b.state;
	await as('state-proof-wrong', async () => must(size === status.body.marks && hex(await rootOf(await leafHash(text(canon(record))), record.slot, size, path.map(p => b64(p, 32)))) === status.body.states));
	must(record.grant === grant.leaf && record.code === m.code && record.slot === slot, 'grant-not-counted');
	must(record.terms === term.leaf, 'terms-not-in-force');

	// The status lists are those in the log, and agree.
	step('lists');
	must(b.lists.length === 2, 'list-missing');
	for (const [i, purpose] of PURPOSES.entries()) {
		const parts = await as('list-malformed', () => split(b.lists[i])), [doc] = parts;
		must('credentialSubject' in doc, 'list-malformed');
		const [id, own, from, coded] = await as('list-wrong', () => {
			const { encodedList, statusPurpose } = doc.credentialSubject, from = Date.parse(doc.validFrom), id = number(doc.id.slice(listAt(domain, '', '').length - 1, -1 - statusPurpose.length));
			must(id && id <= Number.MAX_SAFE_INTEGER / BITS && PURPOSES.includes(statusPurpose) && canon(doc) === canon(listOf(listAt(domain, id, statusPurpose), domain, statusPurpose, from, '' + encodedList)));
			return [id, statusPurpose, from, encodedList];
		});
		must(coded.length < 33793, 'list-size');
		const bits = await as('list-malformed', () => {
			must(/^u[\w-]*$/.test(coded));
			return gunzip(b64(coded.slice(1).replaceAll('-', '+').replaceAll('_', '/') + '='.repeat(1 - coded.length & 3)), BITS / 8, 'list-size');
		});
		must(bits.length === BITS / 8, 'list-size');
		await secured('list', parts, CONTEXT.slice(0, 1), iso(from), status);
		must(id === listNumber(slot) && own === purpose, 'list-missing');
		const sum = hex(await hash(bits)), n = slot % BITS;
		must(status.body.lists.some(l => l.id === id && l.purpose === purpose && l.sha256 === sum), 'list-hash-wrong');
		must(from === status.time * 1000, 'list-time-wrong');
		must(!!(bits.charCodeAt(n >> 3) & 128 >> n % 8) === (record.state === ['withdrawn', 'suspended'][i]), 'bits-differ');
	}

	// How old what is known is.
	step('currency');
	must(Math.max(r.asOf, r.effective) <= now + 600, 'clock-behind');
	const age = now - r.asOf, state = record.state, over = now >= Date.parse(m.valid_until) / 1000 + DAY;
	must(over || ['valid', 'withdrawn', 'suspended', 'expired'].includes(state), 'state-unknown');
	r.answer = state === 'withdrawn' ? state : state === 'expired' || over ? 'expired' : state === 'suspended' ? state :
		now + 600 < Date.parse(m.valid_from) / 1000 || age > 14 * DAY || now >= status.time + 7 * DAY ? 'not-current' :
		age > 2 * DAY ? 'genuine-aged' : 'genuine-current';
};
