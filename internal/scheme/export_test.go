package scheme

import (
	"context"
	"errors"

	"github.com/open-iot-mark/iotmark"
)

// Fits reports whether the row is about an act in a kind of case by a role.
func (b Bar) Fits(k iotmark.CaseKind, r iotmark.Role, a iotmark.Act) bool { return b.fits(k, r, a) }

// Side is the side of a case on which a role stands.
func (s *Scheme) Side(r iotmark.Role) string { return s.side(r) }

// MayDo asks whether somebody may do an act in a case, and does nothing.
func (s *Scheme) MayDo(ctx context.Context, by iotmark.Actor, id string, a iotmark.Act) error {
	return s.mayDo(ctx, by, On{Case: id}, a)
}

// MayBegin asks whether somebody may begin a case that is about something, and
// does nothing.
func (s *Scheme) MayBegin(ctx context.Context, by iotmark.Actor, k iotmark.CaseKind, a iotmark.Act, about func(*Case)) error {
	_, err := s.open(ctx, by, On{}, k, a, deed{
		first: func(m *moment) error { about(m.c); return nil },
		then:  func(*moment) error { return errAsked },
	})
	if errors.Is(err, errAsked) {
		return nil
	}
	return err
}

// WouldBe is what a dry run says of one mark.
var WouldBe = wouldBe
