// Verifies the bundle of one mark offline, with nothing but what every
// browser has. Written against the formats: RFC 8785, 6962, 8032, C2SP
// signed-note, tlog-checkpoint, -cosignature, -proof, -policy, OpenSSH's
// PROTOCOL.sshsig, W3C eddsa-jcs-2022 and Bitstring Status List.
// All bytes are hostile; whatever is wrong has the same id as in package verify.
const C = globalThis.crypto?.subtle;
const B = Uint8Array;
const MAX = 2 ** 53 - 1;
const text = s => new TextEncoder().encode(s);
const no = id => { throw Object.assign(Error(id), { id }); };
const cat = (...p) => {
	let n = 0;
	const r = new B(p.reduce((a, b) => a + b.length, 0));
	for (const b of p) r.set(b, n), n += b.length;
	return r;
};
const eq = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
const hex = b => Array.from(b, x => x.toString(16).padStart(2, '0')).join('');
const unhex = s => B.from(s.match(/../g), x => parseInt(x, 16));
const hash = async (b, alg = 'SHA-256') => new B(await C.digest(alg, b));
const leafHash = b => hash(cat(B.of(0), b));
const str = b => Array.from(b, x => String.fromCharCode(x)).join('');

// base64, standard alphabet, in its one form; null if it is anything else.
const b64 = s => {
	try {
		if (btoa(atob(s)) === s) return B.from(atob(s), c => c.charCodeAt());
	} catch {}
	return null;
};

// UTF-8 without exception; null if it is not.
const utf8 = b => {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(b);
	} catch {
		return null;
	}
};

// canon writes a value as RFC 8785 does: texts and whole numbers of ECMAScript
// are already in that form. Other numbers are not used.
const canon = (v, depth = 0) => {
	if (depth > 31 || typeof v === 'string' && /\p{Cs}/u.test(v) || typeof v === 'number' && !Number.isSafeInteger(v)) throw 0;
	if (v === null || typeof v !== 'object') return JSON.stringify(v);
	if (Array.isArray(v)) return '[' + v.map(x => canon(x, depth + 1)) + ']';
	return '{' + Object.keys(v).sort().map(k => canon(k) + ':' + canon(v[k], depth + 1)) + '}';
};

// strict reads JSON that is in that form. A member that stands twice, another
// order, space or another way to write a number would be written differently.
const strict = (s, id) => {
	try {
		const v = JSON.parse(s);
		if (canon(v) === s) return v;
	} catch {}
	return no(id);
};

// verifySig verifies one Ed25519 signature.
const verifySig = async (key, sig, msg) => {
	try {
		return sig.length === 64 && await C.verify('Ed25519', await C.importKey('raw', key, 'Ed25519', false, ['verify']), sig, msg);
	} catch {
		return false;
	}
};

// inflate decompresses one gzip member without optional fields, and nothing
// after it; null if it is anything else, false if it is longer than max.
const inflateRaw = async (b, max) => {
	const parts = [];
	let n = 0;
	try {
		const r = new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
		for (let x; !(x = await r.read()).done; parts.push(x.value)) {
			if ((n += x.value.length) > max) return r.cancel().catch(() => 0), false;
		}
		return cat(...parts);
	} catch {
		return null;
	}
};
const inflate = async (b, max) => {
	if (b.length < 20 || b[0] !== 31 || b[1] !== 139 || b[2] !== 8 || b[3]) return null;
	const body = b.slice(10, -8), end = new DataView(b.buffer, b.byteOffset + b.length - 8, 8);
	const out = await inflateRaw(body, max);
	// Some engines do not mind bytes after the end: then one byte less still is whole.
	if (!out) return out;
	if (await inflateRaw(body.slice(0, -1), max)) return null;
	let c = -1;
	for (const x of out) {
		c ^= x;
		for (let k = 8; k--;) c = c >>> 1 ^ 0xedb88320 & -(c & 1);
	}
	return end.getUint32(0, true) === ~c >>> 0 && end.getUint32(4, true) === out.length ? out : null;
};

// sigs reads the signature lines of a note (C2SP signed-note). Nothing is
// verified yet. null if they are none.
const control = /[\0-\x09\x0b-\x1f\x7f]/;
const isName = s => s && text(s).length < 256 && !/[\p{Z}\x85+]/u.test(s);
const sigs = s => {
	const lines = s.split('\n');
	if (lines.pop() || !lines.length || lines.length > 100) return null;
	const r = lines.map(l => {
		const m = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(l), raw = m && b64(m[2]);
		return raw && raw.length > 4 && isName(m[1]) ? { name: m[1], id: hex(raw.slice(0, 4)), sig: raw.slice(4) } : 0;
	});
	return r.every(x => x) ? r : null;
};

// keyID is that of a note's signature.
const keyID = async (name, type, key) => hex((await hash(cat(text(name + '\n'), type, key))).slice(0, 4));

