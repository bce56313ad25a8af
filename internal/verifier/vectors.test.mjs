// Every shared vector gives the answer and the failure that it says.
// node --test internal/verifier
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { verify } from './verifier.mjs';

const dir = new URL('../../verify/testdata/vectors/', import.meta.url);
const text = new TextEncoder();
const files = readdirSync(dir).filter(f => f.endsWith('.json') && !f.startsWith('trust'));
test('there are vectors', () => assert.ok(files.length >= 70, `${files.length} files`));
for (const f of files) {
	test(f, async () => {
		const v = JSON.parse(readFileSync(new URL(f, dir)));
		const trust = readFileSync(new URL(v.trust, dir));
		const r = await verify(Uint8Array.from(Buffer.from(v.bundle, 'base64')), trust, Date.parse(v.now) / 1000);
		assert.deepEqual({ answer: r.answer, failure: r.failure ?? '' }, { answer: v.answer, failure: v.failure ?? '' });
	});
}
