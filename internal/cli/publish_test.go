package cli_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mark "github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/cli"
	"github.com/open-iot-mark/iotmark/internal/publication"
	"github.com/open-iot-mark/iotmark/verify"
)

// iotmark runs a command in this process and returns its exit code and words.
func iotmark(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Main(append([]string{"iotmark"}, args...), strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// product copies a sample product, with its declaration changed, old to new in
// pairs; each must be there.
func product(t *testing.T, name string, changes ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../../testdata/products", name))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "iotmark.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := string(b)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(s, changes[i]) {
			t.Fatalf("%s has no %q", name, changes[i])
		}
		s = strings.Replace(s, changes[i], changes[i+1], 1)
	}
	if err := os.WriteFile(file, []byte(s), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newKey(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if code, _, errs := iotmark(t, "key", "new", "--no-passphrase", file); code != 0 {
		t.Fatal(errs)
	}
	return file
}

// everything reads all files below a folder, and unpacks what is packed, so
// that nothing hides in an archive.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		out[p] = string(b)
		if z, e := gzip.NewReader(bytes.NewReader(b)); e == nil {
			plain, _ := io.ReadAll(z)
			out[p+" unpacked"] = string(plain)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// disaster is a product whose firmware holds a private key, known passwords
// and an account without one, made ready to be published.
var disaster = []string{
	"sha256: e9e4dc3757c9fd355ef1040d688dd03a59982d112855f6ed07142c126e2848ec} # hash kept", "}",
	"  - {id: photo, kind: photo, title: Front, path: evidence/front.jpg}\n", "",
	"privacy.sensor-control: [photo]", "privacy.sensor-control: met",
	"provenance.product-identity: [photo, image]", "provenance.product-identity: [image]",
}

// What helps an attacker is in nothing that is published: no finding, no name,
// no count, also where the evidence itself is public.
func TestPublishWithholdsWhatHelpsAnAttacker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		changes  []string
		withheld bool // the declaration calls it public
	}{
		"public image":     {nil, true},
		"restricted image": {[]string{"title: Image 1.0.3, path: evidence/firmware.tar.gz,", "title: Image 1.0.3, visibility: restricted, path: evidence/firmware.tar.gz,"}, false},
		"secret list of components": {[]string{
			"title: Image 1.0.3, path: evidence/firmware.tar.gz,", "title: Image 1.0.3, visibility: secret, path: evidence/firmware.tar.gz,",
			"title: Software, path: evidence/bom.json,", "title: Software, visibility: secret, path: evidence/bom.json,"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := product(t, "disaster", append(append([]string{}, disaster...), c.changes...)...)
			site := t.TempDir()
			code, out, errs := iotmark(t, "publish", "--at", "2026-11-22", "--out", site, "--key", newKey(t), dir)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, errs)
			}
			files := everything(t, site)
			files["stdout"], files["stderr"] = out, errs
			words := []string{"capture-logins.internet", "capture-logins.home", "private-keys.found", "default-logins.known", "default-logins.empty", "\"exploitable\"", dir,
				// Words of the image and of the private key in it.
				"server.key", "BEGIN RSA PRIVATE KEY", "BEGIN PRIVATE KEY", "camd", "cloudagent", "telnetd", "console-shell", "respawn", "usr/bin/"}
			for file, s := range files {
				for _, w := range words {
					if strings.Contains(s, w) {
						t.Errorf("%s has %q", file, w)
					}
				}
			}
			// Whole pieces of evidence that are not public, or in which something to
			// exploit was found, are in no file, not even in part.
			for _, name := range []string{"evidence/firmware.tar.gz", "evidence/camera.device-02005e0c3600.pcap"} {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				for file, s := range files {
					if strings.Contains(s, string(b[len(b)/2:len(b)/2+64])) {
						t.Errorf("%s has bytes of %s", file, name)
					}
				}
			}
			told := "evidence.image (Image 1.0.3) is public in the declaration and was withheld: device-security.default-logins, device-security.private-keys"
			if strings.Contains(errs, told) != c.withheld {
				t.Errorf("got %q on stderr", errs)
			}
			_, shown, _ := iotmark(t, "publish", "--at", "2026-11-22", "--out", t.TempDir(), "--dry-run", dir)
			told = "  image: Image 1.0.3 (firmware-image), withheld: device-security.default-logins, device-security.private-keys found in it what would help an attacker, and it holds a private key (RSA PRIVATE KEY)\n"
			if strings.Contains(shown, told) != c.withheld {
				t.Errorf("got %q from the dry run", shown)
			}
			a := published(t, site, "zc-360")
			for _, f := range a.Assessment.Findings {
				switch f.Check {
				case "data-security.capture-logins", "device-security.private-keys", "device-security.default-logins":
					if f.Outcome != "untested" || f.Message != "publication.no-result" || len(f.Places)+len(f.Args)+len(f.Basis) > 0 {
						t.Errorf("got %+v, want no result", f)
					}
				}
			}
			for _, c := range a.Assessment.Conclusions {
				switch c.Criterion {
				case "device-security.no-default-passwords", "device-security.no-embedded-secrets", "data-security.unique-device-credentials":
					if c.Assurance == "checked" || c.Contradicted {
						t.Errorf("%s: got %s, contradicted %v; what is withheld must neither lift nor contradict it", c.Criterion, c.Assurance, c.Contradicted)
					}
				}
				if c.Next != nil {
					t.Errorf("%s: the maker's plan is published", c.Criterion)
				}
			}
			if !strings.Contains(a.Notice, "are withheld here. No program counts days here") {
				t.Errorf("got the notice %q", a.Notice)
			}
			page := filepath.Join(site, ".well-known/iotmark/zc-360/index.html")
			if !strings.Contains(files[page], "Weak spots that could be misused go to the maker first. This page leaves them out.") {
				t.Errorf("the page does not say that it leaves findings out")
			}
			if code, out, _ := iotmark(t, "verify", site); code != 0 {
				t.Errorf("verify: exit %d\n%s", code, out)
			}
		})
	}
}

