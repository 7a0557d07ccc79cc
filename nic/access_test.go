package nic

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What several cards tell of a rule is one line for all their ENIs, however odd a card's answer is.
func TestAccessOfCardsAddsUp(t *testing.T) {
	rule := Access{Outcome: "allowed", Direction: "inbound", Decider: Decider{"SecurityGroups", "sg-web", "tcp 80 from 0.0.0.0/0"}, ENIs: 2, Examples: []string{"eni-1", "eni-2"}}
	other := rule
	other.Parts, other.ENIs, other.Examples = []string{"tcp 80 0.0.0.0/1"}, 1<<62, []string{"eni-5"}
	odd := rule
	odd.Outcome = "x"
	var g Gathering
	g.Add("x", &Effect{Access: []Access{rule}, MoreAccess: 3})
	g.Add("y", &Effect{Access: []Access{other, odd, {Outcome: "allowed", Direction: "inbound", Decider: rule.Decider, ENIs: 4, Examples: []string{"eni-3", "eni-4"}}}, MoreAccess: 1})
	f := g.Effect()
	require.Equal(t, 4, f.MoreAccess)
	require.Len(t, f.Access, 2)
	require.Equal(t, other.Parts, f.Access[0].Parts, "of most ENIs")
	require.Equal(t, 6, f.Access[1].ENIs)
	require.Equal(t, []string{"eni-1", "eni-2", "eni-3"}, f.Access[1].Examples)
	g.Add("z", &Effect{MoreAccess: -1})
	require.Equal(t, -1, g.Effect().MoreAccess)
}
