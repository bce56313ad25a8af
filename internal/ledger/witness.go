package ledger

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

// WitnessConfig says which logs a witness watches, and under which key.
type WitnessConfig struct {
	Dir    string        // its memory, made by [InitWitness]
	Signer note.Signer   // of cosignatures; C2SP tlog-cosignature
	Logs   []string      // verifier keys of the logs; their names are the origins
	Every  time.Duration // one signature for each log in this time, in the long run; 1 s when zero
	Burst  int           // so many at once; 20 when zero

	// Examine is asked about a tree that continues the one seen before; an
	// error keeps the signature back. An auditor looks into the entries here.
	// It runs one at a time for each log. nil: it is signed.
	Examine func(context.Context, Head) error

	Log *slog.Logger     // what was refused; nil: nowhere
	Now func() time.Time // of the rate; nil: the clock
}

// Witness answers logs that want their checkpoints cosigned, as C2SP
// tlog-witness says. It signs only what continues the tree that it signed
// before for the same log, and remembers that on disk before it answers.
type Witness struct {
	cfg  WitnessConfig
	lock io.Closer
	logs map[string]*watched // by origin; does not change
	busy chan struct{}       // holds one for each request under way
}

// watched is one log that a witness knows.
type watched struct {
	origin string
	keys   []key

	mu    sync.Mutex
	seen  Head   // guarded by mu
	grows bucket // guarded by mu; signatures of new trees that it may have now
	stays bucket // guarded by mu; of the tree that was signed before: anybody can send that again
	last  []byte // guarded by mu; the signature of the tree in seen; nil: not since the start
}

const (
	witnessAt   = "witness" // in the folder of a witness: whose memory it is
	forksAt     = "forks"   // in the folder of a witness or copy: checkpoints that prove a fork
	refusedAt   = "refused" // in the folder of a witness: those that came without a proof that they continue
	maxRequest  = 64 << 10
	maxBusy     = 64 // requests at once
	maxRefused  = 100
	busyTimeout = 10 * time.Second
)

// InitWitness makes the memory of a new witness in an empty folder. name is
// that of its key.
func InitWitness(dir string, signer note.Signer) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return unwritable(err, dir)
	}
	es, err := os.ReadDir(dir)
	if err != nil {
		return unwritable(err, dir)
	}
	if len(es) > 0 {
		return fail(iotmark.Conflict, "witness-exists", nil, "%s is not empty; a new witness needs a folder of its own", dir)
	}
	if err := put(filepath.Join(dir, witnessAt), identity(signer), 0o644); err != nil {
		return unwritable(err, dir)
	}
	return nil
}

func identity(s note.Signer) []byte { return fmt.Appendf(nil, "%s+%08x\n", s.Name(), s.KeyHash()) }

// NewWitness opens the memory of a witness. A witness whose memory is lost
// must not go on under its key, because it may have seen what it does not know
// any more: it gets a new key and is made anew.
func NewWitness(cfg WitnessConfig) (*Witness, error) {
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Burst == 0 {
		cfg.Burst = 20
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	b, err := whole(context.Background(), folder(cfg.Dir), witnessAt, 4096)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(iotmark.NotFound, "witness-missing", nil, "%s is not the memory of a witness. A new witness is made with iotmark witness init; one whose memory is lost must not go on under its old key", cfg.Dir)
	}
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(b, identity(cfg.Signer)) {
		return nil, fail(iotmark.Conflict, "witness-other", nil, "%s is the memory of the witness %q, and the key is of %q", cfg.Dir, strings.TrimSpace(string(b)), strings.TrimSpace(string(identity(cfg.Signer))))
	}
	w := &Witness{cfg: cfg, logs: map[string]*watched{}, busy: make(chan struct{}, maxBusy)}
	for _, k := range cfg.Logs {
		v, err := parseKey(k)
		if err != nil {
			return nil, err
		}
		l := w.logs[v.origin]
		if l == nil {
			full := bucket{float64(cfg.Burst), cfg.Now()}
			l = &watched{origin: v.origin, grows: full, stays: full, seen: Head{Root: emptyRoot}}
			w.logs[v.origin] = l
		}
		l.keys = append(l.keys, v)
	}
	f, err := lock(filepath.Join(cfg.Dir, ".lock"))
	if err != nil {
		if ours(err) {
			return nil, err
		}
		return nil, unwritable(err, cfg.Dir)
	}
	w.lock = f
	for _, l := range w.logs {
		if err := w.recall(l); err != nil {
			f.Close()
			return nil, err
		}
	}
	return w, tidy(cfg.Dir)
}

// Close lets the memory go.
func (w *Witness) Close() error { return w.lock.Close() }

