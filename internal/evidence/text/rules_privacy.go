package text

import "github.com/open-iot-mark/iotmark/internal/pattern"

// The statements of privacy notices and of reporting policies.
const (
	SellsData       StatementID = "sells-data"        // data is sold, or goes to others for advertising
	NeverSells      StatementID = "never-sells"       // data is not sold
	NeverAdvertises StatementID = "never-advertises"  // data is not used for advertising, nor goes to others for it
	MentionsSale    StatementID = "mentions-sale"     // speaks of selling or advertising, whatever it says
	SaleWithConsent StatementID = "sale-with-consent" // only with consent; silence is no consent
	ContactPrivacy  StatementID = "contact-privacy"   // whom to ask about data
	AcknowledgeDays StatementID = "acknowledge-days"  // n, unit: how fast a report is acknowledged
	GoodFaith       StatementID = "good-faith"        // people who report are not pursued
)

// The words of the rules. Sentences are in lower case with straight quotes.
const (
	number = `(?P<n>[0-9]{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|eighteen|thirty|sixty|ninety|an?)`
	unit   = `(?: |-)(?:working |business |calendar )?(?P<unit>hours?|days?|weeks?|months?|years?)\b`
	period = number + unit

	zahl     = `(?P<n>[0-9]{1,3}|einem|einer|ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|zwölf|vierzehn|dreißig|neunzig)`
	einheit  = ` (?P<unit>stunden?|(?:werk|arbeits|kalender)?tage?n?|wochen?|monate?n?|jahre?n?)\b`
	zeitraum = zahl + einheit

	data      = `(?:data|information|recordings?|details|identifiers?|statistics|e-?mail addresse?s?|location|history|profiles?|habits)`
	give      = `(?:sell|share|disclose|provide|pass|give|rent|trade|lease|hand(?: over)?|transfer|send|license)`
	given     = `(?:sold|shared|disclosed|provided|passed(?: on)?|given|rented|traded|leased|handed over|transferred|sent|licensed)`
	adverts   = `(?:advertis(?:ers?|ing|ements?)|ad(?:-| )(?:networks?|tech|partners?)|marketing|data brokers?|their own (?:offers|purposes|products))`
	not       = `(?:\bnot\b|n't\b|\bnever\b|\bno(?:ne|r|body)?\b|\bneither\b|\bcannot\b|\bwithout\b)`
	consent   = `(?:consent|permission|\bopt(?:ed)?[ -]?in\b|unless you (?:\w+ ){0,3}?(?:agreed?|allow(?:ed)?|approved?|say yes|choose to|ask(?:ed)? us to)\b|(?:if|when|once|where) you (?:have )?(?:expressly |explicitly |first )?(?:agree|allow|choose to|say yes)|agreed to|your approval)`
	objects   = `(?:opt(?:ed|ing)?[ -]?out|object(?:ed)?|declined?|refused?|disabled?|withdraw|withdrawn|say (?:no|otherwise)|(?:turn|switch)(?:ed)? (?:it |this |that )?off|(?:tell|told|ask|choose|decide) (?:us )?(?:not to|otherwise))`
	optOut    = `(?:\b(?:unless|until) (?:and until )?you (?:\w+ ){0,3}?` + objects + `|\bif you (?:do not|don't|have not|haven't) (?:\w+ )?` + objects + `)`
	nobody    = `(?:\bnot\b|n't\b|\bnever\b|\bno(?:ne|r|body)?\b|\bneither\b|\bcannot\b)`
	ads       = `(?:advertis\w*|\bads?\b)`
	yours     = `(?:\b(?:your?|personal|users?'?|usage|customers?'?|device|viewing|household|the following|data|identifiers?|profiles?|habits|location|recordings?)\b|information (?:about|on) (?:you|how|when|where))`
	excuse    = `(?:\b(?:forbidden|prohibited|barred) (?:to|from)\b|\b(?:may|must) not\b|\bprocessors?\b|\bon our behalf\b|\bnewsletter\b|\bsubscribed?\b|\bonly the (?:total )?(?:number|count|sum)\b|\bnever about you\b)`
	contrast  = `(?:\bbut\b|\bhowever\b|\balthough\b|\bexcept\b|\byet\b|:)`
	werbung   = `(?:werbepartner\w*|werbenetzwerke?\w*|werbetreibende\w*|werbezweck\w*|werbung|marketing\w*|adress-?händler\w*|datenhändler\w*)`
	nicht     = `(?:\bnicht\b|\bnie\b|\bniemals\b|\bkeine\w*\b|\bkein\b|\bweder\b|\bohne\b)`
	zustimmen = `(?:einwilligung|zustimmung|zugestimmt|zustimmen|eingewilligt|erlaubnis|es sei denn,? (?:dass )?sie .{0,30}(?:stimmen|willigen|erlauben))`
	absage    = `(?:widersprechen|widersprochen|widerspruch|abmelden|ablehnen|abwählen|deaktivieren|abschalten|widerrufen)`
	schweigen = `(?:\b(?:sofern|wenn|solange|falls|soweit) sie .{0,30}(?:nicht|kein\w*)\b.{0,20}` + absage + `|\b(?:bis|es sei denn,?)(?: dass)? sie\b.{0,40}` + absage + `)`
	daten     = `(?:daten|informationen|angaben|aufnahmen|nutzungsprofile?)`
)

