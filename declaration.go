package iotmark

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Word is one of the two words that may stand where a date or a list is
// asked for. The zero value means the same as WordUnknown.
type Word string

// None says that there is nothing; unknown that nobody said.
const (
	WordNone    Word = "none"
	WordUnknown Word = "unknown"
)

// Until is a date, "none" or "unknown". The zero value is unknown.
type Until string

// Date returns the date, and false when a word or nothing stands there.
func (u Until) Date() (Date, bool) {
	if u == "" || u == Until(WordNone) || u == Until(WordUnknown) {
		return "", false
	}
	return Date(u), true
}

// Known reports whether a date or "none" stands there.
func (u Until) Known() bool { return u != "" && u != Until(WordUnknown) }

// Listed is a list, or a word in its place. The zero value is unknown; an
// empty list is known and says that there is nothing.
type Listed[T any] struct {
	Word  Word // set when a word stands in place of the list
	Items []T  // nil when a word stands, or nothing
}

// Known reports whether a list or "none" stands there.
func (l Listed[T]) Known() bool { return l.Items != nil || l.Word == WordNone }

// MarshalJSON writes the list or the word.
func (l Listed[T]) MarshalJSON() ([]byte, error) {
	if l.Items != nil {
		return json.Marshal(l.Items)
	}
	if l.Word == "" {
		return json.Marshal(WordUnknown)
	}
	return json.Marshal(l.Word)
}

// UnmarshalJSON reads the list or the word.
func (l *Listed[T]) UnmarshalJSON(b []byte) error {
	*l = Listed[T]{}
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &l.Word)
	}
	if err := json.Unmarshal(b, &l.Items); err != nil {
		return err
	}
	if l.Items == nil {
		l.Items = []T{}
	}
	return nil
}

// IsZero reports whether nothing was said; encoding/json's omitzero asks.
func (l Listed[T]) IsZero() bool { return l.Word == "" && l.Items == nil }

// Declaration is what a maker says about one product: the content of
// iotmark.yaml. Its shape is that of the JSON Schema of the edition; a test
// holds the two against each other.
type Declaration struct {
	Edition    Edition               `json:"iotmark"`
	Product    Product               `json:"product"`
	Maker      Maker                 `json:"maker"`
	Parties    []Party               `json:"parties,omitempty"`
	Contacts   Contacts              `json:"contacts,omitzero"`
	Parts      []Part                `json:"parts,omitempty"`
	Facts      map[FactID]FactValue  `json:"facts"`
	Support    Support               `json:"support"`
	Functions  []Function            `json:"functions,omitempty"`
	Plans      Listed[Plan]          `json:"plans,omitzero"`
	Income     []string              `json:"income,omitempty"`
	Sensors    Listed[Sensor]        `json:"sensors,omitzero"`
	DataSold   string                `json:"data_sold,omitempty"`    // never, with-consent, always, unknown
	DataForAds string                `json:"data_for_ads,omitempty"` // never, with-consent, always, unknown
	Data       Listed[DataKind]      `json:"data,omitzero"`
	DataTerms  DataTerms             `json:"data_terms,omitzero"`
	Recipients []Recipient           `json:"recipients,omitempty"`
	Interfaces []Interface           `json:"interfaces,omitempty"`
	Repair     Repair                `json:"repair,omitzero"`
	Durability []Durability          `json:"durability,omitempty"`
	Failures   Failures              `json:"failures,omitzero"`
	Software   []Software            `json:"software,omitempty"`
	Incidents  Listed[Incident]      `json:"incidents,omitzero"`
	Labels     []ForeignLabel        `json:"labels,omitempty"`
	Laws       []Law                 `json:"laws,omitempty"`
	Guides     map[string]string     `json:"guides,omitempty"` // name of the guide -> web address
	TakeBack   TakeBack              `json:"take_back,omitzero"`
	Claims     map[CriterionID]Claim `json:"claims,omitempty"`
	Evidence   []Evidence            `json:"evidence,omitempty"`
	Signed     *Signature            `json:"signed,omitempty"`
}

