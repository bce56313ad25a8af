// Package accountability holds the checks of the topic accountability: who
// answers for the product, by which papers, and whether the evidence is
// still what was declared.
package accountability
