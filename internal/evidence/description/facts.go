// Package description reads descriptions of interfaces: OpenAPI 3.0 and 3.1,
// Swagger 2.0, AsyncAPI 2 and 3, and the W3C Thing Description 1.0 and 1.1,
// each in JSON or YAML.
//
// What it refuses to do: call an address, follow a reference out of the file,
// or say that an interface does what is described. What can go wrong: a
// reference that points nowhere; it is told as a problem, and what it would
// have brought counts as missing.
package description

// The formats.
const (
	OpenAPI  = "openapi"
	Swagger  = "swagger"
	AsyncAPI = "asyncapi"
	Thing    = "thing-description"
)

// Facts are what was read out of one description.
type Facts struct {
	Kind       string      `json:"kind"`   // openapi, swagger, asyncapi, thing-description
	Format     string      `json:"format"` // version of that format
	Title      string      `json:"title,omitempty"`
	Version    string      `json:"version,omitempty"` // of the interface
	Summary    string      `json:"summary,omitempty"`
	Text       string      `json:"text,omitempty"` // description of the whole, cut to 20,000 bytes
	Licence    Licence     `json:"licence,omitzero"`
	Terms      string      `json:"terms,omitempty"`   // address of the terms of service
	Contact    string      `json:"contact,omitempty"` // address or mail
	Docs       string      `json:"docs,omitempty"`    // address of further documentation
	Servers    []Server    `json:"servers,omitempty"`
	Security   []Scheme    `json:"security,omitempty"` // the ways to sign in that it defines
	Operations []Operation `json:"operations,omitempty"`
	Values     []Value     `json:"values,omitempty"` // numbers and times in messages
	Problems   []Problem   `json:"problems,omitempty"`
	InfoLine   int         `json:"info_line,omitempty"`
	Cut        bool        `json:"cut,omitempty"` // texts or lists were shortened
}

// Licence is the licence of the description, or of what it describes.
type Licence struct {
	Name string `json:"name,omitempty"`
	ID   string `json:"id,omitempty"` // SPDX
	URL  string `json:"url,omitempty"`
	Line int    `json:"line,omitempty"`
}

// Named reports whether a licence is named in any form.
func (l Licence) Named() bool { return l.Name != "" || l.ID != "" || l.URL != "" }

// Reach says from where an address answers.
type Reach string

// The reaches. Unknown: the host is a variable without a default, or the
// address is relative to where the description was found.
const (
	Local   Reach = "local"  // .local, a private or link-local address, a name without a dot
	Public  Reach = "public" // a name in the DNS, or a public address
	Unknown Reach = "unknown"
)

// Server is one address on which the interface answers.
type Server struct {
	URL    string `json:"url"`            // as written, with the defaults of variables filled in
	Host   string `json:"host,omitempty"` // in lower case, without the port
	Port   int    `json:"port,omitempty"`
	Scheme string `json:"scheme,omitempty"` // https, http, mqtt, coaps ...
	Secure bool   `json:"secure,omitempty"` // the scheme is one that encrypts
	Clear  bool   `json:"clear,omitempty"`  // the scheme is one that does not
	Reach  Reach  `json:"reach"`
	Text   string `json:"text,omitempty"`
	Line   int    `json:"line,omitempty"`
}

// Scheme is one way to sign in.
type Scheme struct {
	Name   string `json:"name"`
	Type   string `json:"type,omitempty"` // http, apiKey, oauth2, nosec ...
	Detail string `json:"detail,omitempty"`
	Text   string `json:"text,omitempty"`
	Line   int    `json:"line,omitempty"`
}

// Access says whether one must sign in for an operation.
type Access string

// The accesses. Unsaid: neither the operation nor the whole says it.
const (
	Guarded  Access = "guarded"
	Optional Access = "optional" // one may sign in, or not
	Open     Access = "open"     // said to be free for all
	Unsaid   Access = "unsaid"
)

// Operation is one thing that can be read, done or listened to.
type Operation struct {
	ID        string   `json:"id,omitempty"`
	Action    string   `json:"action"` // GET, PUT, send, receive, readproperty, observe ...
	Path      string   `json:"path"`   // path, channel, or name of the affordance
	Text      string   `json:"text,omitempty"`
	Responses []string `json:"responses,omitempty"` // codes; of other formats than OpenAPI empty
	Described bool     `json:"described,omitempty"` // a text says what it does
	Answered  bool     `json:"answered,omitempty"`  // it is said what comes back, or what the message holds
	// Modelled says that what goes in and what comes out has a data model: a
	// schema, or nothing goes in or comes out.
	Modelled bool     `json:"modelled,omitempty"`
	Access   Access   `json:"access"`
	Schemes  []string `json:"schemes,omitempty"`
	Line     int      `json:"line,omitempty"`
}

// Name writes an operation as people know it.
func (o Operation) Name() string { return o.Action + " " + o.Path }

// Value is a number or a time in a message.
type Value struct {
	Name string `json:"name"`
	Type string `json:"type"`           // number, integer, time
	Unit string `json:"unit,omitempty"` // named in a field, the name or the text; of times the format
	Text string `json:"text,omitempty"`
	Line int    `json:"line,omitempty"`
}

// ProblemID names something that is wrong with a description.
type ProblemID string

// The problems.
const (
	RefNowhere  ProblemID = "ref-nowhere"  // a reference that points to nothing in the file
	RefOutside  ProblemID = "ref-outside"  // a reference to another file
	SchemeUnset ProblemID = "scheme-unset" // a way to sign in that is named and not defined
	IDTwice     ProblemID = "id-twice"     // two operations have one id
)

// Problem is one thing that is wrong with a description.
type Problem struct {
	ID   ProblemID `json:"id"`
	Name string    `json:"name,omitempty"`
	Line int       `json:"line,omitempty"`
}
