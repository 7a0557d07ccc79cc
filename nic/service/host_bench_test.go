package service

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nitrocard/nic/imds"
	"nitrocard/nic/nictest"
	"nitrocard/nic/vpc"
)

// BenchmarkHost is what a host takes in time and memory, before anybody connects.
func BenchmarkHost(b *testing.B) {
	config, err := vpc.Load("../testdata/region.yaml")
	require.NoError(b, err)
	region, err := vpc.NewRegion(config)
	require.NoError(b, err)
	policy, err := region.Policy("x", nil)
	require.NoError(b, err)
	v, metadata := &view{nictest.ENI(policy, "eni-a1"), policy}, imds.New(time.Now)
	var hosts []*host
	before := inUse()
	for b.Loop() {
		h, err := newHost(v, metadata, nil, func(*host) {})
		require.NoError(b, err)
		hosts = append(hosts, h)
	}
	b.ReportMetric(float64(inUse()-before)/float64(len(hosts)), "B/host")
	for _, h := range hosts {
		h.close()
	}
}

// inUse is how much memory heap and stacks take.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
