package preview

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/open-iot-mark/iotmark/internal/message"
)

//go:embed shell.html.tmpl
var shellText string

//go:embed shell.css
var shellStyle string

//go:embed shell.js
var shellScript string

var shellTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("shell").Parse(shellText)) })

const html = "text/html; charset=utf-8"

// shellPolicy lets the shell run its own few lines, listen to this server and
// show its pages in frames. Nothing else.
var shellPolicy = "default-src 'none'; style-src " + hash(shellStyle) + "; script-src " + hash(shellScript) +
	"; connect-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// ServeHTTP answers for the preview: the shell at /, the pages it shows, and
// at /events a stream that says which version is shown.
func (p *Preview) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'")
	switch {
	case !local(r.Host):
		// A page elsewhere must not read this by a name that it points at
		// the loopback.
		http.Error(w, "this preview is for this machine only", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "a preview can only be looked at", http.StatusMethodNotAllowed)
	case r.URL.Path == "/":
		p.shell(w, r)
	case r.URL.Path == "/favicon.ico": // browsers ask by themselves; there is none, and that is no error
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == "/events":
		p.events(w, r)
	default:
		a, ok := p.now().pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h.Set("Content-Type", a.kind)
		h.Set("Content-Security-Policy", a.policy)
		w.Write(a.body)
	}
}

// local reports whether a request was meant for this machine: by a loopback
// address or the name localhost, with a port.
func local(host string) bool {
	name, _, err := net.SplitHostPort(host)
	return err == nil && (name == "localhost" || net.ParseIP(name).IsLoopback())
}

// shellView is exactly what the shell shows.
type shellView struct {
	Style     template.CSS
	Script    template.JS
	Version   int
	Name      string
	Lang      string
	Languages []message.Language
	Label     string
	Ready     bool // there are pages to show
	Trouble   []trouble
}

func (p *Preview) shell(w http.ResponseWriter, r *http.Request) {
	lang := r.URL.Query().Get("lang")
	if !slices.ContainsFunc(message.Languages(), func(l message.Language) bool { return l.Code == lang }) {
		lang = message.Languages()[0].Code
	}
	s := p.now()
	var b bytes.Buffer
	err := shellTemplate().Execute(&b, shellView{
		Style: template.CSS(shellStyle), Script: template.JS(shellScript), Version: s.version, Name: s.name, Lang: lang,
		Languages: message.Languages(), Label: s.label[lang], Ready: s.pages != nil, Trouble: s.trouble,
	})
	if err != nil {
		http.Error(w, "the preview could not be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", html)
	w.Header().Set("Content-Security-Policy", shellPolicy)
	w.Write(b.Bytes())
}

// events tells the version that is shown, at once and after each change
// (HTML, 9.2, server-sent events).
func (p *Preview) events(w http.ResponseWriter, r *http.Request) {
	changed, done, ok := p.wait()
	if !ok {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many windows show this preview; close some", http.StatusServiceUnavailable)
		return
	}
	defer done()
	w.Header().Set("Content-Type", "text/event-stream")
	rc := http.NewResponseController(w)
	for {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", strconv.Itoa(p.now().version)); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-changed:
		}
	}
}