// vkey reads a C2SP verifier key: Ed25519 of a log (type 1) or of a witness
// (type 4). No browser has ML-DSA-44 (type 6) yet.
const vkey = async (s, type) => {
	const m = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(s), raw = m && b64(m[3]);
	if (!raw || !isName(m[1])) no('policy-malformed');
	if (raw[0] === 6) no('algorithm-missing');
	const key = raw.slice(1);
	if (raw[0] !== type || key.length !== 32 || m[2] !== await keyID(m[1], B.of(type), key)) no('policy-malformed');
	return { name: m[1], id: m[2], key };
};

// policy reads a C2SP tlog-policy: its witnesses, which of them count, and
// whether the quorum is met by those whose names are on.
const policy = async s => {
	const named = new Map(), used = new Set(), logs = new Set(), witnesses = [];
	const bad = x => x && no('policy-malformed');
	const define = (name, group) => {
		bad(name === 'none' || text(name).length > 255 || named.has(name));
		named.set(name, group);
	};
	let quorum;
	bad(text(s).length > 49152 || /[\0-\x08\x0b-\x1f\x7f]/.test(s) || !s.endsWith('\n'));
	for (const line of s.split('\n')) {
		const [kind, a, b, ...more] = line.split(/[ \t]+/).filter(x => x);
		if (!kind || kind[0] === '#') continue;
		if (kind === 'log') {
			bad(!a || more.length || logs.has(a));
			await vkey(a, 1);
			logs.add(a);
		} else if (kind === 'witness') {
			bad(!b || more.length > 1);
			const k = await vkey(b, 4);
			bad(witnesses.some(w => eq(w.key, k.key)));
			witnesses.push({ ...k, label: a });
			define(a);
		} else if (kind === 'group') {
			const k = b === 'any' ? 1 : b === 'all' ? more.length : /^[1-9]\d{0,2}$/.test(b) ? +b : 0;
			bad(!k || k > more.length);
			for (const m of more) bad(!named.has(m) || used.has(m)), used.add(m);
			define(a, { k, of: more });
		} else {
			bad(kind !== 'quorum' || !a || b || quorum || a !== 'none' && !named.has(a));
			quorum = a;
		}
	}
	bad(!quorum);
	const below = n => named.get(n)?.of.flatMap(below) ?? [n];
	const met = (n, on) => {
		const g = named.get(n);
		return g ? g.of.filter(m => met(m, on)).length >= g.k : n === 'none' || on.includes(n);
	};
	return { logs, witnesses, quorum, counted: below(quorum), met: on => met(quorum, on) };
};

// root is the root of an RFC 6962 tree that a leaf's path leads to (RFC 9162, 2.1.3.2).
const root = async (leaf, index, size, path) => {
	let n = index, last = size - 1, r = leaf;
	if (index >= size || path.length > 64) return null;
	for (const p of path) {
		if (!last) return null;
		if (n % 2 || n === last) {
			r = await hash(cat(B.of(1), p, r));
			while (n % 2 === 0 && n) n /= 2, last = Math.floor(last / 2);
		} else r = await hash(cat(B.of(1), r, p));
		n = Math.floor(n / 2), last = Math.floor(last / 2);
	}
	return last ? null : r;
};

// An SSH string (RFC 4251, 5), and a reader of several.
const ssh = b => cat(B.of(b.length >>> 24, b.length >>> 16, b.length >>> 8, b.length), b);
const reader = b => {
	let i = 0;
	const take = n => i + n > b.length ? no('ssh') : b.slice(i, i += n);
	const u32 = () => take(4).reduce((n, x) => n * 256 + x, 0);
	return { take, u32, next: () => take(u32()), end: () => i === b.length };
};
const SK = 'sk-ssh-ed25519@openssh.com';
const P = 2n ** 255n - 19n, ORDER8 = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

// sshKey reads a key as in a public key file of OpenSSH, without comment;
// null if it cannot be used. Points of small order verify what nobody signed,
// and about those that can be written in two ways implementations differ.
const sshKey = s => {
	try {
		const [kind, data, more] = s.split(' '), blob = b64(data), r = reader(blob), sk = kind === SK;
		if (s.length > 512 || more !== undefined || str(r.next()) !== kind || !sk && kind !== 'ssh-ed25519') return null;
		const key = r.next(), app = sk ? r.next() : B.of(), y = BigInt('0x' + hex(key.slice().reverse())) % 2n ** 255n;
		const fit = sk === app.length > 0 && app.length < 129 && (!sk || isName(utf8(app)));
		return key.length === 32 && r.end() && fit && y < P && ![0n, 1n, P - 1n, ORDER8, P - ORDER8].includes(y) && { kind, blob, key, app, sk };
	} catch {
		return null;
	}
};

