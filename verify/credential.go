package verify

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
)

// Contexts of credentials. Nothing here fetches or expands them; they are for
// those who read credentials as linked data. The third gives meaning to the
// members of our own.
const (
	contextVC    = "https://www.w3.org/ns/credentials/v2"
	contextUNTP  = "https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/"
	contextVocab = "https://www.w3.org/ns/credentials/undefined-terms/v2"
)

// Attested is all that the credential of a mark says. Everything in it comes
// from the log: the credential is a rendering.
type Attested struct {
	Domain     string // of the scheme
	Origin     string // of the log
	Subject    string // of the mark
	Terms      *TermsBody
	Grant      iotmark.Digest // leaf of mark.granted
	GrantIndex int64
	InForce    iotmark.Digest // leaf of the entry that has the terms; that of the grant, if there is no newer one
	ForceIndex int64
}

// Context returns the contexts of the credential of a mark.
func (Attested) Context() []string { return []string{contextVC, contextUNTP, contextVocab} }

// Credential returns the credential without its proof, in canonical JSON: a
// W3C VC Data Model 2.0 credential in the shape of the UNTP Digital Conformity
// Credential 0.6.1. It is a pure function of the log, so that whoever verifies
// can make it again and compare.
func (a Attested) Credential() []byte { return mustEncode(a.credential()) }

type credential struct {
	Context  []string    `json:"@context"`
	Status   []statusRef `json:"credentialStatus"`
	Subject  attestation `json:"credentialSubject"`
	Evidence []logRef    `json:"evidence"`
	ID       string      `json:"id"`
	Issuer   namedParty  `json:"issuer"`
	Type     []string    `json:"type"`
	From     string      `json:"validFrom"`
	Until    string      `json:"validUntil"`
}

type statusRef struct {
	ID      string `json:"id"`
	List    string `json:"statusListCredential"`
	Index   string `json:"statusListIndex"`
	Purpose string `json:"statusPurpose"`
	Type    string `json:"type"`
}

type logRef struct {
	ID    string         `json:"id"`
	Index int64          `json:"index"`
	Leaf  iotmark.Digest `json:"leaf"`
	Log   string         `json:"log"`
	Type  []string       `json:"type"`
}

type namedParty struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	RegisteredID string   `json:"registeredId,omitempty"`
	Type         []string `json:"type,omitempty"`
}

type attestation struct {
	Assessment  []topicAssessment `json:"assessment"`
	Level       string            `json:"assessmentLevel"`
	Assessor    string            `json:"assessorLevel"`
	Kind        string            `json:"attestationType"`
	Description string            `json:"description"`
	ID          string            `json:"id"`
	Holder      namedParty        `json:"issuedToParty"`
	Name        string            `json:"name"`
	Type        []string          `json:"type"`
}

type topicAssessment struct {
	Products    []assessedProduct `json:"assessedProduct,omitempty"`
	Conformance bool              `json:"conformance"`
	Topic       string            `json:"conformityTopic"`
	Description string            `json:"description"`
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Standard    *standard         `json:"referenceStandard,omitempty"`
	Type        []string          `json:"type"`
}

type assessedProduct struct {
	Verified bool       `json:"IDverifiedByCAB"`
	Product  namedParty `json:"product"`
}

type standard struct {
	ID     string     `json:"id"`
	Issuer namedParty `json:"issuingParty"`
	Name   string     `json:"name"`
	Type   []string   `json:"type"`
}

