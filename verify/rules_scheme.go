package verify

import (
	"slices"
)

func (a *act) logOpened() error {
	b := a.body.(*OpenedBody)
	if a.index != 0 {
		return notAllowed("log.opened is the entry at index 0")
	}
	if b.Domain != a.r.trust.Domain || b.Origin != a.r.origin {
		return refuse("domain-wrong", "the log is opened as that of %s, origin %s; trusted is %s, origin %s", b.Domain, b.Origin, a.r.trust.Domain, a.r.origin)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.opened, a.r.begun = true, a.Signed.At().Unix() }
	return nil
}

// keyringSet changes who holds which key: so many of the root as the keyring
// before says must sign (of the first one, those of the trust), and so many of
// the new root as the new one says.
func (a *act) keyringSet() error {
	b := a.body.(*KeyringBody)
	r := a.r
	old := r.ring.Keys
	if len(r.rings) == 0 {
		old = r.trust.Root
	}
	keys, err := r.keys.declare(a.index, old, b.Keys)
	if err != nil {
		return err
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	fresh, err := a.verifyNew(keys)
	if err != nil {
		return err
	}
	var root []*Key
	for _, k := range keys {
		signed := slices.Contains(fresh, k) || slices.ContainsFunc(a.signers, func(h *holder) bool { return h.Name == k.Name })
		if k.Role == Root && k.Until == nil && signed {
			root = append(root, k)
		}
	}
	if _, err := (Rule{Need: map[Role]int{Root: b.Root}}).Count(root); err != nil {
		return refuse("signers-missing", "the new keyring must be signed by %d of its own root; %d have", b.Root, len(root))
	}
	a.commit = func(n ref) {
		for _, k := range keys {
			r.keys.known(a.index, k)
		}
		r.ring = Keyring{Leaf: a.Leaf, Index: a.index, KeyringBody: *b}
		r.rings = append(r.rings, n)
	}
	return nil
}

func (a *act) policySet() error {
	b := a.body.(*PolicyBody)
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.policy = b.Policy }
	return nil
}

func (a *act) logClosed() error {
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.closed = true }
	return nil
}

// anchored tells of a checkpoint that was deposited elsewhere. Whether its
// root is right is for whoever has the tree.
func (a *act) anchored() error {
	b := a.body.(*AnchorBody)
	if b.Checkpoint.Origin != a.r.origin || b.Checkpoint.Size > a.index {
		return refuse("reference-missing", "the anchored checkpoint is of %s at size %d; this is entry %d of %s", b.Checkpoint.Origin, b.Checkpoint.Size, a.index, a.r.origin)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.anchors = append(a.r.anchors, Anchor{AnchorBody: *b, Index: a.index}) }
	return nil
}

// corrected is a note beside another entry; it may speak of void ones too, and
// changes nothing.
func (a *act) corrected() error {
	b := a.body.(*CorrectionBody)
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(ref) { a.r.corrections = append(a.r.corrections, Noted{CorrectionBody: *b, Index: a.index}) }
	return nil
}

// statusPublished says what the lists and the snapshot are of the log up to a
// size. Its hashes are for auditors, who make them again.
func (a *act) statusPublished() error {
	b := a.body.(*StatusBody)
	r := a.r
	switch {
	case b.Covers > a.index:
		return refuse("reference-missing", "the status covers %d entries; there are %d before it", b.Covers, a.index)
	case b.Covers < a.index: // what lies between could be what it hides
		return refuse("status-wrong", "the status covers %d entries, and there are %d before it; it must cover all of them", b.Covers, a.index)
	case b.Keyring != r.ring.Leaf:
		return refuse("status-wrong", "the status names the keyring %s; in force is %s", b.Keyring.Short(), r.ring.Leaf.Short())
	case b.Marks != int64(r.marks.slots.n):
		return refuse("status-wrong", "the status counts %d marks; there are %d", b.Marks, r.marks.slots.n)
	}
	if _, err := a.count(nil); err != nil {
		return err
	}
	a.commit = func(n ref) { r.status, r.statuses = n, *b }
	return nil
}
