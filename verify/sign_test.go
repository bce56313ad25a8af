package verify_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/verify"
)

func str(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// secure is a security key made of software: it signs as PROTOCOL.u2f says.
type secure struct {
	*verify.Key
	private     ed25519.PrivateKey
	application string
}

func secureLine(pub ed25519.PublicKey, application string) string {
	const typ = "sk-ssh-ed25519@openssh.com"
	return typ + " " + base64.StdEncoding.EncodeToString(str(str(str(nil, typ), string(pub)), application))
}

func newSecure(t testing.TB) secure {
	t.Helper()
	seed := sha256.Sum256([]byte("a security key"))
	private := ed25519.NewKeyFromSeed(seed[:])
	k, err := verify.ParseKey(verify.KeyEntry{Key: secureLine(private.Public().(ed25519.PublicKey), "ssh:"), Name: domain + "/committee/3", Org: "university", Person: "p3", Role: verify.Committee})
	if err != nil {
		t.Fatal(err)
	}
	return secure{k, private, "ssh:"}
}

// sign makes the blob of an SSHSIG by hand, as PROTOCOL.sshsig and
// PROTOCOL.u2f describe it, without the code under test.
func (s secure) sign(text []byte, namespace, hash string, flags byte, counter uint32) []byte {
	short, long := sha256.Sum256(text), sha512.Sum512(text)
	sum := map[string][]byte{"sha256": short[:], "sha512": long[:]}[hash]
	signed := str(str(str(str([]byte("SSHSIG"), namespace), ""), hash), string(sum))
	app, inner := sha256.Sum256([]byte(s.application)), sha256.Sum256(signed)
	data := binary.BigEndian.AppendUint32(append(app[:], flags), counter)
	sig := ed25519.Sign(s.private, append(data, inner[:]...))
	const typ = "sk-ssh-ed25519@openssh.com"
	raw, _ := base64.StdEncoding.DecodeString(strings.Fields(s.KeyEntry.Key)[1])
	blob := binary.BigEndian.AppendUint32([]byte("SSHSIG"), 1)
	for _, f := range []string{string(raw), namespace, "", hash, string(binary.BigEndian.AppendUint32(append(str(str(nil, typ), string(sig)), flags), counter))} {
		blob = str(blob, f)
	}
	return blob
}

func TestVerify(t *testing.T) {
	t.Parallel()
	txt := text(t, verify.NoteCorrection, "", "", samples(t)[verify.NoteCorrection].body)
	h := newHolder(t, domain+"/committee/2", "consumers", "p2", verify.Committee)
	other := newHolder(t, domain+"/committee/4", "body", "p4", verify.Committee)
	sk := newSecure(t)
	ns := verify.Namespace(domain)
	sign := func(h holder, ns, hash string) verify.Sig {
		return h.SSHSIG(ns, hash, ed25519.Sign(h.private, verify.SSHMessage(ns, hash, txt)))
	}
	touched := func(flags byte) verify.Sig {
		return verify.Sig{Name: sk.Name, ID: sk.SSHID, Bytes: sk.sign(txt, ns, "sha256", flags, 7)}
	}
	with := func(s verify.Sig, f func(b []byte) []byte) verify.Sig {
		s.Bytes = f(bytes.Clone(s.Bytes))
		return s
	}
	flip := func(at int) func(b []byte) []byte {
		return func(b []byte) []byte { b[(at+len(b))%len(b)] ^= 1; return b }
	}
	for _, c := range []struct {
		name string
		key  *verify.Key
		sig  verify.Sig
		says string // "": it holds
	}{
		{"plain", h.Key, h.plain(txt), ""},
		{"SSHSIG over SHA-512", h.Key, h.ssh(txt), ""},
		{"SSHSIG over SHA-256", h.Key, sign(h, ns, "sha256"), ""},
		{"security key, touched", sk.Key, touched(1), ""},
		{"security key, touched and unlocked", sk.Key, touched(5), ""},
		{"security key over SHA-512", sk.Key, verify.Sig{Name: sk.Name, ID: sk.SSHID, Bytes: sk.sign(txt, ns, "sha512", 1, 0)}, ""},
		{"security key, not touched", sk.Key, touched(0), "somebody touched it"},
		{"security key, unlocked and not touched", sk.Key, touched(4), "somebody touched it"},
		{"security key with flags that nobody knows", sk.Key, touched(0x41), "somebody touched it"},
		{"security key with flags changed later", sk.Key, with(touched(1), func(b []byte) []byte { b[len(b)-5] = 5; return b }), "not one of this text"},
		{"security key with the counter changed later", sk.Key, with(touched(1), flip(-1)), "not one of this text"},
		{"security key with a plain signature inside", sk.Key, with(touched(1), func([]byte) []byte { return h.ssh(txt).Bytes }), "names another key"},
		{"plain, one bit", h.Key, with(h.plain(txt), flip(5)), "not one of this text"},
		{"plain, too short", h.Key, with(h.plain(txt), func(b []byte) []byte { return b[:63] }), "not one of this text"},
		{"plain over other text", h.Key, h.plain(txt[1:]), "not one of this text"},
		{"SSHSIG over other text", h.Key, h.ssh(txt[1:]), "not one of this text"},
		{"SSHSIG, one bit", h.Key, with(h.ssh(txt), flip(-1)), "not one of this text"},
		{"SSHSIG of another key in this key's line", h.Key, with(h.ssh(txt), func([]byte) []byte { return other.ssh(txt).Bytes }), "names another key"},
		{"SSHSIG of files", h.Key, sign(h, "file", "sha512"), `namespace "file"`},
		{"SSHSIG of another scheme", h.Key, sign(h, "decision@other.example", "sha512"), "namespace"},
		{"SSHSIG over MD5", h.Key, h.SSHSIG(ns, "md5", make([]byte, 64)), "sha256 and sha512"},
		{"SSHSIG of version 2", h.Key, with(h.ssh(txt), flip(9)), "version 1"},
		{"SSHSIG with something after it", h.Key, with(h.ssh(txt), func(b []byte) []byte { return append(b, 0) }), "version 1"},
		{"SSHSIG cut short", h.Key, with(h.ssh(txt), func(b []byte) []byte { return b[:40] }), "version 1"},
		{"SSHSIG with a length beyond its end", h.Key, with(h.ssh(txt), func(b []byte) []byte { b[10] = 0xff; return b }), "version 1"},
		{"line of another key", other.Key, h.plain(txt), "by another key"},
		{"line of the same name and another kind", h.Key, verify.Sig{Name: h.Name, ID: 1, Bytes: make([]byte, 64)}, "by another key"},
		{"no bytes", h.Key, verify.Sig{Name: h.Name, ID: h.SSHID}, "version 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := c.key.Verify(txt, c.sig, domain)
			if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v, want one that says %q", err, c.says)
			}
			if e, ok := err.(*iotmark.Error); err != nil && (!ok || e.ID != "signature-wrong" || e.Kind != iotmark.Unverified) {
				t.Errorf("got %#v", err)
			}
		})
	}
	if err := h.Verify(txt, h.ssh(txt), "other.example"); err == nil {
		t.Error("a signature for this scheme holds in another")
	}
}

