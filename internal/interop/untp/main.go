// Command untp holds credentials of marks against the JSON Schema of the UNTP
// Digital Conformity Credential, whose file is its argument. The schema is
// under the GPL and no part of this repository; docs/interop.md says where it
// is and what came out.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/open-iot-mark/iotmark/internal/attestation"
	"github.com/open-iot-mark/iotmark/verify"
	"github.com/open-iot-mark/iotmark/verify/verifytest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: untp SCHEMA.json")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "untp:", err)
		os.Exit(1)
	}
}

func run(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("schema.json", doc); err != nil {
		return err
	}
	schema, err := c.Compile("schema.json")
	if err != nil {
		return err
	}
	bad := 0
	try := func(name string, doc []byte, want bool) error {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
		if err != nil {
			return err
		}
		switch err := schema.Validate(v); {
		case err != nil && want:
			bad++
			fmt.Printf("not valid: %s: %v\n", name, err)
		case err == nil && !want:
			bad++
			fmt.Printf("valid, and must not be: %s\n", name)
		default:
			fmt.Printf("as it must be: %s\n", name)
		}
		return nil
	}
	docs := credentials()
	for _, name := range slices.Sorted(maps.Keys(docs)) {
		doc := docs[name]
		if err := try(name, doc, true); err != nil {
			return err
		}
		// A schema that takes anything would say nothing.
		for _, change := range [][2]string{
			{`"CredentialIssuer"`, `"Somebody"`}, {`"assessorLevel":"3rdParty"`, `"assessorLevel":"nobody"`},
			{`"issuedToParty":`, `"to":`}, {`"validFrom":"2`, `"validFrom":"x`}, {`"conformance":true`, `"conformance":"yes"`},
		} {
			if err := try(name+", with "+change[1], bytes.Replace(doc, []byte(change[0]), []byte(change[1]), 1), false); err != nil {
				return err
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d documents are not as they must be", bad)
	}
	return nil
}

// credentials gives secured credentials of marks: of the first terms, of later
// ones, of a product without GTIN whose holder has no LEI.
func credentials() map[string]json.RawMessage {
	s := verifytest.New(loud{}, verifytest.Opts{})
	s.Grant(s.Makers[0], "lamp")
	s.Grant(s.Makers[1], "kettle").Amend()
	s.Promise(s.Makers[2], "spoon")
	k := s.NewMark(s.Makers[2], "spoon")
	k.Apply()
	k.Seal()
	k.Evaluate()
	t := k.TermsOf()
	t.Product.GTINs, t.Product.Services, t.Product.Hardware, t.Product.Name = nil, nil, nil, "Löffel & <Lampe> 💡"
	k.Set(verify.MarkGranted, t)
	reg := s.Replay()
	out := map[string]json.RawMessage{}
	for i := range reg.Marks {
		doc, err := s.Issuing().Credential(attestation.Attested(reg, &reg.Marks[i]))
		if err != nil {
			loud{}.Fatalf("%v", err)
		}
		out[reg.Marks[i].Application.Product] = doc
	}
	return out
}

// loud ends the program where a test would end.
type loud struct{}

func (loud) Helper() {}

func (loud) Fatalf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "untp: "+format+"\n", args...)
	os.Exit(1)
}
