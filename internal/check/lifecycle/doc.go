// Package lifecycle holds the checks of the topic lifecycle: how long the
// product is kept going, and what happens when that ends.
package lifecycle
