// Package follow is how a card follows a controller: what a controller tells a card,
// signed, and how the card takes it.
//
//	controller ══ messages, in order ══▶ Follower ── edits ──▶ card
//	                                        │
//	                                        ▼
//	                                  Copy, on disk
//
//	message.go   Message: edits from one revision to another, for one card
//	wire.go      its bytes, on a stream and in a file
//	keys.go      who may sign
//	follower.go  Follower: which messages it takes, and what becomes of them
//	copy.go      Copy: the messages that were taken, for the next start
//	client.go    Client: from connection to connection
//	host.go      HostView: a card as its controller knows it
//	http.go      HTTP: the connection to a controller
//
// # What a card believes
//
// A card takes a message that is signed by a key that it was given, that names the card,
// that begins at the revision that the card has, and that has not expired. So whoever
// comes between a controller and a card can delay and withhold messages, and nothing
// else: an old message, one for another card, a part of one or a changed one is refused, with the
// reason by name.
//
// # Without a controller
//
// A card goes on with what it has. A Copy holds the messages as they were signed, so what
// a card reads at its start is checked as if it came from the controller, but for its age,
// which Follower.Issued tells.
//
// Follower has no clock and no connection of its own: it is told the time and handed
// messages, so that a simulation can run it as it is.
package follow
