// Package interoperability holds the checks of the topic interoperability:
// what the product works with, over which interfaces, and on whose terms.
package interoperability
