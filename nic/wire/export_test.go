package wire

// The judges without the short way, for FuzzPlain.
var (
	ParseAny = parseAny
)

// UseAVX2 is whether Sum has assembly add long packets.
var UseAVX2 = &useAVX2
