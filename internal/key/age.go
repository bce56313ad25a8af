package key

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/open-iot-mark/iotmark"
)

const (
	ageHead    = "age-encryption.org/v1\n"
	scryptHead = "-> scrypt " // the only stanza then
	// maxCost is the base-2 logarithm of the most work that opening a file may
	// take: 256 MB and about a second. age itself would take a file that asks
	// for sixteen times as much.
	maxCost = 18
)

func isAge(b []byte) bool {
	return bytes.HasPrefix(b, []byte(ageHead)) || bytes.HasPrefix(bytes.TrimSpace(b), []byte(armor.Header))
}

// seal returns the function that encrypts the private key, or nil when the
// file is not locked with age.
func (s Spec) seal() (func([]byte) ([]byte, error), error) {
	var to []age.Recipient
	switch {
	case len(s.Passphrase) > 0 && len(s.Recipients) > 0:
		return nil, invalid("lock-twice", "a file is locked with a passphrase or for recipients, not both: age can do only one of them")
	case len(s.Recipients) > 0:
		for _, r := range s.Recipients {
			one, err := recipient(r)
			if err != nil {
				return nil, err
			}
			to = append(to, one)
		}
	case len(s.Passphrase) > 0 && (s.Age || s.Kind == Log || s.Kind == Witness):
		one, err := age.NewScryptRecipient(string(s.Passphrase))
		if err != nil {
			return nil, err
		}
		one.SetWorkFactor(maxCost)
		if s.Cost > 0 && s.Cost < maxCost {
			one.SetWorkFactor(s.Cost)
		}
		to = append(to, one)
	default:
		return nil, nil
	}
	return func(secret []byte) ([]byte, error) {
		var b bytes.Buffer
		a := armor.NewWriter(&b)
		w, err := age.Encrypt(a, to...)
		if err == nil {
			_, err = w.Write(secret)
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			err = a.Close()
		}
		return b.Bytes(), err
	}, nil
}

func recipient(s string) (age.Recipient, error) {
	rs, err := age.ParseRecipients(strings.NewReader(s))
	if err != nil || len(rs) != 1 {
		return nil, invalid("recipient-unknown", "%q is no recipient; give one as age-keygen prints it: age1...", s)
	}
	return rs[0], nil
}

// unseal opens a file that age encrypted. A passphrase is asked for when the
// file is locked with one; otherwise the identities open it.
func (u Unlock) unseal(file string, b []byte) ([]byte, error) {
	raw, err := unarmour(b)
	if err != nil {
		return nil, invalid("key-unknown", "%s is damaged: its age armour cannot be read", file)
	}
	var with []age.Identity
	wrong := invalid("identity-wrong", "%s is locked for others: no identity in %s opens it", file, u.Identity)
	if bytes.HasPrefix(raw, []byte(ageHead+scryptHead)) {
		wrong = invalid("passphrase-wrong", "the passphrase does not open %s, or the file was changed", file)
		pass, err := u.passphrase(file)
		if err != nil {
			return nil, err
		}
		id, err := age.NewScryptIdentity(string(pass))
		clear(pass)
		if err != nil {
			return nil, wrong
		}
		id.SetMaxWorkFactor(maxCost)
		with = append(with, id)
	} else if with, err = u.identities(file); err != nil {
		return nil, err
	}
	r, err := age.Decrypt(bytes.NewReader(raw), with...)
	if err != nil {
		if errors.As(err, new(*age.NoIdentityMatchError)) {
			return nil, wrong
		}
		return nil, &iotmark.Error{Kind: iotmark.Invalid, ID: "key-unknown", Msg: file + " cannot be decrypted", Err: err}
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxFile))
	if err != nil {
		clear(plain)
		return nil, invalid("key-unknown", "%s is damaged: it was changed after it was locked", file)
	}
	return plain, nil
}

// identities reads the file that opens keys locked for recipients, as
// age-keygen writes it.
func (u Unlock) identities(file string) ([]age.Identity, error) {
	if u.Identity == "" {
		return nil, invalid("identity-missing", "%s is locked for recipients; name the file that holds the age identity of one of them", file)
	}
	return Identities(u.Identity)
}

// Identities reads a file of age identities, as age-keygen writes it.
//
// Errors: key-open when others may read it, identity-unknown, and those of
// reading a file.
func Identities(file string) ([]age.Identity, error) {
	b, st, err := read(file)
	if err != nil {
		return nil, err
	}
	defer clear(b)
	if st.Mode().Perm()&0o077 != 0 {
		return nil, invalid("key-open", "others may read %s (its mode is %#o), so that it may not be secret any more. Close it with chmod 600 %s", file, st.Mode().Perm(), file)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil { // the cause may name part of a secret
		return nil, invalid("identity-unknown", "%s is no file of age identities as age-keygen writes one", file)
	}
	return ids, nil
}
