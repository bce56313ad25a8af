package privacy

import (
	"strings"
	"unicode/utf8"

	"github.com/open-iot-mark/iotmark/internal/pattern"
)

// senseWords are beginnings or parts of words by which a text can name what a
// sensor of each class takes in, by language. The classes are those of the
// declaration: camera, sound, health, place, presence, motion, use, heat,
// surroundings. A text in another language cannot be looked at.
var senseWords = map[string]map[string]string{
	"en": {
		"camera": `camera|video|picture|image|photo|footage`, "sound": `microphone|sound|audio|voice|speech`,
		"health": `health|heart|pulse|sleep|breath|blood|weight|fitness`, "place": `location|gps|whereabouts|geolocation|where (?:you|it|the \pL+) (?:is|are)`,
		"presence": `presence|radar|somebody|someone|whether any|nobody is|occup|at home`, "motion": `motion|movement|something moves?|moving|accelerat|vibrat|steps\b`,
		"use": `usage|your use\b|use of the|how (?:often|much|long|you use)|when you use|consumption|energy|electric|button presses`, "heat": `temperature|heat|thermal|warm`,
		"surroundings": `light|bright|humid|air\b|smoke|gas\b|pressure|rain|wind|noise|water|moisture|surrounding|dust|co2`,
	},
	"de": {
		"camera": `kamera|video|bild|foto|aufnahme`, "sound": `mikrofon|mikrophon|ton\b|töne|audio|stimm|sprach|geräusch`,
		"health": `gesundheit|herz|puls|schlaf|atem|blut|gewicht|fitness|körper`, "place": `standort|gps|position|ort\b|aufenthalt`,
		"presence": `anwesen|präsenz|radar|jemand|niemand|zu hause|personen im`, "motion": `bewegung|bewegt|beschleunig|erschütter|schritte`,
		"use": `verbrauch|strom|energie|nutzungsdaten|nutzungsverhalten|wie sie [^.]{0,30}nutzen|bedien`, "heat": `temperatur|wärme|hitze|warm|heiß`,
		"surroundings": `licht|hell|feucht|luft|rauch|gas|druck|regen|wind|wasser|umgebung|staub|co2`,
	},
	"fr": {
		"camera": `caméra|vidéo|image|photo`, "sound": `micro|son\b|sons\b|audio|voix|bruit`, "health": `santé|cœur|cardiaque|pouls|sommeil|poids|corps`,
		"place": `localisation|gps|position|emplacement`, "presence": `présence|présent|radar|quelqu'un|personne`, "motion": `mouvement|bouge|accéléro|vibration`,
		"use": `consommation|courant|énergie|comment vous utilisez|données d'utilisation`, "heat": `température|chaleur|thermique`, "surroundings": `lumière|lumino|humidité|air\b|fumée|gaz|pression|pluie|eau\b`,
	},
	"nl": {
		"camera": `camera|video|beeld|foto`, "sound": `microfoon|geluid|audio|stem`, "health": `gezondheid|hart|slaap|gewicht|lichaam`, "place": `locatie|gps|positie|plaats`,
		"presence": `aanwezig|radar|iemand|niemand|thuis`, "motion": `beweging|beweegt|versnelling|trilling`, "use": `verbruik|stroom|energie|hoe u [^.]{0,30}gebruikt|gebruiksgegevens`,
		"heat": `temperatuur|warmte|hitte`, "surroundings": `licht|vocht|lucht|rook|gas|druk|regen|water`,
	},
	"es": {
		"camera": `cámara|vídeo|video|imagen|imágenes|foto`, "sound": `micrófono|sonido|audio|voz`, "health": `salud|corazón|cardíac|sueño|peso|cuerpo`, "place": `ubicación|gps|posición|localización`,
		"presence": `presencia|radar|alguien|nadie`, "motion": `movimiento|mueve|aceler|vibración`, "use": `consumo|corriente|energía|datos de uso|cómo (?:usa|utiliza)`,
		"heat": `temperatura|calor|térmic`, "surroundings": `luz|luminos|humedad|aire|humo|gas|presión|lluvia|agua`,
	},
	"it": {
		"camera": `telecamera|fotocamera|camera|video|immagin|foto`, "sound": `microfono|suon|audio|voce`, "health": `salute|cuore|cardiac|sonno|peso|corpo`, "place": `posizione|gps|ubicazione|localizzazione`,
		"presence": `presenza|radar|qualcuno|nessuno`, "motion": `movimento|muove|acceler|vibrazion`, "use": `consum|corrente|energia|dati di utilizzo|come (?:usa|utilizza)`,
		"heat": `temperatura|calore|termic`, "surroundings": `luce|luminos|umidità|aria|fumo|gas|pressione|pioggia|acqua`,
	},
	"sv": {
		"camera": `kamera|video|bild|foto`, "sound": `mikrofon|ljud|röst`, "health": `hälsa|hjärt|puls|sömn|vikt|kropp`, "place": `plats|gps|position`,
		"presence": `närvaro|radar|någon|ingen är|hemma`, "motion": `rörelse|rör sig|acceler|vibration`, "use": `förbruk|ström|energi|hur du använder|användningsdata`,
		"heat": `temperatur|värme|hetta`, "surroundings": `ljus|fukt|luft|rök|gas|tryck|regn|vatten`,
	},
	"da": {
		"camera": `kamera|video|billede|foto`, "sound": `mikrofon|lyd|stemme`, "health": `helbred|sundhed|hjerte|puls|søvn|vægt|krop`, "place": `placering|gps|position|sted`,
		"presence": `tilstedevær|radar|nogen|hjemme`, "motion": `bevægelse|bevæger|acceler|vibration`, "use": `forbrug|strøm|energi|hvordan du bruger|brugsdata`,
		"heat": `temperatur|varme`, "surroundings": `lys|fugt|luft|røg|gas|tryk|regn|vand`,
	},
	"nb": {
		"camera": `kamera|video|bilde|foto`, "sound": `mikrofon|lyd|stemme`, "health": `helse|hjerte|puls|søvn|vekt|kropp`, "place": `plassering|gps|posisjon|sted`,
		"presence": `tilstedevær|radar|noen|hjemme`, "motion": `bevegelse|beveger|aksel|vibrasjon`, "use": `forbruk|strøm|energi|hvordan du bruker|bruksdata`,
		"heat": `temperatur|varme`, "surroundings": `lys|fukt|luft|røyk|gass|trykk|regn|vann`,
	},
	"pt": {
		"camera": `câmara|câmera|vídeo|imagem|imagens|foto`, "sound": `microfone|som\b|áudio|voz`, "health": `saúde|coração|cardíac|sono|peso|corpo`, "place": `localização|gps|posição`,
		"presence": `presença|radar|alguém|ninguém`, "motion": `movimento|move|aceler|vibração`, "use": `consumo|corrente|energia|dados de (?:uso|utilização)|como (?:usa|utiliza)`,
		"heat": `temperatura|calor|térmic`, "surroundings": `luz|luminos|humidade|umidade|ar\b|fumo|fumaça|gás|pressão|chuva|água`,
	},
	"pl": {
		"camera": `kamer|wideo|obraz|zdję`, "sound": `mikrofon|dźwięk|audio|głos`, "health": `zdrow|serc|puls|sen\b|snu\b|wag|ciał`, "place": `lokalizac|gps|położeni`,
		"presence": `obecnoś|radar|ktoś|nikogo`, "motion": `ruch|porusza|przyspiesz|drgań`, "use": `zużyci|prąd|energi|jak (?:używasz|korzystasz)`,
		"heat": `temperatur|ciepł`, "surroundings": `światł|jasnoś|wilgot|powietrz|dym|gaz|ciśnieni|deszcz|wod`,
	},
	"cs": {
		"camera": `kamer|video|obraz|foto|snímk`, "sound": `mikrofon|zvuk|audio|hlas`, "health": `zdrav|srd|puls|spán|tělo|hmotnost`, "place": `poloh|gps|umístění`,
		"presence": `přítomn|radar|někdo|nikdo`, "motion": `pohyb|zrychlen|vibrac|otřes`, "use": `spotřeb|proud|energi|jak používáte|údaje o používání`,
		"heat": `teplot|tepl|horko`, "surroundings": `světl|vlhk|vzduch|kouř|plyn|tlak|déšť|deště|vod`,
	},
	"fi": {
		"camera": `kamera|video|kuva|kuvi`, "sound": `mikrofoni|ääni|ääne|puhe`, "health": `terveys|tervey|sydän|syke|uni\b|paino|keho`, "place": `sijain|gps|paikan`,
		"presence": `läsnäol|läsnä|tutka|joku|kukaan|koto`, "motion": `liike|liikk|kiihty|tärinä`, "use": `kulut|virta|virran|sähkö|energi|käyttötie`,
		"heat": `lämpö|lämmö|kuumu`, "surroundings": `valo|kirkkau|kosteu|ilma|savu|kaasu|paine|sade|vesi`,
	},
}