// Product is what the declaration is about.
type Product struct {
	Name        string          `json:"name"`
	Model       string          `json:"model"`
	Kind        string          `json:"kind"` // such as thermostat, door-lock, camera
	Summary     string          `json:"summary,omitempty"`
	Hardware    []string        `json:"hardware,omitempty"` // revisions covered
	Batches     string          `json:"batches,omitempty"`  // all units when left out
	GTINs       []string        `json:"gtins,omitempty"`
	ID          string          `json:"id,omitempty"`
	Codes       Codes           `json:"codes,omitzero"`
	Markets     []string        `json:"markets,omitempty"` // ISO 3166-1 alpha-2, or EU
	FirstSale   Date            `json:"first_sale"`
	FirstSaleIn map[string]Date `json:"first_sale_in,omitempty"`
	LastSale    Until           `json:"last_sale,omitempty"`
	Price       string          `json:"price,omitempty"` // such as 129.00 GBP
	Photo       string          `json:"photo,omitempty"`
	Purpose     string          `json:"purpose,omitempty"`
	Environment string          `json:"environment,omitempty"`
	Misuse      string          `json:"misuse,omitempty"`
	Power       string          `json:"power,omitempty"`
	SetupNeeds  []string        `json:"setup_needs,omitempty"` // of the words of Function.WorksWithout
}

// Codes are classes for trade marks and customs.
type Codes struct {
	Nice    string `json:"nice,omitempty"`
	Customs string `json:"customs,omitempty"`
}

// Maker answers for the product.
type Maker struct {
	Name          string   `json:"name"`
	Brand         string   `json:"brand,omitempty"`
	Address       string   `json:"address"`
	Country       string   `json:"country"`
	CompanyNumber string   `json:"company_number,omitempty"`
	Website       string   `json:"website,omitempty"`
	Email         string   `json:"email"`
	Phone         string   `json:"phone,omitempty"`
	IDs           MakerIDs `json:"ids,omitzero"`
}

// MakerIDs are identifiers of the maker in public registers.
type MakerIDs struct {
	LEI  string `json:"lei,omitempty"`
	EORI string `json:"eori,omitempty"`
	GLN  string `json:"gln,omitempty"`
	DID  string `json:"did,omitempty"`
}

// Party is anybody else with a duty for the product.
type Party struct {
	Role       string     `json:"role"`
	Name       string     `json:"name"`
	Address    string     `json:"address,omitempty"`
	Country    string     `json:"country,omitempty"`
	Email      string     `json:"email,omitempty"`
	Does       string     `json:"does,omitempty"`
	Since      Date       `json:"since,omitempty"`
	Visibility Visibility `json:"visibility,omitempty"`
}

// Contacts says whom to ask.
type Contacts struct {
	Support         string   `json:"support,omitempty"`
	Hours           string   `json:"hours,omitempty"`
	Languages       []string `json:"languages,omitempty"`
	Cost            string   `json:"cost,omitempty"`
	AnswerDays      int      `json:"answer_days,omitempty"`
	Complaints      string   `json:"complaints,omitempty"`
	Disputes        string   `json:"disputes,omitempty"`
	Privacy         string   `json:"privacy,omitempty"`
	Security        string   `json:"security,omitempty"`
	SecurityPolicy  string   `json:"security_policy,omitempty"`
	AcknowledgeDays int      `json:"acknowledge_days,omitempty"`
	StatusDays      int      `json:"status_days,omitempty"`
	Advisories      string   `json:"advisories,omitempty"`
}

// PartName is one of device, hub, cloud and app.
type PartName string

// The parts a product may have.
const (
	Device PartName = "device"
	Hub    PartName = "hub"
	Cloud  PartName = "cloud"
	App    PartName = "app"
)

// Part is a device, hub, cloud or app of the product.
type Part struct {
	Part      PartName `json:"part"`
	Name      string   `json:"name"`
	Needed    bool     `json:"needed,omitempty"`
	RunBy     string   `json:"run_by,omitempty"`
	Countries []string `json:"countries,omitempty"`
	Platform  string   `json:"platform,omitempty"`
}

// FactValue is the answer to one product fact: a truth, or a set of options.
type FactValue struct {
	Truth Truth    // for facts of type boolean
	Set   []string // for facts of type set; nil when unknown
}

// MarshalJSON writes true, false, "unknown" or the list of options.
func (v FactValue) MarshalJSON() ([]byte, error) {
	if v.Set != nil {
		return json.Marshal(v.Set)
	}
	return v.Truth.MarshalJSON()
}

// UnmarshalJSON reads true, false, "unknown" or a list of options.
func (v *FactValue) UnmarshalJSON(b []byte) error {
	*v = FactValue{}
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '[' {
		v.Set = []string{}
		return json.Unmarshal(b, &v.Set)
	}
	return v.Truth.UnmarshalJSON(b)
}

