//go:build !race

package sbom_test

const raceDetector = false
