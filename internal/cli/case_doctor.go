package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/job"
	"github.com/open-iot-mark/iotmark/internal/message"
	"github.com/open-iot-mark/iotmark/internal/scheme"
)

// houseDiagnosis is what a data folder lacks, for programs.
type houseDiagnosis struct {
	Vacant  []iotmark.Role `json:"vacant"`  // roles that nobody fills today
	Overdue []overdueCase  `json:"overdue"` // cases whose day has passed
	Alarms  []job.Alarm    `json:"alarms"`  // jobs that need a person
}

type overdueCase struct {
	Case  string            `json:"case"`
	Kind  iotmark.CaseKind  `json:"kind"`
	State iotmark.CaseState `json:"state"`
	Due   iotmark.Date      `json:"due"`
	Waits iotmark.Role      `json:"waits_for"`
}

// diagnoseHouse looks into the folder that --data names.
func diagnoseHouse(ctx context.Context, cmd *cli.Command) (*houseDiagnosis, error) {
	d := &houseDiagnosis{Vacant: []iotmark.Role{}, Overdue: []overdueCase{}, Alarms: []job.Alarm{}}
	return d, inHouse(ctx, cmd, func(h *dataHouse) error {
		vacant, err := h.scheme.Vacant(ctx)
		if err != nil {
			return err
		}
		d.Vacant = append(d.Vacant, vacant...)
		today := iotmark.DateOf(h.now())
		for f := (scheme.Filter{Limit: 1000}); ; {
			cs, err := h.scheme.Cases(ctx, iotmark.Program(), f)
			if err != nil {
				return err
			}
			for _, c := range cs {
				f.After = c.ID
				if c.Due != "" && c.Due < today {
					d.Overdue = append(d.Overdue, overdueCase{c.ID, c.Kind, c.State, c.Due, c.Row().Waits})
				}
			}
			if len(cs) < f.Limit {
				break
			}
		}
		alarms, err := h.jobs.Alarms(ctx)
		d.Alarms = append(d.Alarms, alarms...)
		return err
	})
}

func (d *houseDiagnosis) text(p *page) {
	p.section("Procedures")
	var vacant []string
	for _, r := range d.Vacant {
		vacant = append(vacant, string(r))
	}
	if len(vacant) == 0 {
		p.para("Each role is filled by somebody.")
	} else {
		p.para("Nobody fills these roles: %s. iotmark case appoint gives an office.", strings.Join(vacant, ", "))
	}
	if len(d.Overdue) == 0 {
		p.para("No case is overdue.")
	}
	for _, c := range d.Overdue {
		p.para("%s", message.Clean(fmt.Sprintf("Overdue since %s: the %s %s is %s, and waits for the %s.", c.Due, c.Kind, c.Case, c.State, c.Waits)))
	}
	if len(d.Alarms) == 0 {
		p.para("No job needs a person.")
	}
	for _, a := range d.Alarms {
		p.para("%s", message.Clean(fmt.Sprintf("Job %d, %s, is %s: %s", a.ID, a.Kind, a.State, a.Reason)))
	}
}