// sshsig verifies an OpenSSH signature (PROTOCOL.sshsig), also one of a
// security key (PROTOCOL.u2f), which somebody must have touched.
const sshsig = async (k, blob, msg, namespace) => {
	try {
		const r = reader(blob);
		if (blob.length > 2048 || str(r.take(6)) !== 'SSHSIG' || r.u32() !== 1 || !eq(r.next(), k.blob) || str(r.next()) !== namespace || r.next().length) return false;
		const alg = str(r.next()), s = reader(r.next());
		if (!r.end() || !/^sha(256|512)$/.test(alg) || str(s.next()) !== k.kind) return false;
		const sig = s.next(), flags = s.take(k.sk ? 5 : 0);
		let m = cat(text('SSHSIG'), ...[text(namespace), B.of(), text(alg), await hash(msg, 'SHA-' + alg.slice(3))].map(ssh));
		if (k.sk) m = cat(await hash(k.app), flags, await hash(m));
		return s.end() && (!k.sk || flags[0] === 1 || flags[0] === 5) && await verifySig(k.key, sig, m);
	} catch {
		return false;
	}
};

// base58 reads a multibase base58btc text of n bytes; null if it is anything else.
const base58 = (s, n) => {
	let v = 0n;
	if (typeof s !== 'string' || s[0] !== 'z' || s.length > 2 * n) return null;
	for (const c of s.slice(1)) {
		const i = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(c);
		if (i < 0) return null;
		v = v * 58n + BigInt(i);
	}
	const h = v.toString(16).padStart(2 * n, '0'), b = unhex(h);
	return h.length === 2 * n && /^z(1*)/.exec(s)[1].length === (b.findIndex(x => x) + n + 1) % (n + 1) ? b : null;
};

// The forms of bodies. Each is a function that tells whether a value has it.
const is = re => v => typeof v === 'string' && re.test(v);
const opt = f => Object.assign(v => f(v), { opt: 1 });
const int = (least, most) => v => Number.isSafeInteger(v) && v >= least && v <= most;
const list = (f, least = 0, most = 200) => v => Array.isArray(v) && v.length >= least && v.length <= most && v.every(f);
const object = v => v && typeof v === 'object' && !Array.isArray(v);
const form = spec => v => object(v) && Object.keys(v).every(k => Object.hasOwn(spec, k)) &&
	Object.keys(spec).every(k => Object.hasOwn(v, k) ? spec[k](v[k]) : spec[k].opt);
