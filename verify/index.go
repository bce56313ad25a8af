package verify

import (
	"encoding/json"
	"time"

	"github.com/open-iot-mark/iotmark"
)

// MaxIndex bounds an index file when it is unpacked, in bytes: 300,000 marks of
// the usual kind.
const MaxIndex = 64 << 20

// Index is the whole registry in one small file, for looking up marks offline:
// what a label or a box needs, and where the entry is. It is a rendering of a
// prefix of the log; its hash stands in status.published. It shows no proof of
// its own: a bundle does.
type Index struct {
	AsOf   string      `json:"as_of"` // RFC 3339, UTC, whole seconds: the time of the status.published
	Domain string      `json:"domain"`
	Marks  []IndexMark `json:"marks"` // by slot: every mark that was ever granted
	Origin string      `json:"origin"`
	Size   int64       `json:"size"` // entries of the log
	V      int         `json:"v"`    // 1
}

// IndexMark is one mark of an index, written as a list of these in their order.
type IndexMark struct {
	Code    string
	State   iotmark.MarkState
	GTINs   []string // GTIN-14
	Holder  string   // name
	Product string   // name
	Model   string
	Edition iotmark.Edition
	From    iotmark.Date // valid
	Until   iotmark.Date // last day
	Updates iotmark.Date
	Terms   string // first 32 hexadecimal digits of the leaf of the terms in force
}

const indexLeaf = 32

func (m *IndexMark) fields() []any {
	return []any{&m.Code, &m.State, &m.GTINs, &m.Holder, &m.Product, &m.Model, &m.Edition, &m.From, &m.Until, &m.Updates, &m.Terms}
}

// MarshalJSON writes the list.
func (m IndexMark) MarshalJSON() ([]byte, error) {
	if m.GTINs == nil {
		m.GTINs = []string{}
	}
	return encode(m.fields())
}

// UnmarshalJSON reads the list.
func (m *IndexMark) UnmarshalJSON(b []byte) error {
	to := m.fields()
	n := len(to)
	if err := json.Unmarshal(b, &to); err != nil {
		return err
	}
	if len(to) != n {
		return invalid("index-malformed", "a mark of the index has %d values, not %d", len(to), n)
	}
	return nil
}

// Index gives the index of a registry as of its time.
func (r *Registry) Index() Index {
	x := Index{AsOf: r.AsOf.UTC().Format(time.RFC3339), Domain: r.Domain, Marks: make([]IndexMark, len(r.Marks)), Origin: r.Origin, Size: r.Size, V: 1}
	for i := range r.Marks {
		m := &r.Marks[i]
		t := m.TermsInForce
		x.Marks[i] = IndexMark{Code: m.Code, State: m.State, GTINs: t.Product.GTINs, Holder: t.Holder.Name, Product: t.Product.Name,
			Model: t.Product.Model, Edition: t.Edition, From: t.ValidFrom, Until: t.ValidUntil, Updates: t.Updates, Terms: string(m.Terms[:indexLeaf])}
	}
	return x
}

// Marshal writes the index in canonical JSON.
func (x Index) Marshal() ([]byte, error) { return encode(x) }

// ParseIndex reads an index, compressed or plain, in its one form. Errors of
// kind Unverified: index-malformed, index-version.
func ParseIndex(file []byte) (*Index, error) {
	if len(file) > 2 && file[0] == 0x1f && file[1] == 0x8b {
		var err error
		if file, err = new(inflater).gunzip(file, MaxIndex); err != nil {
			return nil, refuse("index-malformed", "the index cannot be unpacked: %v", err)
		}
	}
	x := &Index{}
	if err := decode(file, x); err != nil {
		return nil, refuse("index-malformed", "the index is not of the form that is used here: %v", err)
	}
	if x.V != 1 {
		return nil, refuse("index-version", "the index is of version %d; this program knows version 1", x.V)
	}
	return x, nil
}