func (a Attested) credential() credential {
	t := a.Terms
	scheme := namedParty{ID: DID(a.Domain), Name: a.Domain}
	page := "https://" + a.Domain + "/m/" + t.Code
	c := credential{
		Context: a.Context(), ID: page,
		Issuer: namedParty{ID: scheme.ID, Name: scheme.Name, Type: []string{"CredentialIssuer"}},
		Type:   []string{"DigitalConformityCredential", "VerifiableCredential"},
		From:   string(t.ValidFrom) + "T00:00:00Z", Until: string(t.ValidUntil) + "T23:59:59Z",
		Evidence: []logRef{a.ref(MarkGranted, a.GrantIndex, a.Grant)},
		Subject: attestation{
			Level: "Verified", Assessor: "3rdParty", Kind: "certification",
			ID: a.Subject, Name: a.Domain + ": " + t.Product.Name, Description: t.describe(),
			Holder: t.Holder.party(), Type: []string{"ConformityAttestation", "Attestation"},
		},
	}
	if a.InForce != a.Grant {
		c.Evidence = append(c.Evidence, a.ref("terms", a.ForceIndex, a.InForce))
	}
	for _, p := range Purposes() {
		list, i := listURL(a.Domain, ListID(t.Slot), p), strconv.FormatInt(t.Slot%ListBits, 10)
		c.Status = append(c.Status, statusRef{ID: list + "#" + i, List: list, Index: i, Purpose: p, Type: "BitstringStatusListEntry"})
	}
	// UNTP has no topics of its own for what a connected product does to those
	// who live with it, so all go by the one for compliance with criteria.
	const topic = "governance.compliance"
	kind := []string{"ConformityAssessment", "Declaration"}
	c.Subject.Assessment = append(c.Subject.Assessment, topicAssessment{
		Products: t.Product.assessed(t.Holder.Domain), Conformance: true, Topic: topic, ID: page + "#criteria", Name: "criteria",
		Description: "All criteria of edition " + string(t.Edition) + " that apply are met",
		Standard: &standard{ID: "https://" + a.Domain + "/criteria/" + string(t.Edition), Issuer: scheme,
			Name: "Criteria of " + a.Domain + ", edition " + string(t.Edition), Type: []string{"Standard"}},
		Type: kind,
	})
	for _, id := range iotmark.Topics() {
		n := t.Topics[id]
		c.Subject.Assessment = append(c.Subject.Assessment, topicAssessment{
			Conformance: true, Topic: topic, ID: page + "#" + string(id), Name: string(id), Type: kind,
			Description: fmt.Sprintf("%d criteria: %d examined by program, %d read by a person, %d tried on a unit", n.Criteria, n.Checked, n.Assessed, n.Tested),
		})
	}
	return c
}

func (a Attested) ref(what Type, index int64, leaf iotmark.Digest) logRef {
	return logRef{ID: a.Subject + "#" + string(what), Index: index, Leaf: leaf, Log: a.Origin, Type: []string{"TransparencyLogEntry"}}
}

func (h Holder) party() namedParty {
	if h.LEI != "" {
		return namedParty{ID: "https://search.gleif.org/#/record/" + h.LEI, Name: h.Name, RegisteredID: h.LEI}
	}
	return namedParty{ID: "https://" + h.Domain, Name: h.Name}
}

func (p ProductTerms) assessed(maker string) (out []assessedProduct) {
	for _, g := range p.GTINs {
		out = append(out, assessedProduct{true, namedParty{ID: "https://id.gs1.org/01/" + g, Name: p.Name, RegisteredID: g}})
	}
	if len(out) == 0 {
		out = append(out, assessedProduct{true, namedParty{ID: "urn:iotmark:product:" + maker + ":" + p.ID, Name: p.Name, RegisteredID: p.ID}})
	}
	return out
}

// describe says in one line what is certified.
func (t *TermsBody) describe() string {
	p := t.Product
	var b strings.Builder
	fmt.Fprintf(&b, "%s, model %s", p.Name, p.Model)
	if len(p.Hardware) > 0 {
		b.WriteString(", hardware " + strings.Join(p.Hardware, " and "))
	}
	b.WriteString(", software from " + p.Software.Min)
	if len(p.Services) > 0 {
		b.WriteString(", services " + strings.Join(p.Services, " and "))
	}
	return b.String() + "; security updates until " + string(t.Updates)
}
