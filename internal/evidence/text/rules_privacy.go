package text

// privacyRules find what the checks on privacy and data governance read.
var privacyRules = []Rule{}
