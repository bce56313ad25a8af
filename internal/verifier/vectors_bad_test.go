package verifier_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

// form: what is wrong with the file.
func (m *maker) form() {
	w := m.current()
	good := file(m.t, w.bundle)
	raw := func(name, about string, b []byte, failure iotmark.ErrorID) {
		m.bytes(name, about, w, b, verify.NotGenuine, failure)
	}
	const bad = "bundle-malformed"
	raw("empty", "nothing", []byte{}, bad)
	raw("no-json", "something else", []byte("hello\n"), bad)
	raw("no-utf8", "a byte that is not UTF-8", pack(append([]byte(`{"credential":"`), 0xff)), bad)
	raw("gzip-cut", "the compressed file breaks off", good[:len(good)-1], bad)
	raw("gzip-more", "a byte follows the compressed file", append(bytes.Clone(good), 0), bad)
	raw("gzip-twice", "another compressed file follows", append(bytes.Clone(good), pack(nil)...), bad)
	sum := bytes.Clone(good)
	sum[len(sum)-6] ^= 1
	raw("gzip-sum", "the checksum of the compressed file is wrong", sum, bad)
	named := slices.Concat(good[:3], []byte{8}, good[4:10], []byte("x\x00"), good[10:])
	raw("gzip-named", "the compressed file has a name in it", named, bad)
	raw("gzip-bomb", "unpacks to a megabyte", pack(bytes.Repeat([]byte(" "), 1<<20)), "bundle-large")
	raw("large", "a file of more than 64 KiB", bytes.Repeat([]byte("x"), 1<<16+1), "bundle-large")
	text := func(name, about, old, with string) {
		m.text(bad, name, about, w, func(s string) string { return strings.Replace(s, old, with, 1) })
	}
	text("space", "a space that canonical JSON does not have", `,"entries":`, `, "entries":`)
	text("member-twice", "a member stands twice", `"v":1}`, `"v":1,"v":1}`)
	text("member-order", "members in another order", `"path":[`, `"size":0,"path":[`)
	text("escaped", "a letter is written as an escape", `"slot"`, `"sl\u006ft"`)
	text("surrogate", "half a character", `"state":"valid"`, `"state":"\ud83d"`)
	text("fraction", "a number with a fraction", `"slot":0`, `"slot":0.0`)
	text("minus-zero", "minus zero", `"slot":0`, `"slot":-0`)
	text("beyond-2-53", "a number beyond 2^53-1", `"slot":0`, `"slot":9007199254740993`)
	text("null", "null where a list must be", `"path":[]`, `"path":null`)
	text("other-case", "a member in other letters", `"state":{"path"`, `"state":{"Path"`)
	text("member-more", "a member that nobody knows", `"v":1}`, `"v":1,"w":1}`)
	text("deep", "nested forty levels deep", `{"credential":`, `{"credential":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,"x":`)
	m.text("bundle-version", "version", "a later version of the format", w, func(s string) string { return strings.Replace(s, `"v":1}`, `"v":2}`, 1) })
	m.bad(bad, "entries-33", "more entries than a bundle takes", w, func(w *base) {
		for len(w.bundle.Entries) < 33 {
			w.bundle.Entries = append(w.bundle.Entries, w.bundle.Entries[0])
		}
	})
	m.bad(bad, "path-65", "a path of 65 hashes", w, func(w *base) { w.bundle.State.Path = slices.Repeat([]string{""}, 65) })
}

