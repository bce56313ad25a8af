package text_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

func readText(t *testing.T, name, s string) *text.Facts {
	t.Helper()
	v, err := text.Reader.Read(t.Context(), evidence.NewSource(name, []byte(s)), evidence.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return v.(*text.Facts)
}

// What people cannot see is not said; what they can see is.
func TestHidden(t *testing.T) {
	t.Parallel()
	const magic = "We do not sell your data. Security updates until 31 March 2034."
	for _, c := range []struct {
		name, page string
		hidden     bool // the magic sentence
	}{
		{"shown", `<div>%</div>`, false},
		{"hidden and styled", `<div hidden style="display:none">%</div>`, true},
		{"hidden", `<p hidden="">%</p>`, true},
		{"hidden far behind", `<p ` + strings.Repeat("a b ", 100) + `hidden>%</p>`, true},
		{"no text within", `<div><p hidden></p>%</div>`, false},
		{"aria-hidden", `<section aria-hidden=" TRUE "><div><p>%</section>`, true},
		{"aria-hidden false", `<section aria-hidden="false">%</section>`, false},
		{"style", `<span style="color:red; Display : NONE !important">%</span>`, true},
		{"style with a comment", `<span style="display:/**/none">%</span>`, true},
		{"visibility", `<td style="visibility:hidden">%`, true},
		{"style that shows", `<span style="display:none;display:block">%</span>`, false},
		{"style of the sort", `<span style="display:nonesuch;x-display:none">%</span>`, false},
		{"dialog", `<dialog>%</dialog>`, true},
		{"open dialog", `<dialog open>%</dialog>`, false},
		{"template", `<template><p>%</p></template>`, true},
		{"details", `<details><summary>More</summary>%</details>`, false},
		{"deep within", `<div hidden><div><div>x</div></div>%</div>`, true},
		{"after a stray end", `<div hidden></p></span></li>%</div>`, true},
		{"after a stray end of what was closed", `<p>x<div hidden></p>%</div>`, true},
		{"a tag that closes itself does not", `<div hidden/>%</div>`, true},
		{"no end tag of p", `<p hidden>x<p>%`, false},
		{"no end tag of li", `<ul><li hidden>x<li>%</ul>`, false},
		{"no end tag of td", `<table><tr><td hidden>x<td>%</table>`, false},
		{"no end tag of tr", `<table><tr hidden><td>x<tr><td>%</table>`, false},
		{"end of the parent", `<div><section hidden>x</div>%`, false},
		{"end of a cell", `<table><tr><td><div hidden>x</td><td>%</table>`, false},
		{"end outside a cell", `<div><table><tr><td hidden></div>%</table></div>`, true},
		{"format goes on", `<p><b hidden>x</p>%</b>`, true},
		{"icon", `<p><i class="icon" aria-hidden="true"></i>%</p>`, false},
		{"svg that closes itself", `<svg><use hidden/></svg>%`, false},
		{"void", `<input hidden>%`, false},
		{"custom elements", `<x-a hidden></x-b>%</x-a>`, true},
		{"body closed", `<div hidden></body></html>%`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := readText(t, "x.html", "<!doctype html><html><body><p>Words that all can see.</p>"+strings.Replace(c.page, "%", magic, 1))
			found := len(f.Said(text.NeverSells)) > 0
			if found == c.hidden || (len(f.Dates) > 0) == c.hidden {
				t.Errorf("hidden: statement found %v, dates %v; blocks %v", found, f.Dates, f.Blocks)
			}
			if c.hidden && !f.Hidden {
				t.Error("the facts do not say that text was hidden")
			}
			if !c.hidden && f.Hidden != strings.Contains(c.page, "hidden") && f.Hidden && !strings.Contains(c.page, ">x<") {
				t.Error("the facts say that text was hidden")
			}
		})
	}
}

// TestWork bounds what is allocated beyond the bytes and their decoding, and
// what facts hold.
func TestWork(t *testing.T) {
	rep := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	const size = 8 << 20
	for _, c := range []struct{ name, file, content string }{
		{"sentences of a letter", "x.txt", rep("A! B? ", size)},
		{"sentences of a letter, more", "x.txt", rep("A! ", 32<<20)},
		{"full stops", "x.txt", rep("a. B", size)},
		{"answers", "x.txt", rep("Do we sell? No. ", size)},
		{"one line", "x.txt", rep("word ", size)},
		{"lines", "x.txt", rep("a\n\n", size)},
		{"list under a lead", "x.md", "We never do what follows here:\n" + rep("- a\n", size)},
		{"table under a long head", "x.md", "| " + rep("a ", 1<<20) + "|\n" + rep("| b |\n", size)},
		{"bars", "x.md", "| a" + rep("|", size)},
		{"cells", "x.html", "<html><table><tr><td>a" + rep("<td>", size)},
		{"brackets half open", "x.md", "# T\n\n" + rep(rep("[a", 800)+"]", size)},
		{"links", "x.md", "# T\n\nx" + rep("[](b)", size)},
		{"references", "x.md", rep("[a]: x\n", size) + "x"},
		{"angles", "x.md", "# T\n\nx" + rep("<1", 1800) + ">" + rep(rep("<1", 1800)+">", size)},
		{"stars", "x.md", "# T\n\n" + rep("**a ", size)},
		{"links of a page", "x.html", "<html><body>" + rep("<a href=x>a", size)},
		{"elements", "x.html", "<html><body>x" + rep("<b></i>", size)},
		{"names", "x.html", "<html><body>x" + rep("<p hidden><b hidden></p>", size)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if raceOn {
				t.Log("the race detector allocates by itself")
			}
			var before, after, held runtime.MemStats
			src := evidence.NewSource(c.file, []byte(c.content))
			runtime.GC()
			runtime.ReadMemStats(&before)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			v, err := text.Reader.Read(ctx, src, evidence.DefaultLimits())
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			f := v.(*text.Facts)
			runtime.GC()
			runtime.ReadMemStats(&held)
			made := int64(after.TotalAlloc-before.TotalAlloc) - 2*int64(len(c.content)) // read, and decoded
			holds := int64(held.HeapAlloc) - int64(before.HeapAlloc)
			t.Logf("%d MB allocated, %d kB held, cut %v", made>>20, holds>>10, f.Cut)
			if made > 60<<20 && !raceOn {
				t.Errorf("%d MB allocated beyond the bytes", made>>20)
			}
			if holds > 7<<20 {
				t.Errorf("facts hold %d kB", holds>>10)
			}
			runtime.KeepAlive(f)
			runtime.KeepAlive(src)
		})
	}
}

// countdown is a context that ends after it was looked at n times.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// A long line is left when the context ends.
func TestStopsWithinALine(t *testing.T) {
	t.Parallel()
	rep := func(s string) string { return strings.Repeat(s, (4<<20)/len(s)) }
	for name, c := range map[string][2]string{
		"spaces":    {"x.txt", "a" + rep(" ") + "b"},
		"lines":     {"x.txt", "a" + rep("\n") + "b"},
		"marks":     {"x.md", "# T\n\n" + "a" + rep("** ")},
		"backticks": {"x.md", "# T\n\na" + rep("`")},
		"tags":      {"x.html", "<html>a" + rep("<b></b>")},
	} {
		ctx := &countdown{Context: t.Context(), n: 10}
		if _, err := text.Reader.Read(ctx, evidence.NewSource(c[0], []byte(c[1])), evidence.DefaultLimits()); err == nil {
			t.Errorf("%s: read to the end after the context ended", name)
		}
	}
}