// The order of texts is that of their bytes.
const before = (a, b) => hex(text(a)) < hex(text(b));
const sorted = f => v => list(f, 1)(v) && v.every((x, i) => !i || before(v[i - 1], x));
const count = int(0, MAX);
const digest = is(/^[0-9a-f]{64}$/);
const date = v => is(/^[2-9]\d{3}-\d\d-\d\d$/)(v) && !isNaN(Date.parse(v)) && new Date(v).toISOString().startsWith(v);
const id = is(/^(?=.{1,64}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
const domain = v => is(/^(?!((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?!$)|$)){4}$)(?=.{1,253}$)[^.]+\./)(v) && v.split('.').every(l => l.length < 64 && id(l));
const label = v => is(/^[^]+$/)(v) && text(v).length <= 200 && !/^[\p{Z}]|[\p{Z}]$|[^ ]@[^ .]+\.[^ ]|[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff\ufff0-\uffff\u{e0000}-\u{10ffff}]/u.test(v);
const lei = v => is(/^[0-9A-Z]{18}\d\d$/)(v) && BigInt(v.replace(/[A-Z]/g, c => c.charCodeAt() - 55)) % 97n === 1n;
const gtin = v => is(/^\d{14}$/)(v) && [...v].reduce((n, d, i) => n + d * (3 - i % 2 * 2), 0) % 10 === 0;
const code = v => is(/^[0-9A-HJKMNP-TV-Z]{8}$/)(v) && [...v].reduce((n, c, i) => {
	const x = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'.indexOf(c) * (2 - i % 2);
	return n + (x >> 5) + x % 32;
}, 0) % 32 === 0;
const keys = (...roles) => v => list(form({
	key: sshKey,
	name: v => is(/^[^]{1,200}$/)(v) && v.split(/[./]/).every(id),
	org: v => id(v) || domain(v),
	person: is(/^[a-z]{1,8}\d{1,6}$/),
	role: v => roles.includes(v),
	until: opt(count),
}), 1, 300)(v) && v.every((k, i) => !i || before(v[i - 1].name, k.name)) && new Set(v.map(k => k.key)).size === v.length;

const TOPICS = ['data-security', 'privacy', 'data-governance', 'device-security', 'interoperability', 'provenance', 'lifecycle', 'accountability'];
const counts = v => form({ assessed: int(0, 1e4), checked: int(0, 1e4), criteria: int(0, 1e4), tested: int(0, 1e4) })(v) && Math.max(v.assessed, v.checked, v.tested) <= v.criteria;
const edition = is(/^20\d\d\.\d{1,4}$/);
const terms = v => form({
	catalogue: digest, code, conclusions: digest, edition, evaluation: digest, evidence: digest,
	holder: form({ domain, lei: opt(lei), name: label }),
	product: form({
		category: id, gtins: opt(sorted(gtin)), hardware: opt(sorted(label)), id, matter: opt(form({ pid: int(1, 65535), vid: int(1, 65535) })),
		model: label, name: label, services: opt(sorted(domain)), software: form({ manifest: opt(digest), min: label }),
	}),
	scope: id, slot: count, topics: form(Object.fromEntries(TOPICS.map(t => [t, counts]))),
	updates_until: date, valid_from: date, valid_until: date,
})(v) && v.scope === v.product.category && v.valid_from <= v.valid_until;

// The credential of a mark: a rendering of its terms, so that it is made
// again and compared.
const VC = 'https://www.w3.org/ns/credentials/';
const CONTEXT = [VC + 'v2', 'https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/', VC + 'undefined-terms/v2'];
const PURPOSES = ['revocation', 'suspension'];
const credentialOf = (domain, origin, subject, t, refs) => {
	const scheme = { id: 'did:web:' + domain, name: domain }, at = 'https://' + domain, page = at + '/m/' + t.code, h = t.holder, p = t.product;
	const one = { conformance: true, conformityTopic: 'governance.compliance', type: ['ConformityAssessment', 'Declaration'] };
	const product = (id, registeredId) => ({ IDverifiedByCAB: true, product: { id, name: p.name, registeredId } });
	return {
		'@context': CONTEXT, id: page, issuer: { ...scheme, type: ['CredentialIssuer'] }, type: ['DigitalConformityCredential', 'VerifiableCredential'],
		validFrom: t.valid_from + 'T00:00:00Z', validUntil: t.valid_until + 'T23:59:59Z',
		credentialStatus: PURPOSES.map(statusPurpose => {
			const list = listAt(domain, t.slot, statusPurpose), i = '' + t.slot % BITS;
			return { id: list + '#' + i, statusListCredential: list, statusListIndex: i, statusPurpose, type: 'BitstringStatusListEntry' };
		}),
		evidence: refs.map(e => ({ id: subject + '#' + e.what, index: e.index, leaf: e.leaf, log: origin, type: ['TransparencyLogEntry'] })),
		credentialSubject: {
			assessmentLevel: 'Verified', assessorLevel: '3rdParty', attestationType: 'certification', id: subject, name: domain + ': ' + p.name,
			description: `${p.name}, model ${p.model}${p.hardware ? ', hardware ' + p.hardware.join(' and ') : ''}, software from ${p.software.min}${p.services ? ', services ' + p.services.join(' and ') : ''}; security updates until ${t.updates_until}`,
			issuedToParty: h.lei ? { id: 'https://search.gleif.org/#/record/' + h.lei, name: h.name, registeredId: h.lei } : { id: 'https://' + h.domain, name: h.name },
			type: ['ConformityAttestation', 'Attestation'],
			assessment: [{
				...one, id: page + '#criteria', name: 'criteria', description: `All criteria of edition ${t.edition} that apply are met`,
				assessedProduct: p.gtins?.map(g => product('https://id.gs1.org/01/' + g, g)) ?? [product(`urn:iotmark:product:${h.domain}:${p.id}`, p.id)],
				referenceStandard: { id: at + '/criteria/' + t.edition, issuingParty: scheme, name: `Criteria of ${domain}, edition ${t.edition}`, type: ['Standard'] },
			}, ...TOPICS.map(name => {
				const n = t.topics[name];
				return { ...one, id: page + '#' + name, name, description: `${n.criteria} criteria: ${n.checked} examined by program, ${n.assessed} read by a person, ${n.tested} tried on a unit` };
			})],
		},
	};
};

const BITS = 131072;
const listAt = (domain, slot, purpose) => `https://${domain}/status/${Math.floor(slot / BITS) + 1}-${purpose}`;
const iso = seconds => new Date(seconds * 1000).toISOString().slice(0, 19) + 'Z';
const listOf = (domain, slot, statusPurpose, from, encodedList) => {
	const id = listAt(domain, slot, statusPurpose);
	return {
		'@context': CONTEXT.slice(0, 1), id, issuer: 'did:web:' + domain, type: ['VerifiableCredential', 'BitstringStatusListCredential'],
		credentialSubject: { encodedList, id: id + '#list', statusPurpose, ttl: 86400000, type: 'BitstringStatusList' },
		validFrom: iso(from), validUntil: iso(from + 604800),
	};
};

const persons = keys => new Set(keys.map(k => k.person)).size;

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
const rules = v => object(v) && Object.keys(v).length > 0 && Object.keys(v).every(t => {
	const roles = Object.keys(SIGN).find(r => SIGN[r].split(' ').includes(t));
	const [need, or] = (roles ?? '').split('/').map(r => form(Object.fromEntries(r.split(' ').map(r => [r, int(1, 20)]))));
	return roles && form({ need, orgs_apart: opt(x => x === true), ...or && { or } })(v[t]);
});

// The entries that a bundle may hold: kind of subject, form of the body, who
// must sign.
const BODIES = {
	'keyring.set': ['', v => form({ keys: keys('root', 'committee', 'operator', 'issuer', 'sealer'), root: int(1, 300), rules: opt(rules) })(v) &&
		v.root <= persons(v.keys.filter(k => k.role === 'root' && !('until' in k)))],
	'org.accredited': ['org', v => form({
		id, keys: keys('assessor'), kind: is(/^(assessor|laboratory|researcher)$/), lei: opt(lei), name: label, until: date,
		scopes: v => sorted(s => s === '*' || id(s))(v) && (v.length < 2 || !v.includes('*')),
	})(v) && v.keys.every(k => k.org === v.id)],
	'status.published': ['status', form({
		covers: int(1, MAX), keyring: digest, marks: count, snapshot: digest, states: digest,
		lists: v => list(form({ id: int(1, MAX), purpose: v => 1, sha256: digest }), 2)(v) && v.length % 2 === 0 && v.every((l, i) => l.id === (i >> 1) + 1 && l.purpose === PURPOSES[i % 2]),
	})],
	'mark.granted': ['mark', terms],
	'mark.renewed': ['mark', terms],
	'mark.amended': ['mark', terms],
};

const ID = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

// entry reads an entry of a scheme: a note whose text is a type line and one
// line of JSON. No signature is verified.
const entry = async (domain, note) => {
	const bad = x => x && no('malformed');
	bad(text(note).length > 65535 || control.test(note));
	const [first, line, ...more] = note.split('\n');
	if (first !== domain + '/entry/v1') {
		const i = first.indexOf('/entry/v');
		if (i >= 0 && text(first).length < 256) {
			if (first.slice(0, i) === domain && more) no('version-unknown');
			if (first.slice(i + 8) === '1') no('domain-wrong');
		}
		bad(1);
	}
	const value = '"([^"\\\\]*)"', m = more.length && RegExp(`^\\{"body":(\\{[^]*),"id":${value}(?:,"prev":${value})?(?:,"subject":${value})?,"time":${value},"type":${value},"v":(\\d)\\}$`).exec(line);
	bad(!m || m[3] === '' || m[4] === '');
	const [, json, uuid, prev, subject, time, type, v] = m;
	if (v !== '1') no('version-unknown');
	bad(!RegExp(`^${ID}$`).test(uuid) || prev && !digest(prev) || !/^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time) || isNaN(Date.parse(time)) || iso(Date.parse(time) / 1000) !== time);
	const known = Object.hasOwn(BODIES, type) ? BODIES[type] : no('type-unknown');
	const body = strict(json, 'malformed');
	if (!known[1](body)) no('body-wrong');
	const urn = 'urn:iotmark:' + known[0] + ':';
	if (!known[0] ? subject : known[0] === 'mark' ? !RegExp(`^${urn}${ID}$`).test(subject) : subject !== urn + (body.id ?? domain)) no('subject-wrong');
	const head = first + '\n' + line + '\n', lines = more[0] === '' && sigs(more.slice(1).join('\n'));
	bad(!lines || lines.some((s, i) => i && !after(lines[i - 1], s)));
	return { body, type, subject, time: Date.parse(time) / 1000, text: text(head), sigs: lines, leaf: hex(await leafHash(text(note))) };
};
// Signature lines stand in one order: by name, then length, then key id.
const after = (a, b) => a.name !== b.name ? before(a.name, b.name) : a.sig.length - b.sig.length ? a.sig.length < b.sig.length : a.id < b.id;

