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
// after it; null if it is anything else or longer than max.
const inflateRaw = async (b, max) => {
	const parts = [];
	let n = 0;
	try {
		const r = new Blob([b]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
		for (let x; !(x = await r.read()).done; parts.push(x.value)) {
			if ((n += x.value.length) > max) return r.cancel().catch(() => 0), null;
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
	if (!out || await inflateRaw(body.slice(0, -1), max)) return null;
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
	if (raw[0] === 6) throw Error('ML-DSA');
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
	bad(text(s).length > 2 ** 18 || /[\0-\x08\x0b-\x1f\x7f]/.test(s) || !s.endsWith('\n'));
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
	return { logs, witnesses, counted: below(quorum), met: on => met(quorum, on) };
};

// root is the root of an RFC 6962 tree that a leaf's path leads to (RFC 9162, 2.1.3.2).
const root = async (leaf, index, size, path) => {
	let n = index, last = size - 1, r = leaf;
	if (index >= size || path.length > 60) return null;
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
// null if it cannot be used. Points of small order and those that have a second form verify what
// nobody signed, and implementations differ about them.
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
const date = v => is(/^2\d{3}-\d\d-\d\d$/)(v) && !isNaN(Date.parse(v)) && new Date(v).toISOString().startsWith(v);
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
