package vault

import (
	"context"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
)

// Bound returns the digests of the pieces that belong to a case, and for each
// the other cases that it belongs to, in a transaction that is under way.
func (v *Vault) Bound(ctx context.Context, tx *store.Tx, caseID string) (map[iotmark.Digest][]string, error) {
	out := map[iotmark.Digest][]string{}
	err := tx.Rows(ctx, func(scan func(...any) error) error {
		var d, other string
		err := scan(&d, &other)
		if len(other) > 0 {
			out[iotmark.Digest(d)] = append(out[iotmark.Digest(d)], other)
		} else {
			out[iotmark.Digest(d)] = out[iotmark.Digest(d)]
		}
		return err
	}, `SELECT b.digest, COALESCE(o.case_id, '') FROM vault_binding b LEFT JOIN vault_binding o ON o.digest = b.digest AND o.case_id <> b.case_id
		WHERE b.case_id = $1 ORDER BY b.digest, o.case_id`, caseID)
	return out, err
}
