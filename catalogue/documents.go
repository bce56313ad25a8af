package catalogue

import "github.com/open-iot-mark/iotmark"

// Field is one typed field from which documents are made.
type Field struct {
	ID         string               `yaml:"id"`
	Type       string               `yaml:"type"`
	Visibility iotmark.Visibility   `yaml:"visibility"`
	From       string               `yaml:"from"` // declaration, evidence, catalogue, registry
	At         string               `yaml:"at"`
	Also       []string             `yaml:"also"`
	Where      string               `yaml:"where"`
	Kind       iotmark.EvidenceKind `yaml:"kind"`
	Columns    []string             `yaml:"columns"`
	Column     string               `yaml:"column"`
	ReadFrom   string               `yaml:"read_from"`
	Means      string               `yaml:"means"`
}

// Document is a paper that a law or a scheme asks for, row by row.
type Document struct {
	ID          string                 `yaml:"id"`
	Title       string                 `yaml:"title"`
	Instruments []iotmark.InstrumentID `yaml:"instruments"`
	Markets     []string               `yaml:"markets"`
	Access      iotmark.Visibility     `yaml:"access"`
	Signed      bool                   `yaml:"signed"`
	Form        string                 `yaml:"form"`
	Rows        []DocumentRow          `yaml:"rows"`
}

// DocumentRow is one row of a document.
type DocumentRow struct {
	Asks   string                `yaml:"asks"`
	From   []string              `yaml:"from"`
	Covers []iotmark.ProvisionID `yaml:"covers"`
}