// entries: what is wrong with the text of an entry.
func (m *maker) entries() {
	w := m.current()
	grant := func(failure iotmark.ErrorID, name, about, old, with string) {
		m.bad(failure, name, about, w, func(w *base) {
			swap(m.t, &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)].Entry, old, with)
		})
	}
	grant("domain-wrong", "other-scheme", "an entry of another scheme", "mark.example/entry/v1", "evil.example/entry/v1")
	grant("version-unknown", "entry-version", "an entry of a later version", "/entry/v1\n", "/entry/v2\n")
	grant("type-unknown", "entry-type", "an entry of a type that nobody knows", `"type":"mark.granted"`, `"type":"mark.blessed"`)
	grant("type-unknown", "entry-misplaced", "a type that has no place in a bundle", `"type":"mark.granted"`, `"type":"mark.refused"`)
	grant("proof-wrong", "byte", "one letter of the product's name", "Warmth lamp", "Warmth ramp")
	grant("malformed", "entry-space", "a space in the entry's JSON", `"slot":0`, `"slot": 0`)
	grant("malformed", "entry-twice", "a member of the body stands twice", `"slot":0`, `"slot":0,"slot":0`)
	grant("malformed", "entry-frame-twice", "a member of the frame stands twice", `,"v":1}`, `,"v":1,"v":1}`)
	grant("malformed", "entry-control", "a tab in the entry", "Warmth lamp", "Warmth\tlamp")
	grant("malformed", "entry-time", "a day that is not in the calendar", `"time":"2026-03-06`, `"time":"2026-02-30`)
	grant("body-wrong", "entry-member", "a member of the body is missing", `"slot":0,`, "")
	grant("body-wrong", "entry-null", "null in the body", `"slot":0,`, `"slot":null,`)
	grant("subject-wrong", "entry-subject", "the subject of a grant is no mark", `"subject":"urn:iotmark:mark:`, `"subject":"urn:iotmark:org:`)
	m.bad("malformed", "entry-base64", "a signature whose base64 has bits set that stand for nothing", w, func(w *base) {
		e := &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)]
		i := strings.Index(e.Entry, "=\n")
		e.Entry = e.Entry[:i-1] + "/" + e.Entry[i:]
	})
	m.bad("malformed", "two-notes", "a second note under the first", w, func(w *base) {
		e := &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)]
		e.Entry += "\n" + e.Entry
	})
	m.bad("malformed", "unsigned", "no signature at all", w, func(w *base) {
		e := &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)]
		e.Entry = e.Entry[:strings.Index(e.Entry, "\u2014")]
	})
	m.bad("malformed", "sig-order", "signature lines in another order", w, func(w *base) {
		e := &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)]
		l := strings.SplitAfter(e.Entry, "\n")
		l[3], l[4] = l[4], l[3]
		e.Entry = strings.Join(l, "")
	})
	m.bad("malformed", "sig-twice", "a signature line stands twice", w, func(w *base) {
		e := &w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)]
		l := strings.SplitAfter(e.Entry, "\n")
		e.Entry = strings.Join(slices.Insert(l, 4, l[3]), "")
	})
	// Signed by those who must and in the log: the form alone is wrong.
	logged := func(name, about string, old, with string) {
		m.bad("body-wrong", name, about, w, func(w *base) {
			w.resign(m.t, verify.MarkGranted, func(l string) string { swap(m.t, &l, old, with); return l }, deciders(w.s)...)
		})
	}
	m.bad("body-wrong", "logged-org", "a key of another organisation among those of one", w, func(w *base) {
		w.resign(m.t, verify.OrgAccredited, func(l string) string { swap(m.t, &l, `"org":"lab1"`, `"org":"lab2"`); return l }, w.s.Committee[:2]...)
	})
	m.bad("body-wrong", "logged-root", "a keyring that nobody could ever change", w, func(w *base) {
		w.resign(m.t, verify.KeyringSet, func(l string) string { swap(m.t, &l, `"root":3`, `"root":6`); return l }, w.s.Root[:3]...)
	})
	m.bad("body-wrong", "logged-weak", "a key that verifies what nobody signed", w, func(w *base) {
		weak := "ssh-ed25519 " + base64.StdEncoding.EncodeToString(str(str(nil, "ssh-ed25519"), "\x01"+strings.Repeat("\x00", 31)))
		w.resign(m.t, verify.OrgAccredited, func(l string) string { swap(m.t, &l, w.s.Orgs[0].Keys[0].Key, weak); return l }, w.s.Committee[:2]...)
	})
	logged("logged-turned", "a name that turns the writing round", "Warmth lamp", "Warmth \u202epmal")
	logged("logged-mail", "a mail address in a name", "Warmth lamp", "ask me@maker1.example")
	logged("logged-gtin", "a GTIN whose last digit is wrong", "09506000134352", "09506000134353")
	logged("logged-date", "a day that is not in the calendar", `"valid_until":"2028-`, `"valid_until":"2028-02-30","x":"`)
	logged("logged-topic", "more criteria tested than there are", `"tested":1}`, `"tested":99}`)
	logged("logged-code", "a code whose last character does not fit", `"code":"`, `"code":"0`)
}

