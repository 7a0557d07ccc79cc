package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckHoldsAConfigurationToSentences(t *testing.T) {
	region, dir := aRegion(t), t.TempDir()
	file, report := filepath.Join(dir, "expect.txt"), filepath.Join(dir, "report.xml")
	today := explains(t, "check", "--expect-from", region)
	require.NoError(t, os.WriteFile(file, []byte(today), 0o600))
	require.Contains(t, explains(t, "check", region, "--expect", file), " hold, 0 do not\n")

	require.NoError(t, os.WriteFile(file, []byte("internet eni-a1 tcp 80 allowed\ninternet eni-a1 tcp6 22 allowed\n"), 0o600))
	var out, problems strings.Builder
	require.Equal(t, 1, execute(t.Context(), []string{"check", region, "--expect", file, "--junit", report}, &out, &problems))
	require.Empty(t, problems.String())
	require.Equal(t, `ok   internet → eni-a1, tcp 80: allowed
FAIL internet → eni-a1, tcp6 22: denied, and allowed is expected; security_group_in at eni-a1: no inbound rule of the ENI's security groups allows it
2 sentences: 1 hold, 1 do not
`, out.String())

	var suites junitSuites
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(text, &suites))
	require.Equal(t, 2, suites.Suites[0].Tests)
	require.Equal(t, 1, suites.Suites[0].Failures)
	require.Nil(t, suites.Suites[0].Cases[0].Failure)
	require.Contains(t, suites.Suites[0].Cases[1].Failure.Text, "expect.txt:2: FAIL internet → eni-a1, tcp6 22")

	out.Reset()
	require.Equal(t, 1, execute(t.Context(), []string{"check", region, "--expect", file, "--output", "json"}, &out, &problems))
	var told expectation
	require.NoError(t, json.Unmarshal([]byte(out.String()), &told))
	require.Equal(t, 1, told.Fails)
	require.Equal(t, "denied", told.Sentences[1].Got)
}

func TestSentencesThatMeanNothingHere(t *testing.T) {
	region := aRegion(t)
	file := filepath.Join(t.TempDir(), "expect.txt")
	require.NoError(t, os.WriteFile(file, []byte("internet nobody tcp 80 allowed\neni-a1 eni-a1 tcp 80 denied\ninternet eni-a1 tcp 80 allowed\n"), 0o600))
	report := filepath.Join(t.TempDir(), "report.xml")
	require.NoError(t, os.WriteFile(report, []byte("of another day"), 0o600))
	var out, problems strings.Builder
	require.Equal(t, 1, execute(t.Context(), []string{"check", region, "--expect", file, "--junit", report}, &out, &problems))
	require.Empty(t, problems.String())
	require.Contains(t, out.String(), `FAIL internet → nobody, tcp 80: error, and allowed is expected; line 1: --to: there is no "nobody"`)
	require.Contains(t, out.String(), "FAIL eni-a1 → eni-a1, tcp 80: error, and denied is expected; line 2: both ends are eni-a1")
	require.Contains(t, out.String(), "ok   internet → eni-a1, tcp 80: allowed\n3 sentences: 1 hold, 2 do not\n")
	var suites junitSuites
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	require.NoError(t, xml.Unmarshal(text, &suites))
	s := suites.Suites[0]
	require.Equal(t, []int{3, 0, 2}, []int{s.Tests, s.Failures, s.Errors})
	require.Contains(t, s.Cases[0].Error.Message, `there is no "nobody"`)
	require.Nil(t, s.Cases[0].Failure)
	require.Nil(t, s.Cases[2].Error)
}

func TestWhatCheckDoesNotTake(t *testing.T) {
	region := aRegion(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"check"}, "check takes one FILE or DIR"},
		{[]string{"check", region, "--junit", "x"}, "--junit goes with --expect, which is missing"},
		{[]string{"check", region, "--expect-from", region}, "leave out FILE or DIR"},
	} {
		var out, problems strings.Builder
		require.Equal(t, 1, execute(t.Context(), c.args, &out, &problems))
		require.Contains(t, problems.String(), c.want)
	}
}
