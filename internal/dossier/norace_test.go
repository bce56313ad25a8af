//go:build !race

package dossier_test

const memoryFactor = 1
