// Package browser drives a real Chromium for tests: it opens pages, asks them
// questions, and tells what they loaded and complained about. It speaks the
// DevTools protocol over two pipes, which needs nothing but the standard
// library (https://chromedevtools.github.io/devtools-protocol/, 1.3; the
// stable domains Page, Runtime, Network, Log, Emulation and Target).
//
// What it refuses to do: reach anything but the loopback. What can go wrong:
// Chromium is absent; then the test is skipped by name, and fails in CI.
package browser

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/samples"
)

// patience is how long one answer of the browser may take.
const patience = 60 * time.Second

// Browser is one running Chromium.
type Browser struct {
	writing sync.Mutex
	out     io.Writer // commands; guarded by writing

	// mu guards what follows. It is never held while writing: the browser may
	// wait for us to read.
	mu      sync.Mutex
	last    int
	answers map[int]chan answer
	tabs    map[string]*Tab // by session
	broken  error
}

type answer struct {
	result json.RawMessage
	err    error
}

// Start starts Chromium with an empty profile and ends it with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	path := samples.Program(t, "chromium", "chromium-browser", "google-chrome")
	cmdRead, cmdWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	evRead, evWrite, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "--headless", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(),
		"--no-sandbox", // a container has no user namespaces; the pages are our own
		"--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "about:blank")
	cmd.ExtraFiles = []*os.File{cmdRead, evWrite} // descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cmdRead.Close()
	evWrite.Close()
	b := &Browser{out: cmdWrite, answers: map[int]chan answer{}, tabs: map[string]*Tab{}}
	ended := make(chan struct{})
	go func() { b.listen(evRead); close(ended) }()
	t.Cleanup(func() {
		b.call("", "Browser.close", nil, nil)
		cmdWrite.Close()
		killed := time.AfterFunc(10*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		killed.Stop()
		<-ended
		evRead.Close()
	})
	return b
}

