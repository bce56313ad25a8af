package page

import (
	"strconv"
	"strings"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/label"
	"github.com/open-iot-mark/iotmark/internal/message"
)

// Panel returns what the preview of the label shows: the seven facts, and for
// each topic how many points a program looked at. It carries no emblem and no
// code: an open declaration has neither.
func Panel(in Input) label.Panel {
	w, d, a := in.Words, in.Declaration, in.Assessment
	who := map[string]string{"product": named(d.Product.Name, in), "maker": named(d.Maker.Name, in)}
	p := label.Panel{
		Lang: w.Code, Dir: w.Dir,
		Title:       w.Say("panel.title", who),
		Watermark:   w.Say("panel.preview", nil),
		Notice:      w.Say("panel.not-label", nil),
		Product:     who["product"],
		By:          who["maker"] + ", " + w.Say("page.model", nil) + " " + named(d.Product.Model, in),
		TopicsTitle: w.Say("panel.topics", nil),
		Key:         []string{w.Say("panel.key", nil), w.Say("panel.unread", nil)},
		Words:       w.Say("panel.own-words", nil),
		Edition:     w.Say("panel.edition", map[string]string{"edition": message.Short(string(a.Edition), 20), "date": in.day(a.AsOf)}),
	}
	desc := []string{p.Notice}
	for i, f := range a.Label.Facts {
		if i >= len(in.Catalogue.Label.Facts) {
			break
		}
		row := label.Fact{Name: in.factName(i), Value: in.factValue(i, f.Value, f.Print, f.Args), Unknown: f.Value == "unknown"}
		p.Facts = append(p.Facts, row)
		desc = append(desc, row.Name+": "+label.Ended(row.Value))
	}
	desc = append(desc, label.Ended(p.TopicsTitle), p.Key[0])
	for _, t := range iotmark.Topics() {
		looked, all := in.count(t)
		row := label.Topic{Name: in.topic(t), Count: w.Say("panel.count", map[string]string{"n": strconv.Itoa(looked), "m": strconv.Itoa(all)})}
		p.Topics = append(p.Topics, row)
		desc = append(desc, row.Name+" "+row.Count+".")
	}
	p.Desc = strings.Join(append(desc, p.Key[1], p.Words), " ")
	return p
}
