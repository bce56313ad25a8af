package interop_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/interop"
)

const plain = `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:x:1","type":["VerifiableCredential"],"credentialSubject":{"name":"Öko \u0026 Lampe <1>"}}`

// ask posts JSON, or gets where there is none.
func ask(t *testing.T, h http.Handler, path, body string) (int, string) {
	t.Helper()
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
	b, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result().StatusCode, string(b)
}

func issue(t *testing.T, h http.Handler, credential string) string {
	t.Helper()
	status, body := ask(t, h, "/credentials/issue", `{"credential":`+credential+`}`)
	if status != http.StatusCreated {
		t.Fatalf("issue: %d %s", status, body)
	}
	return body
}

func verified(t *testing.T, h http.Handler, credential string) (bool, string) {
	t.Helper()
	status, body := ask(t, h, "/credentials/verify", `{"verifiableCredential":`+credential+`}`)
	return status == http.StatusOK, body
}

// A credential is verified until its bit is set, and again when it is cleared;
// the neighbour's bit is another.
func TestStatus(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	h := interop.New("example.org", func() time.Time { return now }).Handler()
	first, second := issue(t, h, plain), issue(t, h, strings.Replace(plain, "urn:x:1", "urn:x:2", 1))
	set := func(purpose, status string) {
		t.Helper()
		code, body := ask(t, h, "/credentials/status", `{"credentialId":"urn:x:1","credentialStatus":{"statusPurpose":"`+purpose+`"}`+status+`}`)
		if code != http.StatusOK {
			t.Fatalf("set: %d %s", code, body)
		}
	}
	steps := []struct {
		name string
		do   func()
		want bool
	}{
		{"issued", func() {}, true},
		{"suspended", func() { set("suspension", "") }, false},
		{"restored", func() { set("suspension", `,"status":false`) }, true},
		{"withdrawn", func() { set("revocation", `,"status":true`) }, false},
	}
	for _, s := range steps {
		s.do()
		if ok, body := verified(t, h, first); ok != s.want {
			t.Errorf("%s: got %t (%s), want %t", s.name, ok, body, s.want)
		}
		if ok, body := verified(t, h, second); !ok {
			t.Errorf("%s: the other credential: %s", s.name, body)
		}
	}
	for _, path := range []string{"/status/1-revocation", "/status/1-suspension"} {
		if code, body := ask(t, h, path, ""); code != http.StatusOK || !strings.Contains(body, `"BitstringStatusListCredential"`) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	if code, _ := ask(t, h, "/status/2-revocation", ""); code != http.StatusBadRequest {
		t.Errorf("a list that is not there: %d", code)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	h := interop.New("example.org", func() time.Time { return time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC) }).Handler()
	good := issue(t, h, plain)
	if ok, body := verified(t, h, good); !ok {
		t.Fatalf("the credential itself: %s", body)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, []byte(good), "", "  "); err != nil {
		t.Fatal(err)
	}
	if ok, body := verified(t, h, indented.String()); !ok {
		t.Errorf("written with white space: %s", body)
	}
	for name, change := range map[string][2]string{
		"another name":          {"Lampe", "Lampf"},
		"a member more":         {`"id":"urn:x:1"`, `"id":"urn:x:1","if":1`},
		"another key":           {`"verificationMethod":"did:key:z6Mk`, `"verificationMethod":"did:key:z6Mj`},
		"a key of another kind": {`"verificationMethod":"did:key:`, `"verificationMethod":"did:web:`},
		"a list of others":      {`https://example.org/status`, `https://example.com/status`},
		"an index beyond":       {`"statusListIndex":"0"`, `"statusListIndex":"131072"`},
		"an index as number":    {`"statusListIndex":"0"`, `"statusListIndex":0`},
		"no proof":              {`"proof":`, `"prof":`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if bad == good {
			t.Fatalf("%s: %q is not in %s", name, change[0], good)
		}
		if ok, _ := verified(t, h, bad); ok {
			t.Errorf("%s was verified", name)
		}
	}
	for name, change := range map[string][2]string{
		"version 1.1":              {"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/2018/credentials/v1"},
		"no type":                  {`"VerifiableCredential"`, ``},
		"of another issuer":        {`"type"`, `"issuer":"did:key:z6Mk","type"`},
		"a status already":         {`"type"`, `"credentialStatus":[],"type"`},
		"a malformed status entry": {`"type"`, `"statusEntry":{"type":"BitstringStatusListEntry","statusListIndex":true,"statusListCredential":"https://example.com"},"type"`},
		"a malformed status index": {`"type"`, `"s":[{"type":"BitstringStatusListEntry","statusPurpose":"revocation","statusListIndex":"-1","statusListCredential":"https://example.com"}],"type"`},
	} {
		bad := strings.Replace(plain, change[0], change[1], 1)
		if bad == plain {
			t.Fatalf("%s: %q is not in the credential", name, change[0])
		}
		if code, body := ask(t, h, "/credentials/issue", `{"credential":`+bad+`}`); code != http.StatusBadRequest {
			t.Errorf("%s was issued: %s", name, body)
		}
	}
	for name, body := range map[string]string{"no JSON": "x", "null": "null", "no credential": "{}", "too much": `{"credential":"` + strings.Repeat("x", 1<<20) + `"}`} {
		for _, path := range []string{"/credentials/issue", "/credentials/verify", "/credentials/status"} {
			if code, got := ask(t, h, path, body); code != http.StatusBadRequest {
				t.Errorf("%s to %s: %d %s", name, path, code, got)
			}
		}
	}
}
