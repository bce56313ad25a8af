// Command iotmark is the Open IoT Mark in one binary.
package main

import (
	"os"

	"github.com/open-iot-mark/iotmark/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
