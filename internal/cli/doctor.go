package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/catalogue"
	"github.com/open-iot-mark/iotmark/internal/confine"
	"github.com/open-iot-mark/iotmark/internal/message"
)

func unconfinedFlag() cli.Flag {
	return &cli.BoolFlag{Name: "unconfined", Usage: "read binary evidence unprotected"}
}

func doctorCommand() *cli.Command {
	return &cli.Command{
		Name:  "doctor",
		Usage: "say what this machine gives, and what it lacks",
		Description: `Images, captures and photos may be crafted to take over the program that
reads them. So each is read in a process of its own that can do nothing else.
doctor starts such a process, lets it try what it must not be able to do, and
says which protections there are. It also looks at the built-in criteria.

Exit codes: 0 binary evidence is read confined, 5 no confined process can be
started, so that binary evidence is not read.`,
		Flags: []cli.Flag{
			formatFlag(),
			&cli.StringFlag{Name: "data", Usage: "look into the data `FOLDER` of iotmark case too"},
			atFlag(),
		},
		Action: doctor,
	}
}

// protections are the words for each protection: what it means that it is on,
// and that it is off. A test holds them against package confine.
var protections = map[string]struct{ on, off string }{
	confine.Process:  {"each binary file is read in a process of its own", "nothing binary is read"},
	confine.Users:    {"that process is nobody, even when you are root", "it runs as you"},
	confine.Network:  {"it has no network at all, not even this machine's own", "it has this machine's network, if it can make a socket"},
	confine.PIDs:     {"it sees no other program", "it can see that other programs run"},
	confine.IPC:      {"it shares no memory or queue with other programs", "it may find memory that others share"},
	confine.Names:    {"it cannot rename this machine", "it could rename this machine, if it were root"},
	confine.Privs:    {"no program can give it more rights", "a program might give it more rights"},
	confine.Caps:     {"it has none of the powers of root", "it has powers of root"},
	confine.Files:    {"it can open, make or change no file", "Landlock does not keep it from files"},
	confine.TCP:      {"it can make no TCP connection", "Landlock does not keep it from TCP"},
	confine.Scope:    {"it can reach no program outside by signals or sockets", "Landlock does not keep it from signals"},
	confine.Syscalls: {"the kernel refuses it all calls but those for computing", "it may call the whole kernel"},
	confine.Memory:   {"the kernel refuses it more memory than one file may take", "it may take all memory"},
	confine.CPU:      {"the kernel ends it when its processor time is over", "only this program ends it"},
	confine.Output:   {"it can write nothing to disk, and leaves no core dump", "it may fill the disk, if it can open a file"},
	confine.Hidden:   {"your other programs cannot look into it", "your other programs can look into it"},
	confine.Orphan:   {"it ends when this program ends", "it may outlive this program"},
	confine.Time:     {"this program ends it after its time, with all it started", "it may run for ever"},
	confine.Reply:    {"its answer is bounded, and read with suspicion", "its answer is believed"},
}

// harms are the words for what nothing stops.
var harms = map[confine.Harm]string{
	confine.ReachFiles:     "read and change your files",
	confine.ReachNetwork:   "use the network",
	confine.ReachProcesses: "look into your other programs",
	confine.TakeMemory:     "use up the memory",
	confine.TakeTime:       "run for ever",
}

// diagnosis is what doctor found, for programs.
type diagnosis struct {
	Version     string      `json:"version"`
	Go          string      `json:"go"`
	System      string      `json:"system"` // GOOS/GOARCH
	Criteria    criteria    `json:"criteria"`
	Confinement confinement `json:"confinement"`
	Archives    possibility `json:"archives"` // large ones are unpacked to a file without a name

	House *houseDiagnosis `json:"data,omitempty"` // of the folder that --data names
}

type criteria struct {
	Edition  iotmark.Edition `json:"edition"`
	Count    int             `json:"count"`
	Problems int             `json:"problems"`
}

type confinement struct {
	Works        bool                 `json:"works"`
	Why          string               `json:"why,omitempty"` // it does not work
	Unstopped    []confine.Harm       `json:"unstopped"`     // what a taken-over reader could do
	Protections  []confine.Protection `json:"protections"`
	Tried        []confine.Act        `json:"tried"`        // by a confined process, with the kernel's refusal
	Milliseconds int64                `json:"milliseconds"` // that it took to start one and hear its answer
}

type possibility struct {
	Works  bool   `json:"works"`
	Folder string `json:"folder"`
	Why    string `json:"why,omitempty"`
}

func doctor(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() > 0 {
		return usage("doctor takes no argument; it looks at this machine")
	}
	asJSON, err := jsonAsked(cmd)
	if err != nil {
		return err
	}
	d, err := diagnose(ctx)
	if err == nil && cmd.String("data") != "" {
		d.House, err = diagnoseHouse(ctx, cmd)
	}
	if err != nil {
		return err
	}
	out := cmd.Root().Writer
	if asJSON {
		err = writeJSON(out, d)
	} else {
		_, err = io.WriteString(out, d.text())
	}
	if err == nil && !d.Confinement.Works {
		return said(iotmark.Unreadable, "not-confined")
	}
	return err
}

