package verify

import "github.com/open-iot-mark/iotmark"

// KeyEntry is a key with what it may do.
type KeyEntry struct {
	Key    string `json:"key"`             // as in a public key file of OpenSSH, without comment: ssh-ed25519 AAAA... or sk-ssh-ed25519@openssh.com AAAA...
	Name   string `json:"name"`            // in the signature line; unique for ever
	Org    string `json:"org"`             // id of the organisation that the holder belongs to
	Person string `json:"person"`          // a pseudonym of letters and a number, such as p1, the same in the whole scheme: two keys of one person count once
	Role   Role   `json:"role"`            // root, committee, operator, issuer or sealer in a keyring; assessor; maker
	Until  *int64 `json:"until,omitempty"` // the first index of the log that it may not sign any more
}

// Rule says who must sign entries of one type: for each role, how many
// distinct persons. All signers that are counted are of different persons;
// OrgsApart: and of different organisations.
type Rule struct {
	Need      map[Role]int `json:"need"`                 // how many people of each role
	Or        map[Role]int `json:"or,omitempty"`         // does as well as need; of mark.withdrawn it is the maker's side
	OrgsApart bool         `json:"orgs_apart,omitempty"` // whether all who count are of different organisations
}

// The bodies of entries, by type. Every body is one of these; a member that
// is not named here makes the entry void.
type (
	// OpenedBody is the body of log.opened, the entry at index 0.
	OpenedBody struct {
		Domain     string      `json:"domain"`             // of the scheme
		Generation int         `json:"generation"`         // 1 for the first log of the scheme; a log that follows another is one more
		Origin     string      `json:"origin"`             // of the log's checkpoints
		Previous   *Checkpoint `json:"previous,omitempty"` // the last checkpoint of the log before
	}
	// KeyringBody is the body of keyring.set. It names all keys that ever
	// were in it, those that ended with until; none may be left out or
	// changed, and an end may not be taken back. Root keys are in it too.
	KeyringBody struct {
		Keys  []KeyEntry    `json:"keys"`            // by name
		Root  int           `json:"root"`            // how many root keys must sign the next one
		Rules map[Type]Rule `json:"rules,omitempty"` // that differ from those of [DefaultRules]
	}
	// PolicyBody is the body of policy.set: which witnesses must have seen a checkpoint.
	PolicyBody struct {
		Policy string `json:"policy"` // C2SP tlog-policy
	}
	// ClosedBody is the body of log.closed.
	ClosedBody struct {
		Reason    string `json:"reason"`              // for people
		Successor string `json:"successor,omitempty"` // origin
	}
	// AnchorBody is the body of checkpoint.anchored: a checkpoint that was deposited elsewhere.
	AnchorBody struct {
		Checkpoint Checkpoint     `json:"checkpoint"`
		Receipt    iotmark.Digest `json:"receipt"` // SHA-256 of what the other place gave for it
		Where      string         `json:"where"`   // the other place, in words
	}

	// ProposalBody is the body of proposal.published.
	ProposalBody struct {
		Document Document `json:"document"`
		DryRun   Document `json:"dry_run"`  // who would lose a mark
		Proposal string   `json:"proposal"` // id
		Title    string   `json:"title"`    // for people
	}
	// ConsultationBody is the body of consultation.opened and consultation.closed.
	ConsultationBody struct {
		Closes   iotmark.Date `json:"closes"`   // last day
		Document Document     `json:"document"` // what is asked; at the close: the comments with answers
		Opens    iotmark.Date `json:"opens"`    // first day
		Proposal string       `json:"proposal"` // id
	}
	// BallotBody is the body of ballot.held. It is signed by those who voted.
	BallotBody struct {
		Abstain  int      `json:"abstain"` // votes
		Against  int      `json:"against"` // votes
		Carried  bool     `json:"carried"` // whether it was; never without more votes for than against
		For      int      `json:"for"`     // votes
		Minutes  Document `json:"minutes"`
		Proposal string   `json:"proposal"` // id
		Question string   `json:"question"` // as it was asked
	}
	// EditionBody is the body of edition.adopted.
	EditionBody struct {
		Catalogue  iotmark.Digest  `json:"catalogue"`            // SHA-256 over the edition's files
		Edition    iotmark.Edition `json:"edition"`              // such as 2026.1
		From       iotmark.Date    `json:"from"`                 // marks may be granted under it from this day
		Proposal   string          `json:"proposal"`             // that a ballot carried
		Replaces   iotmark.Edition `json:"replaces,omitempty"`   // the edition that it replaces
		Transition iotmark.Date    `json:"transition,omitempty"` // last day for grants under the one that it replaces
	}
	// EditionEndBody is the body of edition.withdrawn.
	EditionEndBody struct {
		Edition iotmark.Edition `json:"edition"` // such as 2026.1
		From    iotmark.Date    `json:"from"`    // no mark is granted under it from this day
		Reason  string          `json:"reason"`  // for people
	}

	// OrgBody is the body of org.accredited. A later one adds keys and scopes.
	OrgBody struct {
		ID     string       `json:"id"`            // that stands in its subject and its keys
		Keys   []KeyEntry   `json:"keys"`          // all that it ever had, by name
		Kind   string       `json:"kind"`          // assessor, laboratory, researcher
		LEI    string       `json:"lei,omitempty"` // legal entity identifier (ISO 17442-1)
		Name   string       `json:"name"`          // as it is registered
		Scopes []string     `json:"scopes"`        // product categories; "*" for all
		Until  iotmark.Date `json:"until"`         // last day
	}
	// OrgChangeBody is the body of org.suspended and org.restored.
	OrgChangeBody struct {
		ID     string `json:"id"`     // of the organisation
		Reason string `json:"reason"` // for people
	}
	// MakerBody is the body of maker.registered.
	MakerBody struct {
		Domain string     `json:"domain"`        // that stands in its subject and its keys
		Keys   []KeyEntry `json:"keys"`          // all that it ever had, by name; each new one signs too
		LEI    string     `json:"lei,omitempty"` // legal entity identifier (ISO 17442-1)
		Name   string     `json:"name"`          // as it is registered
	}

	// PromiseBody is the body of promise.set: dated promises of a maker about
	// one product. Dates may only get later and functions only be added.
	PromiseBody struct {
		Functions []string     `json:"functions,omitempty"`     // ids of core functions, sorted
		Maker     string       `json:"maker"`                   // domain
		Parts     iotmark.Date `json:"parts_until,omitempty"`   // spare parts are sold until
		Product   string       `json:"product"`                 // id
		Service   iotmark.Date `json:"service_until,omitempty"` // the service behind it runs until
		Updates   iotmark.Date `json:"updates_until,omitempty"` // security updates come until
	}

	// ApplicationBody is the body of application.accepted.
	ApplicationBody struct {
		Body    string          `json:"body"`    // org of the certification body
		Edition iotmark.Edition `json:"edition"` // of the criteria
		Maker   string          `json:"maker"`   // domain
		Product string          `json:"product"` // id
	}
	// SealedBody is the body of evidence.sealed: a Merkle tree (RFC 6962) over
	// one line "<SHA-256 in hex> <size> <path>" a file, by path.
	SealedBody struct {
		Items int            `json:"items"` // files
		Root  iotmark.Digest `json:"root"`  // of the tree
	}
	// EvaluationBody is the body of evaluation.completed.
	EvaluationBody struct {
		Catalogue   iotmark.Digest  `json:"catalogue"`   // of the edition that was used
		Conclusions iotmark.Digest  `json:"conclusions"` // of the assessment, one line a criterion
		Edition     iotmark.Edition `json:"edition"`     // of the criteria
		Evidence    iotmark.Digest  `json:"evidence"`    // root that was looked at
		Interests   string          `json:"interests"`   // statement on conflicts of interest; "none" or what they are
		Scope       string          `json:"scope"`       // product category
		Statement   Document        `json:"statement"`
	}
	// TermsBody is the body of mark.granted, mark.renewed and mark.amended:
	// all that is certified, each time in full.
	TermsBody struct {
		Catalogue   iotmark.Digest                `json:"catalogue"`   // of the edition that was used
		Code        string                        `json:"code"`        // eight characters; the same in all entries of a mark
		Conclusions iotmark.Digest                `json:"conclusions"` // of the assessment, as in the evaluation
		Edition     iotmark.Edition               `json:"edition"`     // of the criteria
		Evaluation  iotmark.Digest                `json:"evaluation"`  // leaf of the evaluation that it rests on
		Evidence    iotmark.Digest                `json:"evidence"`    // root of the evidence that was evaluated
		Holder      Holder                        `json:"holder"`
		Product     ProductTerms                  `json:"product"`
		Scope       string                        `json:"scope"`         // product category
		Slot        int64                         `json:"slot"`          // in the status lists: as many as there were grants before
		Topics      map[iotmark.Topic]TopicCounts `json:"topics"`        // all eight
		Updates     iotmark.Date                  `json:"updates_until"` // security updates come until
		ValidFrom   iotmark.Date                  `json:"valid_from"`    // first day
		ValidUntil  iotmark.Date                  `json:"valid_until"`   // last day
	}
	// RefusedBody is the body of mark.refused.
	RefusedBody struct {
		Evaluation iotmark.Digest `json:"evaluation"` // leaf of the evaluation that it rests on
		Reason     string         `json:"reason"`     // for people
	}
	// ReasonBody is the body of mark.suspended, suspension.confirmed,
	// mark.restored and of mark.withdrawn by the committee.
	ReasonBody struct {
		By     Role   `json:"by,omitempty"` // of mark.withdrawn only: committee or maker
		Reason string `json:"reason"`       // for people
	}
	// CaseBody is the body of complaint.opened and appeal.opened.
	CaseBody struct {
		Against iotmark.Digest `json:"against,omitempty"` // leaf of the decision that is appealed
		Case    string         `json:"case"`              // id
		Grounds string         `json:"grounds"`           // for people
	}
	// OutcomeBody is the body of complaint.decided and appeal.decided.
	OutcomeBody struct {
		Case    string `json:"case"`    // id, as in the entry that opened it
		Outcome string `json:"outcome"` // upheld, partly-upheld, rejected
		Reason  string `json:"reason"`  // for people
	}
	// FindingBody is the body of finding.published, of surveillance.
	FindingBody struct {
		Criterion iotmark.CriterionID `json:"criterion"`       // id
		Reply     string              `json:"reply,omitempty"` // of the maker
		Statement Document            `json:"statement"`
		Summary   string              `json:"summary"` // for people
	}
	// UnitsBody is the body of unit.batch: the tree of commitments to serial numbers.
	UnitsBody struct {
		Count int            `json:"count"` // units
		Root  iotmark.Digest `json:"root"`  // of the tree
	}
	// StatusBody is the body of status.published. All of it is a function of
	// the entries before covers, which are all those before it: nothing can
	// lie between and be hidden.
	StatusBody struct {
		Covers   int64          `json:"covers"`   // size of the log that was replayed
		Keyring  iotmark.Digest `json:"keyring"`  // leaf of the keyring.set in force
		Lists    []ListHash     `json:"lists"`    // by id, revocation before suspension
		Marks    int64          `json:"marks"`    // number of slots in use
		Snapshot iotmark.Digest `json:"snapshot"` // of the registry snapshot as served
		States   iotmark.Digest `json:"states"`   // root of the tree of [StateRecord]
	}
	// CorrectionBody is the body of note.correction. It changes nothing.
	CorrectionBody struct {
		Leaf iotmark.Digest `json:"leaf"` // that it is about
		Text string         `json:"text"` // what is wrong there and what is right
	}
)