// file is where the last checkpoint of a log is kept: as the log signed it, so
// that it is evidence too.
func (w *Witness) file(origin string) string {
	return fmt.Sprintf("%x.checkpoint", sha256.Sum256([]byte(origin)))
}

func (w *Witness) recall(l *watched) error {
	b, err := whole(context.Background(), folder(w.cfg.Dir), w.file(l.origin), maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		l.seen, err = l.open(b)
	}
	if err != nil {
		return fail(iotmark.Unverified, "witness-damaged", err, "what %s remembers of %s cannot be used; take the witness out of service, or bring the file back from a copy that is not older", w.cfg.Dir, l.origin)
	}
	return nil
}

// open verifies a checkpoint under one of the keys of the log.
func (l *watched) open(b []byte) (h Head, err error) {
	for _, k := range l.keys {
		if h, err = k.open(b); err == nil {
			return h, nil
		}
	}
	return Head{}, err
}

// ServeHTTP answers add-checkpoint. GET of / tells a person who this is and
// what it has seen.
func (w *Witness) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	out.Header().Set("X-Content-Type-Options", "nosniff")
	out.Header().Set("Cache-Control", "no-store")
	switch {
	case req.URL.Path == "/add-checkpoint" && req.Method == http.MethodPost:
		select {
		case w.busy <- struct{}{}:
			defer func() { <-w.busy }()
		case <-req.Context().Done():
			return
		case <-time.After(busyTimeout):
			answer(out, http.StatusServiceUnavailable, "too many requests at once")
			return
		}
		w.add(out, req)
	case req.URL.Path == "/" && (req.Method == http.MethodGet || req.Method == http.MethodHead):
		answer(out, http.StatusOK, w.story())
	case req.URL.Path == "/add-checkpoint":
		out.Header().Set("Allow", "POST")
		answer(out, http.StatusMethodNotAllowed, "this takes POST")
	default:
		answer(out, http.StatusNotFound, "not here")
	}
}

