package text

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

// The language of a text is found by a vote of function words, and where two
// close relatives tie (Norwegian and Danish) by trigrams. Trigrams alone call
// some long English pages Yoruba, and never say that they do not know.
const (
	minLetters  = 200     // below this the language is not known
	voteLetters = 100_000 // that are looked at
	minShare    = 0.15    // of words that vote for the winner
)

// functionWords are frequent words of each language of sale.
var functionWords = map[string]map[string]bool{
	"en": wordSet(`the of and to in is that for it with as be on are this by you your we our or not from have can will any which their they has may if at an was when how what who do does more these than only such been its there other`),
	"de": wordSet(`der die das und ist nicht von zu den mit für auf wir sie ihre ein eine einer eines dem des oder werden wird sich auch bei als nach über wenn kann durch aus im zum zur sind haben hat ihren ihrer unsere keine daten nur um wie diese dieser`),
	"fr": wordSet(`le la les de des du et est à en un une que qui pour dans nous vous votre vos notre nos par sur avec pas ne ou au aux ce cette ces sont être il elle se plus peut ont sans lorsque si leur données d l qu`),
	"es": wordSet(`el la los las de y que en un una es por para con no se su sus del al lo como más o este esta son nos usted nuestro nuestra sobre si pero cuando puede ser han sin entre ha cuando datos`),
	"it": wordSet(`il lo la i gli le di e che in un una è per con non si del della dei delle al alla da come più o questo questa sono nostro nostra su se anche ma quando può essere dal nel nella ai suo suoi vostri dati degli`),
	"nl": wordSet(`de het een en van in is dat op te niet met voor zijn aan door of wij u uw onze die er om als ook bij naar uit kan worden wordt deze dit heeft hebben over tot geen je we wanneer gegevens onze meer`),
	"pl": wordSet(`i w na z do się nie że jest o to dla przez od po jak oraz lub za są ich które który która może być tym jego jej przy nasze państwa dane danych gdy tylko aby czy pod ze innych`),
	"pt": wordSet(`o a os as de do da dos das e que em um uma é para com não se por no na nos nas ao como mais ou seu sua seus são nosso nossa este esta pelo pela quando pode ser foi também você dados às à sem`),
	"sv": wordSet(`och att det i en som är av för på med den till inte om vi du din ditt dina ett har de kan eller från så vår våra när ska här hur denna detta dessa dig oss bara vid utan uppgifter också efter måste`),
	"da": wordSet(`og at det i en som er af for på med den til ikke om vi du din dit dine et har de kan eller fra så vores når skal her hvordan denne dette disse dig os kun ved uden oplysninger også efter hvis bliver blive jeres jer`),
	"nb": wordSet(`og at det i en som er av for på med den til ikke om vi du din ditt dine et har de kan eller fra så vår våre når skal her hvordan denne dette disse deg oss bare ved uten opplysninger også etter hvis blir bli deres å hva`),
	"fi": wordSet(`ja on ei että se hän joka ovat myös kun tai me te voi niin kuin mutta jos sen olla mitä sekä tämä nämä ole emme meidän teidän sinun tietoja tiedot kanssa vain jotka kuten mukaan siitä voit laitteen laite`),
	"cs": wordSet(`a je v na se že s z do o pro jsou to ve nebo jako které který která by si po při od ale není za může být jejich vaše vás naše my údaje údajů také pokud tak podle bez aby k když pouze jen`),
}

// languages is the order in which ties are settled.
var languages = slices.Sorted(maps.Keys(functionWords))

var trigramLanguages = map[string]whatlanggo.Lang{
	"en": whatlanggo.Eng, "de": whatlanggo.Deu, "fr": whatlanggo.Fra, "es": whatlanggo.Spa, "it": whatlanggo.Ita,
	"nl": whatlanggo.Nld, "pl": whatlanggo.Pol, "pt": whatlanggo.Por, "sv": whatlanggo.Swe, "da": whatlanggo.Dan,
	"nb": whatlanggo.Nob, "fi": whatlanggo.Fin, "cs": whatlanggo.Ces,
}

// language returns the tag of the language of sale that the text is written
// in, or nothing where it is too short or of another language.
func language(blocks []Block) string {
	letters, words := 0, 0
	votes := map[string]int{}
	var sample strings.Builder
	for _, b := range blocks {
		if b.Kind == "code" || letters > voteLetters {
			continue
		}
		for w := range strings.FieldsFuncSeq(strings.ToLower(b.Text), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if letters > voteLetters {
				break
			}
			letters += utf8.RuneCountInString(w)
			words++
			for _, l := range languages {
				if functionWords[l][w] {
					votes[l]++
				}
			}
			if sample.Len() < 20_000 {
				sample.WriteString(w)
				sample.WriteByte(' ')
			}
		}
	}
	if letters < minLetters {
		return ""
	}
	ranked := slices.Clone(languages)
	slices.SortStableFunc(ranked, func(a, b string) int { return votes[b] - votes[a] })
	first, second := ranked[0], ranked[1]
	if float64(votes[first]) < minShare*float64(words) {
		return ""
	}
	if votes[second]*10 >= votes[first]*9 {
		info := whatlanggo.DetectWithOptions(sample.String(), whatlanggo.Options{Whitelist: map[whatlanggo.Lang]bool{
			trigramLanguages[first]: true, trigramLanguages[second]: true,
		}})
		// Equal distances come in the order of a map; they decide nothing.
		if info.Confidence > 0 && info.Lang == trigramLanguages[second] {
			return second
		}
	}
	return first
}