// What spoils a denial: a condition, an exception, a choice to object.
const (
	denialSpoiled = consent + `|\b(?:but|however|although|yet)\b.{0,60}` + ads + `|\bunless\b|\bopt(?:ed|ing)?[ -]?out\b|` + contrast + `.{0,20}\bwe\b.{0,20}\b(?:` + give + `|receive)|\bexcept\b|\b(?:stop|cease|quit)\b|not (?:true|correct|the case)\b|not only\b|\bnot (?:apply|prevent|limit)|(?:object|right|ask us|tell us|request)\b.{0,40}\b(?:sale|sell|sold)|\b(?:some|other) (?:companies|makers)\b|do not sell (?:my|or share my)|` + excuse
	verneintNicht = zustimmen + `|es sei denn|` + schweigen + `|\bausgenommen\b|\baußer\b|\baber\b.{0,30}\b(?:geben|teilen|verkaufen|übermitteln)\b|nicht nur\b|teil eines verkaufs|verkauf (?:des|unseres) unternehmens`
)

var re = pattern.New

// privacyRules find what the checks on privacy, data governance and the
// reporting of weaknesses read. A sentence that says no and goes on with
// "but we" is an admission; a condition of consent makes it neither.
var privacyRules = []Rule{
	// Selling, English.
	{Statement: NeverSells, Language: "en", Near: []string{"sell", "sold", "sale", "rent", "trade"},
		Pattern: re(nobody + `.{0,60}\b(?:sell|sold|selling|rent|rented)\b.{0,60}\b` + data +
			`|` + data + `\b.{0,40}\b(?:is|are|was|were|will)\b.{0,12}` + nobody + `.{0,30}\b(?:sold|for sale|rented|traded)\b` +
			`|\bno\b.{0,30}` + data + `\b.{0,20}\b(?:is|are|gets?|will be)\b.{0,12}\b(?:sold|rented|traded)` +
			`|\b(?:none|nothing)\b.{0,60}\b(?:sold|rented|traded)\b` +
			`|\bnot for sale\b` +
			`|\bselling\b.{0,30}` + data + `\b.{0,20}` + nobody + `\b.{0,20}\bour business\b` +
			`|\b(?:refrain|abstain)s? from (?:selling|renting|trading)\b.{0,40}` + data +
			`|\b(?:sell|sold|sale)\b.{0,60}\? (?:no|never|nope)\b`),
		Unless: re(denialSpoiled)},
	{Statement: NeverAdvertises, Language: "en", Near: []string{"advertis", "marketing", "ads", "ad ", "ad-", "broker", "their own"},
		Pattern: re(nobody + `.{0,40}\b` + give + `\b.{0,60}(?:` + data + `|\bit\b|\bthem\b).{0,60}` + adverts +
			`|` + data + `\b.{0,40}` + nobody + `.{0,20}\b` + given + `\b.{0,60}` + adverts +
			`|\bno\b.{0,30}` + data + `\b.{0,20}\b(?:is|are|gets?|will be)\b.{0,30}\b(?:shared|used) for ` + ads +
			`|` + nobody + `.{0,12}\b(?:use|share)\b.{0,50}(?:` + data + `|\bit\b|\bthem\b).{0,20}\bfor\b.{0,20}(?:` + ads + `|marketing)` +
			`|(?:` + data + `|\bit)\b.{0,20}\b(?:is|are|will be)\b.{0,12}` + nobody + `.{0,20}\bused\b.{0,12}\bfor\b.{0,20}(?:` + ads + `|marketing)` +
			`|\badvertis\w*\b.{0,60}\? (?:no|never|nope)\b`),
		Unless: re(denialSpoiled)},
	{Statement: SellsData, Language: "en", Near: []string{"sell", "sold", "sale", "rent", "trade", "advertis", "marketing", "broker", "ad network", "ad-", "ad tech", "partners", "licens"},
		Pattern: re(`\b(?:we|us|our (?:company|affiliates)|the company)\b(?: and our \w+)?(?: (?:may|do|also|will|can|might|sometimes|regularly|therefore|then|,))*.{0,3}\b` + give + `\b.{0,60}` + yours + `.{0,60}\b(?:to|with)\b.{0,60}` + adverts +
			`|\bwe\b(?: (?:may|do|also|will|can))* ` + give + ` (?:to|with)\b.{0,40}` + adverts + `.{0,40}\b(?:your|personal|usage|user)\b` +
			`|\b(?:we|the company)\b(?: (?:may|do|also|will|can|might|sometimes|regularly|have))* (?:sell|sold|rent|rented|traded?)\b(?:,? (?:or|and) \w+)? (?:(?:the|some|any|all|of|this|following|categories|such|certain|your|our|us(?:er|ers'|age)|customers?'?|personal|viewing|location|device) )*` + data +
			`|\bwe\b(?: (?:may|do|also|will|can))* ` + give + `\b.{0,60}` + yours + `.{0,60}\bfor (?:their |targeted |direct |third-party )?(?:marketing|advertising)` +
			`|\b(?:your|user|customer|personal|usage)\b.{0,40}` + data + `\b.{0,60}\b(?:may|can|will|is|are|might)\b (?:also )?(?:be )?(?:sold|rented|traded)\b` +
			`|\b(?:your|user|customer|personal|usage)\b.{0,20}` + data + `\b.{0,60}\blicensed to\b.{0,40}\b(?:insurers|buyers|brokers|companies|third parties|partners)\b` +
			`|` + data + `\b.{0,40}\b(?:may|can|will|is|are|might)\b (?:also )?(?:be )?` + given + `\b.{0,60}\b(?:to|with|for)\b.{0,40}` + adverts +
			`|` + adverts + `.{0,40}\b(?:receives?|gets?|obtains?|collects?|access(?:es)?)\b.{0,60}` + data +
			`|\b(?:let|allow|permit|enable)\b.{0,40}\b(?:third parties|partners|others|companies)\b.{0,20}\b(?:to )?(?:collect|receive|use|access|get)\b.{0,100}` + adverts +
			`|\bmake\b.{0,60}` + data + `.{0,20}\bavailable to\b.{0,40}` + adverts +
			`|` + give + `\b.{0,80}\bpartners?\b.{0,30}\b(?:contact|offer|advertise)\b.{0,40}\b(?:own|offers|products)\b` +
			`|\b(?:counts?|considered|qualif\w+|regarded)\b.{0,10}\b(?:as )?(?:a|the) ["']?sale\b`),
		Unless: re(consent + `|` + optOut + `|` + not + `.{0,45}\b(?:` + give + `|` + given + `|selling|sharing|receives?|used?)\b|\b(?:to|with|by)\b no\b|\b(?:retailer|shop)\b|` + excuse)},
	// Use for advertising by the maker itself or by others.
	{Statement: SellsData, Language: "en", Near: []string{"advertis", " ads", " ad "},
		Pattern: re(`\bwe\b(?: (?:may|do|also|will|can|might))* use\b.{0,20}` + yours + `.{0,60}\b(?:targeted|personali[sz]ed|interest-based|behaviou?ral|tailored)\b.{0,10}` + ads +
			`|\bwe\b(?: (?:may|do|also|will|can|might))* use (?:your|personal|usage|user|viewing)\b.{0,20}` + data + `\b.{0,20}\bfor\b.{0,20}` + ads +
			`|\b(?:` + data + `|identifiers?)\b.{0,30}\b(?:is|are|may be|can be|will be)\b (?:also )?used\b.{0,20}\b(?:for|to)\b.{0,40}\b(?:targeted|personali[sz]ed|interest-based|behaviou?ral|tailored)\b.{0,10}` + ads),
		Unless: re(consent + `|` + nobody + `.{0,45}\bused?\b|` + excuse)},
	// Unless people object: silence is no consent.
	{Statement: SellsData, Language: "en", Near: []string{"opt", "object", "unless", "until", "if you"},
		Pattern: re(`\b(?:` + give + `|` + given + `)\b.{0,90}(?:` + adverts + `|\bads\b).{0,60}` + optOut +
			`|` + optOut + `.{0,80}\b(?:` + give + `|` + given + `)\b.{0,90}(?:` + adverts + `|\bads\b)` +
			`|\bused?\b.{0,60}` + data + `.{0,60}` + ads + `.{0,60}` + optOut +
			`|\bwe (?:may |will |can )?(?:sell|rent)\b.{0,70}` + optOut + `|` + optOut + `.{0,30}\bwe (?:may |will |can )?(?:sell|rent)\b` +
			`|\byou (?:can|may)\b.{0,20}\b(?:opt[ -]?out of|object to|turn off|stop) (?:our|us)\b.{0,12}\b(?:sharing|selling|sale|disclosure)\b.{0,80}(?:` + data + `|` + ads + `)`),
		Unless: re(`\b(?:we|is|are) (?:do not|don't|will not|won't|not|never)\b`)},
	// The same after a denial that is taken back.
	{Statement: SellsData, Language: "en", Near: []string{"advertis", "marketing", "broker", "partner", "sell"},
		Pattern: re(contrast + `.{0,30}\bwe\b(?: (?:may|do|also|will|can))* (?:share|sell|disclose|pass|give|rent)\b.{0,60}` + yours + `.{0,60}` + adverts +
			`|\bexcept\b.{0,30}\b` + adverts +
			`|\b(?:never|not|n't) (?:stop|cease|quit) (?:selling|sharing|renting)\b.{0,60}(?:` + data + `|partners?)` +
			`|\b(?:sell|sold|share|shared|advertis\w*)\b.{0,60}\? yes\b`),
		Unless: re(consent + `|` + contrast + `.{0,30}\bwe (?:do not|don't|never|will not|won't)|` + excuse)},
	{Statement: SaleWithConsent, Language: "en", Near: []string{"consent", "permission", "opt", "agree", "allow", "unless", "approval", "choose"},
		Pattern: re(consent + `.{0,120}\b(?:` + give + `|` + given + `)\b.{0,90}(?:` + adverts + `)` +
			`|\b(?:` + give + `|` + given + `)\b.{0,90}` + adverts + `.{0,80}` + consent +
			`|\b(?:sell|sold|rent)\b.{0,70}` + consent +
			`|` + consent + `.{0,80}\b(?:sell|sold|rent)\b`),
		Unless: re(optOut + `|without (?:asking|needing|further|separate|any|your) ?(?:for )?(?:your )?(?:consent|permission)?.{0,40}\bwe (?:may|can|do|will|also|sell|share)\b (?:(?:may|can|do|will|also) )*(?:sell|share|` + give + `)|withdraw|opt(?:ed|ing)?[ -]?out|\b(?:not|n't|no) (?:need|require|ask|necessary)\b`)},
	{Statement: MentionsSale, Language: "en", Near: []string{"advertis", "ads", "ad", "licens", "moneti", "broker", "opt", "sell", "sale", "marketing", "buy", "money"},
		Pattern: re(`advertis|\bads\b|\bad(?:-| )(?:partners?|networks?|tech)\b|\bmoneti[sz]|\bdata brokers?\b|\bmarketing partners?\b|\bopt(?:s|ed|ing)?[ -]?out\b` +
			`|` + data + `\b.{0,80}\blicen[sc]ed? to\b|\blicen[sc](?:e|es|ing)\b.{0,40}` + data + `\b.{0,40}\bto\b` +
			`|\b(?:sell|sells|selling|sale of|buys?|buying)\b (?:[\w']+ ){0,3}` + data +
			`|\b(?:earn|make|makes|earns)\b (?:\w+ )?money\b.{0,40}` + data + `|` + data + `\b.{0,60}\bfor\b.{0,30}\bmarketing\b`),
		Unless: re(`\bbluetooth (?:low energy )?advertis`)},

	// Selling, German.
	{Statement: NeverSells, Language: "de", Near: []string{"verkauf", "vermiet", "veräußer", "handeln"},
		Pattern: re(`(?:verkauf\w*|vermiet\w*|veräußer\w*)\b.{0,60}` + daten + `.{0,40}` + nicht +
			`|` + daten + `.{0,60}` + nicht + `.{0,40}(?:verkauf|vermiet|veräußer)` +
			`|` + nicht + `.{0,50}` + daten + `.{0,60}(?:verkauf|vermiet|veräußer)` +
			`|(?:verkauf\w*|vermiet\w*)\b.{0,20}` + nicht + `.{0,40}` + daten +
			`|\bhandeln\b.{0,10}\bnicht mit\b.{0,30}` + daten +
			`|verkauf\b.{0,90}(?:findet nicht statt|erfolgt nicht|finden nicht statt|ausgeschlossen|nicht statt)` +
			`|verkauf\w*\b.{0,60}\? (?:nein|nie|niemals)\b`),
		Unless: re(verneintNicht)},
	{Statement: NeverAdvertises, Language: "de", Near: []string{"werb", "marketing", "händler"},
		Pattern: re(`(?:weitergabe|übermittlung|nutzung)\b.{0,60}` + werbung + `.{0,40}(?:findet nicht statt|erfolgt nicht|finden nicht statt|ausgeschlossen|nicht statt)` +
			`|` + nicht + `.{0,30}` + daten + `.{0,60}` + werbung +
			`|(?:geben|übermitteln|reichen|teilen|nutzen|verwenden)\b.{0,60}(?:` + daten + `|\bsie\b).{0,60}(?:` + nicht + `|\bniemand\w*\b).{0,60}` + werbung +
			`|` + daten + `.{0,40}\bwerden\b.{0,30}` + nicht + `.{0,30}` + werbung +
			`|werbung\b.{0,60}\? (?:nein|nie|niemals)\b`),
		Unless: re(verneintNicht)},
	{Statement: SellsData, Language: "de", Near: []string{"verkauf", "werb", "marketing", "händler"},
		Pattern: re(`\bwir\b.{0,20}\b(?:verkaufen|vermieten)\b.{0,50}` + daten +
			`|\b(?:geben|übermitteln|teilen|verkaufen)\b (?:wir )?.{0,50}` + daten + `.{0,60}` + werbung +
			`|` + daten + `.{0,60}\b(?:an|mit|zu|für)\b.{0,60}` + werbung + `.{0,40}(?:übermittelt|weitergegeben|verkauft|geteilt|weiter\b)` +
			`|` + daten + `\b.{0,40}(?:werden|können).{0,30}verkauft` +
			`|` + daten + `.{0,40}` + werbung + `.{0,20}zur verfügung` +
			`|` + werbung + `.{0,10}\b(?:erhalten|bekommen|sammeln|erheben)\b.{0,60}` + daten +
			`|verkauf\w*\b.{0,60}\? ja\b`),
		Unless: re(zustimmen + `|` + nicht + `|` + schweigen + `|auftragsverarbeit|untersagt|verboten|newsletter`)},
	// Unless people object: silence is no consent.
	{Statement: SellsData, Language: "de", Near: []string{"wider", "abmelden", "ablehnen", "abwählen", "deaktivieren", "abschalten"},
		Pattern: re(schweigen + `.{0,120}(?:` + werbung + `|verkauf)|(?:` + werbung + `|verkauf).{0,80}` + schweigen),
		Unless:  re(`\bwir\b.{0,40}` + nicht)},
	{Statement: SellsData, Language: "de", Near: []string{"werb", "verkauf"},
		Pattern: re(`\b(?:aber|jedoch|allerdings|außer|ausgenommen)\b.{0,60}` + werbung),
		Unless:  re(zustimmen + `|\b(?:aber|jedoch|allerdings)\b.{0,60}` + nicht)},
	{Statement: SaleWithConsent, Language: "de", Near: []string{"einwillig", "zustimm", "zugestimmt", "eingewilligt", "erlaubnis", "es sei denn"},
		Pattern: re(zustimmen + `.{0,120}(?:` + werbung + `|verkauf)|(?:` + werbung + `|verkauf).{0,120}` + zustimmen),
		Unless:  re(schweigen + `|widerruf`)},
	{Statement: MentionsSale, Language: "de", Near: []string{"werb", "datenhändler", "adresshändler", "adress-händler", "verkauf"},
		Pattern: re(`\b(?:direkt|online-?|fremd)?werb(?:e|ung|lich)|(?:datenhändler|adress-?händler)|\bverkauf(?:en|t)?\b (?:wir )?(?:[\p{L}]+ ){0,3}\p{L}*daten\b`)},

	// Whom to ask.
	{Statement: ContactPrivacy, Near: []string{"@"},
		Pattern: re(`\b(?:privacy|dpo|dsb|gdpr|rgpd|dsgvo|data-?protection|datenschutz\w*|dataprivacy|privacidad|confidentialite|personvern|integritet|tietosuoja|privacyteam)[a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)},
	{Statement: ContactPrivacy, Language: "en", Near: []string{"@", "http", "www."},
		Pattern: re(`(?:privacy|data protection|personal (?:data|information)|your (?:data|information)).{0,120}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|www\.)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://|www\.).{0,120}(?:\bprivacy\b|data protection|personal (?:data|information)|your data)`),
		Unless:  re(`\b(?:vulnerabilit\w+|weakness\w*|security researchers?|supervisory authority|order|shop|sales)\b|(?:policy|notice) (?:of|by|at) `)},
	{Statement: ContactPrivacy, Language: "de", Near: []string{"@", "http", "www."},
		Pattern: re(`(?:datenschutz|schutz ihrer daten|personenbezogene|ihre daten).{0,120}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|www\.)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://).{0,120}(?:datenschutz|ihre daten)`),
		Unless:  re(`sicherheitslücke|schwachstelle|aufsichtsbehörde|bestellung`)},

	// Reporting weaknesses.
	{Statement: AcknowledgeDays, Language: "en", Near: []string{"acknowledg", "confirm", "reply", "repl", "respond", "response", "answer", "receipt"},
		Pattern: re(`\backnowledg\w*\b.{0,80}?\b(?:within|in|after at most) (?:a maximum of |at most )?` + period +
			`|\b(?:confirm\w*|receipt)\b.{0,60}?\breports?\b.{0,40}?\b(?:within|in no more than|in at most) ` + period +
			`|\b(?:answer|reply|response)\b.{0,30}?\b(?:vulnerab\w+|weakness\w*|security) reports?\b.{0,30}?\bwithin ` + period +
			`|\b(?:reply|replies|respond|responses?|answer)\b.{0,60}?\b(?:reports?|vulnerab\w+|weakness\w*|finders?|researchers?)\b.{0,60}?\bwithin ` + period +
			`|\bwithin ` + period + `.{0,60}?\b(?:acknowledg\w*|confirm receipt)`),
		Unless: re(`\b(?:orders?|support questions?|erasure|deletion|personal data)\b`)},
	{Statement: AcknowledgeDays, Language: "de", Near: []string{"bestätig", "antworten", "rückmeldung"},
		Pattern: re(`(?:bestätigen|bestätigung|eingangsbestätigung|antworten|rückmeldung).{0,80}?\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `|\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `.{0,60}?(?:bestätigen|bestätigung)`),
		Unless:  re(`bestellung|löschung`)},
	{Statement: GoodFaith, Language: "en", Near: []string{"legal", "lawsuit", "pursue", "prosecut", "sue", "safe harbo", "authoris", "authoriz", "law enforcement"},
		Pattern: re(not + `.{0,50}\b(?:legal (?:action|steps|proceedings)|pursue|prosecute|sue|law enforcement|lawsuits?|legal claims?)\b|\bsafe harbou?r\b|\b(?:counts?|consider\w*|regard\w*|deem\w*)\b.{0,20}\bauthori[sz]ed\b`),
		Unless:  re(`\breserve\b|\bnot (?:limit|prevent|exclude)\b|\bno safe harbou?r\b`)},
	{Statement: GoodFaith, Language: "de", Near: []string{"rechtlich", "strafanzeige", "verfolg", "juristisch", "gutem glauben", "guten glauben"},
		Pattern: re(nicht + `.{0,40}(?:rechtlich|juristisch|strafanzeige|verfolg)|(?:rechtlich|juristisch)\w* schritte.{0,40}` + nicht + `|verzichten.{0,40}(?:strafanzeige|rechtliche schritte)`),
		Unless:  re(`behalten (?:wir )?uns.{0,20}vor`)},
}