func diagnose(ctx context.Context) (diagnosis, error) {
	d := diagnosis{Version: version(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	cat, err := catalogue.Load()
	if err != nil {
		return d, err
	}
	d.Criteria = criteria{cat.Edition, len(cat.Criteria), len(lint(cat))}

	c := &d.Confinement
	c.Unstopped, c.Protections, c.Tried = []confine.Harm{}, []confine.Protection{}, []confine.Act{}
	start := time.Now()
	rep, err := confine.New(confine.Budget{}).Probe(ctx)
	switch {
	case ctx.Err() != nil:
		return d, &iotmark.Error{Kind: iotmark.Interrupted, ID: "interrupted", Msg: "doctor was interrupted", Err: ctx.Err()}
	case err != nil:
		c.Why = reason(err)
	default:
		c.Works = true
		c.Milliseconds = time.Since(start).Milliseconds()
		c.Unstopped = append(c.Unstopped, rep.Unstopped()...)
		c.Protections, c.Tried = rep.Protections, rep.Acts
	}

	d.Archives.Folder = os.TempDir()
	if f, err := os.CreateTemp("", "iotmark-*"); err != nil {
		d.Archives.Why = reason(err)
	} else {
		f.Close()
		d.Archives.Works = os.Remove(f.Name()) == nil
	}
	return d, nil
}

// reason returns the words of the innermost error.
func reason(err error) string {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok || u.Unwrap() == nil {
			return err.Error()
		}
		err = u.Unwrap()
	}
}

func (d diagnosis) text() string {
	var p page
	p.WriteString(message.Clean(fmt.Sprintf("iotmark %s, %s, %s", d.Version, d.Go, d.System)) + "\n")

	p.section("Criteria")
	p.para("Edition %s is built in, with %d criteria.", d.Criteria.Edition, d.Criteria.Count)
	if d.Criteria.Problems > 0 {
		p.para("%d things in it do not agree; iotmark catalogue lint lists them.", d.Criteria.Problems)
	}

	p.section("Binary evidence")
	c := d.Confinement
	if !c.Works {
		p.para("No confined process can be started here: %s.", message.Clean(c.Why))
		p.para("So images, captures and photos are not read, and the report says so. iotmark check --unconfined reads them without protection.")
	} else {
		p.para("Images, captures and photos are read confined. It takes %d ms a file.", c.Milliseconds)
	}
	for _, x := range c.Protections {
		w, say := "on", protections[x.ID].on
		if !x.On {
			w, say = "off", protections[x.ID].off
			if x.Why != "" {
				say += ": " + message.Clean(x.Why)
			}
		}
		lead := fmt.Sprintf("  %-3s  %-17s  ", w, x.ID)
		p.WriteString(lead + strings.TrimLeft(wrap(say, columns, len(lead)), " ") + "\n")
	}
	if c.Works {
		var tried []string
		for _, a := range c.Tried {
			if a.Error == "" {
				tried = append(tried, a.ID+" WORKED")
			} else {
				tried = append(tried, a.ID+" "+a.Error)
			}
		}
		p.para("A confined process tried, and was told: %s.", message.Clean(strings.Join(tried, ", ")))
		if len(c.Unstopped) > 0 {
			p.para("A file that takes its reader over could %s. Run iotmark in a container or a virtual machine for files that you do not trust.", unstopped(c.Unstopped))
		} else {
			p.para("A file that takes its reader over reaches no file of yours, no network and no other program, and neither all memory nor all time.")
		}
	}

	p.section("Archives")
	if d.Archives.Works {
		p.para("Large archives are unpacked to a file without a name in %s.", message.Clean(d.Archives.Folder))
	} else {
		p.para("Nothing can be written in %s (%s), so large archives cannot be read; set TMPDIR to a folder that can be written, or hand in a folder.", message.Clean(d.Archives.Folder), message.Clean(d.Archives.Why))
	}
	if d.House != nil {
		d.House.text(&p)
	}
	return p.String()
}

func unstopped(hs []confine.Harm) string {
	var out []string
	for _, h := range hs {
		out = append(out, harms[h])
	}
	if n := len(out); n > 1 {
		return strings.Join(out[:n-1], ", ") + " and " + out[n-1]
	}
	return strings.Join(out, "")
}

// tellConfined says once, after a run, how its binary evidence was read when
// it was not read as safely as this program can.
func tellConfined(w io.Writer, c *confine.Confiner) {
	rep, err := c.Report()
	switch {
	case err != nil:
		say(w, message.Clean(fmt.Sprintf("warning: no confined process can be started here (%s), so binary evidence is not read; iotmark doctor tells more [not-confined]", reason(err))))
	case len(rep.Protections) > 0 && len(rep.Unstopped()) > 0:
		say(w, message.Clean(fmt.Sprintf("warning: on this machine a binary file that takes its reader over could %s; iotmark doctor tells more [weakly-confined]", unstopped(rep.Unstopped()))))
	}
}