// Support says how long the maker keeps the product going, and what then.
type Support struct {
	UpdatesUntil  Until     `json:"updates_until"`
	Updates       []string  `json:"updates,omitempty"`
	Automatic     string    `json:"automatic,omitempty"`
	How           string    `json:"how,omitempty"`
	Kept          string    `json:"kept,omitempty"`
	Reason        string    `json:"reason,omitempty"` // restricted: left out when published
	History       []Promise `json:"history,omitempty"`
	FixedParts    string    `json:"fixed_parts,omitempty"`
	ServiceUntil  Until     `json:"service_until,omitempty"`
	MeantToLast   string    `json:"meant_to_last,omitempty"`
	WarrantyYears *float64  `json:"warranty_years,omitempty"`
	IfMakerCloses string    `json:"if_maker_closes,omitempty"` // keeps-working, partly, stops, unknown
	ExitPlan      string    `json:"exit_plan,omitempty"`
}

// Promise is a support date promised earlier.
type Promise struct {
	Set   Date `json:"set"`
	Until Date `json:"until"`
}

// Function is a core function: who can do what with which result.
type Function struct {
	ID           string         `json:"id"`
	Text         string         `json:"text"`
	Basic        bool           `json:"basic,omitempty"`
	Core         *bool          `json:"core,omitempty"` // true when left out
	WorksWithout Listed[string] `json:"works_without,omitzero"`
	Limits       string         `json:"limits,omitempty"`
}

// IsCore reports whether the function is promised to buyers.
func (f Function) IsCore() bool { return f.Core == nil || *f.Core }

// Plan is a paid plan or another later cost.
type Plan struct {
	Name      string   `json:"name"`
	Price     string   `json:"price"`
	Per       string   `json:"per"`
	Functions []string `json:"functions,omitempty"`
}

// Sensor is anything that senses, also when it is switched off.
type Sensor struct {
	Senses       string `json:"senses"`
	What         string `json:"what"`
	Why          string `json:"why,omitempty"`
	LeavesDevice *bool  `json:"leaves_device,omitempty"`
	Off          string `json:"off,omitempty"`
	Sign         string `json:"sign,omitempty"`
}

// DataKind is one kind of data that the product handles.
type DataKind struct {
	ID          string     `json:"id"`
	What        string     `json:"what"`
	From        string     `json:"from,omitempty"`
	Personal    *bool      `json:"personal,omitempty"` // true when left out
	Special     bool       `json:"special,omitempty"`
	Subjects    string     `json:"subjects,omitempty"`
	Why         string     `json:"why"`
	Basis       string     `json:"basis,omitempty"`
	Optional    bool       `json:"optional,omitempty"`
	When        string     `json:"when,omitempty"`
	Stored      []PartName `json:"stored,omitempty"`
	Kept        string     `json:"kept,omitempty"`
	Countries   []string   `json:"countries,omitempty"`
	Recipients  []string   `json:"recipients,omitempty"`
	ProtectedBy string     `json:"protected_by,omitempty"`
	Format      string     `json:"format,omitempty"`
	Volume      string     `json:"volume,omitempty"`
	Live        *bool      `json:"live,omitempty"`
}

// IsPersonal reports whether the data counts as personal; it does unless the
// maker says otherwise.
func (d DataKind) IsPersonal() bool { return d.Personal == nil || *d.Personal }

// DataTerms are lines of the data sheet that are not about one kind of data.
type DataTerms struct {
	OwnUse       string `json:"own_use,omitempty"`
	OthersUse    string `json:"others_use,omitempty"`
	Share        string `json:"share,omitempty"`
	TradeSecrets string `json:"trade_secrets,omitempty"`
	Contract     string `json:"contract,omitempty"`
	Complaint    string `json:"complaint,omitempty"`
}

// Recipient is somebody who gets data, the maker left out.
type Recipient struct {
	ID            string   `json:"id"`
	Name          string   `json:"name"`
	Role          string   `json:"role"`
	Why           string   `json:"why"`
	Country       string   `json:"country"`
	Hosts         []string `json:"hosts,omitempty"`
	Safeguard     string   `json:"safeguard,omitempty"`
	ContractSince Date     `json:"contract_since,omitempty"`
}

// Interface is a way for programs of others.
type Interface struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Reaches  PartName `json:"reaches"`
	Standard string   `json:"standard,omitempty"`
	Docs     string   `json:"docs,omitempty"`
	Free     *bool    `json:"free,omitempty"` // true when left out
	Gives    string   `json:"gives,omitempty"`
}

