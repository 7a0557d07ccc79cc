package pipeline

import (
	"runtime"
	"strconv"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/nictest/ample"
	"nitrocard/nic/vpc"
	"nitrocard/nic/wire"
)

// The latest drops and the packets of the last burst do not keep the policies
// that they met in memory.
func TestAnOldPolicyIsForgotten(t *testing.T) {
	x := newRig(t)
	old := weak.Make(x.eni("eni-a1"))
	x.connect("22")
	x.fromInternet("eni-a1", tcp("23", wire.TCPSyn)).dropped(SecurityGroupIn)
	x.apply(x.config)
	x.ended = nil
	require.Eventually(t, func() bool { runtime.GC(); return old.Value() == nil }, ample.Time, time.Millisecond)
	require.Equal(t, "eni-a1", said(&x.latest()[0])[2])
}

// Rules that come and go leave nothing behind, and a connection still names
// the rule that allowed it, whatever became of it.
func TestRulesThatNobodyUsesAreForgotten(t *testing.T) {
	x := newRig(t)
	x.connect("22")
	allowed := x.flow("eni-a1").Rule
	book := x.rules
	p := x.policy()
	for i := range 2 * rulebookRoom {
		x.admits(permit("tcp", strconv.Itoa(1000+i), "203.0.113.0/24"))
		book.number(x.policy(), firstRule(x.policy(), "sg-a-web"))
	}
	require.NotSame(t, p, x.policy())
	require.LessOrEqual(t, len(book.rules), rulebookRoom+1)
	require.LessOrEqual(t, len(book.numbers), rulebookRoom)
	require.Equal(t, allowed, x.flow("eni-a1").Rule)
}

// firstRule is the first rule of a group in a policy.
func firstRule(p *vpc.Policy, group string) (id vpc.RuleID) {
	for id = 1; p.Region.Rule(id).Group != group; id++ {
	}
	return id
}
