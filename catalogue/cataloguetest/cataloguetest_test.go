package cataloguetest_test

import (
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/catalogue/cataloguetest"
)

// The fixture is the real edition in all but its days, and cannot be taken for
// it.
func TestInForce(t *testing.T) {
	t.Parallel()
	real := catalogue.MustLoad()
	c := cataloguetest.InForce(t)
	for _, p := range catalogue.Lint(c) {
		t.Errorf("%s: %v", p.ID, p)
	}
	for _, tt := range []struct {
		day iotmark.Date
		ok  bool
	}{{"2026-06-30", false}, {cataloguetest.From, true}, {"2031-01-01", true}} {
		if err := c.Scheme.InForce(tt.day); (err == nil) != tt.ok {
			t.Errorf("on %s: %v", tt.day, err)
		}
		if real.Scheme.InForce(tt.day) == nil {
			t.Errorf("the real edition is in force on %s", tt.day)
		}
	}
	mine, err := c.EditionDigest()
	if err != nil {
		t.Fatal(err)
	}
	if theirs, err := real.EditionDigest(); err != nil || mine == theirs {
		t.Errorf("the fixture has the hash %s of the real edition (%v)", mine, err)
	}
	if len(c.Criteria) != len(real.Criteria) || c.Bindings.Digest != real.Bindings.Digest {
		t.Error("the fixture is another catalogue")
	}
}

func TestEdited(t *testing.T) {
	t.Parallel()
	c := cataloguetest.Edited(t, cataloguetest.Begun("2027-01-01", "2027-06-30"),
		cataloguetest.Edit{File: cataloguetest.Procedure, Old: "status_hours: 24", New: "status_hours: 1"})
	p, err := c.Procedure()
	if err != nil {
		t.Fatal(err)
	}
	if p.Publication.StatusHours != 1 || c.Scheme.InForce("2027-07-01") == nil || c.Scheme.InForce("2027-06-30") != nil {
		t.Errorf("the edits do not show: %+v, until %s", p.Publication, c.Scheme.Until)
	}
	if again, _ := cataloguetest.InForce(t).Procedure(); again.Publication.StatusHours != 24 {
		t.Error("an edit of one copy shows in another")
	}
}
