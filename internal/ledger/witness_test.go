package ledger_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/ledger"
)

// A cosigner is a witness that a test runs.
type cosigner struct {
	t      testing.TB
	dir    string
	signer *fnote.Signer
	vkey   string
	logs   []string
	change func(*ledger.WitnessConfig)
	w      atomic.Pointer[ledger.Witness]
	down   atomic.Bool
	asked  atomic.Int64
	codes  chan int
	url    string
}

func newCosigner(t testing.TB, name string, logs []string, change func(*ledger.WitnessConfig)) *cosigner {
	t.Helper()
	k := newKeys(t, name)
	s, err := fnote.NewSignerForCosignatureV1(k.skey)
	if err != nil {
		t.Fatal(err)
	}
	vkey, err := fnote.VKeyToCosignatureV1(k.vkey)
	if err != nil {
		t.Fatal(err)
	}
	c := &cosigner{t: t, dir: filepath.Join(t.TempDir(), "witness"), signer: s, vkey: vkey, logs: logs, change: change, codes: make(chan int, 1000)}
	if err := ledger.InitWitness(c.dir, s); err != nil {
		t.Fatal(err)
	}
	c.start()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		if c.down.Load() {
			panic(http.ErrAbortHandler) // the line breaks
		}
		rec := httptest.NewRecorder()
		c.w.Load().ServeHTTP(rec, r)
		select {
		case c.codes <- rec.Code:
		default:
		}
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes())
	}))
	t.Cleanup(srv.Close)
	c.url = srv.URL
	return c
}

