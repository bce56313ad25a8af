// Package provenance holds the checks of the topic provenance: what the
// product is made of, in software and in hardware, and under which licences.
//
// The checks here look at lists the maker wrote. They can say that a list
// lacks something or contradicts itself or another piece of evidence; that it
// is complete only the product itself can show.
package provenance
