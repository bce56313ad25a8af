package verify

import (
	"bytes"
	"compress/gzip"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/open-iot-mark/iotmark"
)

// Bounds of a bundle.
const (
	MaxBundleFile = 64 << 10  // bytes as a file; one of the usual kind has 8,000
	MaxBundle     = 256 << 10 // bytes of JSON
	maxEntries    = 32
)

// BundleVersion is the version of the format, the member v of a bundle.
const BundleVersion = 1

// Marshal writes a bundle as a file: canonical JSON, compressed.
func (b *Bundle) Marshal() ([]byte, error) {
	doc, err := encode(b)
	if err != nil {
		return nil, err
	}
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(doc)
	}
	if err == nil {
		err = w.Close()
	}
	return z.Bytes(), err
}

// ParseBundle reads a bundle: canonical JSON, compressed with gzip or plain.
// Nothing in it is verified. Errors of kind Unverified: bundle-large,
// bundle-malformed, bundle-version, json-duplicate, json-not-canonical,
// json-too-deep.
func ParseBundle(file []byte) (*Bundle, error) { return parseBundle(file, &inflater{}) }

func parseBundle(file []byte, z *inflater) (*Bundle, error) {
	if len(file) > MaxBundleFile && !bytes.HasPrefix(file, []byte("{")) || len(file) > MaxBundle {
		return nil, refuse("bundle-large", "the file has %d bytes; a bundle has %d at most", len(file), MaxBundleFile)
	}
	doc := file
	if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		var err error
		if doc, err = z.gunzip(file, MaxBundle); errors.Is(err, errTooLong) {
			return nil, refuse("bundle-large", "the bundle unpacks to more than %d bytes", MaxBundle)
		} else if err != nil {
			return nil, refuse("bundle-malformed", "the bundle is not compressed with gzip: %v", err)
		}
	}
	b := &Bundle{}
	if b.read(doc) {
		return b, nil
	}
	if err := Canonical(doc); err != nil {
		// One id for all that can be wrong with the form: what is wrong first
		// depends on who reads, and every implementation must say the same.
		return nil, &iotmark.Error{Kind: iotmark.Unverified, ID: "bundle-malformed", Msg: "the bundle is not in the one form of RFC 8785", Err: err}
	}
	if v, _ := valueOf(doc, "v"); len(v) > 0 && v[0] != '"' && string(v) != strconv.Itoa(BundleVersion) {
		return nil, refuse("bundle-version", "the bundle is of version %s; this program knows version %d", clip(string(v)), BundleVersion)
	}
	return nil, refuse("bundle-malformed", "the file is no bundle of a mark: members are missing, or there are others")
}

var bundleShape = sync.OnceValue(func() *shape { return shapeOf(reflect.TypeFor[Bundle]()) })

// read takes a bundle apart, if it is one, in the one form of RFC 8785.
func (b *Bundle) read(doc []byte) bool {
	return bundleShape().read(doc, b) && b.V == BundleVersion && len(b.Entries) <= maxEntries && len(b.Lists) <= maxEntries &&
		len(b.State.Path) <= maxPath && b.State.Size >= 0 && b.State.Record.Slot >= 0
}

// place is an entry of a bundle that was found in the log.
type place struct {
	*Signed
	index int64
	seen  Seen
}

// parts are the entries of a bundle, by what they are for.
type parts struct {
	rings  []*place // oldest first
	orgs   []*place
	grant  *place
	terms  *place // that has the terms in force: the grant, or a newer one
	status *place
}

// sort puts the entries of a bundle where they belong. They must stand in the
// order that [Bundle] names. Errors: keyring-missing, grant-missing,
// status-missing, bundle-malformed.
func (p *parts) sort(entries []*place) error {
	rest := entries
	take := func(types ...Type) (out []*place) {
		for len(rest) > 0 && slices.Contains(types, rest[0].Type) {
			out, rest = append(out, rest[0]), rest[1:]
		}
		return out
	}
	p.rings = take(KeyringSet)
	p.orgs = take(OrgAccredited)
	grants := take(MarkGranted)
	newer := take(MarkRenewed, MarkAmended)
	statuses := take(StatusPublished)
	switch {
	case len(p.rings) == 0:
		return refuse("keyring-missing", "the bundle does not say who holds which key: its first entry is no keyring.set")
	case len(grants) == 0:
		return refuse("grant-missing", "the bundle has no mark.granted where it must stand")
	case len(statuses) == 0:
		return refuse("status-missing", "the bundle has no status.published where it must stand, so that nothing is known of the mark's state")
	case len(grants) > 1 || len(newer) > 1 || len(statuses) > 1 || len(rest) > 0:
		return refuse("bundle-malformed", "the bundle has more entries than it takes to verify one mark, or not in their order")
	}
	p.grant, p.terms, p.status = grants[0], grants[0], statuses[0]
	if len(newer) == 1 {
		p.terms = newer[0]
		if p.terms.Subject != p.grant.Subject || p.terms.index <= p.grant.index {
			return refuse("terms-other-mark", "the newer terms are not of the mark that was granted, or came before it")
		}
	}
	for i := 1; i < len(p.rings); i++ {
		if p.rings[i].index <= p.rings[i-1].index {
			return refuse("bundle-malformed", "the keyrings in the bundle are not in the order of the log")
		}
	}
	return nil
}

