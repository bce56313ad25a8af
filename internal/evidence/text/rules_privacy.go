package text

import "regexp"

// The statements of privacy notices and of reporting policies.
const (
	RetentionTime   StatementID = "retention-time"    // n, unit: how long data is kept
	EraseSelf       StatementID = "erase-self"        // people can erase by themselves
	EraseDays       StatementID = "erase-days"        // n, unit: how fast the maker erases
	SellsData       StatementID = "sells-data"        // data is sold, or goes to others for advertising
	NeverSells      StatementID = "never-sells"       // data is not sold
	SaleWithConsent StatementID = "sale-with-consent" // only with consent
	ContactPrivacy  StatementID = "contact-privacy"   // whom to ask about data
	Children        StatementID = "children"          // what holds for children
	Rights          StatementID = "rights"            // right: what people can ask for
	RecipientsNamed StatementID = "recipients-named"  // who gets data, by name
	Transfer        StatementID = "transfer"          // whether data goes to other countries
	BreachNotice    StatementID = "breach-notice"     // n, unit: how fast people hear of a breach
	SecurityReport  StatementID = "security-report"   // how to report weaknesses
	AcknowledgeDays StatementID = "acknowledge-days"  // n, unit: how fast a report is acknowledged
	GoodFaith       StatementID = "good-faith"        // people who report are not pursued
	NoticeDate      StatementID = "notice-date"       // the text's own date
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
	consent   = `(?:consent|permission|\bopt(?:ed)?[ -]?in\b|unless you\b|(?:if|when|once|where) you (?:have )?(?:expressly |explicitly |first )?(?:agree|allow|choose|say yes|opt)|agreed to|your approval)`
	contrast  = `(?:\bbut\b|\bhowever\b|\balthough\b|\bexcept\b|\byet\b|:)`
	notice    = `(?:notice|policy|statement|document|page|version|text)`
	werbung   = `(?:werbepartner\w*|werbenetzwerke?\w*|werbetreibende\w*|werbezweck\w*|werbung|marketing\w*|adress-?händler\w*|datenhändler\w*)`
	nicht     = `(?:\bnicht\b|\bnie\b|\bniemals\b|\bkeine\w*\b|\bkein\b|\bweder\b|\bohne\b)`
	zustimmen = `(?:einwilligung|zustimmung|zugestimmt|zustimmen|eingewilligt|erlaubnis|es sei denn)`
	daten     = `(?:daten|informationen|angaben|aufnahmen|nutzungsprofile?)`
	company   = `(?:(?:[\p{L}\p{N}&.-]+ ){1,4}(?:ltd|limited|gmbh|inc|llc|llp|corp|corporation|plc|b\.?v|n\.v|s\.?r\.?l|s\.a|sas|oyj?|aps|a/s|ag|kg|s\.r\.o|sp\. z o\.o|pty)\b|(?:[\p{L}\p{N}&-]+ ){1,3}(?:as|ab|sa|spa)(?:[,.;)]|$| in | \()|\b(?:amazon web services|aws|microsoft azure|google (?:cloud|firebase|analytics)|firebase|hetzner|ovhcloud|cloudflare|sentry|twilio|sendgrid)\b)`
)

var re = regexp.MustCompile

