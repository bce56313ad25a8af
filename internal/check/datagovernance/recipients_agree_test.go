package datagovernance_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/check"
	"github.com/open-iot-mark/iotmark/internal/check/checktest"
	"github.com/open-iot-mark/iotmark/internal/check/datagovernance"
	"github.com/open-iot-mark/iotmark/internal/evidence/netprofile"
	"github.com/open-iot-mark/iotmark/internal/samples"
)

// profileOf builds a network profile, one entry a line from line 2.
func profileOf(t *testing.T, matches ...string) check.Item {
	var aces []string
	for i, m := range matches {
		aces = append(aces, fmt.Sprintf(`{"name":"entry%d","matches":%s,"actions":{"forwarding":"accept"}}`, i, m))
	}
	return checktest.Item(t, netprofile.Reader, iotmark.KindNetworkProfile, "profile",
		`{"ietf-mud:mud":{"mud-version":1,"mud-url":"https://a.example/m","from-device-policy":{"access-lists":{"access-list":[{"name":"l"}]}}},"ietf-access-control-list:acls":{"acl":[{"name":"l","aces":{"ace":[`+"\n"+strings.Join(aces, ",\n")+"]}}]}}")
}

func to(host string) string {
	return fmt.Sprintf(`{"ipv4":{"ietf-acldns:dst-dnsname":"%s"},"tcp":{"destination-port":{"operator":"eq","port":443}}}`, host)
}

// maker is a declaration of vendor.example with one processor.
func maker(runBy string, hosts ...string) *iotmark.Declaration {
	d := &iotmark.Declaration{Maker: iotmark.Maker{Name: "Vendor", Website: "https://www.vendor.example"}, Product: iotmark.Product{ID: "https://id.vendor-things.example/1"}}
	if len(hosts) > 0 {
		d.Recipients = []iotmark.Recipient{{ID: "host", Name: "Hosting AS", Role: "processor", Hosts: hosts}}
	}
	if runBy != "" {
		d.Parts = []iotmark.Part{{Part: iotmark.Cloud, RunBy: runBy}}
	}
	return d
}

// cloudless is an input whose maker says that there is no cloud.
func cloudless(in check.Input) check.Input {
	in.Truths = map[iotmark.FactID]iotmark.Truth{"has_cloud": iotmark.False}
	return in
}

