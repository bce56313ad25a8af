package text

// lifecycleRules find what the checks on lifecycle and accountability read.
var lifecycleRules = []Rule{}