// listen takes what the browser says until its pipe ends.
func (b *Browser) listen(r io.Reader) {
	s := bufio.NewReaderSize(r, 1<<20)
	for {
		raw, err := s.ReadBytes(0)
		if err != nil {
			b.mu.Lock()
			b.broken = errors.New("the browser ended")
			for id, c := range b.answers {
				c <- answer{err: b.broken}
				delete(b.answers, id)
			}
			b.mu.Unlock()
			return
		}
		var m struct {
			ID        int             `json:"id"`
			Session   string          `json:"sessionId"`
			Method    string          `json:"method"`
			Params    json.RawMessage `json:"params"`
			Result    json.RawMessage `json:"result"`
			ErrorBody *struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		if json.Unmarshal(raw[:len(raw)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if c, ok := b.answers[m.ID]; ok && m.ID != 0 {
			delete(b.answers, m.ID)
			a := answer{result: m.Result}
			if m.ErrorBody != nil {
				a.err = errors.New(m.ErrorBody.Message)
			}
			c <- a
		}
		tab := b.tabs[m.Session]
		b.mu.Unlock()
		if tab != nil && m.Method != "" {
			tab.event(m.Method, m.Params)
		}
	}
}

// call sends one command and waits for its answer.
func (b *Browser) call(session, method string, params, result any) error {
	c := make(chan answer, 1)
	b.mu.Lock()
	if b.broken != nil {
		b.mu.Unlock()
		return b.broken
	}
	b.last++
	id := b.last
	b.answers[id] = c
	b.mu.Unlock()
	msg := map[string]any{"id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	if session != "" {
		msg["sessionId"] = session
	}
	raw, err := json.Marshal(msg)
	if err == nil {
		b.writing.Lock()
		_, err = b.out.Write(append(raw, 0))
		b.writing.Unlock()
	}
	if err != nil {
		return err
	}
	select {
	case a := <-c:
		if a.err != nil {
			return fmt.Errorf("%s: %w", method, a.err)
		}
		if result != nil {
			return json.Unmarshal(a.result, result)
		}
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer in %s", method, patience)
	}
}

// View is how a page is looked at.
type View struct {
	Width, Height int // in CSS pixels
	Dark          bool
}

// Tab is one open page.
type Tab struct {
	b       *Browser
	target  string
	session string
	loaded  chan struct{}

	mu       sync.Mutex
	requests []string
	problems []string
}

// Open opens an address and waits until it has loaded. Close the tab.
func (b *Browser) Open(v View, address string) (*Tab, error) {
	tab := &Tab{b: b, loaded: make(chan struct{}, 8)}
	var target struct {
		ID string `json:"targetId"`
	}
	if err := b.call("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	tab.target = target.ID
	if err := tab.load(v, address); err != nil {
		tab.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return tab, nil
}

func (tab *Tab) load(v View, address string) error {
	var session struct {
		ID string `json:"sessionId"`
	}
	if err := tab.b.call("", "Target.attachToTarget", map[string]any{"targetId": tab.target, "flatten": true}, &session); err != nil {
		return err
	}
	tab.session = session.ID
	tab.b.mu.Lock()
	tab.b.tabs[session.ID] = tab
	tab.b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		if err := tab.call(domain+".enable", nil, nil); err != nil {
			return err
		}
	}
	if err := tab.Show(v); err != nil {
		return err
	}
	var nav struct {
		Error string `json:"errorText"`
	}
	if err := tab.call("Page.navigate", map[string]any{"url": address}, &nav); err != nil {
		return err
	}
	if nav.Error != "" {
		return errors.New(nav.Error)
	}
	select {
	case <-tab.loaded:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("it did not load in %s", patience)
	}
}

func (tab *Tab) call(method string, params, result any) error {
	return tab.b.call(tab.session, method, params, result)
}

func (tab *Tab) event(method string, params json.RawMessage) {
	var p struct {
		Type    string `json:"type"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
		Entry struct {
			Level string `json:"level"`
			Text  string `json:"text"`
		} `json:"entry"`
		Args []struct {
			Value any `json:"value"`
		} `json:"args"`
		ExceptionDetails struct {
			Text string `json:"text"`
		} `json:"exceptionDetails"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch method {
	case "Page.loadEventFired":
		select {
		case tab.loaded <- struct{}{}:
		default:
		}
	case "Network.requestWillBeSent":
		tab.requests = append(tab.requests, p.Request.URL)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			tab.problems = append(tab.problems, p.Entry.Text)
		}
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			tab.problems = append(tab.problems, fmt.Sprint("console: ", p.Args))
		}
	case "Runtime.exceptionThrown":
		tab.problems = append(tab.problems, p.ExceptionDetails.Text)
	}
}

// Show changes how the page is looked at.
func (tab *Tab) Show(v View) error {
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	if err := tab.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": v.Width, "height": v.Height, "deviceScaleFactor": 1, "mobile": false}, nil); err != nil {
		return err
	}
	return tab.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// Requests returns the addresses that the page has asked for so far.
func (tab *Tab) Requests() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string(nil), tab.requests...)
}

// Problems returns errors and warnings: of scripts, of the console, of the
// network, and of the page's own security policy.
func (tab *Tab) Problems() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string(nil), tab.problems...)
}

// Eval runs an expression in the page, waits for it when it is a promise, and
// decodes its value.
func (tab *Tab) Eval(expression string, into any) error {
	var res struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	if err := tab.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &res); err != nil {
		return err
	}
	if res.Exception != nil {
		return fmt.Errorf("%s: %s", res.Exception.Text, res.Exception.Exception.Description)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(res.Result.Value, into)
}

// Close closes the tab.
func (tab *Tab) Close() {
	tab.b.mu.Lock()
	delete(tab.b.tabs, tab.session)
	tab.b.mu.Unlock()
	tab.b.call("", "Target.closeTarget", map[string]any{"targetId": tab.target}, nil)
}
