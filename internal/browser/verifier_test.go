//go:build !race

package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark/internal/browser"
	"github.com/open-iot-mark/iotmark/internal/samples"
	"github.com/open-iot-mark/iotmark/internal/verifier"
)

// choose puts a file into a field of the page, as a person does, and waits
// for the answer. The clock of the page is that of the vector.
const choose = `(async () => {
	Date.now = () => %d;
	const files = new DataTransfer();
	files.items.add(new File([Uint8Array.from(atob(%q), c => c.charCodeAt())], 'X.iotmark'));
	const field = document.getElementById('b');
	field.files = files.files;
	field.dispatchEvent(new Event('change'));
	for (let i = 0; i < 25 && !document.querySelector('#r strong'); i++) await new Promise(r => setTimeout(r, 20));
	return 0;
})()`

// The page that verifies marks, in a real browser and with the browser's own
// cryptography: what it says of a good bundle, a suspended mark, a tampered
// file; no barrier, no network, in light and dark, in every language.
func TestVerifierPage(t *testing.T) {
	axe := string(samples.Packaged(t, "pages"))
	b := browser.Start(t)
	const dir = "../../verify/testdata/vectors"
	mux := http.NewServeMux()
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	visit := visitor(t, b, axe)
	for _, c := range []struct {
		vector, lang, says string
		also               []string
	}{
		{"current", "en", "Genuine and in force", []string{"Warmth lamp", "w1", "decided", "mark.example/committee/1", "Every entry stands in the public log."}},
		{"current", "de", "Echt und in Kraft", []string{"Warmth lamp", "hat entschieden"}},
		{"names", "en", "Genuine and in force", []string{"& <more>"}},
		{"unwitnessed", "en", "Genuine and in force", []string{"No outsider signed the log."}},
		{"aged", "en", "Genuine; last confirmed 3 days ago", nil},
		{"suspended", "en", "Suspended: it may not be used for now", []string{"Warmth lamp"}},
		{"expired-since", "de", "Abgelaufen am 6. M\u00e4rz 2028", nil},
		{"byte", "en", "Not genuine", []string{"proof-wrong", "Do not rely on this file."}},
		{"clock-behind", "en", "Cannot be checked here", []string{"Set it, then try again."}},
	} {
		raw, err := os.ReadFile(filepath.Join(dir, c.vector+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var v struct {
			Bundle []byte
			Trust  string
			Now    time.Time
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		trust, err := os.ReadFile(filepath.Join(dir, v.Trust))
		if err != nil {
			t.Fatal(err)
		}
		page, err := verifier.Page(c.lang, trust)
		if err != nil {
			t.Fatal(err)
		}
		name := "/" + c.vector + "/" + c.lang
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", html)
			w.Write(page)
		})
		do := fmt.Sprintf(choose, v.Now.UnixMilli(), base64.StdEncoding.EncodeToString(v.Bundle))
		tab, err := b.Open(browser.View{Width: 800, Height: 900}, srv.URL+name)
		if err != nil {
			t.Fatal(err)
		}
		var title, text string
		if err := tab.Eval(do+`.then(() => document.querySelector('#r strong')?.textContent ?? document.body.textContent)`, &title); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := tab.Eval(`document.querySelector('main').textContent`, &text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if title != c.says {
			t.Errorf("%s: the page says %q, want %q", name, title, c.says)
		}
		for _, s := range c.also {
			if !strings.Contains(text, s) {
				t.Errorf("%s: the page does not say %q", name, s)
			}
		}
		if p := tab.Problems(); len(p) > 0 {
			t.Errorf("%s: the browser complains: %q", name, p)
		}
		tab.Close()
		visit(served{name: name, requests: 1, prepare: do}, srv.URL+name)
	}
	visit(served{})
	srv.CloseClientConnections()
}

// asks puts every vector to the script in the browser, and tells those that
// are answered otherwise than they say; then what a browser says that has no
// Ed25519.
const asks = `(async () => {
	const { verify } = await import('/verifier.mjs'), wrong = [];
	const bytes = async name => new Uint8Array(await (await fetch('/vectors/' + name)).arrayBuffer());
	let n = 0, last;
	for (const name of %s) {
		const v = JSON.parse(new TextDecoder().decode(await bytes(name)));
		last = [Uint8Array.from(atob(v.bundle), c => c.charCodeAt()), await bytes(v.trust), Date.parse(v.now) / 1000];
		const r = await verify(...last);
		if (r.answer !== v.answer || (r.failure ?? '') !== (v.failure ?? '')) wrong.push(name + ': ' + r.answer + ' ' + r.failure);
		n++;
	}
	crypto.subtle.importKey = () => Promise.reject(new DOMException('Algorithm: Unrecognized name', 'NotSupportedError'));
	const without = await verify(...last);
	return [n + ' vectors', without.answer + ' ' + without.failure, ...wrong];
})()`

// The shared vectors with the browser's own cryptography and inflate, which
// are others than Node's.
func TestVerifierVectors(t *testing.T) {
	b := browser.Start(t)
	const dir = "../../verify/testdata/vectors"
	files, err := filepath.Glob(dir + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if name := filepath.Base(f); !strings.HasPrefix(name, "trust-") {
			names = append(names, name)
		}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /vectors/", http.StripPrefix("/vectors/", http.FileServer(http.Dir(dir))))
	mux.HandleFunc("GET /verifier.mjs", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write(verifier.Script())
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", html)
		w.Write([]byte("<!DOCTYPE html><title>vectors</title>"))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	tab, err := b.Open(browser.View{Width: 800, Height: 600}, srv.URL+"/")
	if err != nil {
		t.Fatal(err)
	}
	defer tab.Close()
	list, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := tab.Eval(fmt.Sprintf(asks, list), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{fmt.Sprint(len(names), " vectors"), "cannot-check algorithm-missing"}, got); d != "" {
		t.Error(d)
	}
	srv.CloseClientConnections()
}
