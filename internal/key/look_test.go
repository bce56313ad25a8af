package key_test

import (
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/key"
)

// A file is told without its lock being opened, and what is told signs nothing.
func TestDescribe(t *testing.T) {
	t.Parallel()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	type told struct {
		Private, Public bool
		Lock            key.Lock
	}
	for name, c := range map[string]struct {
		key.Spec
		want told
	}{
		"unlocked":          {key.Spec{}, told{true, true, key.Unlocked}},
		"openssh":           {key.Spec{Passphrase: []byte("x")}, told{true, true, key.ByOpenSSH}},
		"age, passphrase":   {key.Spec{Passphrase: []byte("x"), Age: true, Cost: cheap}, told{true, false, key.ByPassphrase}},
		"age, recipient":    {key.Spec{Recipients: []string{identity.Recipient().String()}}, told{true, false, key.ForRecipients}},
		"log":               {key.Spec{Kind: key.Log, Name: "log.example"}, told{true, true, key.Unlocked}},
		"witness, with age": {key.Spec{Kind: key.Witness, Name: "w.example", Passphrase: []byte("x"), Cost: cheap}, told{true, false, key.ByPassphrase}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "key")
			k, err := key.Create(file, c.Spec)
			if err != nil {
				t.Fatal(err)
			}
			l, err := key.Describe(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told{l.Private, l.Public != nil, l.Lock}); diff != "" {
				t.Errorf("got (-want +got):\n%s", diff)
			}
			pub, err := key.Describe(file + ".pub")
			if err != nil || pub.Private || pub.Public == nil || pub.Public.Line() != k.Line() || pub.Public.Name != c.Name {
				t.Fatalf("%v, %+v", err, pub)
			}
			for _, half := range []*key.Key{pub.Public, l.Public} {
				if half == nil {
					continue
				}
				if _, err := half.Sign([]byte("x")); err == nil {
					t.Error("what was told signs")
				}
			}
		})
	}
}

func TestParsePublicRefuses(t *testing.T) {
	t.Parallel()
	const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICwVELFK5lPuGwHNDc9hoMA1UushmKJLCMWkg/wUz3S3"
	for name, c := range map[string]struct {
		text string
		want iotmark.ErrorID
	}{
		"good":                 {line + " me\n", ""},
		"empty":                {"", "key-unknown"},
		"two keys":             {line + "\n" + line + "\n", "key-unknown"},
		"with options":         {`command="x" ` + line, "key-unknown"},
		"cut":                  {line[:60], "key-unknown"},
		"another id":           {"log.example+00000000+ASTnV12t7etjIs1pFP50urUAU7nRLFJanjuforozEYUQ", "key-unknown"},
		"another kind":         {"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHBsGSZRMJe+VMuDesJtU+LzCY4eBdZEGpq+luhgaxGtbTl6AZ9HAKFsfJP9nllmcuPxSln/L0o6tilayxOArvQ=", "key-kind"},
		"as long as a library": {line + string(make([]byte, 70_000)), "key-unknown"},
	} {
		if _, err := key.ParsePublic([]byte(c.text)); id(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// What ssh-keygen writes for a hardware key is told, with the way to use it.
func TestHandleOfHardwareKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sk")
	const handle = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAASgAAABpzay1zc2gtZWQyNTUxOUBvcGVuc3NoLmNvbQAAACBisSo09XtEp/BNA7lTdQ9UmtwxoeoH
-----END OPENSSH PRIVATE KEY-----
`
	if err := os.WriteFile(file, []byte(handle), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := key.Describe(file); id(err) != "key-hardware" {
		t.Errorf("got %v, want key-hardware", err)
	}
	if _, err := key.Open(file, "", unasked(t)); id(err) != "key-hardware" {
		t.Errorf("got %v, want key-hardware", err)
	}
}