// proofs: what is wrong with inclusion, checkpoint, log and witnesses.
func (m *maker) proofs() {
	w := m.current()
	proof := func(failure iotmark.ErrorID, name, about string, change func(p *string)) {
		m.bad(failure, name, about, w, func(w *base) { change(&w.bundle.Entries[find(m.t, w.bundle, verify.MarkGranted)].Proof) })
	}
	line := func(n int, change func(l string) string) func(p *string) {
		return func(p *string) {
			l := strings.Split(*p, "\n")
			l[n] = change(l[n])
			*p = strings.Join(l, "\n")
		}
	}
	// at changes the lines of the checkpoint, of which 0 is the origin.
	at := func(n int, change func(l string) string) func(p *string) {
		return func(p *string) { line(strings.Count((*p)[:strings.Index(*p, "\n\n")], "\n")+2+n, change)(p) }
	}
	flip := func(i int) func(l string) string {
		return func(l string) string {
			b := []byte(l)
			at := strings.LastIndex(l, " ") + 1 + i
			b[at] = map[bool]byte{true: 'B', false: 'A'}[b[at] == 'A']
			return string(b)
		}
	}
	proof("proof-wrong", "path-hash", "one hash of the path", line(2, flip(5)))
	proof("proof-wrong", "path-short", "a hash too few", func(p *string) {
		l := strings.Split(*p, "\n")
		*p = strings.Join(slices.Delete(l, 2, 3), "\n")
	})
	proof("proof-wrong", "path-long", "a hash too many", func(p *string) {
		l := strings.Split(*p, "\n")
		*p = strings.Join(slices.Insert(l, 2, l[2]), "\n")
	})
	proof("proof-wrong", "index", "another index", line(1, func(l string) string { return "index 3" }))
	proof("proof-wrong", "index-beyond", "an index beyond the log", line(1, func(l string) string { return "index 99999" }))
	proof("proof-malformed", "index-zero", "an index with a leading zero", line(1, func(l string) string { return "index 0" + l[6:] }))
	proof("proof-malformed", "proof-extra", "extra data in the proof", line(0, func(l string) string { return l + "\nextra AAAA" }))
	proof("proof-malformed", "path-base64", "a hash whose base64 has bits set that stand for nothing", line(2, func(l string) string { return l[:42] + "/=" }))
	proof("origin-wrong", "origin", "the checkpoint of another log", at(0, func(string) string { return "log.evil.example/1" }))
	proof("checkpoint-malformed", "extension", "an extension line in the checkpoint", at(2, func(l string) string { return l + "\nmore" }))
	proof("checkpoint-malformed", "size-zero", "a size with a leading zero", at(1, func(l string) string { return "0" + l }))
	proof("log-signature-wrong", "root", "another root", at(2, flip(3)))
	proof("log-signature-wrong", "size", "another size", at(1, func(l string) string { return l + "0" }))
	proof("log-signature-wrong", "log-signature", "a bit of the log's signature", at(4, flip(20)))
	proof("log-signature-missing", "log-unsigned", "the log has not signed", func(p *string) { *p = without(*p, "\u2014 log.mark.example/1 ") })
	proof("quorum-unmet", "witness-missing", "a witness has not signed", func(p *string) { *p = without(*p, "\u2014 witness2.example ") })
	proof("quorum-unmet", "witness-twice", "one witness stands there twice, another not at all", func(p *string) {
		l := strings.SplitAfter(without(*p, "\u2014 witness2.example "), "\n")
		*p = strings.Join(append(l, l[len(l)-2]), "")
	})
	proof("witness-signature-wrong", "witness-time", "another time than the witness signed", at(5, flip(14)))
	proof("witness-signature-wrong", "witness-signature", "a bit of a witness's signature", at(6, flip(60)))
	m.bad("proof-wrong", "proof-of-another", "the proof of another entry", w, func(w *base) { w.bundle.Entries[0].Proof = w.bundle.Entries[1].Proof })
	m.bad("log-forked", "forked", "two histories of one size, both signed and witnessed", w, func(w *base) {
		s := *w.s
		n := int64(len(s.Entries))
		s.Entries = slices.Clone(s.Entries)
		s.Entries[3] = s.Entries[4]
		i := find(m.t, w.bundle, verify.KeyringSet)
		w.bundle.Entries[i].Proof = s.Proof(1, n, time.Unix(s.Births[n-1].Witnessed, 0))
	})
	trust := func(failure iotmark.ErrorID, name, about string, change func(t *verify.Trust)) {
		m.bad(failure, name, about, w, func(w *base) {
			t, err := verify.ParseTrust(w.trust)
			if err != nil {
				m.t.Fatal(err)
			}
			change(t)
			w.trust = t.Marshal()
		})
	}
	trust("signers-missing", "other-root", "the trusted root is another", func(t *verify.Trust) {
		t.Root, t.RootThreshold = verifytest.Entries(verifytest.NewKey("mark.example/root/9", "museum", "r9", verify.Root)), 1
	})
	trust("origin-wrong", "other-log", "the trusted log is another", func(t *verify.Trust) {
		o := verifytest.New(m.t, verifytest.Opts{Domain: "other.example", Witnesses: 3}).Trust
		t.Log, t.Policy = o.Log, o.Policy
	})
	trust("trust-unusable", "trust-threshold", "more people of the root must sign than there are", func(t *verify.Trust) { t.RootThreshold = 9 })
	trust("trust-unusable", "trust-policy", "a policy without quorum", func(t *verify.Trust) { t.Policy = "log " + t.Log + "\n" })
}

