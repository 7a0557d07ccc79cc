// Package explain tells why a packet went or fell: what each stage of the packet path looked
// up for it, and what the stage decided. It needs a configuration and nothing else: no card that
// runs, no right, no Linux.
//
//	guest of A ──▶ card of A ═══▶ card of a middlebox, of a NAT gateway, … ═══▶ card of B ──▶ guest of B
//	                  ╚═══▶ edge ──▶ the internet
//
// The judges are those of the packet path. A Network makes the cards that the packet meets, and
// an edge, in memory, and sends a real packet through them; each card tells what its stages found
// as it tells any observer (nic.Event). So nothing here decides anything. Each ENI has a card of
// its own, whatever Placement says, because what EC2 does to a packet does not depend on which
// servers the ENIs are on, and a card with one ENI tells of that ENI alone.
//
//	net, err := explain.New(config)               // a *vpc.Config
//	defer net.Close()
//	path, err := net.Explain(explain.Question{From: a, To: b})
//	for _, hop := range path.Forward {            // a card, or the edge
//		for _, pass := range hop.Passes {     // the way in or out of the card's ENI
//			for _, look := range pass.Looks { // a stage: its name, and what it found
//				fmt.Println(hop.ENI, look)
//			}
//		}
//	}
//
// The way back is in path.Return, and how each way ended in path.End and path.ReturnEnd.
//
//	packet.go    a packet's headers, and a frame of them
//	network.go   Network: a region whose ENIs have a card each; place.go where they are
//	host.go      a card, its ports, and the edge
//	carry.go     from card to card, until the packet ends
//	hop.go       Hop and Pass: what a card did; look.go what its stages found
//	path.go      Explain: the way there and the way back
//	question.go  a question as people ask it; ends.go what they call an end;
//	             holders.go who has an address
//	component.go a way as the parts of EC2 that its owner knows; names.go what they are called
//	change.go    Repair: the smallest changes that let a packet through, each tried;
//	             fall.go where it falls, and groupchange.go, aclchange.go, publicchange.go
//	             and routechange.go what may help there
//	sentence.go  what a network is expected to do; today.go what it does today
//	analysis.go  a path as EC2's NetworkInsightsAnalysis; insights.go its shape, code.go its codes
package explain