func (w *Witness) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "witness %s", identity(w.cfg.Signer))
	for _, name := range slices.Sorted(maps.Keys(w.logs)) {
		l := w.logs[name]
		l.mu.Lock()
		fmt.Fprintf(&b, "log %s: %d entries\n", name, l.seen.Size)
		l.mu.Unlock()
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// request is what add-checkpoint is asked.
type request struct {
	old        int64
	proof      tlog.TreeProof
	checkpoint []byte
}

// parseRequest reads the body of add-checkpoint.
func parseRequest(b []byte) (request, bool) {
	head, checkpoint, ok := bytes.Cut(b, []byte("\n\n"))
	if !ok || len(checkpoint) == 0 {
		return request{}, false
	}
	r := request{checkpoint: checkpoint}
	lines := bufio.NewScanner(bytes.NewReader(head))
	lines.Scan()
	s, ok := strings.CutPrefix(lines.Text(), "old ")
	if !ok {
		return request{}, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > maxSize || strconv.FormatInt(n, 10) != s {
		return request{}, false
	}
	r.old = n
	for lines.Scan() {
		x, err := base64.StdEncoding.Strict().DecodeString(lines.Text())
		if err != nil || len(x) != tlog.HashSize || len(r.proof) == maxProof {
			return request{}, false
		}
		r.proof = append(r.proof, tlog.Hash(x))
	}
	return r, lines.Err() == nil
}

func (w *Witness) add(out http.ResponseWriter, req *http.Request) {
	b, err := io.ReadAll(http.MaxBytesReader(out, req.Body, maxRequest))
	if err != nil {
		answer(out, http.StatusRequestEntityTooLarge, "the request is too large or broke off")
		return
	}
	r, ok := parseRequest(b)
	if !ok {
		answer(out, http.StatusBadRequest, "the request is not as https://c2sp.org/tlog-witness says")
		return
	}
	origin, _, _ := strings.Cut(string(r.checkpoint), "\n")
	l := w.logs[origin]
	if l == nil {
		answer(out, http.StatusNotFound, "this log is not known here")
		return
	}
	h, err := l.open(r.checkpoint)
	if err != nil {
		if e, ok := errors.AsType[*iotmark.Error](err); ok && e.ID == "checkpoint-malformed" {
			answer(out, http.StatusBadRequest, "the checkpoint is not in the form that is signed here")
			return
		}
		answer(out, http.StatusForbidden, "the checkpoint is not signed by a key of this log")
		return
	}
	if r.old > h.Size {
		answer(out, http.StatusBadRequest, "the old size is above that of the checkpoint")
		return
	}
	// One at a time for each log, so that what is compared is what is replaced.
	l.mu.Lock()
	defer l.mu.Unlock()
	w.judge(req.Context(), out, l, r, h)
}

// judge compares with what was seen before, remembers, and signs. The caller
// holds the log's lock.
func (w *Witness) judge(ctx context.Context, out http.ResponseWriter, l *watched, r request, h Head) {
	if r.old != l.seen.Size {
		out.Header().Set("Content-Type", sizeType)
		out.WriteHeader(http.StatusConflict)
		fmt.Fprintf(out, "%d\n", l.seen.Size)
		return
	}
	switch {
	case r.old == h.Size && h.Root != l.seen.Root:
		w.refuse(l, h, forksAt)
		answer(out, http.StatusConflict, "another root was signed here for this size")
		return
	case r.old == h.Size && len(r.proof) > 0, r.old == 0 && len(r.proof) > 0:
		answer(out, http.StatusUnprocessableEntity, "no proof belongs here")
		return
	case r.old > 0 && r.old < h.Size:
		if tlog.CheckTree(r.proof, h.Size, h.Root, r.old, l.seen.Root) != nil {
			w.refuse(l, h, refusedAt)
			answer(out, http.StatusUnprocessableEntity, "the proof does not show that this tree continues the one that was signed here")
			return
		}
	}
	if h.Size == 0 && h.Root != emptyRoot {
		answer(out, http.StatusUnprocessableEntity, "a tree without entries has another root")
		return
	}
	from, again := &l.grows, r.old == h.Size && l.last != nil
	if r.old == h.Size {
		from = &l.stays
	}
	if !from.take(w.cfg.Now(), w.cfg.Every, w.cfg.Burst) {
		if again { // an answer that costs nothing, with the time of the last signature
			out.Header().Set("Content-Type", plainText)
			out.Write(l.last)
			return
		}
		out.Header().Set("Retry-After", strconv.Itoa(int(w.cfg.Every/time.Second)+1))
		answer(out, http.StatusTooManyRequests, "this log asks too often")
		return
	}
	if w.cfg.Examine != nil && !again {
		if err := w.cfg.Examine(ctx, h); err != nil {
			w.cfg.Log.Warn("not signed", "log", l.origin, "entries", h.Size, "error", err)
			status := http.StatusInternalServerError
			switch iotmark.KindOf(err) { // 403, 404, 409, 422 and 429 say other things here
			case iotmark.Unverified:
				status = http.StatusNotAcceptable
			case iotmark.Unavailable:
				status = http.StatusServiceUnavailable
			}
			answer(out, status, "examined, and not signed")
			return
		}
	}
	text, _, _ := bytes.Cut(h.Note, []byte("\n\n"))
	sig, err := note.Sign(&note.Note{Text: string(text) + "\n"}, w.cfg.Signer)
	if err != nil {
		w.cfg.Log.Error("not signed", "log", l.origin, "entries", h.Size, "error", err)
		answer(out, http.StatusInternalServerError, "the key does not sign now")
		return
	}
	// On disk before it is said: C2SP tlog-witness.
	if again {
		// It is remembered.
	} else if err := put(filepath.Join(w.cfg.Dir, w.file(l.origin)), h.Note, 0o644); err != nil {
		w.cfg.Log.Error("not signed", "log", l.origin, "entries", h.Size, "error", unwritable(err, w.cfg.Dir))
		answer(out, http.StatusServiceUnavailable, "nothing can be remembered now, so nothing is signed")
		return
	}
	l.seen, l.last = h, sig[len(text)+2:] // the line of signature alone
	out.Header().Set("Content-Type", plainText)
	out.Write(l.last)
}

// bucket is how many signatures there may be now.
type bucket struct {
	tokens float64
	filled time.Time
}

// take takes one, if there is one.
func (b *bucket) take(now time.Time, every time.Duration, burst int) bool {
	if d := now.Sub(b.filled); d > 0 {
		b.tokens = min(float64(burst), b.tokens+float64(d)/float64(every))
		b.filled = now
	}
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// refuse keeps a checkpoint that the log signed and that was not signed here.
// Two of the same size prove a fork. One without a proof of continuation may
// be a fork, or an honest checkpoint that somebody sent with a wrong proof, so
// of those only some are kept.
func (w *Witness) refuse(l *watched, h Head, into string) {
	w.cfg.Log.Error("refused", "log", l.origin, "entries", h.Size, "seen", l.seen.Size, "kept", into)
	dir := filepath.Join(w.cfg.Dir, into)
	if es, err := os.ReadDir(dir); err == nil && len(es) >= maxRefused {
		return
	}
	for _, x := range []Head{l.seen, h} {
		name := filepath.Join(dir, fmt.Sprintf("%d-%x.checkpoint", x.Size, x.Root[:4]))
		if _, err := os.Lstat(name); err == nil {
			continue
		}
		if err := put(name, x.Note, 0o644); err != nil {
			w.cfg.Log.Error("what was refused is not kept", "error", unwritable(err, dir))
		}
	}
}
