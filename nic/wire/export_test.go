package wire

// The judges without the short way, for FuzzPlain.
var (
	ParseAny = parseAny
)