// keys: who signed, with which keys.
func (m *maker) keys() {
	w := m.current()
	signed := func(failure iotmark.ErrorID, name, about string, typ verify.Type, keys func(s *verifytest.Scheme) []verifytest.Key) {
		m.bad(failure, name, about, w, func(w *base) { w.resign(m.t, typ, nil, keys(w.s)...) })
	}
	list := func(k ...verifytest.Key) []verifytest.Key { return k }
	signed("signers-missing", "no-assessor", "nobody who evaluated has signed", verify.MarkGranted, func(s *verifytest.Scheme) []verifytest.Key { return s.Committee[:2] })
	signed("signers-missing", "one-decides", "one of the committee has signed", verify.MarkGranted, func(s *verifytest.Scheme) []verifytest.Key { return deciders(s)[:2] })
	signed("signers-missing", "one-organisation", "two of the committee, of one organisation", verify.MarkGranted, func(s *verifytest.Scheme) []verifytest.Key {
		return list(s.Orgs[0].Keys[0], s.Committee[0], s.Committee[3])
	})
	signed("signers-missing", "operator-decides", "the operator in the place of the committee", verify.MarkGranted, func(s *verifytest.Scheme) []verifytest.Key {
		return list(s.Orgs[0].Keys[0], s.Committee[0], s.Operator)
	})
	signed("signers-missing", "other-assessor", "an assessor whose accreditation is not in the bundle", verify.MarkGranted, func(s *verifytest.Scheme) []verifytest.Key {
		return list(s.Orgs[1].Keys[0], s.Committee[0], s.Committee[1])
	})
	signed("signers-missing", "accredited-by-one", "the accreditation is signed by one of the committee", verify.OrgAccredited, func(s *verifytest.Scheme) []verifytest.Key { return s.Committee[:1] })
	signed("signers-missing", "status-by-committee", "the status is not signed by the operator", verify.StatusPublished, func(s *verifytest.Scheme) []verifytest.Key { return s.Committee[:2] })
	signed("signers-missing", "keyring-by-two", "the keyring is signed by two of the root", verify.KeyringSet, func(s *verifytest.Scheme) []verifytest.Key { return s.Root[:2] })
	signed("keyring-other", "keyring-again", "the same keyring again, which is not the one in force", verify.KeyringSet, func(s *verifytest.Scheme) []verifytest.Key { return s.Root[1:4] })
	m.bad("signature-wrong", "signature-of-other", "a signature over another text", w, func(w *base) {
		i := find(m.t, w.bundle, verify.MarkGranted)
		e, _ := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[i].Entry))
		other, _ := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[find(m.t, w.bundle, verify.OrgAccredited)].Entry))
		sigs := slices.Clone(e.Sigs)
		for _, s := range other.Sigs {
			if j := slices.IndexFunc(sigs, func(o verify.Sig) bool { return o.Name == s.Name }); j >= 0 {
				sigs[j] = s
			}
		}
		w.seal(m.t, i, e.Text, sigs...)
	})
	ssh := func(name, about string, sig func(s *verifytest.Scheme, text []byte) verify.Sig) {
		m.bad("signature-wrong", name, about, w, func(w *base) {
			i := find(m.t, w.bundle, verify.MarkGranted)
			e, _ := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[i].Entry))
			d := deciders(w.s)
			w.seal(m.t, i, e.Text, sig(w.s, e.Text), d[1].Sign(e.Text), d[2].Sign(e.Text))
		})
	}
	ns := verify.Namespace("mark.example")
	ssh("ssh-namespace", "an SSH signature of another namespace", func(s *verifytest.Scheme, text []byte) verify.Sig {
		return sshSig(m.t, deciders(s)[0], "file", "sha512", text)
	})
	ssh("ssh-text", "an SSH signature over another text", func(s *verifytest.Scheme, text []byte) verify.Sig {
		return sshSig(m.t, deciders(s)[0], ns, "sha512", text[1:])
	})
	ssh("ssh-more", "bytes after an SSH signature", func(s *verifytest.Scheme, text []byte) verify.Sig {
		sig := sshSig(m.t, deciders(s)[0], ns, "sha512", text)
		sig.Bytes = append(sig.Bytes, 0)
		return sig
	})
	ssh("ssh-key", "an SSH signature that names another key", func(s *verifytest.Scheme, text []byte) verify.Sig {
		sig := sshSig(m.t, deciders(s)[0], ns, "sha512", text)
		sig.Bytes = sshSig(m.t, deciders(s)[1], ns, "sha512", text).Bytes
		return sig
	})
	ssh("plain-short", "a signature of 63 bytes", func(s *verifytest.Scheme, text []byte) verify.Sig {
		sig := deciders(s)[0].Sign(text)
		sig.Bytes = sig.Bytes[:63]
		return sig
	})
	key := secureKey(verifytest.NewKey("mark.example/committee/6", "museum", "c6", verify.Committee))
	hard := m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, _ *verifytest.Mark) { s.SetKeyring(s.WithKeys(key)) })
	m.bad("signature-wrong", "untouched", "a security key that nobody touched", hard, func(w *base) {
		i := find(m.t, w.bundle, verify.MarkGranted)
		e, _ := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[i].Entry))
		d := deciders(w.s)
		w.seal(m.t, i, e.Text, d[0].Sign(e.Text), d[1].Sign(e.Text), secureSig(m.t, key, "mark.example", 0, e.Text))
	})
	ended := m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, _ *verifytest.Mark) { s.SetKeyring(s.EndKeys(s.Committee[0].Name)) })
	m.bad("key-ended", "ended-key", "a grant signed by a key that had ended", ended, func(w *base) { w.resign(m.t, verify.MarkGranted, nil, deciders(w.s)...) })
	sides := m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, _ *verifytest.Mark) {
		s.SetKeyring(s.WithKeys(verifytest.NewKey("mark.example/committee/7", "lab1", "c7", verify.Committee)))
	})
	m.bad("signers-not-apart", "two-sides", "one organisation has evaluated and decided", sides, func(w *base) {
		w.resign(m.t, verify.MarkGranted, nil, append(deciders(w.s), verifytest.NewKey("mark.example/committee/7", "lab1", "c7", verify.Committee))...)
	})
	chain := m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, _ *verifytest.Mark) { s.SetKeyring(s.EndKeys(s.Committee[4].Name)) })
	m.bad("keyring-other", "keyring-old", "an older keyring than the one in force", chain, func(w *base) {
		w.bundle.Entries[0] = prove(w.s, 1, false)
	})
	drop := func(failure iotmark.ErrorID, name, about string, typ verify.Type) {
		m.bad(failure, name, about, w, func(w *base) {
			i := find(m.t, w.bundle, typ)
			w.bundle.Entries = slices.Delete(w.bundle.Entries, i, i+1)
		})
	}
	drop("keyring-missing", "keyring-missing", "no keyring", verify.KeyringSet)
	drop("grant-missing", "grant-missing", "no grant", verify.MarkGranted)
	drop("status-missing", "status-missing", "no status", verify.StatusPublished)
	drop("signers-missing", "org-missing", "no accreditation", verify.OrgAccredited)
	m.bad("bundle-malformed", "two-grants", "two grants", w, func(w *base) {
		i := find(m.t, w.bundle, verify.MarkGranted)
		w.bundle.Entries = slices.Insert(w.bundle.Entries, i, w.bundle.Entries[i])
	})
	m.bad("grant-missing", "order", "the status stands before the grant", w, func(w *base) {
		e := w.bundle.Entries
		n := len(e)
		e[n-1], e[n-2] = e[n-2], e[n-1]
	})
}

