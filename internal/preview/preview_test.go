package preview_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/preview"
)

const declaration = `iotmark: "2026.1"
product: {name: NAME, model: L1, kind: lamp, first_sale: 2026-01-01}
maker: {name: Pebble Ltd, address: 1 Lane, country: GB, email: a@pebble.example}
facts: {}
support: {updates_until: 2030-01-31}
evidence:
  - {id: manual, kind: document, title: Manual, path: evidence/manual.md}
`

// desk is a dossier, its preview on the loopback, and a stream of versions.
type desk struct {
	t      *testing.T
	dir    string
	url    string
	p      *preview.Preview
	events *bufio.Scanner
}

func open(t *testing.T, files map[string]string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	for name, content := range files {
		d.write(name, content)
	}
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := preview.New(ctx, d.dir, func(ctx context.Context) (preview.Judged, error) {
		dos, err := dossier.Open(d.dir, cat, dossier.Options{AsOf: "2026-11-22"})
		if err != nil {
			return preview.Judged{}, err
		}
		defer dos.Close()
		a, err := determine.Run(ctx, determine.Input{Catalogue: cat, Dossier: dos, AsOf: "2026-11-22", Limits: evidence.DefaultLimits()})
		return preview.Judged{Declaration: dos.Declaration, Assessment: a, Catalogue: cat}, err
	})
	d.p = p
	srv := httptest.NewServer(p)
	d.url = srv.URL
	t.Cleanup(func() {
		cancel()
		srv.CloseClientConnections()
		srv.Close()
	})
	res, err := http.Get(d.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Fatalf("the stream is %s", ct)
	}
	d.events = bufio.NewScanner(res.Body)
	d.event("1")
	return d
}

// event waits for the next version on the stream.
func (d *desk) event(want string) {
	d.t.Helper()
	for d.events.Scan() {
		if v, ok := strings.CutPrefix(d.events.Text(), "data: "); ok {
			if v != want {
				d.t.Fatalf("version %s, want %s", v, want)
			}
			return
		}
	}
	d.t.Fatal("the stream ended")
}

// look lets time pass.
func (d *desk) look() { d.p.Step(d.t.Context()) }

func (d *desk) write(name, content string) {
	d.t.Helper()
	file := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		d.t.Fatal(err)
	}
	// As editors do: a new file takes the place of the old one.
	if err := os.WriteFile(file+"~", []byte(content), 0o644); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(file+"~", file); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) get(path string) (string, http.Header) {
	d.t.Helper()
	res, err := http.Get(d.url + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s %v", path, res.Status, err)
	}
	return string(b), res.Header
}

func contains(t *testing.T, s string, pieces ...string) {
	t.Helper()
	for _, p := range pieces {
		if !strings.Contains(s, p) {
			t.Errorf("%q is missing in\n%.3000s", p, s)
		}
	}
}

func named(name string) string { return strings.Replace(declaration, "NAME", name, 1) }

// A maker edits: the preview follows, tells what is broken, keeps the last
// good pages, and recovers by itself.
func TestFollowsTheFiles(t *testing.T) {
	t.Parallel()
	d := open(t, map[string]string{"iotmark.yaml": named("Glow"), "evidence/manual.md": "# Manual\n"})
	shell, _ := d.get("/")
	contains(t, shell, `data-version="1"`, "Preview: <bdi>Glow</bdi>", `<iframe src="/page/en" title="Public page" sandbox>`, `src="/label/en.svg"`, `<iframe src="/report"`,
		"Nothing here is public, and none of it is a mark.", `<noscript><meta http-equiv="refresh" content="5"></noscript>`)
	d.look() // nothing has changed, so that the next version is 2

	d.write("iotmark.yaml", named("Glimmer"))
	d.look()
	d.event("2")
	page, _ := d.get("/page/en")
	contains(t, page, "Glimmer", "It is not a mark.")
	german, _ := d.get("/page/de")
	contains(t, german, "Glimmer", "Sie ist kein Zeichen.")
	drawing, _ := d.get("/label/de.svg")
	contains(t, drawing, "Glimmer", "VORSCHAU", "Januar 2030")
	criteria, _ := d.get("/criteria/de")
	contains(t, criteria, "alle Punkte")

	d.write("iotmark.yaml", strings.Replace(named("Gleam"), "2030-01-31", "2030-02-31", 1))
	d.look()
	d.event("3")
	shell, _ = d.get("/?lang=de")
	contains(t, shell, "The dossier cannot be read right now", "<code>iotmark.yaml:5:26</code>", "support.updates_until", "there is no day 2030-02-31", "[date-impossible]",
		"Public page, old", "Glimmer", "the last state that could be read", `src="/page/de"`, "<title>Broken: ")
	page, _ = d.get("/page/en")
	contains(t, page, "Glimmer")

	d.write("iotmark.yaml", named("Gleam"))
	d.look()
	d.event("4")
	shell, _ = d.get("/")
	contains(t, shell, "<bdi>Gleam</bdi>")
	if strings.Contains(shell, "cannot be read") {
		t.Error("the trouble is still told")
	}

	// A file of evidence changes, goes, and comes.
	d.write("evidence/manual.md", "# Another manual\n")
	d.look()
	d.event("5")
	if err := os.Remove(filepath.Join(d.dir, "evidence", "manual.md")); err != nil {
		t.Fatal(err)
	}
	d.look()
	d.event("6")
	report, _ := d.get("/report")
	contains(t, report, "missing")
	d.write("evidence/manual.md", "# Manual\n")
	d.look()
	d.event("7")

	// The declaration itself goes and comes.
	if err := os.Rename(filepath.Join(d.dir, "iotmark.yaml"), filepath.Join(d.dir, "away.yaml")); err != nil {
		t.Fatal(err)
	}
	d.look()
	d.event("8")
	shell, _ = d.get("/")
	contains(t, shell, "cannot be read right now", "Gleam")
	d.write("iotmark.yaml", named("Glint"))
	d.look()
	d.event("9")
}

