package cli_test

import (
	"encoding/json"
	"maps"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/net/dns/dnsmessage"

	model "github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/scheme/schemetest"
	"github.com/open-iot-mark/iotmark/internal/store/pgtest"
)

// The life of a mark, from the first key to the last day, on each database.
func TestLifeOfAMark(t *testing.T) {
	cmds := services()
	maps.Copy(cmds, map[string]func(*testscript.TestScript, bool, []string){"take": take, "refused": refused, "nameserver": nameserver(), "notes": notes(t)})
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		scripts(t, "../../docs/walks/life-of-a-mark.txtar", cmds, "DB", "registry.db", "DB2", "registry.db")
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		scripts(t, "../../docs/walks/life-of-a-mark.txtar", cmds, "DB", pgtest.Address(t), "DB2", pgtest.Address(t))
	})
}

// take NAME PATTERN: what the pattern's group found in the last output is the
// variable NAME from here on.
func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME PATTERN")
	}
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	m := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("the last output has no %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

// refused REASON COMMAND...: the command is refused, for this reason.
func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refused REASON COMMAND...")
	}
	if ts.Exec(args[1], args[2:]...) == nil {
		ts.Fatalf("it was not refused")
	}
	said := ts.ReadFile("stderr")
	if !strings.HasSuffix(said, " ["+args[0]+"]\n") {
		ts.Fatalf("it was refused for another reason than %s", args[0])
	}
}

// nameserver NAME: a name server at the address $NAME, which knows one text
// for each name: that in the file of the name.
func nameserver() func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("usage: nameserver NAME")
		}
		c, err := net.ListenPacket("udp", "127.0.0.1:0")
		ts.Check(err)
		var wg sync.WaitGroup
		wg.Go(func() {
			for b := make([]byte, 4096); ; {
				n, from, err := c.ReadFrom(b)
				if err != nil {
					return
				}
				c.WriteTo(answer(ts, b[:n]), from)
			}
		})
		ts.Defer(func() { c.Close(); wg.Wait() })
		ts.Setenv(args[0], c.LocalAddr().String())
	}
}

// answer answers one question for a text.
func answer(ts *testscript.TestScript, question []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	name := strings.TrimSuffix(strings.ToLower(q.Name.String()), ".")
	if b, err := os.ReadFile(ts.MkAbs(name)); err == nil && q.Type == dnsmessage.TypeTXT {
		m.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type, TTL: 60},
			Body: &dnsmessage.TXTResource{TXT: []string{strings.TrimSpace(string(b))}}}}
	} else {
		m.RCode = dnsmessage.RCodeNameError
	}
	out, err := m.Pack()
	if err != nil {
		return nil
	}
	return out
}

// notes FILE CASE [second]: fills in the forms of what nobody has inspected in
// a case yet, so that each passes.
func notes(t *testing.T) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) < 2 {
			ts.Fatalf("usage: notes FILE CASE [second]")
		}
		ts.Check(ts.Exec("iotmark", "case", "standing", args[1], "--as", "as1@testlab", "--format", "json"))
		var standing struct {
			Evaluation struct{ Unmet []model.CriterionID }
			Second     []model.CriterionID
		}
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &standing))
		open := standing.Evaluation.Unmet
		if len(args) > 2 {
			open = standing.Second
		}
		var out []model.Inspection
		for _, id := range open {
			out = append(out, (&schemetest.House{T: t}).Note(id, model.InspectionPass))
		}
		b, err := json.Marshal(out)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
	}
}
