//go:build race

package scheme_test

func child(string) int { return 1 }