// What this package writes is a note to the reader of the Go project too, and
// what that one signs is a signature here.
func TestStockNote(t *testing.T) {
	t.Parallel()
	seed := [32]byte{1}
	skey, vkey, err := note.GenerateKey(bytes.NewReader(seed[:]), domain+"/committee/2")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	private := ed25519.NewKeyFromSeed(seed[:])
	k, err := verify.ParseKey(verify.KeyEntry{Key: verify.PublicLine(private.Public().(ed25519.PublicKey)), Name: domain + "/committee/2", Org: "body", Person: "p2", Role: verify.Committee})
	if err != nil {
		t.Fatal(err)
	}
	if k.NoteID != verifier.KeyHash() {
		t.Fatalf("key id %08x, want %08x", k.NoteID, verifier.KeyHash())
	}
	txt := text(t, verify.NoteCorrection, "", "", samples(t)[verify.NoteCorrection].body)
	signed, err := note.Sign(&note.Note{Text: string(txt)}, signer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := verify.Parse(domain, signed)
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Verify(s.Text, s.Sigs[0], domain); err != nil {
		t.Error(err)
	}
	ours, err := verify.Seal(txt, k.Plain(ed25519.Sign(private, txt)), newHolder(t, "testlab.example/assessor/7", "testlab", "as7", verify.Assessor).ssh(txt))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(ours, note.VerifierList(verifier))
	if err != nil || n.Text != string(txt) || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 1 {
		t.Errorf("got %v, %+v", err, n)
	}
}

// Every bit of a signed entry matters.
func TestEveryBit(t *testing.T) {
	t.Parallel()
	txt := text(t, verify.NoteCorrection, "", "", samples(t)[verify.NoteCorrection].body)
	h, sk := newHolder(t, domain+"/committee/2", "consumers", "p2", verify.Committee), newSecure(t)
	note, err := verify.Seal(txt, h.ssh(txt), h.plain(txt), verify.Sig{Name: sk.Name, ID: sk.SSHID, Bytes: sk.sign(txt, verify.Namespace(domain), "sha512", 1, 9)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range note {
		bad := bytes.Clone(note)
		bad[i] ^= 1 << (i % 8)
		s, err := verify.Parse(domain, bad)
		if err != nil {
			continue
		}
		held := 0
		for _, g := range s.Sigs {
			for _, k := range []*verify.Key{h.Key, sk.Key} {
				if k.Made(g) && k.Verify(s.Text, g, domain) == nil {
					held++
				}
			}
		}
		if held == 3 {
			t.Errorf("byte %d (%q) was changed, and all holds", i, note[i])
		}
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	pub := newHolder(t, "a.example/maker", "a.example", "m1", verify.Maker).Public
	good := verify.PublicLine(pub)
	line := func(typ string, fields ...string) string {
		var b []byte
		for _, f := range fields {
			b = str(b, f)
		}
		return typ + " " + base64.StdEncoding.EncodeToString(b)
	}
	const ed, sk = "ssh-ed25519", "sk-ssh-ed25519@openssh.com"
	for _, c := range []struct {
		name, key string
		ok        bool
	}{
		{"plain", good, true},
		{"security key", secureLine(pub, "ssh:"), true},
		{"security key for one service", secureLine(pub, "ssh:iotmark"), true},
		{"with a comment", good + " jane", false},
		{"with a line end", good + "\n", false},
		{"with two spaces", strings.Replace(good, " ", "  ", 1), false},
		{"base64 without padding", strings.TrimRight(secureLine(pub, "ssh:"), "="), false},
		{"base64 with a line end", good[:40] + "\n" + good[40:], false},
		{"type outside and inside differ", line(ed, sk, string(pub), "ssh:"), false},
		{"security key without application", line(sk, sk, string(pub)), false},
		{"security key with an empty one", line(sk, sk, string(pub), ""), false},
		{"security key with a space in it", line(sk, sk, string(pub), "ssh: x"), false},
		{"security key with a long one", line(sk, sk, string(pub), strings.Repeat("a", 129)), false},
		{"31 bytes", line(ed, ed, string(pub[1:])), false},
		{"33 bytes", line(ed, ed, string(pub)+"x"), false},
		{"something after it", line(ed, ed, string(pub), "more"), false},
		{"another kind", line("ssh-rsa", "ssh-rsa", "\x01\x00\x01", "\x00\xff"), false},
		{"empty", "", false},
		{"no base64", "ssh-ed25519 !", false},
		{"a length beyond the end", ed + " " + base64.StdEncoding.EncodeToString([]byte{0xff, 0xff, 0xff, 0xff, 1}), false},
		{"very long", ed + " " + strings.Repeat("AAAA", 1000), false},
		{"a coordinate that is not below the prime", line(ed, ed, "\xf0"+strings.Repeat("\xff", 30)+"\x7f"), false},
		{"the prime plus one", line(ed, ed, "\xee"+strings.Repeat("\xff", 30)+"\xff"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k, err := verify.ParseKey(verify.KeyEntry{Key: c.key, Name: "a.example/maker", Org: "a.example", Person: "m1", Role: verify.Maker})
			if (err == nil) != c.ok {
				t.Fatalf("got %v, want ok %t", err, c.ok)
			}
			if c.ok && !k.Public.Equal(pub) {
				t.Error("another key was read")
			}
			if e, ok := err.(*iotmark.Error); err != nil && (!ok || e.ID != "key-malformed") {
				t.Errorf("got %#v", err)
			}
		})
	}
}

// A key of small order would verify what nobody signed; this shows each to do
// so, and to be refused.
func TestSmallOrder(t *testing.T) {
	t.Parallel()
	for _, hex := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		pub := make([]byte, 32)
		for i := range pub {
			pub[i] = unhex(hex[2*i])<<4 | unhex(hex[2*i+1])
		}
		none := make([]byte, 64) // R the neutral element, S nought
		none[0] = 1
		forged := false
		for n := range 200 {
			forged = forged || ed25519.Verify(pub, []byte{byte(n)}, none)
		}
		if !forged {
			t.Errorf("%s is not of small order", hex)
		}
		if _, err := verify.ParseKey(verify.KeyEntry{Key: verify.PublicLine(pub), Name: "a.example/maker", Org: "a.example", Person: "m1"}); err == nil || !strings.Contains(err.Error(), "small order") {
			t.Errorf("%s: got %v", hex, err)
		}
	}
}

func unhex(c byte) byte { return byte(strings.IndexByte("0123456789abcdef", c)) }

func TestKeyNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"iotmark.example/committee/2": true, "lamps.example/maker": true, "root-1": true,
		"": false, "/": false, "a//b": false, "a/": false, "a b": false, "a+b": false, "A": false, "a_b": false, "..": false, "a\u2014": false, strings.Repeat("a", 201): false,
	} {
		_, err := verify.ParseKey(verify.KeyEntry{Key: newHolder(t, "x", "body", "p1", verify.Root).KeyEntry.Key, Name: name, Org: "body", Person: "p1", Role: verify.Root})
		if (err == nil) != ok {
			t.Errorf("%q: got %v, want ok %t", name, err, ok)
		}
	}
}

// keygen runs ssh-keygen, which scripts/need.sh installs.
func keygen(t *testing.T, stdin []byte, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command("ssh-keygen", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	t.Logf("ssh-keygen %s\n%s", strings.Join(args, " "), out)
	return out, err
}

// A member who distrusts this program signs with stock ssh-keygen, and
// whoever distrusts it verifies with that.
func TestStockKeygen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, b []byte) {
		t.Helper()
		if err := os.WriteFile(file(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := keygen(t, nil, "-q", "-t", "ed25519", "-N", "", "-C", "member", "-f", file("key")); err != nil {
		t.Fatal(err)
	}
	pub, err := os.ReadFile(file("key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	f := strings.Fields(string(pub))
	key, err := verify.ParseKey(verify.KeyEntry{Key: f[0] + " " + f[1], Name: domain + "/committee/2", Org: "body", Person: "p2", Role: verify.Committee})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := keygen(t, nil, "-l", "-f", file("key.pub")); err != nil || !strings.Contains(string(out), key.Fingerprint()) {
		t.Errorf("the fingerprint is not %s", key.Fingerprint())
	}
	txt := text(t, verify.NoteCorrection, "", "", samples(t)[verify.NoteCorrection].body)
	ns := verify.Namespace(domain)
	for _, hash := range []string{"sha512", "sha256"} {
		write("e.txt", txt)
		if err := os.Remove(file("e.txt.sig")); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if _, err := keygen(t, nil, "-Y", "sign", "-O", "hashalg="+hash, "-f", file("key"), "-n", ns, file("e.txt")); err != nil {
			t.Fatal(err)
		}
		armoured, err := os.ReadFile(file("e.txt.sig"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := verify.FromSSH(key, armoured)
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Verify(txt, s, domain); err != nil {
			t.Errorf("%s: %v", hash, err)
		}
		if diff := cmp.Diff(string(armoured), string(verify.Armour(s.Bytes))); diff != "" {
			t.Errorf("armour (-ssh-keygen +ours)\n%s", diff)
		}
		note, err := verify.Seal(txt, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify.Parse(domain, note); err != nil {
			t.Error(err)
		}
	}
	// The other way: what we make, ssh-keygen verifies; and not one letter changed.
	h, sk := newHolder(t, domain+"/committee/4", "body", "p4", verify.Committee), newSecure(t)
	write("signers", []byte("h "+h.KeyEntry.Key+"\nsk "+sk.KeyEntry.Key+"\n"))
	write("h.sig", verify.Armour(h.ssh(txt).Bytes))
	write("sk.sig", verify.Armour(sk.sign(txt, ns, "sha512", 1, 3)))
	write("untouched.sig", verify.Armour(sk.sign(txt, ns, "sha512", 0, 3)))
	check := func(who, sig string, txt []byte) error {
		_, err := keygen(t, txt, "-Y", "verify", "-f", file("signers"), "-I", who, "-n", ns, "-s", file(sig))
		return err
	}
	other := bytes.Replace(txt, []byte("G1"), []byte("G3"), 1)
	for _, c := range []struct {
		name, who, sig string
		txt            []byte
		ok             bool
	}{
		{"key", "h", "h.sig", txt, true},
		{"security key", "sk", "sk.sig", txt, true},
		{"one letter changed", "h", "h.sig", other, false},
		{"one letter changed, security key", "sk", "sk.sig", other, false},
		{"security key that nobody touched; only this program refuses it", "sk", "untouched.sig", txt, true},
	} {
		if err := check(c.who, c.sig, c.txt); (err == nil) != c.ok {
			t.Errorf("%s: ssh-keygen -Y verify says %v, want ok %t", c.name, err, c.ok)
		}
	}
}

func TestFromSSH(t *testing.T) {
	t.Parallel()
	h := newHolder(t, domain+"/committee/2", "consumers", "p2", verify.Committee)
	other := newHolder(t, domain+"/committee/4", "body", "p4", verify.Committee)
	txt := text(t, verify.NoteCorrection, "", "", samples(t)[verify.NoteCorrection].body)
	good := string(verify.Armour(h.ssh(txt).Bytes))
	for _, c := range []struct {
		name, in string
		want     iotmark.ErrorID
	}{
		{"as written", good, ""},
		{"with the line ends of another system", strings.ReplaceAll(good, "\n", "\r\n"), ""},
		{"with empty lines around", "\n" + good + "\n\n", ""},
		{"of another key", string(verify.Armour(other.ssh(txt).Bytes)), "key-other"},
		{"of another kind", strings.ReplaceAll(good, "SSH", "PGP"), "sshsig-malformed"},
		{"cut short", good[:100], "sshsig-malformed"},
		{"not base64", strings.Replace(good, "U1NIU0lH", "????????", 1), "sshsig-malformed"},
		{"a plain signature", string(verify.Armour(h.plain(txt).Bytes)), "sshsig-malformed"},
		{"empty", "", "sshsig-malformed"},
		{"very long", good + strings.Repeat("\n", 1<<20), "sshsig-malformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, err := verify.FromSSH(h.Key, []byte(c.in))
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(h.ssh(txt), s); diff != "" {
					t.Errorf("got (-want +got)\n%s", diff)
				}
				return
			}
			if e, ok := err.(*iotmark.Error); !ok || e.ID != c.want || e.Kind != iotmark.Invalid {
				t.Errorf("got %v, want id %s", err, c.want)
			}
		})
	}
}
