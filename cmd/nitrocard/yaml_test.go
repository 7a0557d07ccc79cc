package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"nitrocard/nic/printable"
)

// Whatever a string is: YAML says it, and not another type's value.
func TestYAMLKeepsStrings(t *testing.T) {
	for _, text := range []string{
		"", "sg-web", "0123", "-1", "1e3", "0x16", "true", "no", "null", "~", "2026-01-01", "- a", "a: b", "# c", "'", `"`, "[a]", "{", "&a", "*a", "!a", "|", ">", "%",
		"a\nb", " a ", "a\\u0041", "\u00a0", "\u0085", "\u00ad", "\ufeff", "\uffff", "\U0001f600", "\U000e0041", "\ue000", hostile,
	} {
		var b bytes.Buffer
		require.NoError(t, writeYAML(printable.Writer(&b), map[string]any{text: text, "number": 5, "list": []any{text, true, nil}}))
		clean(t, b.String())
		var got map[string]any
		require.NoError(t, yaml.Unmarshal(b.Bytes(), &got), "%q", b.String())
		require.Equal(t, map[string]any{text: text, "number": 5, "list": []any{text, true, nil}}, got, "%q", b.String())
	}
}