func TestRecipientsAgree(t *testing.T) {
	t.Parallel()
	in := func(d *iotmark.Declaration, matches ...string) check.Input {
		return check.Input{Declaration: d, Items: []check.Item{profileOf(t, matches...)}}
	}
	dns := `{"ietf-mud:mud":{"controller":"urn:ietf:params:mud:dns"},"udp":{"destination-port":{"operator":"eq","port":53}}}`
	gone := profileOf(t, to("a.host.example"))
	gone.Facts = &netprofile.Facts{Problems: []netprofile.Problem{{ID: netprofile.NoPolicy, Line: 1}}}
	lost := profileOf(t, to("a.host.example"))
	lost.Facts = &netprofile.Facts{Problems: []netprofile.Problem{{ID: netprofile.ListMissing, Name: "x", Line: 7}}}
	checktest.Run(t, datagovernance.RecipientsAgree, []checktest.Case{
		checktest.Row("named", in(maker("", "a.host.example"), to("A.host.example."), dns), "passed agree"),
		checktest.Row("named by a wildcard", in(maker("", "*.host.example"), to("a.host.example"), to("b.c.host.example")), "passed agree"),
		checktest.Row("a wildcard does not name the domain itself", in(maker("", "*.host.example"), to("host.example")), "failed not-named 2"),
		checktest.Row("an end that only looks alike", in(maker("", "*.host.example"), to("evilhost.example")), "failed not-named 2"),
		checktest.Row("named with its port", in(maker("", "a.host.example:443"), to("a.host.example")), "passed agree"),
		checktest.Row("named with another port", in(maker("", "a.host.example:8883"), to("a.host.example")), "failed not-named 2"),
		checktest.Row("not named", in(maker("", "a.host.example"), to("a.host.example"), to("ads.tracker.example")), "failed not-named 3"),
		checktest.Row("nobody named, another's host", in(maker(""), to("ads.tracker.example")), "failed not-named 2"),
		checktest.Row("the maker's own", in(maker(""), to("link.vendor.example"), to("x.vendor-things.example")), "passed agree-own"),
		checktest.Row("the maker's own name, run by another", in(maker("Hosting AS"), to("link.vendor.example")), "failed run-by-others 2"),
		checktest.Row("run by the maker", in(maker("Vendor"), to("link.vendor.example")), "passed agree-own"),
		checktest.Row("one host of another under the maker's name, one forgotten", in(maker("", "link.vendor.example"), to("link.vendor.example"), to("updates.vendor.example")), "failed run-by-others 3"),
		checktest.Row("named and not used", in(maker("", "a.host.example", "b.host.example"), to("a.host.example")), "passed agree", "passed not-used"),
		checktest.Row("an address", in(maker("", "a.host.example"), `{"ipv4":{"destination-ipv4-network":"198.51.100.7/32"}}`), "cantTell address 2"),
		checktest.Row("anybody", in(maker("", "a.host.example"), `{"tcp":{"destination-port":{"operator":"eq","port":443}}}`), "cantTell anybody 2"),
		checktest.Row("the home alone", cloudless(in(maker(""), `{"ietf-mud:mud":{"local-networks":[null]}}`, to("hub.local"), dns)), "passed no-host"),
		checktest.Row("what is called from outside is no destination", cloudless(in(maker(""), `{"tcp":{"ietf-mud:direction-initiated":"to-device"}}`)), "passed no-host"),
		checktest.Row("a cloud and no host", in(maker(""), dns), "cantTell no-host-of-cloud"),
		checktest.Row("no list", check.Input{Declaration: maker(""), Items: []check.Item{gone}}, "cantTell incomplete 1"),
		checktest.Row("a list that is not there", check.Input{Declaration: maker(""), Items: []check.Item{lost}}, "cantTell incomplete 7"),
	})
}

func TestRecipientsAgreeReal(t *testing.T) {
	t.Parallel()
	it := checktest.Item(t, netprofile.Reader, iotmark.KindNetworkProfile, "p", string(samples.Read(t, "mud/lightbulb2000.json")))
	for hosts, want := range map[string]iotmark.Outcome{"service.bms.example.com": iotmark.Passed, "*.bms.example.com": iotmark.Passed, "other.example": iotmark.Failed} {
		if got := checktest.Worst(datagovernance.RecipientsAgree.Run(check.Input{Declaration: maker("", hosts), Items: []check.Item{it}})); got != want {
			t.Errorf("%s: got %s, want %s", hosts, got, want)
		}
	}
}

func TestRecipientsAgreeProducts(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]iotmark.Outcome{"careful": "passed", "average": "passed", "disaster": "failed", "example": "passed"} {
		in := checktest.Product(t, name, "2026-11-22", netprofile.Reader)
		fs := datagovernance.RecipientsAgree.Run(in)
		t.Logf("%s:\n%s", name, checktest.Words(fs))
		if got := checktest.Worst(fs); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		checktest.Whole(t, name, in, fs)
	}
}

func TestRecipientsAgreeHostile(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 5000 {
		many = append(many, to(fmt.Sprintf("h%d.%s", i, strings.Repeat("x.", 100))))
	}
	in := check.Input{Declaration: maker("", "*."), Items: []check.Item{profileOf(t, append(many, to("."), to("example"), to("co.uk"))...)}}
	fs := datagovernance.RecipientsAgree.Run(in)
	checktest.Whole(t, "many", in, fs)
	if len(fs) > 30 {
		t.Errorf("%d findings", len(fs))
	}
}