// privacyRules find what the checks on privacy, data governance and the
// reporting of weaknesses read. A sentence that says no and goes on with
// "but we" is an admission; a condition of consent makes it neither.
var privacyRules = []Rule{
	// Selling, English.
	{Statement: NeverSells, Language: "en", Near: []string{"sell", "sold", "sale", "rent", "trade", "advertis", "marketing"},
		Pattern: re(not + `.{0,60}\b(?:sell|sold|selling|rent|rented)\b.{0,60}\b` + data +
			`|` + data + `\b.{0,40}\b(?:is|are|was|were|will)\b.{0,12}` + not + `.{0,30}\b(?:sold|for sale|rented|traded)\b` +
			`|\bno\b.{0,30}` + data + `\b.{0,20}\b(?:is|are|gets?|will be)\b.{0,12}\b(?:sold|rented|traded|shared for advert)` +
			`|\b(?:none|nothing)\b.{0,60}\b(?:sold|rented|traded)\b` +
			`|` + not + `.{0,25}\b` + give + `\b.{0,60}` + data + `.{0,60}` + adverts +
			`|` + data + `\b.{0,40}` + not + `.{0,20}\b` + given + `\b.{0,60}` + adverts +
			`|\bnot for sale\b` +
			`|\bselling\b.{0,30}` + data + `\b.{0,20}` + not + `\b.{0,20}\bour business\b` +
			`|\b(?:refrain|abstain)s? from (?:selling|renting|trading)\b.{0,40}` + data +
			`|\b(?:sell|sold|advertis\w*|sale)\b.{0,60}\? (?:no|never|nope)\b`),
		Unless: re(consent + `|` + contrast + `.{0,20}\bwe\b.{0,20}\b(?:` + give + `|receive)|\bexcept\b|\b(?:stop|cease|quit)\b|not (?:true|correct|the case)\b|not only\b|\bnot (?:apply|prevent|limit)|(?:opt[ -]?out|object|right|ask us|tell us|request)\b.{0,40}\b(?:sale|sell|sold)|\b(?:some|other) (?:companies|makers)\b|do not sell (?:my|or share my)`)},
	{Statement: SellsData, Language: "en", Near: []string{"sell", "sold", "sale", "rent", "trade", "advertis", "marketing", "broker", "ad network", "ad-", "ad tech", "partners"},
		Pattern: re(`\b(?:we|us|our (?:company|affiliates)|the company)\b(?: and our \w+)?(?: (?:may|do|also|will|can|might|sometimes|regularly|therefore|then|,))*.{0,3}\b` + give + `\b.{0,90}\b(?:to|with)\b.{0,60}` + adverts +
			`|\b(?:we|the company)\b(?: (?:may|do|also|will|can|might|sometimes|regularly|have))* (?:sell|sold|rent|rented|traded?)\b.{0,60}` + data +
			`|\bwe\b(?: (?:may|do|also|will|can))* ` + give + `\b.{0,80}\bfor (?:their |targeted |direct |third-party )?(?:marketing|advertising)` +
			`|\b(?:your|user|customer|personal)\b.{0,40}` + data + `\b.{0,40}\b(?:may|can|will|is|are|might)\b (?:also )?(?:be )?(?:sold|rented|traded)\b` +
			`|` + data + `\b.{0,40}\b(?:may|can|will|is|are|might)\b (?:also )?(?:be )?` + given + `\b.{0,60}\b(?:to|with|for)\b.{0,40}` + adverts +
			`|` + adverts + `.{0,40}\b(?:receives?|gets?|obtains?|collects?|access(?:es)?)\b.{0,60}` + data +
			`|\b(?:let|allow|permit|enable)\b.{0,40}\b(?:third parties|partners|others|companies)\b.{0,20}\b(?:to )?(?:collect|receive|use|access|get)\b.{0,100}` + adverts +
			`|\bmake\b.{0,60}` + data + `.{0,20}\bavailable to\b.{0,40}` + adverts +
			`|\buse\b.{0,60}` + data + `\b.{0,60}\b(?:targeted|personali[sz]ed|interest-based|behaviou?ral)\b.{0,10}\b(?:ads?|advertis\w+)\b.{0,40}\b(?:other|third|partners?)\b` +
			`|` + give + `\b.{0,80}\bpartners?\b.{0,30}\b(?:contact|offer|advertise)\b.{0,40}\b(?:own|offers|products)\b` +
			`|\b(?:counts?|considered|qualif\w+|regarded)\b.{0,10}\b(?:as )?(?:a|the) ["']?sale\b`),
		Unless: re(consent + `|` + not + `.{0,45}\b(?:` + give + `|` + given + `|selling|sharing|receives?|use)\b|\b(?:to|with|by)\b no\b|\b(?:retailer|shop)\b`)},
	// The same after a denial that is taken back.
	{Statement: SellsData, Language: "en", Near: []string{"advertis", "marketing", "broker", "partner", "sell"},
		Pattern: re(contrast + `.{0,30}\bwe\b(?: (?:may|do|also|will|can))* (?:share|sell|disclose|pass|give|rent)\b.{0,80}` + adverts +
			`|\bexcept\b.{0,30}\b` + adverts +
			`|\b(?:never|not|n't) (?:stop|cease|quit) (?:selling|sharing|renting)\b.{0,60}(?:` + data + `|partners?)` +
			`|\b(?:sell|sold|share|shared|advertis\w*)\b.{0,60}\? yes\b`),
		Unless: re(consent + `|` + contrast + `.{0,30}\bwe (?:do not|don't|never|will not|won't)`)},
	{Statement: SaleWithConsent, Language: "en", Near: []string{"consent", "permission", "opt", "agree", "allow", "unless", "approval", "choose"},
		Pattern: re(consent + `.{0,120}\b(?:` + give + `|` + given + `)\b.{0,90}(?:` + adverts + `)` +
			`|\b(?:` + give + `|` + given + `)\b.{0,90}` + adverts + `.{0,80}` + consent +
			`|\b(?:sell|sold|rent)\b.{0,70}` + consent +
			`|` + consent + `.{0,80}\b(?:sell|sold|rent)\b`),
		Unless: re(`without (?:asking|needing|further|separate|any|your) ?(?:for )?(?:your )?(?:consent|permission)?.{0,40}\bwe (?:may|can|do|will|also|sell|share)\b (?:(?:may|can|do|will|also) )*(?:sell|share|` + give + `)|(?:withdraw|opt[ -]?out)`)},

	// Selling, German.
	{Statement: NeverSells, Language: "de", Near: []string{"verkauf", "vermiet", "veräußer", "werb", "marketing", "handeln"},
		Pattern: re(`(?:verkauf\w*|vermiet\w*|veräußer\w*)\b.{0,60}` + daten + `.{0,40}` + nicht +
			`|` + daten + `.{0,60}` + nicht + `.{0,40}(?:verkauf|vermiet|veräußer)` +
			`|` + nicht + `.{0,50}` + daten + `.{0,60}(?:verkauf|vermiet|veräußer)` +
			`|(?:verkauf\w*|vermiet\w*)\b.{0,20}` + nicht + `.{0,40}` + daten +
			`|\bhandeln\b.{0,10}\bnicht mit\b.{0,30}` + daten +
			`|(?:weitergabe|übermittlung|verkauf)\b.{0,90}(?:findet nicht statt|erfolgt nicht|finden nicht statt|ausgeschlossen|nicht statt)` +
			`|` + nicht + `.{0,30}` + daten + `.{0,60}` + werbung +
			`|(?:geben|übermitteln|reichen)\b.{0,60}` + daten + `.{0,60}\bnicht\b.{0,60}` + werbung +
			`|(?:verkauf\w*|werbung)\b.{0,60}\? (?:nein|nie|niemals)\b`),
		Unless: re(zustimmen + `|\bausgenommen\b|\baußer\b|\baber\b.{0,30}\b(?:geben|teilen|verkaufen|übermitteln)\b|nicht nur\b|teil eines verkaufs|verkauf (?:des|unseres) unternehmens`)},
	{Statement: SellsData, Language: "de", Near: []string{"verkauf", "werb", "marketing", "händler"},
		Pattern: re(`\bwir\b.{0,20}\b(?:verkaufen|vermieten)\b.{0,50}` + daten +
			`|\b(?:geben|übermitteln|teilen|verkaufen)\b (?:wir )?.{0,50}` + daten + `.{0,60}` + werbung +
			`|` + daten + `.{0,60}\b(?:an|mit|zu|für)\b.{0,60}` + werbung + `.{0,40}(?:übermittelt|weitergegeben|verkauft|geteilt|weiter\b)` +
			`|` + daten + `\b.{0,40}(?:werden|können).{0,30}verkauft` +
			`|` + daten + `.{0,40}` + werbung + `.{0,20}zur verfügung` +
			`|` + werbung + `.{0,10}\b(?:erhalten|bekommen|sammeln|erheben)\b.{0,60}` + daten +
			`|verkauf\w*\b.{0,60}\? ja\b`),
		Unless: re(zustimmen + `|` + nicht)},
	{Statement: SellsData, Language: "de", Near: []string{"werb", "verkauf"},
		Pattern: re(`\b(?:aber|jedoch|allerdings|außer|ausgenommen)\b.{0,60}` + werbung),
		Unless:  re(zustimmen)},
	{Statement: SaleWithConsent, Language: "de", Near: []string{"einwillig", "zustimm", "zugestimmt", "eingewilligt", "erlaubnis", "es sei denn"},
		Pattern: re(zustimmen + `.{0,120}(?:` + werbung + `|verkauf)|(?:` + werbung + `|verkauf).{0,120}` + zustimmen),
		Unless:  re(`widerruf`)},

	// How long.
	{Statement: RetentionTime, Language: "en", Near: []string{"keep", "kept", "stor", "ret", "held", "hold", "delet", "eras", "overwrit", "remov", "how long", "lifetime"},
		Pattern: re(`\b(?:keep|kept|stored?|stores|retain(?:ed|s)?|held|hold|retention period|storage period|retention|how long)\b.{0,90}?\b(?:for|of|is|are|than|to|:|\||until)?.{0,20}?\b` + period +
			`|\blifetime of ` + period + `.{0,60}\b(?:deleted|erased|removed)` +
			`|\b(?:delete[sd]?|erase[sd]?|overwritten|removed?|anonymi[sz]ed)\b.{0,40}\bafter (?:about |at most |at the latest |no more than )?` + period),
		Unless: re(`\b(?:button|press|dial|key|knob|hold (?:it|down|the)|warranty|guarantee|updates?|spare|parts|batter\w+|request\w*|charge)\b|after you (?:delete|close|erase|ask)|\bwithin\b|\bcool\b|\bdry\b`)},
	{Statement: RetentionTime, Language: "de", Near: []string{"speicher", "bewahr", "gelöscht", "löschen", "frist", "bleib", "wie lange"},
		Pattern: re(`(?:speichern|gespeichert|bewahren|aufbewahrt|aufbewahrung|aufbewahrungsfrist|speicherdauer|speicherfrist|löschfrist|wie lange)\b.{0,80}?\b` + zeitraum +
			`|` + daten + `\b.{0,60}\bbleiben ` + zeitraum +
			`|\b(?:für|nach|spätestens nach) ` + zeitraum + `.{0,40}(?:gespeichert|aufbewahrt|gelöscht|überschrieben)` +
			`|\b` + zeitraum + ` (?:lang )?(?:gespeichert|aufbewahrt)` +
			`|löschen wir.{0,60}\bnach ` + zeitraum),
		Unless: re(`garantie|gewährleistung|taste|anfrage|antrag|innerhalb|ersatzteil|aktualisierung|updates?\b`)},

	// Erasing.
	{Statement: EraseSelf, Language: "en", Near: []string{"delet", "eras", "remov", "wip"},
		Pattern: re(`\b(?:you|users?|owners?) (?:can|may|are able to|could)\b.{0,50}\b(?:delete|erase|remove|wipe|clear)\b.{0,70}\b(?:account|data|recordings?|history|information|everything|readings)\b` +
			`|\bto (?:erase|delete|wipe) (?:everything|all|your data|your account)\b.{0,60}\b(?:hold|press|open|choose|go to|tap|select|turn)\b` +
			`|\bthis (?:deletes|erases|wipes) (?:all|everything|your)\b`),
		Unless: re(`\b(?:ask|request|right|cannot|can't|not|only (?:by|we)|write to|contact|mail)\b`)},
	{Statement: EraseSelf, Language: "de", Near: []string{"lösch", "entfern"},
		Pattern: re(`\bsie (?:können|dürfen)\b.{0,80}\b(?:löschen|entfernen|zurücksetzen)\b|\bkönnen sie\b.{0,80}\b(?:löschen|entfernen)\b|\b(?:konto|daten|aufnahmen)\b.{0,40}(?:selbst|jederzeit).{0,40}\blöschen\b|\blassen sich\b.{0,60}\bselbst löschen\b`),
		Unless:  re(`\b(?:nicht|recht|verlangen|anfrage|bitten|schreiben|kontaktieren)\b`)},
	{Statement: EraseDays, Language: "en", Near: []string{"delet", "eras", "remov"},
		Pattern: re(`\b(?:delete[sd]?|erased?|erasure|deletion|removed?)\b.{0,80}\b(?:within|in|after) (?:a maximum of |at most |about )?` + period + `.{0,60}\b(?:request|ask|account|clos)` +
			`|\b(?:request|ask|account|clos)\w*\b.{0,80}\b(?:delete[sd]?|erased?|erasure|deletion|removed?|carried out|done)\b.{0,60}\b(?:within|in|after) (?:a maximum of |at most )?` + period +
			`|\b(?:erasure|deletion)\b.{0,60}\bwithin ` + period +
			`|\bwe (?:delete|erase|remove)\b.{0,80}\bwithin ` + period +
			`|\bdeleting (?:your|the) account\b.{0,100}\bwithin ` + period),
		Unless: re(`\bsign-?in\b|last (?:use|log)|invoices?`)},
	{Statement: EraseDays, Language: "de", Near: []string{"lösch"},
		Pattern: re(`lösch\w*.{0,60}\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `|\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `.{0,80}(?:gelöscht|löschen|löschung)`)},

	// Whom to ask.
	{Statement: ContactPrivacy, Near: []string{"@"},
		Pattern: re(`\b(?:privacy|dpo|dsb|gdpr|rgpd|dsgvo|data-?protection|datenschutz\w*|dataprivacy|privacidad|confidentialite|personvern|integritet|tietosuoja|privacyteam)[a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)},
	{Statement: ContactPrivacy, Language: "en", Near: []string{"@", "http", "www."},
		Pattern: re(`(?:privacy|data protection|personal (?:data|information)|your (?:data|information)).{0,120}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|www\.)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://|www\.).{0,120}(?:\bprivacy\b|data protection|personal (?:data|information)|your data)`),
		Unless:  re(`\b(?:vulnerabilit\w+|weakness\w*|security researchers?|supervisory authority|order|shop|sales)\b|(?:policy|notice) (?:of|by|at) `)},
	{Statement: ContactPrivacy, Language: "de", Near: []string{"@", "http", "www."},
		Pattern: re(`(?:datenschutz|schutz ihrer daten|personenbezogene|ihre daten).{0,120}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|www\.)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://).{0,120}(?:datenschutz|ihre daten)`),
		Unless:  re(`sicherheitslücke|schwachstelle|aufsichtsbehörde|bestellung`)},

	// Children.
	{Statement: Children, Language: "en", Near: []string{"child", "minor", "under", "below", "kids", "parent", "young"},
		Pattern: re(`\b(?:children|child|minors?|kids|anyone|persons?|people|users?)\b.{0,60}\b(?:under|below|younger than)\b.{0,20}\b(?:1[0-9]|thirteen|fourteen|sixteen|eighteen|age)\b` +
			`|\b(?:parents?|guardians?)\b.{0,80}\b(?:child|children|minors?)\b|\b(?:children|child|minors?|kids)\b.{0,80}\b(?:data|information|collect|consent|directed|parents?|meant|intended|use|account)\b` +
			`|\b(?:directed|meant|intended|suited)\b.{0,20}\b(?:children|minors|kids)\b`),
		Unless: re(`child(?:ren)?[ -]?(?:lock|proof|safety|seat)|out of (?:the )?reach`)},
	{Statement: Children, Language: "de", Near: []string{"kind", "minderjähr", "jugend", "eltern"},
		Pattern: re(`\b(?:kind|kinder|kindern|kindes|minderjährige\w*|jugendliche\w*|eltern)\b.{0,90}\b(?:unter|jahren?|daten|einwillig\w*|zustimm\w*|angebot|nutz\w*|richtet)\b|\b(?:angebot|dienst|app)\b.{0,60}\b(?:kinder|minderjährige)\b`),
		Unless:  re(`kindersicher|reichweite von`)},

	// Rights.
	{Statement: Rights, Language: "en", Near: []string{"right", "ask ", "object to", "request", "entitled", "withdraw"},
		Pattern: re(`\b(?:have|has)\b.{0,15}\brights?\b (?:to|of)\b.{0,60}\b(?P<right>access|correct\w*|rectif\w+|eras\w+|delet\w+|portab\w+|receive|object|complain\w*|lodge|restrict\w*|withdraw|know|see)\b` +
			`|\brights? (?:of|to) (?P<right>access|rectification|erasure|be forgotten|object|portability|data portability|restriction|lodge)\b` +
			`|\byou (?:can|may)\b.{0,20}\b(?:ask|request|require|tell) (?:us |that we |from us )?.{0,10}\b(?P<right>access|correct\w*|rectif\w+|erase|erasure|delete|deletion|a copy|restrict\w*)\b` +
			`|\bentitled to\b.{0,20}\b(?P<right>receive|access|obtain|have)\b.{0,40}` + data +
			`|\byou (?:can|may) (?P<right>object) to\b|\byou (?:can|may) (?P<right>withdraw)\b.{0,20}\bconsent\b`),
		Unless: re(`opt[ -]?out of (?:the )?sale`)},
	{Statement: Rights, Language: "de", Near: []string{"recht", "widersprechen", "verlangen"},
		Pattern: re(`\brechte?\b (?:auf|zur|der) ?.{0,60}(?P<right>auskunft|berichtigung|löschung|übertragbarkeit|einschränkung|widerspruch|beschwerde)|\bsie können\b.{0,60}\b(?P<right>auskunft|widersprechen|widerrufen)\b`)},

	// Recipients and transfers.
	{Statement: RecipientsNamed, Language: "en", Near: []string{"share", "run by", "host", "operat", "process", "receiv", "recipient", "deliver", "provid", "pass", "send", "sent", " runs ", "operates", "we use", "rely"},
		Pattern: re(`\b(?:share[sd]?|pass(?:ed|es)?|send|sent|disclosed?|transferred)\b.{0,60}\b(?:with|to|by)\b ` + company +
			`|\b(?:run|operated|hosted|processed|stored|delivered|handled|managed)\b by ` + company +
			`|\b(?:recipients?|processors?|host|hosting provider|service providers?)\b.{0,40}` + company +
			`|` + company + `.{0,50}\b(?:receives?|gets|hosts|processes|stores|runs|operates|delivers)\b.{0,60}\b(?:your|our|data|address|information|servers?)\b` +
			`|\b(?:we use|we rely on|with the help of) ` + company)},
	{Statement: RecipientsNamed, Language: "de", Near: []string{"empfänger", "auftragsverarbeiter", "dienstleister", "betrieben", "gehostet", "übermitteln", "weitergegeben", "erhält", "betreibt"},
		Pattern: re(`(?:empfänger\w*|auftragsverarbeiter\w*|dienstleister\w*|betrieben|gehostet|übermitteln|weitergegeben|geben)\b.{0,60}` + company + `|` + company + `.{0,40}\b(?:erhält|verarbeitet|speichert|betreibt)\b|\bbetreibt (?:für uns )?(?:die |der )?` + company)},
	{Statement: Transfer, Language: "en", Near: []string{"transfer", "outside", "abroad", "contractual clauses", "leave", "third countr", "united states", "stay", "adequacy", "stored in", "kept in", "processed in", "remain"},
		Pattern: re(`\b(?:transfer\w*|sent|send|stored?|process\w*|moved?)\b.{0,90}\b(?:outside (?:of )?(?:the|your)|third countr\w+|united states|usa|abroad|international\w*|other countries)\b` +
			`|\b(?:located|based)\b.{0,20}\boutside (?:of )?(?:the )?(?:eu|eea|european|uk)\b|\bdata\b.{0,30}\b(?:is|are) (?:stored|kept|processed) (?:only |solely )?in (?:germany|france|ireland|finland|norway|sweden|the netherlands|the (?:eu|eea|european|united))|standard contractual clauses|adequacy decision|\bdata\b.{0,30}\b(?:leaves?|stays? in|remains? in|stays? within)\b.{0,20}\b(?:the )?(?:eu|eea|european|uk|united kingdom|country|europe|home|house|device)\b`)},
	{Statement: Transfer, Language: "de", Near: []string{"drittl", "drittst", "standardvertrag", "außerhalb", "übermittlung", "usa", "angemessenheits"},
		Pattern: re(`dritt(?:l[aä]nd|staat)|standardvertragsklauseln|angemessenheitsbeschluss|(?:daten|übermitt\w+|verarbeit\w+|speicher\w+).{0,60}außerhalb (?:der eu|des ewr|der europäischen|des europäischen)|(?:daten)?übermittlung in (?:die usa|ein anderes land)`)},

	// Breaches.
	{Statement: BreachNotice, Language: "en", Near: []string{"breach", "incident", "leak"},
		Pattern: re(`\b(?:breach\w*|incidents?|leaks?)\b.{0,140}\b` + period + `|\b(?:notify|tell|inform|notified)\b.{0,60}\b` + period + `.{0,60}\b(?:breach|incident|leak)` +
			`|\b(?:notify|tell|inform|notified)\b.{0,60}\b(?:breach|incident|leak)\w*\b.{0,60}\b(?:immediately|without undue delay|at once)\b|\b(?:breach|incident|leak)\w*\b.{0,60}\b(?:notify|tell|inform)\b.{0,40}\b(?:immediately|without undue delay|at once)\b`),
		Unless: re(`\b(?:had|fixed|kept|stored|retain\w*)\b`)},
	{Statement: BreachNotice, Language: "de", Near: []string{"panne", "datenleck", "vorfall", "verletzung"},
		Pattern: re(`(?:datenpanne|datenleck|vorfall|verletzung).{0,90}(?:inform\w+|benachrichtig\w+|melden|unterricht\w+).{0,60}\b` + zeitraum + `|(?:datenpanne|datenleck|vorfall|verletzung).{0,90}(?:unverzüglich|sofort)`)},

	// Reporting weaknesses.
	{Statement: SecurityReport, Near: []string{"@"},
		Pattern: re(`\b(?:security|psirt|product-?security|vulnerability|sicherheit)@[a-z0-9-]+(?:\.[a-z0-9-]+)+`)},
	{Statement: SecurityReport, Language: "en", Near: []string{"vulnerab", "weakness", "security"},
		Pattern: re(`\b(?:vulnerabilit\w+|weakness\w*|security (?:issues?|flaws?|problems?|holes?|bugs?|researchers?))\b.{0,140}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|www\.|security\.txt|\bform\b)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://).{0,80}\b(?:vulnerabilit\w+|weakness\w*|security (?:issues?|flaws?|problems?))\b`),
		Unless:  re(`\b(?:fixed|advisor(?:y|ies) (?:are|is)|list of)\b`)},
	{Statement: SecurityReport, Language: "de", Near: []string{"lücke", "schwachstelle"},
		Pattern: re(`(?:sicherheitslücken?|schwachstellen?).{0,120}(?:[a-z0-9._+-]+@[a-z0-9-]+\.|https?://|formular)|(?:[a-z0-9._+-]+@[a-z0-9-]+\.[a-z]|https?://).{0,80}(?:sicherheitslücken?|schwachstellen?)`)},
	{Statement: AcknowledgeDays, Language: "en", Near: []string{"acknowledg", "confirm", "reply", "repl", "respond", "response", "answer", "receipt"},
		Pattern: re(`\backnowledg\w*\b.{0,80}\b(?:within|in|after at most) (?:a maximum of |at most )?` + period +
			`|\b(?:confirm\w*|receipt)\b.{0,60}\breports?\b.{0,40}\b(?:within|in no more than|in at most) ` + period +
			`|\b(?:answer|reply|response)\b.{0,30}\b(?:vulnerab\w+|weakness\w*|security) reports?\b.{0,30}\bwithin ` + period +
			`|\b(?:reply|replies|respond|responses?|answer)\b.{0,60}\b(?:reports?|vulnerab\w+|weakness\w*|finders?|researchers?)\b.{0,60}\bwithin ` + period +
			`|\bwithin ` + period + `.{0,60}\b(?:acknowledg\w*|confirm receipt)`),
		Unless: re(`\b(?:orders?|support questions?|erasure|deletion|personal data)\b`)},
	{Statement: AcknowledgeDays, Language: "de", Near: []string{"bestätig", "antworten", "rückmeldung"},
		Pattern: re(`(?:bestätigen|bestätigung|eingangsbestätigung|antworten|rückmeldung).{0,80}\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `|\b(?:innerhalb|binnen)(?: von)? ` + zeitraum + `.{0,60}(?:bestätigen|bestätigung)`),
		Unless:  re(`bestellung|löschung`)},
	{Statement: GoodFaith, Language: "en", Near: []string{"legal", "lawsuit", "pursue", "prosecut", "sue", "safe harbo", "authoris", "authoriz", "law enforcement"},
		Pattern: re(not + `.{0,50}\b(?:legal (?:action|steps|proceedings)|pursue|prosecute|sue|law enforcement|lawsuits?|legal claims?)\b|\bsafe harbou?r\b|\b(?:counts?|consider\w*|regard\w*|deem\w*)\b.{0,20}\bauthori[sz]ed\b`),
		Unless:  re(`\breserve\b|\bnot (?:limit|prevent|exclude)\b|\bno safe harbou?r\b`)},
	{Statement: GoodFaith, Language: "de", Near: []string{"rechtlich", "strafanzeige", "verfolg", "juristisch", "gutem glauben", "guten glauben"},
		Pattern: re(nicht + `.{0,40}(?:rechtlich|juristisch|strafanzeige|verfolg)|(?:rechtlich|juristisch)\w* schritte.{0,40}` + nicht + `|verzichten.{0,40}(?:strafanzeige|rechtliche schritte)`),
		Unless:  re(`behalten (?:wir )?uns.{0,20}vor`)},

	// The text's own date.
	{Statement: NoticeDate, Near: []string{"19", "20"},
		Pattern: re(`(?:last (?:updated?|changed|revised|modified|reviewed)|effective(?: date| from| as of)?|(?:updated|revised|version) (?:on|of)|^revised|^version [0-9.]+,?|date of this ` + notice + `|^date|^stand|letzte (?:aktualisierung|änderung)|zuletzt (?:aktualisiert|geändert|am)|^datum|gültig (?:ab|seit)|dernière mise à jour|última actualización|ultimo aggiornamento|laatst (?:bijgewerkt|gewijzigd))\b.{0,25}\b(?:19|20)[0-9]{2}\b`)},
}