// Repair is about repair and spare parts.
type Repair struct {
	By             string            `json:"by,omitempty"` // owner, repairer, nobody, unknown
	OpensWith      string            `json:"opens_with,omitempty"`
	Steps          string            `json:"steps,omitempty"`
	SoftwareLock   *bool             `json:"software_lock,omitempty"`
	PartsUntil     Until             `json:"parts_until,omitempty"`
	Parts          Listed[SparePart] `json:"parts,omitzero"`
	DocumentsUntil Date              `json:"documents_until,omitempty"`
}

// SparePart is a spare part or a consumable.
type SparePart struct {
	Part  string `json:"part"`
	Price string `json:"price,omitempty"`
	Days  *int   `json:"days,omitempty"`
	For   string `json:"for,omitempty"`
	Until Date   `json:"until,omitempty"`
	Order string `json:"order,omitempty"`
}

// Durability is a test of a part under stress.
type Durability struct {
	What     string     `json:"what"`
	Result   string     `json:"result"`
	Evidence EvidenceID `json:"evidence,omitempty"`
}

// Failures says how often the product breaks: a word or a rate.
type Failures struct {
	Word string // "unknown", "too-new", or empty
	Rate *FailureRate
}

// FailureRate is a count of units that failed or came back.
type FailureRate struct {
	Per100    float64 `json:"per_100"`
	Over      string  `json:"over"`
	Units     string  `json:"units"`
	CountedBy string  `json:"counted_by"`
	Period    string  `json:"period,omitempty"`
	Method    string  `json:"method,omitempty"`
}

// MarshalJSON writes the rate or the word.
func (f Failures) MarshalJSON() ([]byte, error) {
	if f.Rate != nil {
		return json.Marshal(f.Rate)
	}
	if f.Word == "" {
		return json.Marshal(WordUnknown)
	}
	return json.Marshal(f.Word)
}

// UnmarshalJSON reads the rate or the word.
func (f *Failures) UnmarshalJSON(b []byte) error {
	*f = Failures{}
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &f.Word)
	}
	return json.Unmarshal(b, &f.Rate)
}

// Software is one version that the declaration covers.
type Software struct {
	Part     PartName   `json:"part"`
	Version  string     `json:"version"`
	Released Date       `json:"released,omitempty"`
	SHA256   Digest     `json:"sha256,omitempty"`
	SBOM     EvidenceID `json:"sbom,omitempty"`
	Notes    string     `json:"notes,omitempty"`
}

// Incident is a weakness, a breach, a recall or an outage.
type Incident struct {
	ID       string `json:"id"`
	What     string `json:"what"`
	Reported Date   `json:"reported"`
	Fixed    Date   `json:"fixed,omitempty"` // empty while open
	Text     string `json:"text,omitempty"`
	URL      string `json:"url,omitempty"`
}

// ForeignLabel is a certificate or label of another scheme.
type ForeignLabel struct {
	Scheme     InstrumentID `json:"scheme"` // or "other"
	Name       string       `json:"name,omitempty"`
	Number     string       `json:"number"`
	Level      string       `json:"level,omitempty"`
	Issued     Date         `json:"issued,omitempty"`
	ValidUntil Date         `json:"valid_until,omitempty"`
	Register   string       `json:"register,omitempty"`
	IssuedBy   string       `json:"issued_by,omitempty"`
}

// Law is a law that the maker declares conformity with.
type Law struct {
	Act         string   `json:"act"`
	Markets     []string `json:"markets,omitempty"`
	Class       string   `json:"class,omitempty"`
	Standards   []string `json:"standards,omitempty"`
	Body        string   `json:"body,omitempty"`
	Declaration string   `json:"declaration,omitempty"`
}

// TakeBack is about return and recycling.
type TakeBack struct {
	How     string   `json:"how,omitempty"`
	Numbers []string `json:"numbers,omitempty"`
}

// Signature names the person who answers for the declaration. It is no
// cryptographic signature.
type Signature struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Place string `json:"place"`
	Date  Date   `json:"date"`
}

// Claim is the maker's answer to one criterion. In the file it is one word, a
// list of evidence ids (which means met), or an object.
type Claim struct {
	Answer   Answer       `json:"answer"`
	Note     string       `json:"note,omitempty"`
	Evidence []EvidenceID `json:"evidence,omitempty"`
}

// UnmarshalJSON reads any of the three forms.
func (c *Claim) UnmarshalJSON(b []byte) error {
	*c = Claim{}
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return fmt.Errorf("an empty claim")
	}
	switch b[0] {
	case '"':
		return json.Unmarshal(b, &c.Answer)
	case '[':
		c.Answer = AnswerMet
		return json.Unmarshal(b, &c.Evidence)
	}
	type plain Claim
	return json.Unmarshal(b, (*plain)(c))
}
