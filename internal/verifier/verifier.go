// Package verifier has the second implementation of the verification of a
// mark: JavaScript without a dependency, and a static page around it that
// anybody can host or keep on a disk. The script is written against the
// formats, not against package verify; shared vectors and a differential
// fuzz test hold the two to the same answers.
//
// It is data: the sources, and how they are put together to one file. What it
// refuses to do: reach a network; the page's own policy forbids it. What can
// go wrong: a browser without Ed25519 in WebCrypto cannot check; it says so.
package verifier

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html"
	"maps"
	"slices"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

var (
	//go:embed verifier.mjs
	script string
	//go:embed page.mjs
	around string
	//go:embed style.css
	style string
	//go:embed words.json
	words []byte
	//go:embed verifier.html
	skeleton string
)

// Script returns the verifier as an ECMAScript module, made of Source with
// short names and without comments. It exports verify(bundle, trust, now): two
// Uint8Array and Unix seconds in, and a promise of the result out, whose
// members are those of verify.Result, with times in Unix seconds and the
// failure as its id.
func Script() []byte { return []byte(shrink(script)) }

// Source returns what Script and Page are made of, as it was written. A page
// links to it as verifier.mjs.
func Source() []byte { return []byte(script) }

// Languages returns the languages that the page is there in, by their tags.
func Languages() []string { return slices.Sorted(maps.Keys(sayings)) }

// sayings are the words of the page by language and name.
var sayings = func() (out map[string]map[string]string) {
	if err := json.Unmarshal(words, &out); err != nil {
		panic("verifier: words.json: " + err.Error()) // a test reads it
	}
	return out
}()

// Page returns the page in a language as one file of HTML: no other file, no
// network, no cookie. Its Content-Security-Policy admits its own script and
// style by hash. Trust is a trust.json that it starts with, and may be empty:
// then whoever checks chooses one. Errors are of kind Invalid: trust-malformed,
// for what is no JSON (whether it is a good one says verify.ParseTrust), and
// language-unknown.
func Page(language string, trust []byte) ([]byte, error) {
	say, ok := sayings[language]
	if !ok {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "language-unknown", Field: "language",
			Msg: "the page is there in " + strings.Join(Languages(), " and ") + ", not in " + language}
	}
	trust = bytes.TrimSpace(trust)
	// What ends the element or begins a comment in it cannot be put into a script element.
	if len(trust) > 0 && (!json.Valid(trust) || bytes.Contains(trust, []byte("<"))) {
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "trust-malformed", Field: "trust",
			Msg: "the trust file is not JSON, or has the character < in it; give the page the file as it was published"}
	}
	// The page stands in a block, so that its names do not meet the verifier's.
	code := shrink(strings.Replace(script, "\nexport ", "\n", 1) + "{\n" + around + "}\n")
	policy := "default-src 'none'; script-src '" + hash(code) + "'; style-src '" + hash(style) + "'; base-uri 'none'; form-action 'none'"
	spoken := map[string]string{}
	puts := []string{"{{lang}}", language, "{{policy}}", policy, "{{style}}", style, "{{built-in}}", string(trust), "{{script}}", code}
	for name, s := range say {
		if place := "{{" + name + "}}"; strings.Contains(skeleton, place) {
			puts = append(puts, place, html.EscapeString(s))
		} else {
			spoken[name] = s
		}
	}
	b, err := json.Marshal(spoken) // which writes < as an escape
	if err != nil {
		return nil, err
	}
	return []byte(strings.NewReplacer(append(puts, "{{words}}", string(b))...).Replace(skeleton)), nil
}

// hash is a source expression of a Content-Security-Policy (CSP 3, 2.3.1).
func hash(s string) string {
	h := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(h[:])
}
