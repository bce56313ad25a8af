package confine

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// A message is a letter, its length in four bytes, most significant first,
// and one line of JSON. The parent sends one R; the child sends one H when it
// has given up what it can do, and one A.
const (
	frameRequest = 'R'
	frameHello   = 'H'
	frameAnswer  = 'A'

	maxRequest = 16 << 10
	maxHello   = 16 << 10
	maxName    = 1 << 10 // bytes of a base name, of which the end counts
	maxText    = 600     // bytes of the words of an error
	maxDepth   = 64      // levels of JSON in an answer
)

// request is what the parent asks.
type request struct {
	Probe   bool            `json:"probe,omitempty"`
	Reader  string          `json:"reader,omitempty"`
	Version int             `json:"version,omitempty"`
	Name    string          `json:"name,omitempty"`
	Size    int64           `json:"size"`
	Limits  evidence.Limits `json:"limits"`
	Budget  Budget          `json:"budget"`
	Users   bool            `json:"users,omitempty"` // the child has a user namespace of its own
	Content uintptr         `json:"content"`         // number of the open file with the content
}

// answer is what the child answers: facts, or a failure, or what it tried.
type answer struct {
	Reader  string          `json:"reader,omitempty"`
	Version int             `json:"version,omitempty"`
	Facts   json.RawMessage `json:"facts,omitempty"`
	Failure *failure        `json:"failure,omitempty"`
	Acts    []Act           `json:"acts,omitempty"`

	stderr []byte // what the child wrote there
}

// failure is an expected failure of a reader, or reader-broke when it
// panicked or failed in another way.
type failure struct {
	Kind iotmark.Kind    `json:"kind"`
	ID   iotmark.ErrorID `json:"id"`
	Msg  string          `json:"msg"`
}

// send writes one message.
func send(w io.Writer, letter byte, v any, limit int64) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if int64(len(b)) > limit {
		return fmt.Errorf("a message of %d bytes is over the limit of %d", len(b), limit)
	}
	head := make([]byte, 5, 5+len(b))
	head[0] = letter
	binary.BigEndian.PutUint32(head[1:], uint32(len(b)))
	_, err = w.Write(append(head, b...))
	return err
}

// errNonsense marks bytes that are no message.
var errNonsense = errors.New("no message")

// receive reads one message. It grows with what comes, not with the length
// that is told.
func receive(r io.Reader, letter byte, limit int64) ([]byte, error) {
	var head [5]byte
	if n, err := io.ReadFull(r, head[:]); err != nil {
		if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %d bytes only", errNonsense, n)
		}
		return nil, err
	}
	n := int64(binary.BigEndian.Uint32(head[1:]))
	if head[0] != letter || n > limit {
		return nil, fmt.Errorf("%w: starts with %q, and says to have %d bytes", errNonsense, head[0], n)
	}
	var b bytes.Buffer
	got, err := io.Copy(&b, io.LimitReader(r, n))
	if err == nil && got < n {
		err = fmt.Errorf("%w: %d of %d bytes", errNonsense, got, n)
	}
	return b.Bytes(), err
}

// decode reads one JSON value, all of b, with known fields only, and not
// nested deeper than an honest reader's facts.
func decode(b []byte, v any) error {
	if err := shallow(b); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", errNonsense, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: there is more after the first value", errNonsense)
	}
	return nil
}

// shallow looks at the depth before anything is built.
func shallow(b []byte) error {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("%w: deeper than %d levels", errNonsense, maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// check looks at what the child says of itself.
func (r *Report) check() error {
	if len(r.Protections) > len(order) || len(r.Acts) > 0 {
		return fmt.Errorf("%w: %d protections, %d acts", errNonsense, len(r.Protections), len(r.Acts))
	}
	seen := map[string]bool{}
	for _, p := range r.Protections {
		if rank(p.ID) < 0 || seen[p.ID] || !words(p.Why) {
			return fmt.Errorf("%w: protection %.40q", errNonsense, p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

// check looks at whether an answer fits the request.
func (a *answer) check(req request) error {
	for _, x := range a.Acts {
		if len(x.ID) > 40 || !words(x.ID) || !words(x.Error) {
			return fmt.Errorf("%w: act %.40q", errNonsense, x.ID)
		}
	}
	facts := len(a.Facts) > 0
	switch {
	case a.Reader != req.Reader || a.Version != req.Version:
		return fmt.Errorf("%w: the answer is of reader %.40q, version %d", errNonsense, a.Reader, a.Version)
	case req.Probe && (facts || a.Failure != nil || len(a.Acts) == 0 || len(a.Acts) > 40):
		return fmt.Errorf("%w: no answer to a probe", errNonsense)
	case !req.Probe && (len(a.Acts) > 0 || facts == (a.Failure != nil)):
		return fmt.Errorf("%w: neither facts nor a failure, or both", errNonsense)
	}
	return nil
}

// facts returns the facts of an answer in the reader's own type.
func (a *answer) facts(r evidence.Reader) (any, error) {
	if f := a.Failure; f != nil {
		switch {
		case !words(f.Msg) || f.Msg == "":
			return nil, nonsense("the words of its error are no words", a.stderr)
		case f.Kind == iotmark.Invalid && r.MayTell(f.ID):
			return nil, &iotmark.Error{Kind: f.Kind, ID: f.ID, Msg: f.Msg}
		case f.Kind == iotmark.Internal && f.ID == broke:
			return nil, cause("reader "+r.Name+": "+f.Msg, a.stderr)
		case f.Kind == iotmark.Internal && f.ID == late:
			return nil, context.DeadlineExceeded
		}
		return nil, nonsense(fmt.Sprintf("it tells the error %.40q of kind %.40q, which this reader never tells", f.ID, f.Kind), a.stderr)
	}
	if bytes.Equal(bytes.TrimSpace(a.Facts), []byte("null")) {
		return nil, nonsense("its facts are null", a.stderr)
	}
	v := r.New()
	if err := decode(a.Facts, v); err != nil {
		return nil, nonsense(err.Error(), a.stderr)
	}
	return v, nil
}

// broke is the id under which a child tells that the reader panicked, or
// failed with an error that is not meant for people.
const broke iotmark.ErrorID = "reader-broke"

// late is the id under which a child tells that the reader's time was over.
const late iotmark.ErrorID = "reader-late"

// words reports whether s is a bounded line of printable text.
func words(s string) bool {
	return len(s) <= maxText && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// line makes a bounded line of printable text out of s.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	for len(s) > maxText {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// rank returns the place of a protection, -1 when there is none.
func rank(id string) int {
	for i, o := range order {
		if o == id {
			return i
		}
	}
	return -1
}

// encode writes facts as the JSON of an answer.
func encode(v any) ([]byte, error) { return json.Marshal(v) }
