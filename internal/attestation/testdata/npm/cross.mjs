// Verifies what Go has signed and signs for Go, with the libraries of Digital
// Bazaar, and tokens with jose. node cross.mjs FOLDER, where FOLDER has node_modules; one JSON object
// in, one out.
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {readFileSync} from 'node:fs';

const at = createRequire(process.argv[2] + '/here.js');
const load = name => import(pathToFileURL(at.resolve(name)));
const vc = await load('@digitalbazaar/vc');
const {DataIntegrityProof} = await load('@digitalbazaar/data-integrity');
const {createSignCryptosuite, createVerifyCryptosuite} = await load('@digitalbazaar/eddsa-jcs-2022-cryptosuite');
const multikey = await load('@digitalbazaar/ed25519-multikey');
const {checkStatus, createList} = await load('@digitalbazaar/vc-bitstring-status-list');
const jose = await load('jose');

const {did, credentials, lists, sign, seed, now, tokens, bits} = JSON.parse(readFileSync(0));

// The libraries ask no caller for the time when they verify a list.
globalThis.Date = class extends Date {
  constructor(...args) {
    super(...(args.length ? args : [now]));
  }
  static now() {
    return Date.parse(now);
  }
};

const served = new Map([[did.id, did], ...did.verificationMethod.map(m => [m.id, {'@context': 'https://w3id.org/security/multikey/v1', ...m}]), ...lists.map(l => [l.id, l])]);
const documentLoader = async url => {
  if(!served.has(url)) {
    throw new Error(`nothing else is fetched: ${url}`);
  }
  return {contextUrl: null, documentUrl: url, document: served.get(url)};
};
const verified = async credential => {
  const r = await vc.verifyCredential({
    credential, documentLoader, now,
    suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}),
    checkStatus: o => checkStatus({...o, suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()}), documentLoader, verifyBitstringStatusListCredential: true}),
  });
  const why = e => e ? [e.message, ...(e.errors ?? []).map(why), why(e.cause)].filter(Boolean).join('; ') : '';
  const set = (r.statusResult?.results ?? []).filter(s => s.status).map(s => s.credentialStatus.statusPurpose);
  return {verified: r.verified, set, error: why(r.error) || why(r.statusResult?.error)};
};

// The key of a token is the verification method that its header names.
const keyOf = async header => {
  const {publicKey} = await (await multikey.from((await documentLoader(header.kid)).document)).export({publicKey: true, raw: true});
  return jose.importJWK({kty: 'OKP', crv: 'Ed25519', x: jose.base64url.encode(publicKey)}, header.alg);
};
const opened = async token => {
  try {
    const {payload, protectedHeader} = await jose.compactVerify(token, keyOf, {algorithms: ['EdDSA']});
    return {header: protectedHeader, payload: Buffer.from(payload).toString('utf8')};
  } catch(e) {
    return {error: `${e.code}: ${e.message}`};
  }
};

const key = await multikey.generate({seed: Uint8Array.from(Buffer.from(seed, 'hex')), controller: did.id});
key.id = did.verificationMethod[0].id;
const issued = [];
for(const credential of sign) {
  issued.push(await vc.issue({credential, documentLoader, suite: new DataIntegrityProof({signer: key.signer(), cryptosuite: createSignCryptosuite(), date: now})}));
}
const out = [];
for(const c of credentials) {
  out.push(await verified(c));
}
const texts = [];
for(const t of tokens ?? []) {
  texts.push(await opened(t));
}
let list;
if(bits) {
  list = await createList({length: 131072});
  bits.forEach(i => list.setStatus(i, true));
}
process.stdout.write(JSON.stringify({key: key.publicKeyMultibase, issued, verified: out, opened: texts, list: await list?.encode()}));
