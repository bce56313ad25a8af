package text

// Statements of a policy on reports of weaknesses.
const (
	StatusEvery    StatementID = "status-every"    // n, unit: how often finders hear how far it is
	PursuesFinders StatementID = "pursues-finders" // threatens people who look
)

// ordinaryLimits are methods that policies with a full promise exclude as a
// matter of course (disclose.io's terms do), and harm done to others. To
// forbid them threatens nobody who looks for weaknesses.
const ordinaryLimits = `denial[- ]of[- ]service|\bdd?os\b|\bspam|\bphysical\b|social engineering|\bphishing\b|brute[- ]force|\b(?:load|stress)[- ]test|\battacks? that\b.{0,20}\bharm`

// securityRules find what the check on the disclosure policy reads and the
// privacy rules do not: news while the work goes on, and threats.
var securityRules = []Rule{
	{Statement: StatusEvery, Language: "en", Near: []string{"every", "each", "weekly", "fortnight"},
		Pattern: re(`\b(?:status|state of|progress|updates?|news|informed|keep you|how far)\b.{0,60}\b(?:every|each) ` + period +
			`|\b(?:every|each) ` + period + `.{0,60}\b(?:status|progress|updates?|news|inform\w*|how far)\b`),
		Unless: re(`\b(?:firmware|software|security) updates? (?:come|are|every)\b|\bupdate (?:check|search|server)\w*\b|\b(?:checks?|looks?|searche?s?|asks?) for\b.{0,20}\bupdates?\b|\bdevice\b.{0,30}\bcheck`)},
	{Statement: StatusEvery, Language: "de", Near: []string{"alle"},
		Pattern: re(`(?:stand|fortschritt|laufenden|informier\w*|rückmeldung|berichten).{0,60}\balle ` + zeitraum + `|\balle ` + zeitraum + `.{0,60}(?:stand|fortschritt|laufenden|informier|berichten)`)},
	{Statement: PursuesFinders, Language: "en", Near: []string{"legal", "prosecut", "lawsuit", "law enforcement", "criminal", "forbidden", "prohibited", "illegal"},
		Pattern: re(`\b(?:reserves? (?:all rights|the right)|may|will|shall)\b.{0,80}\b(?:legal (?:action|steps|proceedings)|prosecut\w+|lawsuits?|law enforcement|criminal)\b` +
			`|\b(?:reverse engineering|testing|scanning|hacking|security research)\b.{0,60}\b(?:is|are)\b.{0,20}\b(?:forbidden|prohibited|illegal|not (?:allowed|permitted))\b`),
		Unless: re(not + `.{0,40}\b(?:legal|prosecut|pursue|law enforcement|lawsuit|criminal)|\bunless\b|\bgood faith\b|` + ordinaryLimits + `|\bordered by\b|\bcourt order\b|\brequest(?:s|ed)? by\b`)},
	{Statement: PursuesFinders, Language: "de", Near: []string{"rechtlich", "strafanzeige", "strafrechtlich", "verboten", "untersagt"},
		Pattern: re(`(?:behalten (?:wir )?uns|werden wir|wir werden).{0,80}(?:rechtliche schritte|strafanzeige|strafrechtlich)|(?:reverse engineering|sicherheitstests|untersuchung der geräte).{0,60}(?:verboten|untersagt|nicht gestattet)`),
		Unless:  re(nicht + `.{0,40}(?:rechtlich|strafanzeige|strafrechtlich)|gutem glauben|guten glauben|\bes sei denn\b`)},
}
