package verify

import "github.com/open-iot-mark/iotmark"

// Why says in one sentence what a reason of a void entry means.
type Why struct {
	Reason iotmark.ErrorID
	Text   string
}

// Reasons returns all reasons for which an entry is void, in the order in
// which they are looked for, and what each means. Their ids never change.
func Reasons() []Why {
	return []Why{
		{"log-closed", "the log was closed before"},
		{"log-too-large", "a replay holds no more entries"},
		{"malformed", "the bytes are no signed note with one line of JSON in the one form of RFC 8785"},
		{"domain-wrong", "the entry, or the log that it opens, is of another scheme"},
		{"version-unknown", "the format's version is not known"},
		{"type-unknown", "the type is not known"},
		{"subject-wrong", "the subject is not that of the type and the body"},
		{"body-wrong", "the body is not what the type asks for"},
		{"id-used", "an entry before has the id"},
		{"prev-wrong", "the entry does not follow the last one of its subject"},
		{"clock-ahead", "the entry claims a time after that at which outsiders saw it"},
		{"before-log", "the entry is of a time before the log was opened"},
		{"signature-wrong", "a signature that names a known key is not one of this text by that key"},
		{"act-not-allowed", "the act does not follow from the state"},
		{"reference-missing", "what the entry points at is not there, or is not the last"},
		{"keyring-shrunk", "a key is left out or changed, or its end is taken back"},
		{"key-used", "a name or a key belongs to another key"},
		{"until-wrong", "a key that signs entries ends before the entry that says so, or a known end is put off"},
		{"person-twice", "one person would have keys of two organisations at a time"},
		{"signers-missing", "fewer signed than must"},
		{"signers-not-apart", "those who signed are not of different people or organisations, or stand on two sides"},
		{"role-not-valid", "those who signed may not sign for this"},
		{"key-ended", "a key that signed has ended before"},
		{"org-suspended", "the organisation of a signer is suspended"},
		{"org-not-accredited", "the organisation of a signer is not accredited for this, or not any more"},
		{"evaluator-is-maker", "who evaluates belongs to the maker"},
		{"evaluator-decides", "who decides has evaluated, or is of the organisation that did"},
		{"maker-decides", "who decides belongs to the maker"},
		{"decider-hears-appeal", "who hears the appeal has made the decision"},
		{"edition-not-in-force", "the edition of the criteria was not adopted, has not begun, or has ended"},
		{"catalogue-wrong", "the catalogue is not that of the edition"},
		{"evidence-other", "the evaluation did not look at the evidence that was sealed last"},
		{"evaluation-missing", "the evidence that was sealed last is not evaluated"},
		{"terms-wrong", "the terms say another thing than what they rest on, or run too long"},
		{"code-wrong", "the code is not that of the mark"},
		{"code-used", "the code belongs to another mark"},
		{"slot-wrong", "the slot is not the next, or not that of the mark"},
		{"ballot-wrong", "the votes are not as many as those who signed"},
		{"status-wrong", "the status names another keyring or number of marks than there were, or goes back"},
		{"promise-lowered", "the maker promised more before, or a mark says more; the attempt is told beside the product"},
	}
}
