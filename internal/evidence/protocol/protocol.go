// Package protocol recognises what the first bytes of a conversation say: the
// protocol, the names in it, whether it can be read by anybody on the way, and
// the credentials that stand in it.
//
// What it refuses to do: reassemble, keep state between calls, or keep a
// secret. A credential leaves this package with at most four characters of
// its name and none of its password. What can go wrong: bytes that look like a
// protocol and are another; a recogniser therefore asks for structure, never
// for a port alone, and says unknown where the structure does not hold.
package protocol

import "time"

// Name is a protocol by its short name.
type Name string

// The protocols that are recognised. Unknown is a value: it is printed.
const (
	Unknown  Name = "unknown"
	DNS      Name = "dns"
	MDNS     Name = "mdns"    // multicast DNS, and LLMNR
	NetBIOS  Name = "netbios" // name service
	DHCP     Name = "dhcp"
	NTP      Name = "ntp"
	SSDP     Name = "ssdp"
	HTTP     Name = "http"
	TLS      Name = "tls"
	SSL2     Name = "sslv2"
	DTLS     Name = "dtls"
	QUIC     Name = "quic"
	MQTT     Name = "mqtt"
	CoAP     Name = "coap"
	Telnet   Name = "telnet"
	FTP      Name = "ftp"
	RTSP     Name = "rtsp"
	Syslog   Name = "syslog"
	SSH      Name = "ssh"
	STUN     Name = "stun"
	SMTP     Name = "smtp"
	POP3     Name = "pop3"
	IMAP     Name = "imap"
	TPLinkSH Name = "tplink-smart-home" // XOR with a fixed start of 171: counts as clear text
	Modbus   Name = "modbus"
)

// Reading says who on the way can read a conversation.
type Reading string

// Clear: anybody on the way reads the content. Encrypted: nobody without a
// key. Signalling: names and times that networks need (DNS, DHCP, NTP, STUN,
// OCSP, discovery), no content of the product. Opaque: the bytes are of no
// known form; nobody can tell.
const (
	Clear      Reading = "clear"
	Encrypted  Reading = "encrypted"
	Signalling Reading = "signalling"
	Opaque     Reading = "opaque"
)

// Passage is something readable that stood in a conversation, with secrets
// taken out.
type Passage struct {
	What string `json:"what"` // a word of a closed list: request, topic, login, banner, payload, log
	Text string `json:"text"` // at most 120 bytes, printable, redacted
}

// Scheme is a way of signing in.
type Scheme string

// The schemes that send a secret as it is.
const (
	HTTPBasic Scheme = "http-basic"
	HTTPForm  Scheme = "http-form" // password field in an address or a form
	HTTPToken Scheme = "http-token"
	MQTTLogin Scheme = "mqtt"
	TelnetIn  Scheme = "telnet"
	FTPLogin  Scheme = "ftp"
	RTSPBasic Scheme = "rtsp-basic"
	MailLogin Scheme = "mail"
)

// Credential is a sign-in that anybody on the way can read. Nothing of the
// password is kept but its length and how it relates to what is no secret.
type Credential struct {
	Scheme   Scheme `json:"scheme"`
	User     string `json:"user,omitempty"` // at most 4 characters, then "..."
	Secret   int    `json:"secret"`         // bytes of the password or token; 0: none was sent
	SameUser bool   `json:"same_user,omitempty"`
	// Hardware: user name or password is written like a hardware address or
	// a serial (12 hex digits), so that it can be worked out.
	Hardware bool `json:"hardware,omitempty"`
}

// Handshake is what TLS or DTLS hellos and certificates in the clear say.
type Handshake struct {
	Server       string        `json:"server,omitempty"`  // server_name of the client hello
	ALPN         []string      `json:"alpn,omitempty"`    // offered, at most 8
	Offered      []string      `json:"offered,omitempty"` // versions the client offers, newest first, such as "TLS 1.3"
	Suites       []uint16      `json:"suites,omitempty"`  // offered, at most 128, without GREASE
	Version      string        `json:"version,omitempty"` // chosen by the server: "SSL 2.0" to "TLS 1.3", "DTLS 1.0" to "DTLS 1.3"; empty: no server hello was seen
	Suite        uint16        `json:"suite,omitempty"`   // chosen by the server
	Certificates []Certificate `json:"certificates,omitempty"`
	Alert        string        `json:"alert,omitempty"`     // a fatal alert, by name of RFC 8446, 6
	Encrypted    bool          `json:"encrypted,omitempty"` // both sides went on to encrypted records
}

// Certificate is one certificate of the server's chain, leaf first.
type Certificate struct {
	Subject    string    `json:"subject"` // common name, or the whole name
	Issuer     string    `json:"issuer"`
	Names      []string  `json:"names,omitempty"`     // DNS names and addresses, at most 256 and 8 kB
	NamesCut   bool      `json:"names_cut,omitempty"` // it has more names than are kept
	NotBefore  time.Time `json:"not_before"`
	NotAfter   time.Time `json:"not_after"`
	Key        string    `json:"key"`       // rsa, ecdsa, ed25519, other
	Bits       int       `json:"bits"`      // of the key
	Signature  string    `json:"signature"` // as crypto/x509 names it
	SelfSigned bool      `json:"self_signed,omitempty"`
	SHA256     string    `json:"sha256"` // of its DER, lower-case hex
}

// Lookup is one question of DNS or mDNS, or one answer to it.
type Lookup struct {
	Name      string   `json:"name"`                // in lower case, without the last dot
	Type      string   `json:"type"`                // A, AAAA, PTR and so on, or the number
	Addresses []string `json:"addresses,omitempty"` // of A and AAAA records that answer it, at most 16
	Response  bool     `json:"response,omitempty"`
}

// Lease is what a DHCP client says about itself (RFC 2132; RFC 8520, 10).
type Lease struct {
	Name     string `json:"name,omitempty"`   // option 12
	Vendor   string `json:"vendor,omitempty"` // option 60
	MUD      string `json:"mud,omitempty"`    // option 161, a MUD address
	Asks     []byte `json:"asks,omitempty"`   // option 55, the fingerprint
	Client   bool   `json:"client,omitempty"` // sent by the client
	Hardware string `json:"hardware,omitempty"`
}

// Dialogue is what was recognised in a conversation.
type Dialogue struct {
	Protocol    Name
	Reading     Reading
	Host        string // Host of HTTP, server name of TLS or QUIC; empty: none
	Agent       string // User-Agent, or banner of the client
	Handshake   *Handshake
	Credentials []Credential // at most 8
	Passages    []Passage    // at most 8
	Lookups     []Lookup     // at most 64
	// CertificateState says that all of it asks which certificates were
	// withdrawn, or for those of issuers.
	CertificateState bool
	Lease            *Lease
	// More says that later bytes may add to this: the caller calls again
	// with a longer beginning, up to StreamLen.
	More bool
}

// StreamLen is how many bytes of each direction of a stream are worth keeping.
const StreamLen = 32 << 10