// Every number of a log is a decimal below 2^53 without a leading zero.
const number = s => /^(0|[1-9]\d{0,15})$/.test(s) && +s <= MAX ? +s : null;
const b32 = s => {
	const b = b64(s);
	return b?.length === 32 ? b : null;
};

// checkpoint opens one of a log (C2SP tlog-checkpoint, -cosignature): the log
// signed it, and so did the quorum of witnesses.
const checkpoint = async (s, log, p) => {
	const i = s.indexOf('\n\n') + 1, lines = s.slice(0, i).split('\n'), signed = sigs(s.slice(i + 1)), used = {}, times = {};
	const size = number(lines[1]), top = b32(lines[2] ?? '');
	if (!i || text(s).length > 2 ** 18 || control.test(s) || lines.length !== 4 || size === null || !top || !signed) no('checkpoint-malformed');
	if (lines[0] !== log.name) no('origin-wrong');
	const msg = s.slice(0, i);
	const by = k => signed.find(x => x.name === k.name && x.id === k.id);
	const own = by(log);
	if (!own) no('log-signature-missing');
	if (!await verifySig(log.key, own.sig, text(msg))) no('log-signature-wrong');
	const witnesses = [];
	for (const x of signed) {
		const w = p.witnesses.find(w => by(w) === x);
		if (!w) continue;
		const at = x.sig.length === 72 ? new DataView(x.sig.buffer).getBigUint64() : -1n;
		if (at < 0 || at >> 62n || !await verifySig(w.key, x.sig.slice(8), text(`cosignature/v1\ntime ${at}\n${msg}`))) no('witness-signature-wrong');
		if (at && p.counted.includes(w.label)) witnesses.push({ name: w.label, time: Number(at) });
	}
	if (!p.met(witnesses.map(w => w.name))) no('quorum-unmet');
	return { size, top, witnesses: witnesses.map(w => w.name), earliest: witnesses.length && Math.min(...witnesses.map(w => w.time)) };
};

