// Command gen writes the files that are made from the catalogue anew: the
// mapping from criteria to provisions, the versions of the written methods,
// and the references of criteria, procedure and methods. Run it as go generate
// ./catalogue.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/open-iot-mark/iotmark/catalogue"
)

func main() {
	// go generate runs in the folder of the package catalogue.
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func write(dir string) error {
	c, err := catalogue.LoadFS(os.DirFS(dir))
	if err != nil {
		return err
	}
	mapping, err := c.MappingYAML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "crosswalk", "mapping.yaml"), mapping, 0o644); err != nil {
		return err
	}
	procedure, err := c.ProcedureReference()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "docs", "procedure.md"), procedure, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "..", "docs", "catalogue.md"), c.Reference(), 0o644); err != nil {
		return err
	}
	versions, err := c.VersionsYAML()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "methods", "versions.yaml"), versions, 0o644); err != nil {
		return err
	}
	methods, err := c.MethodsReference()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "..", "docs", "methods.md"), methods, 0o644)
}
