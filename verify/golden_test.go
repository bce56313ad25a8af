package verify_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/open-iot-mark/iotmark/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The bytes of one entry of each type. All of them may stand in a log for
// ever, so what is written here must be read by every later version.
func TestGolden(t *testing.T) {
	t.Parallel()
	const file = "testdata/entries.txtar"
	got := &txtar.Archive{Comment: []byte("One entry of each type, as it stands in a log; and one that a security key signed.\nWritten by go test ./verify -run TestGolden -update.\n\n")}
	add := func(name string, note []byte) {
		got.Files = append(got.Files, txtar.File{Name: name, Data: note})
	}
	all := samples(t)
	for _, f := range verify.Forms() {
		add(string(f.Type), seal(t, text(t, f.Type, all[f.Type].subject, digest("prev"), all[f.Type].body)))
	}
	sk := newSecure(t)
	txt := text(t, verify.NoteCorrection, "", "", all[verify.NoteCorrection].body)
	note, err := verify.Seal(txt, verify.Sig{Name: sk.Name, ID: sk.SSHID, Bytes: sk.sign(txt, verify.Namespace(domain), "sha512", 5, 77)})
	if err != nil {
		t.Fatal(err)
	}
	add("security-key "+sk.KeyEntry.Key, note)
	if *update {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(kept), string(txtar.Format(got))); diff != "" {
		t.Errorf("got (-want +got)\n%s", diff)
	}
	for _, f := range txtar.Parse(kept).Files {
		s, err := verify.Parse(domain, f.Data)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		line, ok := strings.CutPrefix(f.Name, "security-key ")
		if !ok {
			continue
		}
		e := sk.KeyEntry
		e.Key = line
		if k, err := verify.ParseKey(e); err != nil || k.Verify(s.Text, s.Sigs[0], domain) != nil {
			t.Errorf("the kept signature of a security key does not hold: %v", err)
		}
	}
}