// credential: what is wrong with the credential.
func (m *maker) credential() {
	w := m.current()
	domain := w.s.Opts.Domain
	context := verify.Attested{}.Context()
	doc := unsecured(m.t, w.bundle.Credential)
	from := time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC)
	again := func(failure iotmark.ErrorID, name, about string, k func(s *verifytest.Scheme) verifytest.Key, at time.Time, old, with string) {
		m.bad(failure, name, about, w, func(w *base) {
			d := string(doc)
			if old != "" {
				swap(m.t, &d, old, with)
			}
			w.bundle.Credential = issue(m.t, domain, k(w.s), []byte(d), context, at)
		})
	}
	own := func(s *verifytest.Scheme) verifytest.Key { return s.Issuer }
	again("credential-differs", "credential-name", "the issuer's key was stolen: another product's name", own, from, "Warmth lamp", "Warmth ramp")
	again("credential-differs", "credential-until", "the issuer's key was stolen: a later date", own, from, `"validUntil":"2028`, `"validUntil":"2038`)
	again("issuer-unknown", "issuer-unknown", "signed by a key that is no issuer's", func(s *verifytest.Scheme) verifytest.Key { return s.Operator }, from, "", "")
	again("credential-proof", "credential-created", "a proof of another time than the scheme makes", own, from.Add(time.Hour), "", "")
	m.bad("credential-differs", "credential-bare", "no proof", w, func(w *base) { w.bundle.Credential = doc })
	m.bad("credential-differs", "credential-text", "a text in its place", w, func(w *base) { w.bundle.Credential = json.RawMessage(`""`) })
	part := func(failure iotmark.ErrorID, name, about, old, with string) {
		m.bad(failure, name, about, w, func(w *base) {
			c := string(w.bundle.Credential)
			swap(m.t, &c, old, with)
			w.bundle.Credential = json.RawMessage(c)
		})
	}
	part("integrity-unknown", "suite", "a proof of another kind", "eddsa-jcs-2022", "eddsa-rdfc-2022")
	part("credential-proof", "purpose", "a proof for another purpose", "assertionMethod", "authentication")
	part("credential-proof", "proof-more", "a member in the proof that nobody makes", `"proofPurpose"`, `"expires":"2030-01-01T00:00:00Z","proofPurpose"`)
	part("credential-proof", "proof-base58", "a signature that is not base58", `"proofValue":"z`, `"proofValue":"z0`)
	part("issuer-unknown", "method", "the key of another scheme", `"verificationMethod":"did:web:mark`, `"verificationMethod":"did:web:dark`)
	m.bad("credential-signature-wrong", "credential-signature", "a signature over something else", w, func(w *base) {
		other := issue(m.t, domain, w.s.Issuer, []byte(strings.Replace(string(doc), "Warmth", "Worth", 1)), context, from)
		c := string(other)
		swap(m.t, &c, "Worth", "Warmth")
		w.bundle.Credential = json.RawMessage(strings.ReplaceAll(c, "Worth", "Warmth"))
	})
	ended := m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, k *verifytest.Mark) {
		k.Seal()
		k.Evaluate()
		s.SetKeyring(s.EndKeys(s.Issuer.Name))
		k.Renew()
	})
	m.add("issuer-ended", "the issuer's key had ended before the terms", ended, verify.NotGenuine, "issuer-ended")
}