// senses has the compiled words by language and class.
var senses = compileSenses()

// senseRE finds a class of sensor: its words, and its words close behind a
// denial.
type senseRE struct{ named, denied *pattern.Pattern }

// denials say in each language that something is not there.
var denials = map[string]string{
	"en": `no|not|without|neither|nor|never|any|\p{L}+n't`, "de": `kein\p{L}*|nicht|ohne|weder|noch`, "fr": `pas|sans|aucun\p{L}*|ni`, "nl": `geen|zonder|niet|noch`,
	"es": `no|sin|ningun\p{L}*|ni`, "it": `non|senza|nessun\p{L}*|né`, "sv": `ingen|inget|inga|utan|inte`, "da": `ingen|intet|uden|ikke`, "nb": `ingen|uten|ikke`,
	"pt": `não|sem|nenhum\p{L}*|nem`, "pl": `nie|bez|brak|żadn\p{L}*`, "cs": `ne\p{L}*|bez|žádn\p{L}*`, "fi": `ei|ilman`,
}

// compounding languages join words: Innenkamera, kamerabild.
var compounding = map[string]bool{"de": true, "nl": true, "sv": true, "da": true, "nb": true, "fi": true}

func compileSenses() map[string]map[string]senseRE {
	out := map[string]map[string]senseRE{}
	for lang, classes := range senseWords {
		out[lang] = map[string]senseRE{}
		for class, words := range classes {
			ws := "(?:" + words + ")"
			if compounding[lang] {
				// Only long words are looked for inside others: licht stands
				// in verpflichtet.
				for w := range strings.SplitSeq(words, "|") {
					if utf8.RuneCountInString(w) >= 6 && !strings.ContainsAny(w, `()[]\\ `) {
						ws += `|\p{L}+` + w
					}
				}
				ws = "(?:" + ws + ")"
			}
			// RE2 knows the borders of ASCII words only.
			out[lang][class] = senseRE{
				named:  pattern.New(`(?:^|[^\p{L}])` + ws),
				denied: pattern.New(`(?:^|[^\p{L}])(?:` + denials[lang] + `)(?: [\p{L}']+){0,2} ` + ws),
			}
		}
	}
	return out
}

// mention says whether a passage names a class of sensor, and whether it only
// says that it is not there.
func mention(lang, class, passage string) (named, denied bool) {
	re, ok := senses[lang][class]
	if !ok {
		return false, false
	}
	p := strings.ReplaceAll(strings.ToLower(passage), "’", "'")
	n := len(re.named.Regexp().FindAllStringIndex(p, -1))
	no := len(re.denied.Regexp().FindAllStringIndex(p, -1))
	return n > no, n > 0 && n <= no
}