// included tells where in the log an entry stands (C2SP tlog-proof).
const included = async (proof, leaf, open) => {
	const bad = x => x && no('proof-malformed');
	const m = /^c2sp\.org\/tlog-proof@v1\nindex (.*)\n((?:.+\n)*)\n([^]*)$/.exec(proof);
	bad(!m);
	const index = number(m[1]), path = m[2].split('\n').slice(0, -1).map(b32);
	bad(index === null || path.length > 64 || path.includes(null));
	const seen = await open(m[3]);
	const r = await root(leaf, index, seen.size, path);
	if (!r || !eq(r, seen.top)) no('proof-wrong');
	return { ...seen, index };
};

// signers verifies the signatures on an entry that were made by some keys, and
// gives those that count by a rule: one person counts once, and nobody stands
// on two sides.
const counted = (rule, keys) => {
	const people = {}, orgs = {}, out = [];
	for (const k of [...keys].sort((a, b) => before(a.name, b.name) ? -1 : 1)) {
		if (!rule.need[k.role]) continue;
		const person = people[k.person], org = rule.orgs_apart && orgs[k.org];
		if (person) {
			if (person !== k.role) return 'signers-not-apart';
			continue;
		}
		people[k.person] = k.role;
		if (org) {
			if (org !== k.role) return 'signers-not-apart';
			continue;
		}
		orgs[k.org] = k.role;
		out.push(k);
	}
	return Object.keys(rule.need).every(r => out.filter(k => k.role === r).length >= rule.need[r]) ? out : 'signers-missing';
};
const signers = async (e, domain, rule, keys) => {
	const all = [];
	for (const s of e.sigs) {
		for (const k of keys.filter(k => k.name === s.name)) {
			const p = sshKey(k.key), plain = !p.sk && s.id === await keyID(k.name, B.of(1), p.key);
			if (!plain && s.id !== await keyID(k.name, cat(B.of(255), text('oim-sshsig')), cat(p.key, p.app))) continue;
			if (!await (plain ? verifySig(p.key, s.sig, e.text) : sshsig(p, s.sig, e.text, 'decision@' + domain))) no('signature-wrong');
			all.push(k);
			break;
		}
	}
	const now = all.filter(k => !('until' in k) || e.index < k.until), r = counted(rule, now);
	if (typeof r !== 'string') return r;
	return no(now.length < all.length && typeof counted(rule, all) !== 'string' ? 'key-ended' : r);
};
const NEED = {
	'org.accredited': { need: { committee: 2 } },
	'status.published': { need: { operator: 1 } },
};
const DECISION = { need: { assessor: 1, committee: 2 }, orgs_apart: true };

// trusted reads a trust file.
const trusted = async b => {
	let s = utf8(b);
	if (s === null || b.length > 2 ** 18) no('trust-unusable');
	if (s.endsWith('\n')) s = s.slice(0, -1);
	const t = strict(s, 'trust-unusable'), any = is(/^/);
	if (!form({ domain, log: any, policy: any, root: keys('root'), root_threshold: int(1, 300), v: int(1, 1) })(t) || t.root_threshold > persons(t.root)) no('trust-unusable');
	const log = await vkey(t.log, 1), p = await policy(t.policy);
	if (p.logs.size && !p.logs.has(t.log)) no('trust-unusable');
	return { ...t, log, policy: p };
};

const CANNOT = ['algorithm-missing', 'program-fault', 'bundle-version', 'version-unknown', 'type-unknown', 'integrity-unknown', 'clock-behind', 'trust-unusable'];
const DAY = 86400;