// state: what is wrong with the state and the lists.
func (m *maker) state() {
	w := m.current()
	gone := m.world(verifytest.Opts{Witnesses: 3}, func(_ *verifytest.Scheme, k *verifytest.Mark) { k.Withdraw(verify.Committee) })
	m.bad("state-proof-wrong", "state-valid", "a withdrawn mark that says it is valid", gone, func(w *base) { w.bundle.State.Record.State = iotmark.MarkValid })
	m.bad("state-proof-wrong", "state-size", "another number of marks", w, func(w *base) { w.bundle.State.Size = 2 })
	m.bad("state-proof-wrong", "state-path", "a path where there is none", w, func(w *base) {
		w.bundle.State.Path = []string{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
	})
	m.bad("grant-not-counted", "grant-again", "a second grant, signed by all who must, in the place of the first", w, func(w *base) {
		w.resign(m.t, verify.MarkGranted, func(l string) string { swap(m.t, &l, "Warmth lamp", "Warmth ramp"); return l }, deciders(w.s)...)
		w.credentialAgain(m)
	})
	renewed := m.world(verifytest.Opts{Witnesses: 3}, func(_ *verifytest.Scheme, k *verifytest.Mark) {
		k.Seal()
		k.Evaluate()
		k.Renew()
	})
	m.bad("terms-not-in-force", "terms-old", "the terms before the renewal", renewed, func(w *base) {
		i := find(m.t, w.bundle, verify.MarkRenewed)
		w.bundle.Entries = slices.Delete(w.bundle.Entries, i, i+1)
		w.credentialAgain(m)
	})
	m.bad("terms-other-mark", "terms-other", "newer terms of another mark", m.world(verifytest.Opts{Witnesses: 3}, func(s *verifytest.Scheme, k *verifytest.Mark) {
		o := s.Grant(s.Makers[1], "plug")
		o.Seal()
		o.Evaluate()
		o.Renew()
	}), func(w *base) {
		for i, e := range w.s.Entries {
			if bytes.Contains(e, []byte(`"type":"mark.renewed"`)) {
				n := len(w.bundle.Entries) - 1
				w.bundle.Entries = slices.Insert(w.bundle.Entries, n, prove(w.s, int64(i), false))
			}
		}
	})
	m.bad("status-stale", "status-stale", "a status that does not cover the entry before it", w, func(w *base) {
		w.resign(m.t, verify.StatusPublished, func(l string) string {
			n := len(w.s.Entries)
			swap(m.t, &l, fmt.Sprintf(`"covers":%d,`, n), fmt.Sprintf(`"covers":%d,`, n-1))
			return l
		}, w.s.Operator)
	})
	m.bad("clock-ahead", "status-ahead", "a status that claims a later time than outsiders saw it at", w, func(w *base) {
		w.resign(m.t, verify.StatusPublished, func(l string) string { swap(m.t, &l, `"time":"2026`, `"time":"2027`); return l }, w.s.Operator)
	})
	lists := func(failure iotmark.ErrorID, name, about string, w base, change func(w *base, l []json.RawMessage) []json.RawMessage) {
		m.bad(failure, name, about, w, func(w *base) { w.bundle.Lists = change(w, w.bundle.Lists) })
	}
	lists("list-missing", "list-one", "one list", w, func(_ *base, l []json.RawMessage) []json.RawMessage { return l[:1] })
	lists("list-missing", "list-same", "the same list twice", w, func(_ *base, l []json.RawMessage) []json.RawMessage { return []json.RawMessage{l[0], l[0]} })
	lists("list-malformed", "list-text", "a text in the place of a list", w, func(_ *base, l []json.RawMessage) []json.RawMessage {
		return []json.RawMessage{json.RawMessage(`"x"`), l[1]}
	})
	lists("list-time-wrong", "list-old", "the lists of the day before", w, func(w *base, l []json.RawMessage) []json.RawMessage {
		return w.listsAgain(m, time.Unix(w.now, 0).Add(-24*time.Hour), nil)
	})
	lists("list-hash-wrong", "list-cleared", "the bit of a withdrawn mark is cleared, by the issuer", gone, func(w *base, l []json.RawMessage) []json.RawMessage {
		return w.listsAgain(m, w.statusTime(m), make(verify.Bits, verify.ListBits/8))
	})
	lists("list-size", "list-short", "a list of fewer bits than the standard allows", w, func(w *base, l []json.RawMessage) []json.RawMessage {
		return w.listsAgain(m, w.statusTime(m), make(verify.Bits, 64))
	})
	lists("list-size", "list-long", "a list of more bits than there are slots", w, func(w *base, l []json.RawMessage) []json.RawMessage {
		return w.listsAgain(m, w.statusTime(m), make(verify.Bits, verify.ListBits/4))
	})
	part := func(failure iotmark.ErrorID, name, about, old, with string) {
		lists(failure, name, about, w, func(_ *base, l []json.RawMessage) []json.RawMessage {
			s := string(l[1])
			swap(m.t, &s, old, with)
			return []json.RawMessage{l[0], json.RawMessage(s)}
		})
	}
	part("list-wrong", "list-scheme", "a list of another scheme", `"id":"https://mark.example/status/1-suspension"`, `"id":"https://evil.example/status/1-suspension"`)
	part("list-wrong", "list-ttl", "a list that may be kept for longer", `"ttl":86400000`, `"ttl":86400001`)
	part("list-malformed", "list-base64", "a list that is not base64url", `"encodedList":"uH`, `"encodedList":"u+`)
	lists("list-signature-wrong", "list-signature", "the signature of the other list", w, func(_ *base, l []json.RawMessage) []json.RawMessage {
		value := func(l json.RawMessage) string {
			_, s, _ := strings.Cut(string(l), `"proofValue":"`)
			s, _, _ = strings.Cut(s, `"`)
			return s
		}
		return []json.RawMessage{json.RawMessage(strings.Replace(string(l[0]), value(l[0]), value(l[1]), 1)), l[1]}
	})
	m.bad("bits-differ", "bits-differ", "the operator publishes lists that do not agree with the states", gone, func(w *base) {
		none := make(verify.Bits, verify.ListBits/8)
		w.bundle.Lists = w.listsAgain(m, w.statusTime(m), none)
		w.resign(m.t, verify.StatusPublished, func(l string) string {
			full := make(verify.Bits, verify.ListBits/8)
			binary.BigEndian.PutUint32(full, 1<<31)
			swap(m.t, &l, string(verifytest.Digest(string(full))), string(verifytest.Digest(string(none))))
			return l
		}, w.s.Operator)
	})
}

// statusTime is the time of the status entry of a bundle.
func (w *base) statusTime(m *maker) time.Time {
	e, err := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[find(m.t, w.bundle, verify.StatusPublished)].Entry))
	if err != nil {
		m.t.Fatal(err)
	}
	return e.At()
}

