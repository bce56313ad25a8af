package catalogue

import "github.com/open-iot-mark/iotmark"

// Field is one typed field from which documents are made.
type Field struct {
	ID         string               `yaml:"id" json:"id"`
	Type       string               `yaml:"type" json:"type"`
	Visibility iotmark.Visibility   `yaml:"visibility" json:"visibility"`
	From       string               `yaml:"from" json:"from"` // declaration, evidence, catalogue, registry
	At         string               `yaml:"at" json:"at"`
	Also       []string             `yaml:"also" json:"also"`
	Where      []string             `yaml:"where" json:"where"`
	Kind       iotmark.EvidenceKind `yaml:"kind" json:"kind"`
	Columns    []string             `yaml:"columns" json:"columns"`
	Column     string               `yaml:"column" json:"column"`
	ReadFrom   string               `yaml:"read_from" json:"read_from"`
	Means      string               `yaml:"means" json:"means"`
}

// Document is a paper that a law or a scheme asks for, row by row.
type Document struct {
	ID          string                 `yaml:"id" json:"id"`
	Title       string                 `yaml:"title" json:"title"`
	Instruments []iotmark.InstrumentID `yaml:"instruments" json:"instruments"`
	Markets     []string               `yaml:"markets" json:"markets"`
	Access      iotmark.Visibility     `yaml:"access" json:"access"`
	Signed      bool                   `yaml:"signed" json:"signed"`
	Form        string                 `yaml:"form" json:"form"`
	Rows        []DocumentRow          `yaml:"rows" json:"rows"`
}

// DocumentRow is one row of a document.
type DocumentRow struct {
	Asks   string                `yaml:"asks" json:"asks"`
	From   []string              `yaml:"from" json:"from"`
	Covers []iotmark.ProvisionID `yaml:"covers" json:"covers"`
}
