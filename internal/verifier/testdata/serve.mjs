// Answers for the differential test: a line of JSON in, a line out.
import { createInterface } from 'node:readline';

const { verify } = await import(process.argv[2]);
const bytes = s => Uint8Array.from(Buffer.from(s, 'base64'));
for await (const line of createInterface({ input: process.stdin })) {
	const q = JSON.parse(line);
	let r;
	try {
		r = await verify(bytes(q.bundle), bytes(q.trust), q.now);
	} catch (e) {
		r = { answer: 'threw', failure: String(e?.stack ?? e) };
	}
	process.stdout.write(JSON.stringify(r) + '\n');
}
