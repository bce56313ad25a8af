package scheme

import (
	"context"
	"errors"
	"io"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/store"
	"github.com/open-iot-mark/iotmark/internal/vault"
)

// Supplied is evidence that somebody hands in.
type Supplied struct {
	Name     string             // in the case
	Class    iotmark.Visibility // public, restricted, secret (of which the hash is kept only)
	Type     string             // media type, where one was said
	Personal bool               // it holds personal data
	Want     iotmark.Digest     // that it must have; empty: none was announced
	Size     int64              // that it must have; 0: none was announced
}

// Supply takes evidence in. Bytes and act are kept both, or neither. Errors:
// those of [vault.Vault.Put] beside those of every act.
func (s *Scheme) Supply(ctx context.Context, by iotmark.Actor, on On, e Supplied, r io.Reader) (c Case, p vault.Piece, err error) {
	if s.cfg.Vault == nil {
		return c, p, refuse(iotmark.Unavailable, "vault-unreachable", "no evidence is kept here")
	}
	// Whether he may is asked before his bytes are read, and again when the
	// act is done.
	if err := s.mayDo(ctx, by, on, iotmark.ActSupply); err != nil {
		return c, p, err
	}
	p, err = s.cfg.Vault.Put(ctx, vault.Put{By: by.Person, Case: on.Case, Class: e.Class, Name: e.Name, Type: e.Type, Personal: e.Personal, Want: e.Want, Size: e.Size,
		Then: func(tx *store.Tx, p vault.Piece) error {
			c, err = s.within(ctx, tx, by, on, "", iotmark.ActSupply, deed{then: func(m *moment) error {
				m.says = map[string]any{"name": p.Name, "digest": p.Digest, "size": p.Size, "class": p.Class}
				return nil
			}})
			return err
		}}, r)
	return c, p, err
}

// errAsked ends a transaction that only asks.
var errAsked = errors.New("asked")

// mayDo asks whether somebody may do an act now, and does nothing.
func (s *Scheme) mayDo(ctx context.Context, by iotmark.Actor, on On, a iotmark.Act) error {
	_, err := s.act(ctx, by, on, a, deed{then: func(*moment) error { return errAsked }})
	if errors.Is(err, errAsked) {
		return nil
	}
	return err
}

// Read opens a piece of evidence of a case. It leaves a row in the trail, and
// the vault's own record, before a byte is given out.
func (s *Scheme) Read(ctx context.Context, by iotmark.Actor, on On, d iotmark.Digest) (*vault.Reading, error) {
	if s.cfg.Vault == nil {
		return nil, refuse(iotmark.Unavailable, "vault-unreachable", "no evidence is kept here")
	}
	if on.Reason == "" {
		return nil, invalid("reason", "reason-missing", "say what it is read for")
	}
	if _, err := s.act(ctx, by, on, iotmark.ActRead, deed{then: func(m *moment) error {
		m.says = map[string]any{"digest": d}
		return nil
	}}); err != nil {
		return nil, err
	}
	return s.cfg.Vault.Open(ctx, vault.Reader{Person: by.Person, Case: on.Case, Why: on.Reason}, d)
}

// Evidence lists what was handed in, to whoever may see the case.
func (s *Scheme) Evidence(ctx context.Context, by iotmark.Actor, id string) ([]vault.Piece, error) {
	if _, err := s.Case(ctx, by, id); err != nil {
		return nil, err
	}
	if s.cfg.Vault == nil {
		return nil, nil
	}
	return s.cfg.Vault.Pieces(ctx, id)
}
