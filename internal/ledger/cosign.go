package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/open-iot-mark/iotmark"
)

const (
	maxAnswer = 64 << 10 // bytes of a witness's answer; a line has 170, with ML-DSA-44 3,400
	maxAsked  = 4        // times that one witness is asked about one checkpoint
	maxProof  = 63       // lines of a consistency proof; C2SP tlog-witness
	sizeType  = "text/x.tlog.size"
)

// WitnessHealth is how it goes with one witness.
type WitnessHealth struct {
	Name   string    // of its key
	Signed time.Time // when it last signed for us; zero: not since the start
	Err    error     // of the last attempt; nil when it signed
}

// witnesses asks those of a policy to sign.
type witnesses struct {
	quorum  *quorum
	client  *http.Client
	timeout time.Duration // for all of them together
	grace   time.Duration // for those that can be expected to sign, once enough did
	now     func() time.Time

	mu     sync.Mutex
	sizes  []int64         // guarded by mu; of the checkpoint that each signed last, as we believe
	health []WitnessHealth // guarded by mu
}

func newWitnesses(q *quorum, cfg Config, size int64) *witnesses {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxResponseHeaderBytes = 16 << 10
	ws := &witnesses{quorum: q, timeout: cfg.Timeout, grace: cfg.Grace, now: cfg.Now, client: &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, m := range q.witnesses {
		ws.sizes = append(ws.sizes, size)
		ws.health = append(ws.health, WitnessHealth{Name: m.verifier.Name()})
	}
	return ws
}

// sign returns the checkpoint with the signatures of witnesses, in the order
// of the policy; an error when they are not enough. All are asked at once.
// Once enough signed, those that can be expected to are waited for a little.
func (ws *witnesses) sign(ctx context.Context, h Head, hr tlog.HashReader) ([]byte, error) {
	if len(ws.quorum.witnesses) == 0 {
		return h.Note, nil
	}
	ctx, stop := context.WithTimeout(ctx, ws.timeout)
	defer stop()
	type answer struct {
		i    int
		line []byte
		err  error
	}
	answers := make(chan answer, len(ws.quorum.witnesses))
	proofs := &proofs{size: h.Size, hr: hr, made: map[int64]tlog.TreeProof{}}
	usual := make([]bool, len(ws.quorum.witnesses))
	for i := range ws.quorum.witnesses {
		usual[i] = ws.usual(i)
		go func() {
			line, err := ws.ask(ctx, i, h, proofs)
			answers <- answer{i, line, err}
		}()
	}
	lines := make([][]byte, len(ws.quorum.witnesses))
	open, out := len(lines), h.Note
	var grace <-chan time.Time
	for met := false; open > 0 && (!met || missed(usual)); {
		select {
		case a := <-answers:
			open--
			usual[a.i], lines[a.i] = false, a.line
			ws.note(a.i, a.err)
			out = slicesJoin(h.Note, lines)
			if !met && a.err == nil && ws.quorum.met(out) {
				met = true
				t := time.NewTimer(ws.grace)
				defer t.Stop()
				grace = t.C
			}
		case <-grace:
			for i, late := range usual {
				if late {
					ws.note(i, fail(iotmark.Unavailable, "witness-no", nil, "witness %s: no answer in time", ws.quorum.witnesses[i].verifier.Name()))
				}
			}
			return out, nil
		}
	}
	if !ws.quorum.met(out) {
		return nil, fail(iotmark.Unavailable, "quorum-unmet", errors.Join(ws.errs()...), "not enough witnesses signed the checkpoint of %d entries, so it is not published. It goes on by itself when they do", h.Size)
	}
	return out, nil
}

func missed(usual []bool) bool {
	for _, u := range usual {
		if u {
			return true
		}
	}
	return false
}

func slicesJoin(first []byte, more [][]byte) []byte {
	return append(bytes.Clone(first), bytes.Join(more, nil)...)
}

// note keeps how it went with one witness.
func (ws *witnesses) note(i int, err error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.health[i].Err = err; err == nil {
		ws.health[i].Signed = ws.now()
	}
}

// usual reports whether a witness can be expected to sign: it did the last
// time, or was not asked yet.
func (ws *witnesses) usual(i int) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.health[i].Err == nil
}

func (ws *witnesses) errs() (out []error) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, h := range ws.health {
		if h.Err != nil {
			out = append(out, h.Err)
		}
	}
	return out
}

