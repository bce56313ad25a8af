package report

import (
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// GitHub writes new gaps as workflow commands, which GitHub Actions shows
// beside the lines of a change: musts as errors, shoulds as warnings, the rest
// as notices. It shows ten of each in a step, so that the musts come first.
func GitHub(w io.Writer, in Input) error {
	var b strings.Builder
	cmp := in.Compare()
	for _, row := range []struct {
		level   iotmark.Level
		command string
	}{{iotmark.Must, "error"}, {iotmark.Should, "warning"}, {iotmark.May, "notice"}} {
		for _, g := range cmp.New {
			if g.Level == row.level {
				file, line := in.spot(g)
				b.WriteString("::" + row.command + " file=" + property(file) + ",line=" + strconv.Itoa(line) +
					",title=" + property(string(g.Criterion)) + "::" + data(in.public(g)) + "\n")
			}
		}
	}
	if in.Baseline != nil {
		b.WriteString("::notice title=iotmark::" + data(in.counts(cmp)) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// spot is the file and the line where a gap is best shown: the first place
// with a line in a file of the dossier, else where the declaration names the
// evidence or the claim. What can be exploited is never shown at its place.
func (in Input) spot(g Gap) (file string, line int) {
	if !in.exploitable(g) && !in.Where.Archive {
		for _, p := range in.places(g) {
			if p.Evidence == "" {
				if n := in.Where.line(p.Path); n > 0 {
					return in.Where.Declaration, n
				}
			}
			if f := in.Where.Evidence[p.Evidence]; f != "" && p.Path == "" && p.Line > 0 {
				return f, p.Line
			}
		}
	}
	if in.Where.Archive {
		return in.Where.Declaration, 1
	}
	field := "claims." + string(g.Criterion)
	if g.Finding >= 0 {
		if basis := in.Assessment.Findings[g.Finding].Basis; len(basis) > 0 {
			field = "evidence." + string(basis[0])
		}
	}
	return in.Where.Declaration, max(1, in.Where.line(field))
}

// data and property escape what stands in a workflow command, so that neither
// a line feed begins another one nor a comma another property.
func data(s string) string { return commandData.Replace(message.Clean(s)) }

func property(s string) string { return commandProperty.Replace(message.Clean(s)) }

var (
	commandData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Uncommanded makes text safe for the log of a workflow, where a line that
// begins with two colons, after blanks of any script, or that has ##[ anywhere may be a
// command to the runner. Foreign text must not give orders.
func Uncommanded(s string) string {
	if !strings.Contains(s, "::") && !strings.Contains(s, "##[") {
		return s
	}
	var b strings.Builder
	for l := range strings.Lines(s) {
		if rest := strings.TrimLeftFunc(l, unicode.IsSpace); strings.HasPrefix(rest, "::") {
			l = l[:len(l)-len(rest)] + ": :" + rest[2:]
		}
		b.WriteString(strings.ReplaceAll(l, "##[", "## ["))
	}
	return b.String()
}

// CodeQuality writes new and known gaps in the form of GitLab's code quality
// reports, a part of the Code Climate format: a list of description, check,
// fingerprint, severity and place.
func CodeQuality(w io.Writer, in Input) error {
	type lines struct {
		Begin int `json:"begin"`
	}
	type location struct {
		Path  string `json:"path"`
		Lines lines  `json:"lines"`
	}
	type issue struct {
		Description string   `json:"description"`
		CheckName   string   `json:"check_name"`
		Fingerprint string   `json:"fingerprint"`
		Severity    string   `json:"severity"`
		Location    location `json:"location"`
	}
	out := []issue{}
	for _, g := range Gaps(in.Assessment) {
		severity := map[iotmark.Level]string{iotmark.Must: "major", iotmark.Should: "minor", iotmark.May: "info"}[g.Level]
		if in.exploitable(g) {
			severity = "critical"
		}
		file, line := in.spot(g)
		out = append(out, issue{in.public(g), string(g.Criterion), g.ID, severity, location{message.Clean(file), lines{line}}})
	}
	b, err := encode(out)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}
