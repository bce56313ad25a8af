package publication

import (
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
)

// keptBack is what a publication keeps back, held against what rests on it. A
// maker may say that an outcome rests on what is not public, and nobody can
// run the check again. So the declaration must have such a piece, of a kind
// that the check reads, and the outcome must name it.
type keptBack struct {
	cat         *catalogue.Catalogue
	reads       Reads
	declaration *iotmark.Declaration
	holdings    []iotmark.Holding // as published
	unsure      []iotmark.FactID  // as published
	open        []iotmark.FactID  // those that the public evidence denies
}

// pieces are the pieces that are not public, were there, and are of a kind
// that the check reads: any of them may have decided its outcome.
func (k keptBack) pieces(id iotmark.CheckID) []iotmark.EvidenceID {
	var out []iotmark.EvidenceID
	for i, e := range k.declaration.Evidence {
		if !hidden(e) || i >= len(k.holdings) || k.holdings[i].Standing != iotmark.Held {
			continue
		}
		claimed := slices.ContainsFunc(k.cat.Serves(id), func(c iotmark.CriterionID) bool {
			return slices.Contains(k.declaration.Claims[c].Evidence, e.ID)
		})
		if may := k.reads[id]; may != nil && may(e.Kind, claimed) {
			out = append(out, e.ID)
		}
	}
	return out
}

// concerns reports whether a fact that only evidence denies which is not
// public makes the check apply, or not apply.
func (k keptBack) concerns(id iotmark.CheckID) bool {
	apply := func(unsure []iotmark.FactID) bool {
		truths := k.cat.Truths(k.declaration.Facts)
		for _, f := range unsure {
			truths[f] = iotmark.Unknown
		}
		return slices.ContainsFunc(k.cat.Serves(id), func(c iotmark.CriterionID) bool {
			return k.cat.Criterion(c).Applies(truths) != iotmark.False
		})
	}
	return apply(k.unsure) != apply(k.open)
}

// factsAgree is the check that finds the facts which evidence denies.
const factsAgree iotmark.CheckID = "accountability.facts-agree"

// denies reports whether evidence that is not public can have denied a fact:
// the declaration says no, and the check that finds such facts failed on it or
// has no published result.
func (k keptBack) denies(a Assessment, f iotmark.FactID) bool {
	of := byCheck(a.Assessment.Findings)[factsAgree]
	told := slices.Contains(a.NotRerun, factsAgree) && worst(of) == iotmark.Failed || len(of) == 1 && of[0].Message == NoResult
	return told && len(k.pieces(factsAgree)) > 0 && k.cat.Truths(k.declaration.Facts)[f] == iotmark.False
}

// explains reports whether something that is not public can have given a check
// these findings. Findings that name only what is public did not need it, and
// nothing passes on evidence that is not named.
func (k keptBack) explains(id iotmark.CheckID, fs []iotmark.Finding) bool {
	if k.concerns(id) {
		return true
	}
	pieces := k.pieces(id)
	named := false
	for _, f := range fs {
		if slices.ContainsFunc(f.Basis, func(e iotmark.EvidenceID) bool { return slices.Contains(pieces, e) }) {
			return true
		}
		named = named || len(f.Basis) > 0
	}
	return len(pieces) > 0 && !named && worst(fs) != iotmark.Passed
}

// named adds to findings that name none of them the pieces that decided.
func (k keptBack) named(id iotmark.CheckID, fs []iotmark.Finding) []iotmark.Finding {
	pieces := k.pieces(id)
	if k.concerns(id) || len(pieces) == 0 || k.explains(id, fs) {
		return fs
	}
	for i := range fs {
		fs[i].Basis = slices.Concat(fs[i].Basis, pieces)
	}
	return fs
}

// Disputed returns the checks that the public evidence alone fails, and of
// which another outcome is published, resting on what is not public. It may
// be so; no reader can tell.
func Disputed(a Assessment, open iotmark.Assessment) []iotmark.CheckID {
	published, found := byCheck(a.Assessment.Findings), byCheck(open.Findings)
	return slices.DeleteFunc(slices.Clone(a.NotRerun), func(id iotmark.CheckID) bool { return !disputed(published[id], found[id]) })
}

func disputed(published, found []iotmark.Finding) bool {
	return worst(found) == iotmark.Failed && worst(published) != iotmark.Failed
}