// Parts of bodies.
type (
	// Checkpoint is a size and root of a log.
	Checkpoint struct {
		Origin string         `json:"origin"` // of the log
		Root   iotmark.Digest `json:"root"`   // of the tree (RFC 6962)
		Size   int64          `json:"size"`   // number of entries
	}
	// Document is a document kept elsewhere.
	Document struct {
		SHA256 iotmark.Digest `json:"sha256"` // of its bytes
		Size   int64          `json:"size"`   // in bytes
	}
	// Holder is who may use the mark.
	Holder struct {
		Domain string `json:"domain"`        // of the maker
		LEI    string `json:"lei,omitempty"` // legal entity identifier (ISO 17442-1)
		Name   string `json:"name"`          // of the maker
	}
	// ProductTerms says what the mark speaks about.
	ProductTerms struct {
		Category string   `json:"category"`           // of products, an id
		GTINs    []string `json:"gtins,omitempty"`    // GTIN-14, sorted
		Hardware []string `json:"hardware,omitempty"` // revisions, sorted
		ID       string   `json:"id"`                 // of the product, at its maker
		Matter   *Matter  `json:"matter,omitempty"`   // of a Matter device
		Model    string   `json:"model"`              // as the maker names it
		Name     string   `json:"name"`               // as it is sold
		Services []string `json:"services,omitempty"` // hosts of the cloud part, sorted
		Software Software `json:"software"`
	}
	// Matter are the numbers of a Matter device.
	Matter struct {
		PID int `json:"pid"` // of the product
		VID int `json:"vid"` // of the vendor
	}
	// Software is the range of versions that was certified.
	Software struct {
		Manifest iotmark.Digest `json:"manifest,omitempty"` // of the signed list of versions, or of the one image
		Min      string         `json:"min"`                // the lowest version that was certified
	}
	// TopicCounts are how many criteria of a topic are known how.
	TopicCounts struct {
		Assessed int `json:"assessed"` // read by a person
		Checked  int `json:"checked"`  // examined by program
		Criteria int `json:"criteria"` // that apply
		Tested   int `json:"tested"`   // tried on a unit
	}
	// ListHash names the bits of a status list. They are hashed and not the
	// credential, whose bytes rest on a compressor and on the issuer's key: so
	// anybody can compute the hash from the log alone.
	ListHash struct {
		ID      int            `json:"id"`      // from 1
		Purpose string         `json:"purpose"` // revocation, suspension
		SHA256  iotmark.Digest `json:"sha256"`  // over the bits, 16,384 bytes
	}
)
