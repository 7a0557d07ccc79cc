package nic

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The longest answer of a card is read.
func TestTheLongestAnswerIsRead(t *testing.T) {
	fate := Fate{Outcome: "cut", Examples: make([]FlowView, mostExamples)}
	access := Access{Parts: make([]string, mostParts), Examples: make([]string, mostExamples)}
	longest := Answer{Effect: &Effect{
		Fates: slices.Repeat([]Fate{fate}, MostReasons+len(outcomeNames)), Access: slices.Repeat([]Access{access}, mostAccess),
		Unused: make([]Decider, 3*mostUnused),
	}}
	text, err := json.Marshal(longest)
	require.NoError(t, err)
	require.Less(t, len(text), MostAnswer)
	read, err := ReadAnswer(text)
	require.NoError(t, err)
	require.Equal(t, longest, read)
}

// Lists of an answer that a card could not give take little memory, wherever they are.
func TestLongListsAreNotRead(t *testing.T) {
	for _, around := range []string{
		`{"effect": {"fates": [{"outcome": "cut", "examples": [?]}]}}`,
		`{"effect": {"fates": [?]}}`,
		`{"effect": {"unused": [?]}}`,
		`{"effect": {"cards": [?]}}`,
		`{"effect": {"access": [{"examples": ["[", "\"["], "parts": [?]}]}}`,
		`{"huge": 1e999, "effect": {"unused": [?]}}`,
		`[?]`,
	} {
		for _, item := range []string{"{}", "null", "0", `""`, "[]"} {
			text := strings.Replace(around, "?", strings.Repeat(item+",", (MostAnswer-1<<10)/(len(item)+1))+item, 1)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := ReadAnswer([]byte(text))
			runtime.ReadMemStats(&after)
			require.ErrorIs(t, err, errListed, around)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20), around)
		}
	}
}