// verify verifies a bundle by a trust file, both Uint8Array, at a time in Unix
// seconds. It gives the answer, and why where the answer is a failure; all
// else that it gives comes from entries of the log.
export const verify = async (file, trust, now) => {
	const r = { signers: [], steps: [] };
	try {
		await run(file, trust, now, r);
	} catch (e) {
		r.failure = e.id ?? 'program-fault';
		r.answer = CANNOT.includes(r.failure) ? 'cannot-check' : 'not-genuine';
	}
	return r;
};

const run = async (file, trust, now, r) => {
	// RFC 8032, 7.1, test 1: whether there is Ed25519 here at all.
	if (!globalThis.DecompressionStream || !await verifySig(unhex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
		unhex('e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'), B.of())) no('algorithm-missing');

	// The bundle.
	r.steps.push('bundle');
	let t;
	try {
		t = await trusted(trust);
	} catch (e) {
		no(e.id === 'algorithm-missing' ? e.id : 'trust-unusable');
	}
	const origin = t.log.name;
	r.witnessed = t.policy.quorum !== 'none';
	if (file.length > 2 ** 16 && file[0] !== 123 || file.length > 2 ** 18) no('bundle-large');
	const raw = file[0] === 31 && file[1] === 139 ? await inflate(file, 2 ** 18) : file, any = is(/^/);
	if (raw === false) no('bundle-large');
	const b = strict(raw && utf8(raw), 'bundle-malformed');
	if (!form({
		credential: v => 1, entries: list(form({ entry: any, proof: any }), 0, 32), lists: list(v => 1, 0, 32),
		state: form({ path: list(any, 0, 64), record: form({ code: any, grant: any, slot: count, state: any, terms: any }), size: count }), v: int(1, 1),
	})(b)) no(object(b) && 'v' in b && typeof b.v !== 'string' && b.v !== 1 ? 'bundle-version' : 'bundle-malformed');

	// Every entry is in the log.
	r.steps.push('log');
	const entries = [], opened = {}, tops = {};
	for (const x of b.entries) {
		const e = await entry(t.domain, x.entry);
		Object.assign(e, await included(x.proof, unhex(e.leaf), async c => opened[c] ??= await checkpoint(c, t.log, t.policy)));
		const top = hex(e.top);
		if ((tops[e.size] ??= top) !== top) no('log-forked');
		e.at = e.earliest || e.time;
		entries.push(e);
	}
	const take = (...types) => entries.splice(0, (entries.findIndex(e => !types.includes(e.type)) + entries.length + 1) % (entries.length + 1));
	const rings = take('keyring.set'), orgs = take('org.accredited'), grants = take('mark.granted'), newer = take('mark.renewed', 'mark.amended'), states = take('status.published');
	for (const [x, what] of [[rings, 'keyring'], [grants, 'grant'], [states, 'status']]) if (!x.length) no(what + '-missing');
	if (grants.length > 1 || newer.length > 1 || states.length > 1 || entries.length) no('bundle-malformed');
	const [grant] = grants, [status] = states, [term = grant] = newer, last = rings.at(-1);
	if (newer.length && (term.subject !== grant.subject || term.index <= grant.index)) no('terms-other-mark');
	if (rings.some((x, i) => i && x.index <= rings[i - 1].index)) no('bundle-malformed');
	r.subject = grant.subject, r.effective = grant.at, r.asOf = status.at, r.witnesses = status.witnesses;

	// The keys come from the root that is trusted.
	r.steps.push('keyring');
	const roots = x => canon(x.keys.filter(k => k.role === 'root'));
	let old = { keys: t.root, root: t.root_threshold };
	for (const x of rings) {
		await signers(x, t.domain, { need: { root: old.root } }, old.keys);
		if (old.root !== x.body.root || roots(old) !== roots(x.body) || roots(old).includes('"until"')) await signers(x, t.domain, { need: { root: x.body.root } }, x.body.keys);
		old = x.body;
	}
	if (status.body.keyring !== last.leaf) no('keyring-other');

	// Those who must decide have signed.
	r.steps.push('decision');
	const signed = (e, keys = []) => {
		const ring = rings.findLast(x => x.index < e.index) ?? rings[0];
		return signers(e, t.domain, ring.body.rules?.[e.type] ?? NEED[e.type] ?? DECISION, [...last.body.keys, ...keys]);
	};
	for (const o of orgs) await signed(o);
	for (const d of new Set([grant, term])) {
		for (const { name, org, role } of await signed(d, orgs.flatMap(o => o.body.keys))) {
			if (!r.signers.some(s => s.name === name && s.org === org && s.role === role)) r.signers.push({ name, org, role });
		}
	}
	const m = term.body, slot = m.slot;
	if (m.code !== grant.body.code || slot !== grant.body.slot) no('terms-other-mark');
	r.code = m.code, r.terms = m;

	// The credential says what the entry says.
	r.steps.push('credential');
	const refs = [{ what: 'mark.granted', ...grant }];
	if (term !== grant) refs.push({ what: 'terms', ...term });
	const split = x => object(x) && Object.hasOwn(x, 'proof') ? (({ proof, ...doc }) => [doc, proof])(x) : [];
	const secured = async (what, [doc, proof], context, created, e) => {
		if (proof?.type !== 'DataIntegrityProof' || proof.cryptosuite !== 'eddsa-jcs-2022') no('integrity-unknown');
		const did = 'did:web:' + t.domain + '#', method = proof.verificationMethod, k = any(method) && method.startsWith(did) && base58(method.slice(did.length), 34);
		const key = k && last.body.keys.find(x => x.role === 'issuer' && eq(k, cat(B.of(237, 1), sshKey(x.key).key)));
		if (!key) no('issuer-unknown');
		if (e.index >= key.until) no('issuer-ended');
		const options = { '@context': context, created, cryptosuite: proof.cryptosuite, proofPurpose: 'assertionMethod', type: proof.type, verificationMethod: method };
		const proofValue = proof.proofValue, sig = base58(proofValue, 64);
		if (!sig || canon(proof) !== canon({ ...options, proofValue })) no(what + '-proof');
		if (!await verifySig(k.slice(2), sig, cat(await hash(text(canon(options))), await hash(text(canon(doc)))))) no(what + '-signature-wrong');
	};
	const cred = split(b.credential);
	if (!cred[0] || canon(cred[0]) !== canon(credentialOf(t.domain, origin, grant.subject, m, refs))) no('credential-differs');
	await secured('credential', cred, CONTEXT, m.valid_from + 'T00:00:00Z', term);

	// The registry counts this grant, with these terms.
	r.steps.push('state');
	await signed(status);
	if (status.body.covers !== status.index) no('status-stale');
	if (status.earliest && status.time > status.earliest) no('clock-ahead');
	const { path, record, size } = b.state, way = path.map(b32);
	const top = size === status.body.marks && record.slot >= 0 && !way.includes(null) && await root(await leafHash(text(canon(record))), record.slot, size, way);
	if (!top || hex(top) !== status.body.states) no('state-proof-wrong');
	if (record.grant !== grant.leaf || record.code !== m.code || record.slot !== slot) no('grant-not-counted');
	if (record.terms !== term.leaf) no('terms-not-in-force');

	// The status lists are those in the log, and agree.
	r.steps.push('lists');
	if (b.lists.length !== 2) no('list-missing');
	for (const [i, purpose] of PURPOSES.entries()) {
		const doc = split(b.lists[i]), [l] = doc;
		if (!l || !('credentialSubject' in l)) no('list-malformed');
		const own = l.credentialSubject?.statusPurpose, at = `https://${t.domain}/status/`, from = Date.parse(l.validFrom) / 1000, coded = l.credentialSubject?.encodedList;
		const id = any(l.id) && any(own) && l.id.startsWith(at) && l.id.endsWith('-' + own) && number(l.id.slice(at.length, -1 - own.length));
		if (!id || id > MAX / BITS || !PURPOSES.includes(own) || isNaN(from) || canon(l) !== canon(listOf(t.domain, (id - 1) * BITS, own, from, any(coded) ? coded : ''))) no('list-wrong');
		if (coded.length > 33792) no('list-size');
		const z = /^u[\w-]*$/.test(coded) && b64(coded.slice(1).replace(/-/g, '+').replace(/_/g, '/').padEnd(Math.ceil((coded.length - 1) / 4) * 4, '='));
		const bits = z ? await inflate(z, BITS / 8) : null;
		if (bits === null) no('list-malformed');
		if (bits.length !== BITS / 8) no('list-size');
		await secured('list', doc, CONTEXT.slice(0, 1), iso(from), status);
		if (id !== Math.floor(slot / BITS) + 1 || own !== purpose) no('list-missing');
		const sum = hex(await hash(bits)), n = slot % BITS;
		if (!status.body.lists.some(l => l.id === id && l.purpose === purpose && l.sha256 === sum)) no('list-hash-wrong');
		if (from !== status.time) no('list-time-wrong');
		if (!!(bits[n >> 3] & 128 >> n % 8) !== (record.state === ['withdrawn', 'suspended'][i])) no('bits-differ');
	}

	// How old what is known is.
	r.steps.push('currency');
	if (Math.max(r.asOf, r.effective) > now + 600) no('clock-behind');
	const age = now - r.asOf, state = record.state, over = now >= Date.parse(m.valid_until) / 1000 + DAY;
	if (!['valid', 'withdrawn', 'suspended', 'expired'].includes(state) && !over) no('state-unknown');
	r.answer = state === 'withdrawn' ? state : state === 'expired' || over ? 'expired' : state === 'suspended' ? state :
		now + 600 < Date.parse(m.valid_from) / 1000 || age > 14 * DAY || now >= status.time + 7 * DAY ? 'not-current' :
		age > 2 * DAY ? 'genuine-aged' : 'genuine-current';
};
