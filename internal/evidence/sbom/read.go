package sbom

import (
	"context"

	"github.com/open-iot-mark/iotmark"
	"github.com/open-iot-mark/iotmark/internal/evidence"
)

// Reader reads lists of components.
var Reader = evidence.Reader{
	Name:    "sbom",
	Version: 1,
	Kinds:   []iotmark.EvidenceKind{iotmark.KindSBOM, iotmark.KindHBOM, iotmark.KindVEX, iotmark.KindCryptoList},
	Sniff:   sniff,
	Read:    func(ctx context.Context, src evidence.Source, lim evidence.Limits) (any, error) { return read(ctx, src, lim) },
	New:     func() any { return new(Facts) },
}

func sniff(string, []byte) bool { return false }

func read(context.Context, evidence.Source, evidence.Limits) (*Facts, error) {
	return nil, evidence.Malformed("list of components", nil)
}