// start opens the memory, as a new process would.
func (c *cosigner) start() {
	c.t.Helper()
	if w := c.w.Load(); w != nil {
		if err := w.Close(); err != nil {
			c.t.Fatal(err)
		}
	}
	cfg := ledger.WitnessConfig{Dir: c.dir, Signer: c.signer, Logs: c.logs, Burst: 10_000}
	if c.change != nil {
		c.change(&cfg)
	}
	w, err := ledger.NewWitness(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.w.Store(w)
}

// seen counts the answers of one kind so far.
func (c *cosigner) seen(code int) (n int) {
	for {
		select {
		case got := <-c.codes:
			if got == code {
				n++
			}
		default:
			return n
		}
	}
}

// policyOf wants k of the witnesses.
func policyOf(k int, cs ...*cosigner) string {
	var b, names strings.Builder
	for i, c := range cs {
		fmt.Fprintf(&b, "witness w%d %s %s\n", i, c.vkey, c.url)
		fmt.Fprintf(&names, " w%d", i)
	}
	fmt.Fprintf(&b, "group all-of-them %d%s\nquorum all-of-them\n", k, names.String())
	return b.String()
}

// signers are the names of the lines of a checkpoint.
func signers(b []byte) (out []string) {
	_, sigs, _ := strings.Cut(string(b), "\n\n")
	for line := range strings.Lines(sigs) {
		out = append(out, strings.Fields(line)[1])
	}
	return out
}

func four(t testing.TB, k keys) (cs []*cosigner) {
	for i := range 4 {
		cs = append(cs, newCosigner(t, fmt.Sprintf("witness.example/%d", i), []string{k.vkey}, nil))
	}
	return cs
}

func TestWitnessed(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	cs := four(t, k)
	p := openLog(t, k, dir, func(c *ledger.Config) { c.Policy, c.Grace = policyOf(3, cs...), time.Minute })
	fill(t, p, 0, 3)
	h, err := p.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := origin + " witness.example/0 witness.example/1 witness.example/2 witness.example/3"
	if got := strings.Join(signers(h.Note), " "); got != want {
		t.Errorf("signed by %s, want %s", got, want)
	}
	for _, c := range cs {
		v, err := fnote.NewVerifierForCosignatureV1(c.vkey)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := note.Open(h.Note, note.VerifierList(v)); err != nil || len(n.Sigs) != 1 {
			t.Errorf("%s: %v", v.Name(), err)
		}
	}

	// One is down: it goes on. Two are: nothing is published, it is said, and it
	// goes on by itself.
	cs[0].down.Store(true)
	fill(t, p, 3, 4)
	cs[1].down.Store(true)
	if _, err := p.Append(t.Context(), entry(4)); err != nil {
		t.Fatal(err)
	}
	wantID(t, stuck(t, p, 4), "quorum-unmet")
	health := p.Health()
	if health.Since.IsZero() || health.Size != 5 || health.Published.Size != 4 || health.Witnesses[0].Err == nil || health.Witnesses[2].Err != nil {
		t.Errorf("health: %+v", health)
	}
	if h, err := p.Head(t.Context()); err != nil || h.Size != 4 {
		t.Errorf("published %d, %v", h.Size, err)
	}
	cs[1].down.Store(false)
	if _, err := p.Published(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if h := p.Health(); h.Publish != nil || !h.Since.IsZero() {
		t.Errorf("health: %+v", h)
	}
	// A witness that was away is brought up to date.
	cs[0].down.Store(false)
	fill(t, p, 5, 6)
	if b, _ := p.Checkpoint(t.Context()); len(signers(b)) < 4 {
		t.Errorf("signed by %v", signers(b))
	}
	// One that starts again knows what it has seen.
	cs[2].start()
	fill(t, p, 6, 7)
	if n := cs[2].seen(http.StatusConflict); n > 0 {
		t.Errorf("the witness that was started again answered %d times that it has seen another size", n)
	}
}

// short is a context that ends soon.
func short(t testing.TB) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	t.Cleanup(stop)
	return ctx
}

// stuck waits until publishing an index fails, and returns why.
func stuck(t testing.TB, p *ledger.Posix, index uint64) error {
	t.Helper()
	for range 1000 {
		if _, err := p.Published(short(t), index); err == nil {
			t.Fatalf("index %d was published", index)
		}
		if err := p.Health().Publish; err != nil {
			return err
		}
	}
	t.Fatal("nothing happens")
	return nil
}

// A new history under the same key, as the operator could write it, is
// refused, and nothing is published.
func TestForkNewHistory(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	cs := four(t, k)[:3]
	with := func(c *ledger.Config) { c.Policy = policyOf(2, cs...) }
	p := openLog(t, k, dir, with)
	fill(t, p, 0, 10)
	if err := p.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{5, 10, 20} { // shorter, the same size, longer
		evil := filepath.Join(t.TempDir(), fmt.Sprint("evil", n))
		if err := ledger.Init(evil, k.signer); err != nil {
			t.Fatal(err)
		}
		q := openLog(t, k, evil, func(c *ledger.Config) { with(c); c.Interval = time.Hour }) // so that all come at once
		for i := range n {
			if _, err := q.Append(t.Context(), []byte{byte(i)}); err != nil {
				t.Fatal(err)
			}
		}
		err := q.Close(t.Context())
		wantID(t, err, "quorum-unmet")
		h, err := q.Head(t.Context())
		if err != nil || h.Size != 0 {
			t.Errorf("%d entries: published %d, %v", n, h.Size, err)
		}
	}
	if es, err := os.ReadDir(filepath.Join(cs[0].dir, "forks")); err != nil || len(es) != 2 {
		t.Errorf("proof of the fork: %v, %v", es, err)
	}
}

// The tree copied at one size, and grown another way, is refused too.
func TestForkCopiedTree(t *testing.T) {
	t.Parallel()
	k, dir := newKeys(t, origin), filepath.Join(t.TempDir(), "log")
	if err := ledger.Init(dir, k.signer); err != nil {
		t.Fatal(err)
	}
	cs := four(t, k)[:3]
	with := func(c *ledger.Config) { c.Policy = policyOf(2, cs...) }
	p := openLog(t, k, dir, with)
	fill(t, p, 0, 10)
	evil := copied(t, dir)
	fill(t, p, 10, 12)
	q := openLog(t, k, evil, with)
	for i := range 5 {
		if _, err := q.Append(t.Context(), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	err := q.Close(t.Context())
	wantID(t, err, "quorum-unmet")
	if h, err := q.Head(t.Context()); err != nil || h.Size != 10 {
		t.Errorf("published %d, %v", h.Size, err)
	}
	for i, c := range cs {
		if c.seen(http.StatusUnprocessableEntity) == 0 {
			t.Errorf("witness %d refused nothing with 422", i)
		}
	}
	if !strings.Contains(fmt.Sprint(q.Health().Publish), "forked") {
		t.Errorf("it does not say why: %v", q.Health().Publish)
	}
	fill(t, p, 12, 13) // the true log goes on
}

// Two processes cannot write to one log, nor two witnesses share a memory.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	_, k, dir := newLog(t, nil)
	_, err := ledger.Open(t.Context(), k.config(dir))
	wantID(t, err, "log-busy")
	c := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	_, err = ledger.NewWitness(ledger.WitnessConfig{Dir: c.dir, Signer: c.signer})
	wantID(t, err, "log-busy")
}

// add asks a witness as C2SP tlog-witness has it.
func add(t *testing.T, url, body string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/add-checkpoint", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

// trees are checkpoints of one log by hand, so that anything can be sent.
type trees struct {
	k      keys
	hashes []tlog.Hash
}

func (s *trees) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(ix []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range ix {
			out = append(out, s.hashes[i])
		}
		return out, nil
	})
}

func newTrees(t *testing.T, k keys, n int64, salt string) *trees {
	s := &trees{k: k}
	for i := range n {
		hs, err := tlog.StoredHashes(i, fmt.Appendf(nil, "%s%d", salt, i), s.reader())
		if err != nil {
			t.Fatal(err)
		}
		s.hashes = append(s.hashes, hs...)
	}
	return s
}

func (s *trees) checkpoint(t *testing.T, n int64) string {
	root, err := tlog.TreeHash(n, s.reader())
	if err != nil {
		t.Fatal(err)
	}
	b, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", s.k.signer.Name(), n, base64.StdEncoding.EncodeToString(root[:]))}, s.k.signer)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s *trees) request(t *testing.T, old, n int64) string {
	out := fmt.Sprintf("old %d\n", old)
	if old > 0 && old < n {
		p, err := tlog.ProveTree(n, old, s.reader())
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range p {
			out += base64.StdEncoding.EncodeToString(x[:]) + "\n"
		}
	}
	return out + "\n" + s.checkpoint(t, n)
}

// Every answer that the specification names.
func TestAddCheckpoint(t *testing.T) {
	t.Parallel()
	k, other := newKeys(t, origin), newKeys(t, "log.other.example/1")
	c := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	good, evil := newTrees(t, k, 20, "good"), newTrees(t, k, 20, "evil")
	stranger := newTrees(t, other, 20, "good")
	thief := newTrees(t, newKeys(t, origin), 20, "good")
	step := func(name, body string, status int, kind, text string) {
		t.Helper()
		gotStatus, gotKind, gotText := add(t, c.url, body)
		if gotStatus != status || !strings.HasPrefix(gotKind, kind) || !strings.HasPrefix(gotText, text) {
			t.Errorf("%s: %d %s %q", name, gotStatus, gotKind, gotText)
		}
	}
	const dash = "\u2014 witness.example/1 "
	plain := "text/plain"
	step("another old size at the start", good.request(t, 5, 10), 409, "text/x.tlog.size", "0\n")
	step("the first", good.request(t, 0, 7), 200, plain, dash)
	step("the same again", good.request(t, 7, 7), 200, plain, dash)
	step("grown", good.request(t, 7, 12), 200, plain, dash)
	step("from an older size", good.request(t, 7, 13), 409, "text/x.tlog.size", "12\n")
	step("smaller", good.request(t, 12, 12)[:7]+"\n"+good.checkpoint(t, 5), 400, plain, "")
	step("another root for the same size", evil.request(t, 12, 12), 409, plain, "another root")
	step("no continuation", evil.request(t, 12, 15), 422, plain, "the proof")
	step("no proof", "old 12\n\n"+good.checkpoint(t, 15), 422, plain, "the proof")
	step("a proof where none belongs", "old 12\n"+strings.Repeat("A", 43)+"=\n\n"+good.checkpoint(t, 12), 422, plain, "no proof")
	step("a log that is not known", stranger.request(t, 0, 3), 404, plain, "this log")
	step("another key of the log", thief.request(t, 12, 15), 403, plain, "the checkpoint")
	step("old above size", "old 16\n\n"+good.checkpoint(t, 15), 400, plain, "the old size")
	for name, body := range map[string]string{
		"nothing":                  "",
		"no empty line":            "old 12\n",
		"no old":                   "12\n\n" + good.checkpoint(t, 15),
		"zeroes in front":          "old 012\n\n" + good.checkpoint(t, 15),
		"a sign":                   "old +12\n\n" + good.checkpoint(t, 15),
		"below zero":               "old -1\n\n" + good.checkpoint(t, 15),
		"too large":                "old 99999999999999999999\n\n" + good.checkpoint(t, 15),
		"a line that is no hash":   "old 12\nAAAA\n\n" + good.checkpoint(t, 15),
		"a line that is no base64": "old 12\n!!!\n\n" + good.checkpoint(t, 15),
		"64 lines":                 "old 12\n" + strings.Repeat(strings.Repeat("A", 43)+"=\n", 64) + "\n" + good.checkpoint(t, 15),
	} {
		step(name, body, 400, plain, "")
	}
	step("too much", strings.Repeat("x", 100<<10), 413, plain, "")
	step("grown still", good.request(t, 12, 20), 200, plain, dash)

	// The memory outlives the process, and is the log's own word.
	c.start()
	step("after a restart", good.request(t, 12, 20), 409, "text/x.tlog.size", "20\n")
	status, _, b := get(t, "GET", c.url+"/", nil)
	if status != 200 || !strings.Contains(string(b), "log "+origin+": 20 entries") {
		t.Errorf("%d %s", status, b)
	}
	if status, _, _ := get(t, "GET", c.url+"/add-checkpoint", nil); status != 405 {
		t.Errorf("GET add-checkpoint: %d", status)
	}
	if status, _, _ := get(t, "GET", c.url+"/witness", nil); status != 404 {
		t.Errorf("GET witness: %d", status)
	}
}

func TestWitnessRate(t *testing.T) {
	t.Parallel()
	k, k2 := newKeys(t, origin), newKeys(t, "log.other.example/1")
	var now atomic.Int64
	now.Store(1e9)
	c := newCosigner(t, "witness.example/1", []string{k.vkey, k2.vkey}, func(c *ledger.WitnessConfig) {
		c.Every, c.Burst = time.Second, 3
		c.Now = func() time.Time { return time.Unix(now.Load(), 0) }
	})
	a, b := newTrees(t, k, 9, ""), newTrees(t, k2, 9, "")
	for i, want := range []int{200, 200, 200, 429, 429} {
		if got, _, _ := add(t, c.url, a.request(t, int64(min(i, 3)), int64(i+1))); got != want {
			t.Errorf("request %d: %d, want %d", i, got, want)
		}
	}
	if got, _, _ := add(t, c.url, b.request(t, 0, 1)); got != 200 {
		t.Errorf("another log pays for it: %d", got)
	}
	now.Add(1)
	if got, _, _ := add(t, c.url, a.request(t, 3, 4)); got != 200 {
		t.Errorf("after a second: %d", got)
	}
	if got, _, _ := add(t, c.url, a.request(t, 4, 5)); got != 429 {
		t.Errorf("twice in it: %d", got)
	}
	// Anybody can send what is public again and again. It gets the signature
	// that is there, and takes nothing from what the log may have.
	now.Add(1)
	for i := range 9 {
		if got, _, _ := add(t, c.url, a.request(t, 4, 4)); got != 200 {
			t.Errorf("the same, %d times: %d", i, got)
		}
	}
	if got, _, _ := add(t, c.url, a.request(t, 4, 5)); got != 200 {
		t.Errorf("the log itself: %d", got)
	}
}

// An auditor keeps its signature back.
func TestWitnessExamines(t *testing.T) {
	t.Parallel()
	k := newKeys(t, origin)
	var reason atomic.Pointer[error]
	c := newCosigner(t, "auditor.example/1", []string{k.vkey}, func(c *ledger.WitnessConfig) {
		c.Examine = func(_ context.Context, h ledger.Head) error {
			if e := reason.Load(); e != nil {
				return *e
			}
			return nil
		}
	})
	s := newTrees(t, k, 9, "")
	if got, _, _ := add(t, c.url, s.request(t, 0, 3)); got != 200 {
		t.Errorf("%d", got)
	}
	err := errors.New("a status list is wrong")
	reason.Store(&err)
	if got, _, b := add(t, c.url, s.request(t, 3, 4)); got != 500 || !strings.Contains(b, "not signed") {
		t.Errorf("%d %q", got, b)
	}
	err = &iotmark.Error{Kind: iotmark.Unverified, ID: "audit-differs", Msg: "a status list is wrong"}
	if got, _, _ := add(t, c.url, s.request(t, 3, 4)); got != 406 {
		t.Errorf("%d: 422 would say that the log was forked", got)
	}
	reason.Store(nil)
	if got, _, _ := add(t, c.url, s.request(t, 3, 4)); got != 200 {
		t.Errorf("%d: what was not signed was remembered", got)
	}
}

// A witness that forgot must not go on.
func TestWitnessMemory(t *testing.T) {
	t.Parallel()
	k := newKeys(t, origin)
	c := newCosigner(t, "witness.example/1", []string{k.vkey}, nil)
	s := newTrees(t, k, 9, "")
	add(t, c.url, s.request(t, 0, 3))
	if err := c.w.Load().Close(); err != nil {
		t.Fatal(err)
	}
	open := func(dir string) error {
		w, err := ledger.NewWitness(ledger.WitnessConfig{Dir: dir, Signer: c.signer, Logs: c.logs})
		if err == nil {
			w.Close()
		}
		return err
	}
	if err := open(c.dir); err != nil {
		t.Fatal(err)
	}
	wantID(t, open(t.TempDir()), "witness-missing")
	wantID(t, ledger.InitWitness(c.dir, c.signer), "witness-exists")
	elsewhere := newCosigner(t, "witness.example/2", nil, nil)
	elsewhere.w.Load().Close()
	wantID(t, open(elsewhere.dir), "witness-other")
	ms, err := filepath.Glob(filepath.Join(c.dir, "*.checkpoint"))
	if err != nil || len(ms) != 1 {
		t.Fatalf("%v %v", ms, err)
	}
	edit(t, ms[0], flip)
	wantID(t, open(c.dir), "witness-damaged")
}
