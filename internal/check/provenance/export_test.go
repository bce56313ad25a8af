package provenance

// The tables of licences, so that the test can hold them against the list.
var (
	OwingFamilies = owingFamilies
	Freeing       = freeing
	FreeOld       = freeDeprecated
	Owing         = owing
	SPDXList      = spdxList
)