// listsAgain are both lists of a time, signed by the issuer, with bits of
// somebody's choice for revocation.
func (w *base) listsAgain(m *maker, at time.Time, bits verify.Bits) (out []json.RawMessage) {
	for _, p := range verify.Purposes() {
		l := verify.List{Domain: w.s.Opts.Domain, ID: 1, Purpose: p, Bits: make(verify.Bits, verify.ListBits/8), From: at}
		if bits != nil && p == verify.Revocation {
			l.Bits = bits
		}
		out = append(out, issue(m.t, l.Domain, w.s.Issuer, l.Credential(), verify.ListContext(), at))
	}
	return out
}

// credentialAgain makes the credential of what is in the bundle.
func (w *base) credentialAgain(m *maker) {
	i := find(m.t, w.bundle, verify.MarkGranted)
	e, err := verify.Parse(w.s.Opts.Domain, []byte(w.bundle.Entries[i].Entry))
	if err != nil {
		m.t.Fatal(err)
	}
	var index int64
	_, rest, _ := strings.Cut(w.bundle.Entries[i].Proof, "\nindex ")
	for _, c := range rest {
		if c < '0' || c > '9' {
			break
		}
		index = index*10 + int64(c-'0')
	}
	terms := e.Decoded().(*verify.TermsBody)
	a := verify.Attested{Domain: w.s.Opts.Domain, Origin: w.s.Origin, Subject: e.Subject, Terms: terms, Grant: e.Leaf, GrantIndex: index, InForce: e.Leaf, ForceIndex: index}
	w.bundle.Credential = issue(m.t, a.Domain, w.s.Issuer, a.Credential(), a.Context(), terms.ValidFrom.Time())
}
