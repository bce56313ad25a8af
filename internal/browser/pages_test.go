//go:build !race

package browser_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/browser"
	"github.com/open-iot-mark/iotmark/internal/determine"
	"github.com/open-iot-mark/iotmark/internal/dossier"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/label"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/page"
	"github.com/open-iot-mark/iotmark/internal/preview"
	"github.com/open-iot-mark/iotmark/internal/report"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// served is one thing that can be opened, with the policy it is served with.
type served struct {
	name     string
	policy   string
	kind     string
	body     []byte
	requests int // how many a visit makes
}

const html = "text/html; charset=utf-8"

// judged gives every product of the corpus.
func judged(t *testing.T) map[string]preview.Judged {
	t.Helper()
	cat, err := catalogue.Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../testdata/products/*/iotmark.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d products, %v", len(files), err)
	}
	out := map[string]preview.Judged{}
	for _, f := range files {
		dir := filepath.Dir(f)
		d, err := dossier.Open(dir, cat, dossier.Options{AsOf: "2026-11-22"})
		if err != nil {
			t.Fatal(err)
		}
		a, err := determine.Run(context.Background(), determine.Input{Catalogue: cat, Dossier: d, AsOf: "2026-11-22", Limits: evidence.DefaultLimits()})
		if err != nil {
			t.Fatal(err)
		}
		d.Close()
		out[filepath.Base(dir)] = preview.Judged{Declaration: d.Declaration, Assessment: a, Catalogue: cat}
	}
	return out
}

// everything renders the public page of each product in each language, and of
// one product the page of all criteria and the report.
func everything(t *testing.T, products map[string]preview.Judged) []served {
	t.Helper()
	var out []served
	add := func(name, policy string, write func(*bytes.Buffer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		out = append(out, served{name, policy, html, b.Bytes(), 1})
	}
	for name, j := range products {
		for _, l := range message.Languages() {
			in := input(t, j, l.Code)
			add("/page/"+name+"/"+l.Code, page.ContentSecurityPolicy, func(b *bytes.Buffer) error { return page.HTML(b, in) })
			if name == "average" || name == "hostile" {
				add("/criteria/"+name+"/"+l.Code, page.ContentSecurityPolicy, func(b *bytes.Buffer) error { return page.HTMLCriteria(b, in) })
			}
		}
		if name == "average" || name == "hostile" {
			add("/report/"+name, report.ContentSecurityPolicy, func(b *bytes.Buffer) error {
				return report.HTML(b, report.Input{Assessment: j.Assessment, Catalogue: j.Catalogue, Words: message.English()})
			})
		}
	}
	slices.SortFunc(out, func(a, b served) int { return strings.Compare(a.name, b.name) })
	return out
}

func input(t *testing.T, j preview.Judged, lang string) page.Input {
	t.Helper()
	w, ok := message.In(lang)
	if !ok {
		t.Fatalf("there are no words for %s", lang)
	}
	in := page.Input{Declaration: j.Declaration, Assessment: j.Assessment, Catalogue: j.Catalogue, Words: w, Criteria: "criteria", Product: "page"}
	for _, l := range message.Languages() {
		in.Languages = append(in.Languages, page.Link{Code: l.Code, Name: l.Name, Href: l.Code})
	}
	in.Files = []page.File{{Name: "declaration.json", Href: "declaration.json", SHA256: iotmark.Digest(strings.Repeat("ab", 32)), Size: 12345}}
	return in
}

// hostile is a product whose names are as long and as odd as they come.
func hostile(j preview.Judged) preview.Judged {
	d := *j.Declaration
	d.Product.Name, d.Product.Model = strings.Repeat("W", 160), strings.Repeat("\u0634\u0631\u0643\u0629 ", 30)
	d.Product.Kind, d.Product.Summary = strings.Repeat("unbreakable", 10), strings.Repeat("\u202e<b>", 40)
	d.Maker.Name, d.Maker.Address = strings.Repeat("M", 160), strings.Repeat("_", 160)
	d.Contacts.Security = "mailto:" + strings.Repeat("s", 60) + "@" + strings.Repeat("m", 100) + ".example"
	d.Functions = slices.Clone(d.Functions)
	for i := range d.Functions {
		d.Functions[i].Text = strings.Repeat("WWWW/", 40)
	}
	a := j.Assessment
	a.Product, a.Model, a.Maker = d.Product.Name, d.Product.Model, d.Maker.Name
	return preview.Judged{Declaration: &d, Assessment: a, Catalogue: j.Catalogue}
}

// barrier is one violation of axe-core.
type barrier struct {
	ID    string   `json:"id"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// barriers asks axe-core for everything it can see; what stands in a frame is
// looked at by itself.
const barriers = `axe.run(document, {iframes: false, resultTypes: ['violations'], %s}).then(r =>
	r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 300))})))`

// colours are the only thing that differs in the dark.
const colours = `runOnly: ['color-contrast', 'link-in-text-block']`

// wide tells which elements stand out of the window, when it scrolls
// sideways.
const wide = `(() => { const w = innerWidth, e = document.scrollingElement; if (e.scrollWidth <= w) return [];
	return [e.scrollWidth + ' > ' + w, ...[...document.querySelectorAll('body *')].filter(x => { const r = x.getBoundingClientRect(); return r.right > w + 1 || r.left < -1; })
		.slice(0, 4).map(x => x.outerHTML.slice(0, 200))]; })()`

// Every page in a real browser: no barrier that axe-core knows, nothing wider
// than the window in the narrow, with text of 200 % and from right to left;
// one request, no complaint of the browser.
func TestPages(t *testing.T) {
	axe := string(samples.Packaged(t, "pages"))
	b := browser.Start(t)
	products := judged(t)
	products["hostile"] = hostile(products["average"])
	all := everything(t, products)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	for _, s := range all {
		mux.HandleFunc("GET "+s.name, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", s.kind)
			w.Header().Set("Content-Security-Policy", s.policy)
			w.Write(s.body)
		})
	}
	srv := httptest.NewServer(mux)
	defer srv.Close()
	visit := visitor(t, b, axe)
	for _, s := range all {
		visit(s, srv.URL+s.name)
	}
	visit(served{})

	// The shell of the preview, with pages in frames; and with trouble.
	first := true
	p := preview.New(context.Background(), "../../testdata/products/average", func(context.Context) (preview.Judged, error) {
		if first {
			first = false
			return products["average"], nil
		}
		return preview.Judged{}, iotmark.Errors{{Kind: iotmark.Invalid, ID: "date-impossible", Pos: "iotmark.yaml:5:26", Msg: strings.Repeat("W", 300)}}
	})
	shell := httptest.NewServer(p)
	defer shell.Close()
	visit(served{name: "/", requests: 4}, shell.URL+"/")
	visit(served{name: "/ in German", requests: 4}, shell.URL+"/?lang=de")
	visit(served{})
	p.Look(context.Background())
	visit(served{name: "/ with trouble", requests: 4}, shell.URL+"/")
	visit(served{})
	srv.CloseClientConnections()
	shell.CloseClientConnections()
}

// visitor returns a function that looks at one address in each view. Two are
// looked at at a time; called without an address it waits for all.
func visitor(t *testing.T, b *browser.Browser, axe string) func(s served, address ...string) {
	var busy sync.WaitGroup
	slots := make(chan struct{}, 2)
	return func(s served, address ...string) {
		if len(address) == 0 {
			busy.Wait()
			return
		}
		for _, v := range []browser.View{{Width: 320, Height: 640}, {Width: 1280, Height: 800}} {
			slots <- struct{}{}
			busy.Go(func() {
				defer func() { <-slots }()
				look(t, b, axe, s, v, address[0])
			})
		}
	}
}

func look(t *testing.T, b *browser.Browser, axe string, s served, v browser.View, address string) {
	name := fmt.Sprintf("%s at %d", s.name, v.Width)
	tab, err := b.Open(v, address)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer tab.Close()
	ask := func(expression string, into any) {
		if err := tab.Eval(expression, into); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	got := slices.DeleteFunc(tab.Requests(), func(a string) bool {
		// The one a browser asks for by itself, when it likes; the other stays
		// open and is begun when the page is there already.
		return strings.HasSuffix(a, "/favicon.ico") || strings.HasSuffix(a, "/events")
	})
	if len(got) != s.requests {
		t.Errorf("%s asks for %d things: %v", name, len(got), got)
	}
	ask(axe+"; 0", nil)
	for _, dark := range []bool{false, true} {
		rules := ""
		if v.Dark = dark; dark {
			rules = colours
		}
		if err := tab.Show(v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var found []barrier
		ask(fmt.Sprintf(barriers, rules), &found)
		for _, f := range found {
			t.Errorf("%s, dark %v: %s: %s\n%s", name, dark, f.ID, f.Help, strings.Join(f.Nodes, "\n"))
		}
	}
	var out []string
	for _, turn := range []string{
		"0",
		"document.documentElement.dir = 'rtl'",
		"document.documentElement.style.fontSize = '200%'",
		"document.documentElement.dir = 'ltr'; document.querySelectorAll('details').forEach(d => d.open = true)",
	} {
		ask(turn, nil)
		ask(wide, &out)
		if len(out) > 0 {
			t.Errorf("%s, after %q: wider than the window\n%s", name, turn, strings.Join(out, "\n"))
		}
	}
	if p := tab.Problems(); len(p) > 0 {
		t.Errorf("%s: the browser complains: %q", name, p)
	}
}

// Text of the label stays in its frame and does not run into other text, with
// the fonts of this machine, in every language and for every product.
func TestLabels(t *testing.T) {
	b := browser.Start(t)
	products := judged(t)
	products["hostile"] = hostile(products["average"])
	drawings := map[string][]byte{}
	for name, j := range products {
		for _, l := range message.Languages() {
			panel := page.Panel(input(t, j, l.Code))
			drawings["/"+name+"/"+l.Code+"/ltr"] = label.Preview(panel)
			panel.Dir = "rtl"
			drawings["/"+name+"/"+l.Code+"/rtl"] = label.Preview(panel)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
		w.Write(drawings[r.URL.Path])
	}))
	defer srv.Close()
	const bad = `(() => { const t = [...document.querySelectorAll('text:not([aria-hidden])')].map(e => ({s: e.textContent, r: e.getBBox()})); const out = [];
		for (const a of t) if (a.r.x < 20 || a.r.x + a.r.width > 580) out.push('out of the frame: ' + a.s);
		for (const a of t) for (const b of t) if (a !== b && a.r.x < b.r.x + b.r.width && b.r.x < a.r.x + a.r.width &&
			a.r.y + a.r.height * .3 < b.r.y + b.r.height * .7 && b.r.y + b.r.height * .3 < a.r.y + a.r.height * .7) out.push(a.s + ' runs into ' + b.s);
		return [...out, ...(t.length < 25 ? ['only ' + t.length + ' texts'] : [])]; })()`
	for name := range drawings {
		tab, err := b.Open(browser.View{Width: 600, Height: 1200}, srv.URL+name)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		if err := tab.Eval(bad, &out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, o := range out {
			t.Errorf("%s: %s", name, o)
		}
		if p := tab.Problems(); len(p) > 0 || len(tab.Requests()) != 1 {
			t.Errorf("%s: %q %q", name, p, tab.Requests())
		}
		tab.Close()
	}
	srv.CloseClientConnections()
}
