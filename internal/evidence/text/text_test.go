package text_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
	"github.com/open-iot-mark/iotmark/internal/evidence/text"
)

const page = `<!doctype html>
<html lang="en-GB">
<head><title>Privacy &amp; you</title><style>p{color:red}</style>
<script>document.write("We sell your data.")</script></head>
<body>
<nav><ul><li><a href="/">Home</a></li></ul></nav>
<h1>Privacy of the
Hearth</h1>
<p>We keep <b>log files</b> for 30&nbsp;days.<br>Then they go.</p>
<noscript>We sell your data.</noscript>
<template><p>We sell your data.</p></template>
<details><summary>More</summary>It stays <i>at home</i>.</details>
<table><tr><th>Data</th><th>Kept</th></tr><tr><td>Sound</td><td><p>7 days</p></td></tr></table>
<ol><li><p>First</p></li><li>Second<ul><li>Inner</li></ul></li></ol>
<img src="x.png" alt="A dial with a ring">
<p hidden>Hidden, not said.</p>
<p>Write to <a href="mailto:privacy@nettle.example">us</a>.</p>
</body></html>`

func TestHTML(t *testing.T) {
	t.Parallel()
	f := read(t, "page", page)
	want := []text.Block{
		{Kind: "item", Text: "Home", Line: 6},
		{Kind: "heading", Text: "Privacy of the Hearth", Line: 7, Level: 1},
		{Kind: "text", Text: "We keep log files for 30 days. Then they go.", Line: 9},
		{Kind: "text", Text: "More", Line: 12},
		{Kind: "text", Text: "It stays at home.", Line: 12},
		{Kind: "row", Text: "Data | Kept", Line: 13},
		{Kind: "row", Text: "Sound | 7 days", Line: 13},
		{Kind: "item", Text: "First", Line: 14},
		{Kind: "item", Text: "Second", Line: 14},
		{Kind: "item", Text: "Inner", Line: 14},
		{Kind: "text", Text: "A dial with a ring", Line: 15},
		{Kind: "text", Text: "Write to us.", Line: 17},
	}
	if d := cmp.Diff(want, f.Blocks); d != "" {
		t.Errorf("blocks (-want +got):\n%s", d)
	}
	if f.Format != "html" || f.Title != "Privacy & you" || f.Declared != "en" {
		t.Errorf("format %q, title %q, declared %q", f.Format, f.Title, f.Declared)
	}
	if d := cmp.Diff([]text.Link{{Text: "Home", URL: "/", Line: 6}, {Text: "us", URL: "mailto:privacy@nettle.example", Line: 17}}, f.Links); d != "" {
		t.Errorf("links (-want +got):\n%s", d)
	}
	if got := f.Said(text.SellsData); got != nil {
		t.Errorf("what scripts and templates hold is read as said: %v", got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	f := read(t, "notice.md", "Notice\n======\n\nSee [our *page*](https://nettle.example/p \"x\") and [terms][t],\nor <https://nettle.example/auto>.\n\n[t]: https://nettle.example/t\n\n## Data `x_y` ##\n\n* one **bold** snake_case\n  goes on\n* [ ] two\n\n1. first\n\n| A | B |\n|---|:-:|\n| 1 | _2_ |\n\n> quoted \\*star\\*\n\n```\ncode [a](b)\n```\n<!-- We sell your data. -->\n![alt text](i.png) <b>html</b> a < b &amp; c\n")
	want := []text.Block{
		{Kind: "heading", Text: "Notice", Line: 1, Level: 1},
		{Kind: "text", Text: "See our *page and terms, or https://nettle.example/auto.", Line: 4},
		{Kind: "heading", Text: "Data x_y", Line: 9, Level: 2},
		{Kind: "item", Text: "one bold snake_case goes on", Line: 11},
		{Kind: "item", Text: "two", Line: 13},
		{Kind: "item", Text: "first", Line: 15},
		{Kind: "row", Text: "A | B", Line: 17},
		{Kind: "row", Text: "1 | 2", Line: 19},
		{Kind: "text", Text: "quoted *star*", Line: 21},
		{Kind: "code", Text: "code [a](b)", Line: 24},
		{Kind: "text", Text: "alt text html a < b & c", Line: 27},
	}
	if d := cmp.Diff(want, f.Blocks); d != "" {
		t.Errorf("blocks (-want +got):\n%s", d)
	}
	var urls []string
	for _, l := range f.Links {
		urls = append(urls, l.URL)
	}
	if d := cmp.Diff([]string{"https://nettle.example/p", "https://nettle.example/t", "https://nettle.example/auto", "i.png"}, urls); d != "" {
		t.Errorf("links (-want +got):\n%s", d)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	f := read(t, "d.txt", "DECLARATION\r\n\r\nNettle Home Ltd declares that the\r\nequipment NH-T2 is in line.\r\n-----\r\nDate: 2026-02-16\r\nContact: us\r\nLeeds, 2026-02-16, Ingrid\r\n\r\n- one\r\n  more\r\n- two\r\n")
	want := []text.Block{
		{Kind: "heading", Text: "DECLARATION", Line: 1},
		{Kind: "text", Text: "Nettle Home Ltd declares that the equipment NH-T2 is in line.", Line: 3},
		{Kind: "text", Text: "Date: 2026-02-16", Line: 6},
		{Kind: "text", Text: "Contact: us", Line: 7},
		{Kind: "text", Text: "Leeds, 2026-02-16, Ingrid", Line: 8},
		{Kind: "item", Text: "one more", Line: 10},
		{Kind: "item", Text: "two", Line: 12},
	}
	if d := cmp.Diff(want, f.Blocks); d != "" {
		t.Errorf("blocks (-want +got):\n%s", d)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, content := range []string{page, "Last updated: 1 June 2026. We keep data for 30 days. On 03/04/2030 it ends.\n"} {
		f := read(t, "x", content)
		raw, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		again := text.Reader.New()
		if err := json.Unmarshal(raw, again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(any(f), again); d != "" {
			t.Errorf("through JSON (-want +got):\n%s", d)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		say, date, precision string
		ambiguous            bool
	}{
		{"2034-03-31", "2034-03-31", "day", false},
		{"2034-03-31T10:00:00Z", "2034-03-31", "day", false},
		{"2034/03/31", "2034-03-31", "day", false},
		{"31 March 2034", "2034-03-31", "day", false},
		{"31st of March 2034", "2034-03-31", "day", false},
		{"March 31, 2034", "2034-03-31", "day", false},
		{"Mar. 31st 2034", "2034-03-31", "day", false},
		{"31-Mar-2034", "2034-03-31", "day", false},
		{"31.03.2034", "2034-03-31", "day", false},
		{"31. 3. 2034", "2034-03-31", "day", false},
		{"1.2.2034", "2034-02-01", "day", false},
		{"31/03/2034", "2034-03-31", "day", false},
		{"03/31/2034", "2034-03-31", "day", false},
		{"03/04/2034", "", "day", true},
		{"04/04/2034", "2034-04-04", "day", false},
		{"31. März 2034", "2034-03-31", "day", false},
		{"1er janvier 2034", "2034-01-01", "day", false},
		{"15 août 2034", "2034-08-15", "day", false},
		{"15 de marzo de 2034", "2034-03-15", "day", false},
		{"March 2034", "2034-03-31", "month", false},
		{"Februar 2036", "2036-02-29", "month", false},
		{"février 2034", "2034-02-28", "month", false},
		{"2034-02", "2034-02-28", "month", false},
		{"until 2034", "2034-12-31", "year", false},
		{"bis 2034", "2034-12-31", "year", false},
	} {
		f := read(t, "x.txt", "Support lasts: "+c.say+" at least.\n")
		if len(f.Dates) != 1 {
			t.Errorf("%s: %v", c.say, f.Dates)
			continue
		}
		d := f.Dates[0]
		if string(d.Date) != c.date || d.Precision != c.precision || d.Ambiguous != c.ambiguous || d.Line != 1 {
			t.Errorf("%s: got %+v", c.say, d)
		}
	}
	for _, no := range []string{"31 February 2034", "2034-13-01", "13/13/2034", "version 2034.1", "Directive 2014/53/EU", "32 March 2034 AD 2"} {
		f := read(t, "x.txt", "It says "+no+" here.\n")
		for _, d := range f.Dates {
			if d.Precision == "day" {
				t.Errorf("%s: got %+v", no, d)
			}
		}
	}
}

func TestContentDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		say  string
		want iotmark.Date
	}{
		{"Date: 2026-08-20", "2026-08-20"},
		{"Last updated 1 June 2026. Support ends on 31 March 2034.", "2026-06-01"},
		{"First published 1 May 2020; last updated: 1 June 2026.", "2026-06-01"},
		{"Stand: 12. Oktober 2026", "2026-10-12"},
		{"Zuletzt aktualisiert am 1. Juni 2026", "2026-06-01"},
		{"Effective date: March 2026", "2026-03-31"},
		{"Version 3.2, 14 May 2026", "2026-05-14"},
		{"Leeds, 2026-02-16, Ingrid Maddox, head of engineering", "2026-02-16"},
		{"Dernière mise à jour : 5 mars 2026", "2026-03-05"},
		{"| Test | Date |\n| --- | --- |\n| Drop | Date: 2026-01-02 |", "2026-01-02"},
		{"Support ends on 31 March 2034.", ""},
		{"Last updated: 03/04/2026", ""},
		{"Copyright 2019 Zippico.", ""},
	} {
		if got := read(t, "x.md", c.say).ContentDate(); got != c.want {
			t.Errorf("%q: got %q, want %q", c.say, got, c.want)
		}
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for lang, say := range map[string]string{
		"en": "This notice tells you what the thermostat takes in, where the data goes and how long it is kept. You can delete all of it at any time. If you do not agree, the device works without the cloud, and nothing is sent to us or to others. Please ask us when something is not clear.",
		"de": "Dieser Hinweis sagt Ihnen, was der Thermostat aufnimmt, wohin die Daten gehen und wie lange sie bleiben. Sie können alles jederzeit löschen. Wenn Sie nicht zustimmen, läuft das Gerät ohne die Cloud, und nichts wird an uns oder an andere gesendet. Bitte fragen Sie, wenn etwas unklar ist.",
		"fr": "Cet avis vous dit ce que le thermostat enregistre, où vont les données et combien de temps elles sont gardées. Vous pouvez tout effacer à tout moment. Si vous n'êtes pas d'accord, l'appareil marche sans le service en ligne et rien n'est envoyé à nous ou à d'autres. Posez vos questions.",
		"es": "Este aviso le dice qué registra el termostato, a dónde van los datos y cuánto tiempo se guardan. Usted puede borrar todo en cualquier momento. Si no está de acuerdo, el aparato funciona sin la nube y no se envía nada a nosotros ni a otros. Pregunte cuando algo no esté claro.",
		"it": "Questo avviso dice che cosa registra il termostato, dove vanno i dati e per quanto tempo sono conservati. È possibile cancellare tutto in ogni momento. Se non siete d'accordo, il dispositivo funziona senza la nuvola e nulla viene inviato a noi o ad altri. Chiedete quando qualcosa non è chiaro.",
		"nl": "Deze verklaring zegt u wat de thermostaat opneemt, waar de gegevens heen gaan en hoe lang ze worden bewaard. U kunt alles op elk moment wissen. Als u het er niet mee eens bent, werkt het apparaat zonder de cloud en wordt er niets naar ons of naar anderen gestuurd. Vraag het ons als iets niet duidelijk is.",
		"pl": "Ta informacja mówi, co zapisuje termostat, dokąd trafiają dane i jak długo są przechowywane. W każdej chwili można wszystko usunąć. Jeśli się nie zgadzasz, urządzenie działa bez chmury i nic nie jest wysyłane do nas ani do innych. Prosimy o pytania, gdy coś nie jest jasne dla państwa.",
		"pt": "Este aviso diz o que o termóstato regista, para onde vão os dados e por quanto tempo são guardados. Você pode apagar tudo a qualquer momento. Se não concordar, o aparelho funciona sem a nuvem e nada é enviado para nós ou para outros. Pergunte quando algo não for claro para você.",
		"sv": "Det här meddelandet säger vad termostaten registrerar, vart uppgifterna går och hur länge de sparas. Du kan radera allt när som helst. Om du inte håller med fungerar enheten utan molnet, och inget skickas till oss eller till andra. Fråga oss gärna när något inte är klart för dig.",
		"da": "Denne meddelelse siger, hvad termostaten optager, hvor oplysningerne går hen, og hvor længe de bliver gemt. Du kan slette det hele når som helst. Hvis du ikke er enig, virker enheden uden skyen, og intet bliver sendt til os eller til andre. Spørg os gerne, når noget ikke er klart af det.",
		"nb": "Denne meldingen sier hva termostaten tar opp, hvor opplysningene går og hvor lenge de blir lagret. Du kan slette alt når som helst. Hvis du ikke er enig, virker enheten uten skyen, og ingenting blir sendt til oss eller til andre. Spør oss gjerne når noe ikke er klart fra vår side.",
		"fi": "Tämä seloste kertoo, mitä termostaatti tallentaa, minne tiedot menevät ja kuinka kauan ne säilytetään. Voit poistaa kaikki tiedot milloin tahansa. Jos et hyväksy tätä, laite toimii ilman pilveä, eikä mitään lähetetä meille tai muille. Kysy meiltä, kun jokin ei ole sinulle selvää.",
		"cs": "Toto oznámení říká, co termostat zaznamenává, kam údaje putují a jak dlouho se uchovávají. Vše můžete kdykoli smazat. Pokud nesouhlasíte, zařízení funguje bez cloudu a nic se neposílá nám ani jiným. Ptejte se nás, když vám něco není jasné, a to také podle toho, co je pro vás důležité.",
		// Others are not known, however long.
		"": "Ez a tájékoztató elmondja, mit rögzít a termosztát, hová kerülnek az adatok, és meddig őrizzük meg őket. Bármikor törölhet mindent. Ha nem ért egyet, a készülék felhő nélkül is működik, és semmit sem küldünk magunknak vagy másoknak. Kérdezzen bátran, ha valami nem világos az ön számára.",
	} {
		if got := read(t, "x.txt", say+"\n").Language; got != lang {
			t.Errorf("%q: got %q", lang, got)
		}
	}
	if got := read(t, "x.txt", "We do not sell your data.\n").Language; got != "" {
		t.Errorf("a short text is called %q", got)
	}
}

// TestRealTexts reads texts of others that are on every machine that builds
// this project: readmes and licences of the libraries used.
func TestRealTexts(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := strings.TrimSpace(string(out))
	n := 0
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "PATENTS"} {
		raw, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue
		}
		n++
		f := read(t, name, string(raw))
		if f.Language != "en" {
			t.Errorf("%s: language %q", name, f.Language)
		}
		if got := f.Said(text.SellsData); len(got) > 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if n == 0 {
		t.Errorf("no text found in %s", root)
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	easy := strings.Repeat("The dial is red. You can turn it. It goes left and right. We keep no data. ", 10)
	hard := strings.Repeat("Notwithstanding any contrary representation, the utilisation of the aforementioned functionalities constitutes irrevocable acknowledgement of the applicability of supplementary contractual conditions, which may periodically be modified without prior notification to affected individuals. ", 10)
	if g := read(t, "x.txt", easy).Grade; g > 4 {
		t.Errorf("an easy text has grade %.1f", g)
	}
	if g := read(t, "x.txt", hard).Grade; g < 16 {
		t.Errorf("a hard text has grade %.1f", g)
	}
	leicht := strings.Repeat("Das Rad ist rot. Sie können es drehen. Es geht nach links. Wir haben keine Daten von Ihnen. ", 10)
	schwer := strings.Repeat("Ungeachtet anderslautender Darstellungen begründet die Inanspruchnahme der vorgenannten Funktionalitäten die unwiderrufliche Anerkennung der Anwendbarkeit ergänzender Vertragsbedingungen, welche gegebenenfalls ohne vorherige Benachrichtigung betroffener Personen geändert werden. ", 10)
	if g := read(t, "x.txt", leicht).Grade; g > 5 {
		t.Errorf("an easy German text has grade %.1f", g)
	}
	if g := read(t, "x.txt", schwer).Grade; g < 14 {
		t.Errorf("a hard German text has grade %.1f", g)
	}
}

func TestCharacterSets(t *testing.T) {
	t.Parallel()
	latin1 := "<html><head><meta charset=\"iso-8859-1\"><title>x</title></head><body><p>W\xe4rme f\xfcr Sie</p></body></html>"
	if f := read(t, "x.html", latin1); f.Blocks[0].Text != "Wärme für Sie" || f.Replaced != 0 {
		t.Errorf("declared Latin 1: %+v, %d replaced", f.Blocks, f.Replaced)
	}
	if f := read(t, "x.txt", "\ufeffWärme für Sie und alle anderen Menschen.\n"); f.Blocks[0].Text != "Wärme für Sie und alle anderen Menschen." {
		t.Errorf("byte order mark: %+v", f.Blocks)
	}
	for _, bom := range []bool{true, false} {
		for _, big := range []bool{true, false} {
			var b bytes.Buffer
			u := utf16.Encode([]rune("Heat for you and for all 🌡 others.\n"))
			if bom {
				u = append([]uint16{0xfeff}, u...)
			}
			for _, c := range u {
				if big {
					b.Write([]byte{byte(c >> 8), byte(c)})
				} else {
					b.Write([]byte{byte(c), byte(c >> 8)})
				}
			}
			if !text.Sniff("x", b.Bytes()) {
				t.Errorf("UTF-16 is not sniffed (mark %v, big end first %v)", bom, big)
			}
			if f := read(t, "x.txt", b.String()); f.Blocks[0].Text != "Heat for you and for all 🌡 others." {
				t.Errorf("UTF-16 (mark %v, big end first %v): %q", bom, big, f.Blocks[0].Text)
			}
		}
	}
	f := read(t, "x.txt", strings.Repeat("Heat for all. ", 50)+"\xff\n")
	if f.Replaced != 1 {
		t.Errorf("%d bytes replaced, want 1", f.Replaced)
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, content string
		want          bool
	}{
		{"HTML", page, true}, {"words", "hello", true}, {"German", "Wärme", true}, {"coloured", "\x1b[31mred\x1b[0m text here", true},
		{"PDF", "%PDF-1.7\n", false}, {"office", "PK\x03\x04word", false}, {"old office", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", false}, {"RTF", `{\rtf1 x}`, false},
		{"program", "\x7fELF\x02\x01", false}, {"zeros", "ab\x00\x00\x00\x00cd", false}, {"empty", "", false}, {"blank", " \n", false},
	} {
		if got := text.Sniff("x.txt", []byte(c.content)); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	small := evidence.DefaultLimits()
	small.Bytes = 100
	for _, c := range []struct {
		name, content string
		lim           evidence.Limits
		id            iotmark.ErrorID
	}{
		{"too large", strings.Repeat("x", 101), small, "too-large"},
		{"PDF", "%PDF-1.7\n%x", evidence.DefaultLimits(), "not-text"},
		{"no text", "<html><body><script>x</script></body></html>", evidence.DefaultLimits(), "no-text"},
		{"empty", "", evidence.DefaultLimits(), "no-text"},
		{"not UTF-8", strings.Repeat("\xe4\xf6 ", 100), evidence.DefaultLimits(), "not-utf8"},
	} {
		_, err := text.Reader.Read(context.Background(), evidence.NewSource("x", []byte(c.content)), c.lim)
		if e, ok := errors.AsType[*iotmark.Error](err); !ok || e.ID != c.id {
			t.Errorf("%s: got %v, want %s", c.name, err, c.id)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := text.Reader.Read(ctx, evidence.NewSource("x", []byte(page)), evidence.DefaultLimits()); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled reading gives %v", err)
	}
}

func TestNoControlsInQuotes(t *testing.T) {
	t.Parallel()
	f := read(t, "x.html", "<p>We do \x1b[31mnot\x1b[0m sell\u202e your\u2066 da\u00adta\u200b.\x00\x07</p><a href='https://x\x1b.example'>l\u202ei</a>")
	raw, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`\u001b`, "\u202e", "\u2066", "\u00ad", "\u200b", `\u0000`, `\u0007`} {
		if strings.Contains(string(raw), bad) {
			t.Errorf("%q stays in %s", bad, raw)
		}
	}
	if got := f.Blocks[0].Text; got != "We do [31mnot[0m sell your data." {
		t.Errorf("text: %q", got)
	}
}

// TestHostile reads what was made to hurt, and holds time and memory.
func TestHostile(t *testing.T) {
	// Under the race detector, which slows regular expressions down tenfold,
	// the inputs are a twentieth; the large ones are then not cut.
	small := raceOn || testing.Short()
	rep := func(s string, n int) string {
		if small {
			n /= 20
		}
		return strings.Repeat(s, n)
	}
	for _, c := range []struct {
		name, file, content string
		cut                 bool
	}{
		{"ten million elements", "x.html", "<html>" + rep("<b>x", 10_000_000), true},
		{"nested 100,000 deep", "x.html", "<html>" + rep("<div>", 100_000) + "We do not sell your data." + rep("</div>", 100_000), false},
		{"nested tables", "x.html", "<html>" + rep("<table><tr><td>", 50_000) + "x", false},
		{"attributes", "x.html", "<html><p>y</p><p " + rep("a ", 30_000_000) + ">x</p>", true},
		{"one long attribute", "x.html", "<html><p>y</p><a href='" + rep("a", 60_000_000) + "'>x</a>", true},
		{"one line", "x.txt", rep("word ", 1_800_000), true},
		{"one word", "x.txt", rep("w", 9_000_000), true},
		{"one line in Markdown", "x.md", rep("*word* ", 2_500_000), true},
		{"brackets", "x.md", rep("[", 1_000_000), false},
		{"links half open", "x.md", rep("[a](", 300_000), false},
		{"images in brackets", "x.md", rep("![[]]", 300_000), false},
		{"angles", "x.md", rep("<a", 500_000), false},
		{"stars", "x.md", rep("*_`~", 500_000), false},
		{"comments", "x.md", "x\n\n" + rep("<!--", 500_000) + "x\n\nx", false},
		{"quotes", "x.md", rep(">", 1_000_000) + "x", false},
		{"cells", "x.md", "| a |\n" + rep("| x ", 500_000) + "|\n", false},
		{"lines", "x.txt", rep("a\n\n", 3_000_000), true},
		{"dates", "x.txt", rep("2034-03-31 ", 800_000), true},
		{"full stops", "x.txt", rep(". A", 1_000_000), true},
		{"question marks", "x.txt", rep("?", 1_000_000) + "A", false},
		{"statements", "x.txt", rep("We do not sell your data. ", 50_000), false},
		{"nearly statements", "x.txt", rep("We may share sell advertising marketing not data ", 20_000), false},
		{"entities", "x.html", "<html><p>" + rep("&amp;&#x26;&notanentity;", 150_000), false},
		{"NULs", "x.txt", "a" + rep(" \x00", 1_000_000) + "b", false},
		{"templates left open", "x.html", "<html><p>x</p>" + rep("<template>", 200_000), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
			defer cancel()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			began := time.Now()
			src := evidence.NewSource(c.file, []byte(c.content))
			f, err := text.Reader.Read(ctx, src, evidence.DefaultLimits())
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Fatal(err)
			}
			facts := f.(*text.Facts)
			if !small && facts.Cut != c.cut {
				t.Errorf("cut: %v, want %v", facts.Cut, c.cut)
			}
			t.Logf("%d bytes: %v, %d MB allocated in all, %d blocks, %d statements", len(c.content), took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20, len(facts.Blocks), len(facts.Statements))
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add("x.html", []byte(page))
	f.Add("x.md", []byte("# A\n\n| a | b |\n|--|--|\n| [x](y) | `z` |\n\n- **b** <i>\n> q\n```\nc\n"))
	f.Add("x.txt", []byte("Stand: 1. Juni 2026\n\nWir verkaufen Ihre Daten nicht. Do you sell data? No.\n"))
	f.Add("x", []byte("\xff\xfea\x00b\x00"))
	f.Add("x.html", []byte("<p>\xe4\xf6<meta charset=iso-8859-1><table><tr><td>x<p>y</table><a href=x><a href=y>"))
	f.Add("x.txt", []byte("A. B! C? \"D.\" E.g. F. 31. März 2034 03/04/2030 ”.“ X."))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		text.Sniff(name, b[:min(len(b), evidence.SniffLen)])
		v, err := text.Reader.Read(context.Background(), evidence.NewSource(name, b), evidence.DefaultLimits())
		if err != nil {
			if _, ok := errors.AsType[*iotmark.Error](err); !ok {
				t.Fatalf("an error without an id: %v", err)
			}
			return
		}
		facts := v.(*text.Facts)
		facts.ContentDate()
		for _, b := range facts.Blocks {
			if b.Line < 1 || b.Text == "" || !utf8.ValidString(b.Text) {
				t.Fatalf("a block at no place or without text: %+v", b)
			}
		}
		for _, s := range facts.Statements {
			if s.Line < 1 || s.Quote == "" || utf8.RuneCountInString(s.Quote) > 200 {
				t.Fatalf("a statement at no place: %+v", s)
			}
		}
		raw, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		again := text.Reader.New()
		if err := json.Unmarshal(raw, again); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, again); d != "" {
			t.Fatalf("through JSON (-want +got):\n%s", d)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	notice := []byte(strings.Repeat(page, 40))
	b.SetBytes(int64(len(notice)))
	for b.Loop() {
		if _, err := text.Reader.Read(context.Background(), evidence.NewSource("x.html", notice), evidence.DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}