// ring is the keyring in force at an index, of those in the bundle; before the
// first of them it is the first.
func (p *parts) ring(index int64) *KeyringBody {
	at := p.rings[0]
	for _, r := range p.rings {
		if r.index < index {
			at = r
		}
	}
	return at.body.(*KeyringBody)
}

// lastKeys are those of the newest keyring in the bundle.
func (p *parts) lastKeys() []*Key { return p.rings[len(p.rings)-1].keys }

// signers verifies the signatures of an entry that were made by some keys, and
// counts those who may sign at its index by a rule. Errors: signature-wrong,
// key-ended, signers-missing, signers-not-apart.
func (e *place) signers(domain string, rule Rule, keys ...[]*Key) ([]*Key, error) {
	var now, all []*Key
	for _, s := range e.Sigs {
		k := find(s, keys)
		if k == nil {
			continue // nobody's, as far as is known here
		}
		if err := k.Verify(e.Text, s, domain); err != nil {
			return nil, err
		}
		all = append(all, k)
		if k.Until == nil || e.index < *k.Until {
			now = append(now, k)
		}
	}
	counted, err := rule.Count(now)
	if err == nil {
		return counted, nil
	}
	if _, late := rule.Count(all); late == nil && len(all) > len(now) {
		return nil, refuse("key-ended", "the %s is signed by keys that had ended before index %d", e.Type, e.index)
	}
	return nil, err
}

// find gives the key that made a signature, nil when nobody here did.
func find(s Sig, lists [][]*Key) *Key {
	for _, keys := range lists {
		for _, k := range keys {
			if k.Made(s) {
				return k
			}
		}
	}
	return nil
}

// keyrings checks the chain from the root of the trust to the newest keyring:
// each is signed by as many of the root as the one before says, and by as many
// of its own root as it says itself.
func (p *parts) keyrings(t *Trust, root []*Key) error {
	before, need := root, t.RootThreshold
	for _, r := range p.rings {
		own := r.body.(*KeyringBody).Root
		if _, err := r.signers(t.Domain, Rule{Need: map[Role]int{Root: need}}, before); err != nil {
			return err
		}
		if need != own || !sameRoot(before, r.keys) {
			if _, err := r.signers(t.Domain, Rule{Need: map[Role]int{Root: own}}, r.keys); err != nil {
				return err
			}
		}
		before, need = r.keys, own
	}
	return nil
}

// sameRoot reports whether two keyrings have the same root, so that who could
// sign by the one could by the other.
func sameRoot(a, b []*Key) bool {
	root := func(keys []*Key) (out []*Key) {
		for _, k := range keys {
			if k.Role == Root {
				out = append(out, k)
			}
		}
		return out
	}
	return slices.EqualFunc(root(a), root(b), func(x, y *Key) bool {
		return x.KeyEntry.Key == y.KeyEntry.Key && x.Name == y.Name && x.Person == y.Person && x.Org == y.Org && x.Until == nil && y.Until == nil
	})
}

// orgKeys are the keys of all organisations in the bundle.
func (p *parts) orgKeys() (keys []*Key) {
	for _, o := range p.orgs {
		keys = append(keys, o.keys...)
	}
	return keys
}

// issuer finds the issuer's key that a proof names, if it may sign for what
// stands at an index of the log. Errors: issuer-unknown, issuer-ended.
func (p *parts) issuer(domain, method string, index int64) (*Key, error) {
	name, ok := strings.CutPrefix(method, DID(domain)+"#")
	public, err := ParseMultikey(name)
	for _, k := range p.lastKeys() {
		if !ok || err != nil || k.Role != Issuer || !k.Public.Equal(public) {
			continue
		}
		if k.Until != nil && index >= *k.Until {
			return nil, refuse("issuer-ended", "the issuer's key %s had ended before index %d", k.Name, index)
		}
		return k, nil
	}
	return nil, refuse("issuer-unknown", "%q is no issuer's key of the keyring", clip(method))
}
