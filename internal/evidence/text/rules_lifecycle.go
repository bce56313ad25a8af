package text

import "github.com/open-iot-mark/iotmark/internal/pattern"

// What the checks on lifecycle and accountability look for. Dates of support
// are found by [Facts.SupportEnds]; these are the ways to speak about the
// length of support without giving one.
const (
	// SupportVague: updates for a lifetime, or as long as possible.
	SupportVague StatementID = "support-vague"
	// SupportPeriod: updates for a number of years from some event. Values: n, unit.
	SupportPeriod StatementID = "support-period"
	// SupportYear: updates until a year. Values: year.
	SupportYear StatementID = "support-year"
)

const (
	updatesEN = `(?:security (?:software )?(?:updates?|fix(?:es)?|patch(?:es)?|support)|(?:software|firmware|system|automatic|free|regular) updates?|\bupdates\b|\bpatches\b|support period)`
	updatesDE = `(?:sicherheits[- ]?(?:updates?|aktualisierung(?:en)?|patches|korrekturen)|(?:software|firmware)[- ]?(?:updates?|aktualisierung(?:en)?)|\bupdates\b|aktualisierungen)`
	vagueEN   = `(?:\bfor(?: |-)?(?:life|ever)\b|\blife-?time\b|\b(?:whole|entire|full|expected|useful|usable|working|whole) life\b|\blife of (?:the|your) (?:product|device|hardware|unit)|\bas long as (?:possible|we can|practicable|feasible|necessary|needed|(?:it is |is )?(?:technically|commercially|reasonably|economically)|the (?:hardware|device|product)|you (?:own|use))|\bfor (?:many|several|some|the coming) years\b|\bfor years to come\b|\bfor the foreseeable future\b|\bindefinitely\b|\bfor a reasonable (?:time|period))`
	vagueDE   = `(?:lebenslang|auf lebenszeit|(?:gesamten?|ganzen?|üblichen?|erwarteten?|voraussichtlichen?) (?:produkt)?(?:lebensdauer|nutzungsdauer|lebenszeit|lebenszyklus)|\bso ?lange?(?: wie)?(?: es)? (?:möglich|technisch|wirtschaftlich|sinnvoll|nötig)|auf unbestimmte zeit|\bviele jahre\b|jahrelang|für immer|auf absehbare zeit|angemessenen? (?:zeit|dauer))`
	periodEN  = `(?P<n>[0-9]{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|twelve)(?: full)?[- ](?P<unit>years?|months?)\b`
	periodDE  = `(?P<n>[0-9]{1,2}|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf)(?: volle)? (?P<unit>jahren?|monaten?)\b`
	yearUntil = `(?:\buntil|\btill|\bthrough|\bup to|\bbis)(?: (?:at least|the end of|end of|and including|zum ende des jahres|ende|mindestens|wenigstens|einschließlich|zum jahr|ins jahr))* (?P<year>20[0-9]{2})(?:[^0-9./-]|[./-](?:[^0-9]|$)|$)`
)

// A sentence with a year in it says more than a lifetime, and a period before
// the end, or one for mending, is no period of support.
var (
	notVague    = pattern.New(`\b(?:19|20)[0-9]{2}\b|\b(?:not|never|cannot|can't|don't|nicht|keine?)\b`)
	otherPeriod = pattern.New(`\b(?:19|20)[0-9]{2}\b|\b(?:before|earlier|advance|notice|within|every|each|takes?|took|last|past|ago|warranty|not|vorher|vor|alle|innerhalb|binnen|jede[ns]?|letzten|garantie|gewährleistung|nicht)\b`)
)

// lifecycleRules find what the checks on lifecycle and accountability read.
var lifecycleRules = []Rule{
	{Statement: SupportVague, Language: "en", Unless: notVague, Near: []string{"update", "fix", "patch", "support"},
		Pattern: pattern.New(updatesEN + `[^.]{0,120}` + vagueEN + `|` + vagueEN + `[^.]{0,60}` + updatesEN)},
	{Statement: SupportVague, Language: "de", Unless: notVague, Near: []string{"update", "aktualisierung", "patch", "korrektur"},
		Pattern: pattern.New(updatesDE + `[^.]{0,120}` + vagueDE + `|` + vagueDE + `[^.]{0,60}` + updatesDE)},
	{Statement: SupportPeriod, Language: "en", Unless: otherPeriod, Near: []string{"year", "month"},
		Pattern: pattern.New(updatesEN + `[^.]{0,100}?\b` + periodEN)},
	{Statement: SupportPeriod, Language: "en", Unless: otherPeriod, Near: []string{"year", "month"},
		Pattern: pattern.New(`\b` + periodEN + `[^.]{0,60}` + updatesEN)},
	{Statement: SupportPeriod, Language: "de", Unless: otherPeriod, Near: []string{"jahr", "monat"},
		Pattern: pattern.New(updatesDE + `[^.]{0,100}?\b` + periodDE)},
	{Statement: SupportPeriod, Language: "de", Unless: otherPeriod, Near: []string{"jahr", "monat"},
		Pattern: pattern.New(`\b` + periodDE + `[^.]{0,60}` + updatesDE)},
	{Statement: SupportYear, Language: "en", Near: []string{"until 20", "till 20", "through 20", " least 20", " of 20", "to 20", "including 20"},
		Pattern: pattern.New(updatesEN + `[^.;]{0,80}?` + yearUntil)},
	{Statement: SupportYear, Language: "de", Near: []string{"bis 20", "ende 20", "mindestens 20", "wenigstens 20", "einschließlich 20", "jahr 20", "jahres 20"},
		Pattern: pattern.New(updatesDE + `[^.;]{0,80}?` + yearUntil)},
}
