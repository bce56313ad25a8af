package verify

// Trust is what somebody who verifies takes for granted: who holds the root
// keys, the key of the log, and which witnesses count. It is a file,
// trust.json, that is handed on once and does not change when people do.
type Trust struct {
	Domain        string     `json:"domain"` // of the scheme; in the type line of every entry
	Log           string     `json:"log"`    // C2SP verifier key of the log; its name is the origin
	Policy        string     `json:"policy"` // C2SP tlog-policy: which witnesses and auditors must have signed
	Root          []KeyEntry `json:"root"`   // by name
	RootThreshold int        `json:"root_threshold"`
	V             int        `json:"v"` // 1
}