// Run looks at each tick until its context ends.
func TestRun(t *testing.T) {
	t.Parallel()
	d := open(t, map[string]string{"iotmark.yaml": named("Glow")})
	ctx, cancel := context.WithCancel(t.Context())
	tick, ended := make(chan time.Time), make(chan struct{})
	go func() { d.p.Run(ctx, tick); close(ended) }()
	d.write("iotmark.yaml", named("Glimmer"))
	tick <- time.Time{}
	d.event("2")
	cancel()
	<-ended
}

// A preview that begins with a broken declaration has no pages to show, and
// comes to life when the file is mended.
func TestBeginsBroken(t *testing.T) {
	t.Parallel()
	d := open(t, map[string]string{"iotmark.yaml": "iotmark: \"2026.1\"\nproduct: {name: \"<script>alert(1)</script>\x1b[2J\"}\n"})
	shell, _ := d.get("/")
	contains(t, shell, "The preview comes by itself when the file is mended.", "[")
	if strings.Contains(shell, "<iframe") || strings.Contains(shell, "<script>alert") {
		t.Error("the shell shows pages that are not there, or lets text in")
	}
	d.write("iotmark.yaml", named("<b>Glow</b>"))
	d.look()
	d.event("2")
	shell, _ = d.get("/")
	contains(t, shell, "&lt;b&gt;Glow&lt;/b&gt;", "iframe")
}

// Who may look: this machine, by its own names, with a browser that keeps the
// pages apart.
func TestRefuses(t *testing.T) {
	t.Parallel()
	d := open(t, map[string]string{"iotmark.yaml": named("Glow")})
	addr := strings.TrimPrefix(d.url, "http://")
	port := addr[strings.LastIndex(addr, ":"):]
	for _, c := range []struct {
		name, method, path, host string
		want                     int
	}{
		{"as printed", "GET", "/", addr, 200},
		{"localhost", "GET", "/page/en", "localhost" + port, 200},
		{"the other loopback", "GET", "/", "[::1]" + port, 200},
		{"head", "HEAD", "/", addr, 200},
		{"a name that points here", "GET", "/", "evil.example" + port, 421},
		{"a name that points here, the stream", "GET", "/events", "evil.example" + port, 421},
		{"a name like an address", "GET", "/", "127.0.0.1.evil.example" + port, 421},
		{"another address", "GET", "/", "192.0.2.1" + port, 421},
		{"no port", "GET", "/", "localhost", 421},
		{"post", "POST", "/", addr, 405},
		{"options", "OPTIONS", "/", addr, 405},
		{"a file", "GET", "/iotmark.yaml", addr, 404},
		{"a path out", "GET", "/page/../../etc/passwd", addr, 404},
		{"a language that is none", "GET", "/page/xx", addr, 404},
	} {
		req, err := http.NewRequest(c.method, d.url+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = c.host
		req.Header.Set("Origin", "https://evil.example")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", c.name, res.Status, c.want)
		}
		for k := range res.Header {
			if strings.HasPrefix(k, "Access-Control-") || k == "Set-Cookie" {
				t.Errorf("%s: there is a header %s", c.name, k)
			}
		}
		if p := res.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
			t.Errorf("%s: the policy is %q", c.name, p)
		}
	}
	_, h := d.get("/page/en")
	contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'self'")
	if p := h.Get("Content-Security-Policy"); strings.Contains(p, "script-src") {
		t.Errorf("the page may run scripts: %s", p)
	}
	shell, h := d.get("/")
	m := regexp.MustCompile(`(?s)<script>(.*?)</script>`).FindAllStringSubmatch(shell, -1)
	if len(m) != 1 {
		t.Errorf("the shell has %d scripts", len(m))
	}
	contains(t, h.Get("Content-Security-Policy"), "script-src 'sha256-", "frame-ancestors 'none'", "connect-src 'self'")
}

// Too many windows are turned away, and a window that closes makes room.
func TestManyWindows(t *testing.T) {
	t.Parallel()
	d := open(t, map[string]string{"iotmark.yaml": named("Glow")})
	var open []io.Closer
	status := 0
	for range 40 {
		res, err := http.Get(d.url + "/events")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, res.Body)
		if status = res.StatusCode; status != 200 {
			break
		}
	}
	if status != http.StatusServiceUnavailable || len(open) != 32 {
		t.Errorf("window %d: status %d", len(open)+1, status)
	}
	for _, c := range open {
		c.Close()
	}
	d.write("iotmark.yaml", named("Gleam"))
	d.look()
	d.event("2")
}
