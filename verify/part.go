package verify

import "strings"

// Line returns the signature line of a note, with its line feed. A signature
// may be handed on by itself in this form.
func (s Sig) Line() string { return s.line() }

// ParseSig reads a signature line that was handed on by itself. The error has
// the id signature-malformed.
func ParseSig(line string) (Sig, error) {
	const most = 2 * maxSSHSIG
	if len(line) <= most {
		if s, ok := parseSig(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")); ok {
			return s, nil
		}
	}
	return Sig{}, invalid("signature-malformed", "this is no signature line of a note: a long dash, the name of the key and base64")
}

// VerifyIn verifies an SSHSIG of another namespace than that of entries, so
// that what was signed for one thing never counts as another. The error has
// the id signature-wrong.
func (k *Key) VerifyIn(namespace string, text []byte, s Sig) error {
	if s.Name != k.Name || s.ID != k.SSHID {
		return refuse("signature-wrong", "the signature of %s is no SSHSIG of the key %s", clip(s.Name), k.Name)
	}
	return k.verifySSH(text, s.Bytes, namespace)
}

// ParseText reads a text that is to be signed, as [Text] writes it: an entry
// without its signatures, so that whoever signs can look at what it says.
// Note, Sigs and Leaf of the result are empty. Errors are those of [Parse].
func ParseText(domain string, text []byte) (*Signed, error) {
	if len(text) > MaxEntry {
		return nil, refuse("malformed", "the entry has %d bytes; %d are the most", len(text), MaxEntry)
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	s, rest, err := parseText(domain, text, nil)
	if err != nil {
		return nil, err
	}
	if len(rest) != 0 {
		return nil, refuse("malformed", "after the entry's two lines there is more; what is signed ends there")
	}
	s.Text = text
	return s, nil
}