// A private key that lies in public evidence is never published, whatever
// check looks at the piece; the maker is told before and after.
func TestPublishWithholdsKeys(t *testing.T) {
	t.Parallel()
	const piece = "  - {id: deploy, kind: document, title: How to deploy, path: evidence/deploy.md, dated: 2026-06-10}\n"
	dir := product(t, "careful", "  - {id: risk-assessment,", piece+"  - {id: risk-assessment,")
	secret, err := os.ReadFile(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "evidence/deploy.md"), []byte("# How to deploy\n\n    "+strings.ReplaceAll(string(secret), "\n", "\n    ")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	site, key := t.TempDir(), newKey(t)
	code, out, errs := iotmark(t, "publish", "--at", "2026-11-22", "--out", site, "--key", key, dir)
	if code != 0 || !strings.Contains(errs, "evidence.deploy (How to deploy) is public in the declaration and was withheld: it holds a private key (OPENSSH PRIVATE KEY). ") {
		t.Errorf("exit %d, %q", code, errs)
	}
	files := everything(t, site)
	files["stdout"], files["stderr"] = out, errs
	for file, s := range files {
		if strings.Contains(s, "-----BEGIN OPENSSH") || strings.Contains(s, strings.Split(string(secret), "\n")[1]) {
			t.Errorf("%s has the key", file)
		}
	}
	if _, shown, _ := iotmark(t, "publish", "--at", "2026-11-22", "--dry-run", dir); !strings.Contains(shown, "  deploy: How to deploy (document), withheld: it holds a private key (OPENSSH PRIVATE KEY)\n") {
		t.Errorf("the dry run says %q", shown)
	}
	if code, out, _ := iotmark(t, "verify", site); code != 0 {
		t.Errorf("verify: exit %d\n%s", code, out)
	}
}

// The key that signs lies neither in the dossier nor among the evidence,
// under whichever name.
func TestPublishRefusesAKeyInTheDossier(t *testing.T) {
	t.Parallel()
	const piece = "  - {id: mine, kind: document, title: Mine, visibility: restricted, path: evidence/mine, dated: 2026-06-10}\n"
	for name, c := range map[string]struct {
		put  func(dir, key string) (string, error) // the key that is named
		want string
	}{
		"in the folder": {func(d, k string) (string, error) { to := filepath.Join(d, "maker.key"); return to, os.Rename(k, to) }, "is in the dossier"},
		"a link out":    {func(d, k string) (string, error) { to := filepath.Join(d, "maker.key"); return to, os.Symlink(k, to) }, "is in the dossier"},
		"a link in": {func(d, k string) (string, error) {
			to := filepath.Join(d, "k")
			return k, errors.Join(os.Rename(k, to), os.Symlink(to, k))
		}, "is in the dossier"},
		"a second name": {func(d, k string) (string, error) { return k, os.Link(k, filepath.Join(d, "evidence/mine")) }, "is the evidence mine of the dossier"},
		"the same bytes": {func(d, k string) (string, error) {
			b, err := os.ReadFile(k)
			return k, errors.Join(err, os.WriteFile(filepath.Join(d, "evidence/mine"), b, 0o600))
		}, "is the evidence mine of the dossier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := product(t, "careful", "  - {id: risk-assessment,", piece+"  - {id: risk-assessment,")
			key, err := c.put(dir, newKey(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, more := range [][]string{{"--out", filepath.Join(t.TempDir(), "site")}, {"--dry-run"}} {
				code, _, errs := iotmark(t, append(append([]string{"publish", "--at", "2026-11-22", "--key", key}, more...), dir)...)
				if code != 2 || !strings.Contains(errs, c.want) {
					t.Errorf("%v: exit %d, %q", more, code, errs)
				}
				if _, err := os.Stat(more[len(more)-1]); err == nil {
					t.Error("something was written")
				}
			}
		})
	}
}

// assessment is assessment.json as a stranger reads it.
type assessment struct {
	Notice     string   `json:"notice"`
	NotRerun   []string `json:"not_rerun"`
	Assessment struct {
		Evidence []struct {
			Evidence, Standing, Title, SHA256, Detail, Reader string
			Size                                              int64
		} `json:"evidence"`
		Findings []struct {
			Check, Outcome, Message string
			Places, Basis           []any
			Args                    map[string]string
		} `json:"findings"`
		Conclusions []struct {
			Criterion, Assurance, Verdict string
			Contradicted                  bool
			Next                          any
		} `json:"conclusions"`
	} `json:"assessment"`
}

func published(t *testing.T, site, id string) assessment {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(site, ".well-known/iotmark", id, "assessment.json"))
	if err != nil {
		t.Fatal(err)
	}
	var a assessment
	if err := json.Unmarshal(b, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// Evidence that is not public stays a title, a kind, a date and a hash. The
// outcome of a check that read it is published and told as one that nobody
// else can run again.
func TestPublishHidesRestrictedEvidence(t *testing.T) {
	t.Parallel()
	dir := product(t, "careful", "title: Software components of 2.6.1, path:", "title: Software components of 2.6.1, visibility: restricted, path:")
	site := t.TempDir()
	if code, _, errs := iotmark(t, "publish", "--at", "2026-11-22", "--out", site, "--key", newKey(t), dir); code != 0 || !strings.Contains(errs, "provenance.sbom-covers-firmware: the public evidence alone gives failed") {
		t.Fatalf("exit %d: %s", code, errs)
	}
	b, err := os.ReadFile(filepath.Join(dir, "evidence/sbom.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Components []struct{ Name, Version string }
	}
	if err := json.Unmarshal(b, &list); err != nil || len(list.Components) < 5 {
		t.Fatalf("%d components, %v", len(list.Components), err)
	}
	for file, s := range everything(t, site) {
		if strings.Contains(file, "/evidence/") {
			continue // public evidence may name the same components
		}
		if strings.Contains(s, "bom-ref") || strings.Contains(s, "sbom.cdx.json") {
			t.Errorf("%s has words of the list that is not public", file)
		}
	}
	a := published(t, site, "tw-l3")
	if len(a.NotRerun) == 0 {
		t.Error("no check is told as one that cannot be run again")
	}
	for _, e := range a.Assessment.Evidence {
		if e.Evidence == "sbom" && (e.SHA256 == "" || e.Title == "" || e.Standing != "held" || e.Size != 0 || e.Reader != "" || e.Detail != "") {
			t.Errorf("got %+v", e)
		}
	}
	found := false
	for _, f := range a.Assessment.Findings {
		if f.Check == "provenance.sbom-minimum" {
			found = true
			if f.Outcome != "passed" || f.Message != "publication.not-public" || len(f.Args)+len(f.Places) > 0 {
				t.Errorf("got %+v", f)
			}
		}
	}
	if !found {
		t.Error("the outcome of provenance.sbom-minimum is not published")
	}
	// The public list of the app alone does not cover the image of the device.
	const says = "the public evidence alone says otherwise"
	code, out, _ := iotmark(t, "verify", site)
	if code != 5 || !strings.Contains(out, "  ! provenance.sbom-covers-firmware: "+says) || strings.Contains(out, "Holds") || strings.Contains(out, "All of it") || !strings.Contains(out, "Cannot be run again, they rest on what is not public: ") || !strings.Contains(out, "provenance.sbom-minimum") {
		t.Errorf("exit %d\n%s", code, out)
	}
}

// What a stranger wrote gives no orders to the runner of a workflow, and adds
// no line to what the program says.
func TestForeignTextGivesNoOrders(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("GITHUB_STEP_SUMMARY", "")
	dir := product(t, "careful", "name: Tarnwick Ledger 3", "name: '::stop-commands::x ##[error]pwn'")
	site := t.TempDir()
	var said []string
	for _, args := range [][]string{
		{"publish", "--at", "2026-11-22", "--dry-run", dir},
		{"publish", "--at", "2026-11-22", "--out", site, "--key", newKey(t), dir},
		{"verify", "--no-rerun", site},
		{"verify", "--no-rerun", "--format", "json", site},
	} {
		code, out, errs := iotmark(t, args...)
		if code != 0 {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		said = append(said, out, errs)
	}
	at := filepath.Join(site, ".well-known/iotmark/tw-l3")
	for _, name := range []string{"x\n::stop-commands::y", "x\r\n  Holds.", "x ##[error]pwn"} {
		if err := os.WriteFile(filepath.Join(at, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"verify", "--no-rerun", at}, {"verify", "--no-rerun", "--format", "json", at}, {"publish", "--at", "2026-11-22", "--out", site, "--dry-run", dir}} {
		code, out, errs := iotmark(t, args...)
		if code == 0 {
			t.Errorf("%v: exit 0", args)
		}
		said = append(said, out, errs)
	}
	for _, s := range said {
		for l := range strings.Lines(s) {
			if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") || l == "  Holds. [file-unknown]\n" || strings.HasPrefix(l, "  Holds.:") {
				t.Errorf("%q was printed", l)
			}
		}
	}
}

// resigned publishes the careful product and signs it again with another key,
// after documents and statement were changed. It returns the site.
func resigned(t *testing.T, change func(docs map[string][]byte, body *publication.Body)) string {
	t.Helper()
	site := t.TempDir()
	if code, _, errs := iotmark(t, "publish", "--at", "2026-11-22", "--out", site, "--key", newKey(t), product(t, "careful")); code != 0 {
		t.Fatal(errs)
	}
	at := filepath.Join(site, ".well-known/iotmark/tw-l3")
	docs := map[string][]byte{}
	for _, name := range []string{"statement.note", "assessment.json", "index.html", "SHA256SUMS"} {
		b, err := os.ReadFile(filepath.Join(at, name))
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = b
	}
	was, err := publication.OpenNote(docs["statement.note"])
	if err != nil {
		t.Fatal(err)
	}
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	d := publication.Draft{Statement: was.Statement, Documents: docs}
	d.Statement.Body.Key = verify.PublicLine(pub)
	change(docs, &d.Statement.Body)
	for _, name := range []string{"assessment.json", "index.html", "SHA256SUMS"} {
		for i, f := range d.Statement.Body.Files {
			if f.Path == name {
				h := fmt.Sprintf("%x", sha256.Sum256(docs[name]))
				docs["SHA256SUMS"] = bytes.Replace(docs["SHA256SUMS"], []byte(f.SHA256), []byte(h), 1)
				d.Statement.Body.Files[i] = publication.File{Path: name, SHA256: mark.Digest(h), Size: int64(len(docs[name]))}
			}
		}
	}
	set, err := d.Sign(publication.Signer{Public: pub, Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(priv, m), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range set.Documents {
		if err := os.WriteFile(filepath.Join(at, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return site
}

// Whoever names an edition or a program that this one is not has not all
// content compared. A script cannot take that for a pass, and no line of it
// reads like one.
func TestVerifyOfWhatCannotBeComparedIsNoPass(t *testing.T) {
	t.Parallel()
	certified := []byte("<h1>CERTIFIED</h1>")
	for name, change := range map[string]func(docs map[string][]byte, body *publication.Body){
		"another edition": func(d map[string][]byte, b *publication.Body) {
			b.Edition, d["index.html"] = "2099.1", certified
			d["assessment.json"] = bytes.Replace(d["assessment.json"], []byte(`"edition": "2026.1"`), []byte(`"edition": "2099.1"`), 1)
		},
		"another program":             func(d map[string][]byte, b *publication.Body) { b.Program, d["index.html"] = "v99.0.0", certified },
		"another build of no version": func(d map[string][]byte, b *publication.Body) { b.Program, d["index.html"] = "(devel)", certified },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := resigned(t, change)
			code, out, _ := iotmark(t, "verify", site)
			plain := "Signature and hashes only: what the files of 1 product say was not compared. This is no full pass.\n"
			if code != 5 || !strings.HasPrefix(out, plain) || !strings.HasSuffix(out, plain) || strings.Contains(out, "olds.") || strings.Contains(out, "Run again") {
				t.Errorf("exit %d\n%s", code, out)
			}
			code, out, _ = iotmark(t, "verify", "--format", "json", site)
			var r struct{ Holds, Compared *bool }
			if err := json.Unmarshal([]byte(out), &r); err != nil || code != 5 || r.Holds == nil || *r.Holds || r.Compared == nil || *r.Compared {
				t.Errorf("exit %d, %v\n%s", code, err, out)
			}
		})
	}
}
