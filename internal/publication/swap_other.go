//go:build !linux

package publication

func swap(int, string, string) error { return errNoSwap }