func (ws *witnesses) all() []WitnessHealth {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return append([]WitnessHealth(nil), ws.health...)
}

// proofs makes each consistency proof once.
type proofs struct {
	size int64
	hr   tlog.HashReader
	mu   sync.Mutex
	made map[int64]tlog.TreeProof // guarded by mu, by the earlier size
}

func (p *proofs) from(size int64) (tlog.TreeProof, error) {
	if size == 0 || size == p.size {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pf, ok := p.made[size]
	if ok {
		return pf, nil
	}
	pf, err := tlog.ProveTree(p.size, size, p.hr)
	if err == nil {
		p.made[size] = pf
	}
	return pf, err
}

// ask asks one witness until it signs or says no: C2SP tlog-witness,
// add-checkpoint. It returns its line of signature.
func (ws *witnesses) ask(ctx context.Context, i int, h Head, ps *proofs) ([]byte, error) {
	m := ws.quorum.witnesses[i]
	no := func(err error, format string, args ...any) error {
		return fail(iotmark.Unavailable, "witness-no", err, "witness %s: "+format, append([]any{m.verifier.Name()}, args...)...)
	}
	ws.mu.Lock()
	old := min(ws.sizes[i], h.Size)
	ws.mu.Unlock()
	for range maxAsked {
		pf, err := ps.from(old)
		if err != nil {
			return nil, err
		}
		if len(pf) > maxProof {
			return nil, no(nil, "the proof has more than %d lines", maxProof)
		}
		status, kind, body, err := ws.post(ctx, m.url, addRequest(old, pf, h.Note))
		switch {
		case err != nil:
			return nil, no(err, "no answer")
		case status == http.StatusOK:
			line, err := theirs(h.Note, body, m.verifier)
			if err != nil {
				return nil, no(err, "its signature is wrong")
			}
			ws.mu.Lock()
			ws.sizes[i] = h.Size
			ws.mu.Unlock()
			return line, nil
		case status == http.StatusConflict && kind == sizeType:
			n, err := strconv.ParseUint(strings.TrimSuffix(string(body), "\n"), 10, 63)
			if err != nil {
				return nil, no(nil, "it answers with a size that is none")
			}
			if int64(n) > h.Size {
				return nil, no(nil, "it has seen %d entries of this log, and here are only %d: this folder is older than what was published, or another log with the same key", n, h.Size)
			}
			old = int64(n)
		case status == http.StatusConflict:
			return nil, no(nil, "it has seen another tree of %d entries: this log was forked", old)
		case status == http.StatusUnprocessableEntity:
			return nil, no(nil, "what it has seen at %d entries is no beginning of this log: this log was forked", old)
		case status == http.StatusNotFound:
			return nil, no(nil, "it does not know this log; its operator has to add the log's key")
		case status == http.StatusForbidden:
			return nil, no(nil, "it knows this log by another key")
		case status == http.StatusNotAcceptable:
			return nil, no(nil, "it has read the entries and does not sign what they say; its operator knows why")
		case status == http.StatusTooManyRequests:
			return nil, no(nil, "it is asked too often")
		default:
			return nil, no(nil, "it answers %d", status)
		}
	}
	return nil, no(nil, "it changes its mind about the size that it has seen")
}

// addRequest is the body of add-checkpoint.
func addRequest(old int64, pf tlog.TreeProof, checkpoint []byte) []byte {
	b := fmt.Appendf(nil, "old %d\n", old)
	for _, x := range pf {
		b = append(base64.StdEncoding.AppendEncode(b, x[:]), '\n')
	}
	return append(append(b, '\n'), checkpoint...)
}

func (ws *witnesses) post(ctx context.Context, to string, body []byte) (status int, kind string, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	resp, err := ws.client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return 0, "", nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, resp.Header.Get("Content-Type"), answer, err
}

// theirs takes a witness's own signature out of its answer, and verifies it.
func theirs(checkpoint, answer []byte, v note.Verifier) ([]byte, error) {
	if !bytes.HasSuffix(answer, []byte("\n")) {
		return nil, errors.New("it does not end with its line")
	}
	n, err := note.Open(slicesJoin(checkpoint, [][]byte{answer}), note.VerifierList(v))
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "\u2014 %s %s\n", n.Sigs[0].Name, n.Sigs[0].Base64), nil
}
