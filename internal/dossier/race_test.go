//go:build race

package dossier_test

// The race detector takes several times the memory (its shadow of each word).
const memoryFactor = 4
