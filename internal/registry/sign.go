package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/verify"
)

// Ready composes and lints a decision that was recorded, as [Registry.Advance]
// does, in the transaction of whatever goes with it, and returns the bytes
// that are to be signed. Doing it again returns the same.
func (r *Registry) Ready(ctx context.Context, tx *store.Tx, id string) ([]byte, error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if a.Step == Recorded || a.Step == Stored {
		if a.Step == Recorded {
			if a.Text, err = verify.Text(r.trust.Domain, a.Entry); err != nil {
				return nil, err
			}
		}
		if err := r.opens(a.Text, a.Entry); err != nil {
			return nil, err
		}
		return a.Text, to(ctx, tx, id, a.Step, Linted, "signed_text = $4", string(a.Text))
	}
	if a.Step == Failed {
		return nil, conflict("step-wrong", "the decision %s has failed: %s", id, a.Reason)
	}
	return a.Text, nil
}

// Sign keeps a signature on the text of a decision that was linted, and
// returns its key. It must be right, and of a key that the published log knows
// or the entry itself introduces: a wrong one would make the entry void for
// ever. Errors: signer-unknown, signature-wrong, step-wrong.
func (r *Registry) Sign(ctx context.Context, tx *store.Tx, id string, sig verify.Sig) (*verify.Key, error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if a.Step != Linted {
		return nil, conflict("step-wrong", "the decision %s is %s; it can be signed while it is %s", id, a.Step, Linted)
	}
	keys, err := r.keysNamed(ctx, tx, a.Entry, sig.Name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(keys, func(k *verify.Key) bool { return k.Made(sig) })
	if i < 0 {
		return nil, &iotmark.Error{Kind: iotmark.Unverified, ID: "signer-unknown",
			Msg: fmt.Sprintf("the log knows no key %.80q with that number; use the key that was registered", sig.Name)}
	}
	if err := keys[i].Verify(a.Text, sig, r.trust.Domain); err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO attestation_signature (id, name, key_id, signature) VALUES ($1, $2, $3, $4) ON CONFLICT (id, name, key_id) DO UPDATE SET signature = excluded.signature",
		id, sig.Name, int64(sig.ID), base64.StdEncoding.EncodeToString(sig.Bytes))
	return keys[i], err
}

// Signed says who has signed a decision, and whether that is enough by the
// rule of the keyring in force: nil, or signers-missing or signers-not-apart.
// counts says whose signature may count for this decision.
func (r *Registry) Signed(ctx context.Context, tx *store.Tx, id string, counts func(*verify.Key) bool) (by []*verify.Key, enough error, err error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	sigs, err := signatures(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, s := range sigs {
		names = append(names, s.Name)
	}
	keys, err := r.keysNamed(ctx, tx, a.Entry, names...)
	if err != nil {
		return nil, nil, err
	}
	for _, k := range keys {
		if counts(k) && slices.ContainsFunc(sigs, k.Made) {
			by = append(by, k)
		}
	}
	rule, err := r.Rule(ctx, tx, id)
	if err != nil {
		return nil, nil, err
	}
	_, enough = rule.Count(by)
	return by, enough, nil
}

// Note returns a decision with the signatures that it has so far. Errors:
// malformed when it has none.
func (r *Registry) Note(ctx context.Context, tx *store.Tx, id string) ([]byte, error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	sigs, err := signatures(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	return verify.Seal(a.Text, sigs...)
}

// Look is [Registry.Attestation] in a transaction that is under way.
func (r *Registry) Look(ctx context.Context, tx *store.Tx, id string) (Attestation, error) {
	return attestation(ctx, tx, id)
}

// Rule is who must sign a decision that was composed, under the keyring that
// was published last.
func (r *Registry) Rule(ctx context.Context, tx *store.Tx, id string) (verify.Rule, error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return verify.Rule{}, err
	}
	var ring verify.Keyring
	var body []byte
	ok, err := tx.Row(ctx, []any{&body}, "SELECT body FROM fact WHERE kind = 'keyring'")
	if err == nil && ok {
		err = json.Unmarshal(body, &ring)
	}
	if err != nil {
		return verify.Rule{}, err
	}
	s, err := verify.ParseText(r.trust.Domain, a.Text)
	if err != nil {
		return verify.Rule{}, err
	}
	if ring.Root == 0 {
		ring.Root = r.trust.RootThreshold
	}
	return verify.RuleOf(s, &ring.KeyringBody), nil
}

// Introduced returns the keys that a decision brings in.
func (r *Registry) Introduced(ctx context.Context, tx *store.Tx, id string) (fresh []*verify.Key, err error) {
	a, err := attestation(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	brought, err := keysOf(a.Entry.Body)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, k := range brought {
		names = append(names, k.Name)
	}
	old, err := r.keys(ctx, tx, verify.Entry{}, names...)
	for _, k := range brought {
		if k.Until == nil && !slices.ContainsFunc(old, func(o *verify.Key) bool { return o.Name == k.Name }) {
			fresh = append(fresh, k)
		}
	}
	return fresh, err
}

// Abandon gives up a decision that was not sealed. Errors: step-wrong.
func (r *Registry) Abandon(ctx context.Context, tx *store.Tx, id string, reason iotmark.ErrorID) error {
	n, err := tx.Exec(ctx, "UPDATE attestation SET step = $1, reason = $2 WHERE id = $3 AND step IN ($4, $5, $6)",
		string(Failed), string(reason), id, string(Recorded), string(Stored), string(Linted))
	if err == nil && n == 0 {
		return conflict("step-wrong", "the decision %s is sealed or has failed; it cannot be given up", id)
	}
	return err
}

// signatures returns those that were added to a decision, by name.
func signatures(ctx context.Context, tx *store.Tx, id string) (sigs []verify.Sig, err error) {
	err = tx.Rows(ctx, func(scan func(...any) error) error {
		var s verify.Sig
		var key int64
		var b64 string
		if err := scan(&s.Name, &key, &b64); err != nil {
			return err
		}
		var err error
		s.ID = uint32(key)
		s.Bytes, err = base64.StdEncoding.DecodeString(b64)
		sigs = append(sigs, s)
		return err
	}, "SELECT name, key_id, signature FROM attestation_signature WHERE id = $1 ORDER BY name, key_id", id)
	return sigs, err
}
