package verifier

// Shrink is shrink, which tests hold to what it must leave alone.
var Shrink = shrink
