// Package follow is how a card follows a controller: what a controller tells a card,
// signed, and how the card takes it. An edge is a card in another role, and follows alike.
//
//	controller ══ messages, in order ══▶ Follower ── edits ──▶ card
//	                                        │
//	                                        ▼
//	                                  Copy, on disk
//
//	message.go   Message: edits from one revision to another, for one card
//	wire.go      its bytes, on a stream and in a file
//	keys.go      who may sign
//	root.go      Root: which keys sign, and who may say so next; rootdraft.go makes one
//	rootfolder.go  RootFolder: the root documents that a controller gives out
//	trust.go     Trust: whom a card believes, from one root document to the next
//	question.go  Question: what a controller asks of a card
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
// # Connections
//
// When an ENI goes to another card, the card that it left hands the records of its connections to
// the controller, and the controller hands them to the other card, in a message of their own: no card
// listens to another, and neither a guest nor the underlay reaches this way. A controller takes records
// from the card alone that had the ENI until a moment ago. What the records grant is for the card to say that
// takes them (package pipeline). A copy keeps none.
//
// # Questions
//
// A controller asks its cards what a change would do to their connections, and to cut those that the rules
// in force would not let begin. A question comes in order, as a message, and the answer goes by a request of its own, when
// it is made, so that nothing that the card is told waits for the answer. A card tells with each connection that it answers
// questions: one that does not would take a question's edits for a change.
//
// # Other keys
//
// The keys are in a root document of The Update Framework (TUF), which names the keys of
// controllers, the root keys, which are offline, and how many of these must sign. A card is given
// one, and takes the document of the next version if it is signed as the one before and as itself
// asks. So a controller's key is revoked while a thief of that key can do nothing about it, and a
// root key by the others. Documents are public: a card asks for them by version, from any controller,
// at the start of each connection and every 10 minutes, and keeps those that it took beside the Copy.
// A document that has expired is one that somebody withholds the next of: then a card takes no message.
//
// After a key was revoked a card takes a snapshot of any revision, and a copy that the key signed is
// believed no more.
//
// Documents and signatures are go-tuf's, which TUF's authors keep: another tool of TUF (TestAnotherToolOfTUF), or
// a machine that holds the keys, can make and sign them. Of TUF's client only the part about roots
// is here, because messages have a form, an order and a copy of their own.
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
