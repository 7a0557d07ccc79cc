package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"nitrocard/nic/printable"
)

// writeYAML writes v as YAML with the names of its JSON, sorted.
func writeYAML(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var tree any
	numbers := json.NewDecoder(bytes.NewReader(text))
	numbers.UseNumber()
	if err := numbers.Decode(&tree); err != nil {
		return err
	}
	out := yaml.NewEncoder(w)
	out.SetIndent(2)
	out.CompactSeqIndent()
	if err := out.Encode(yamlNode(tree)); err != nil {
		return err
	}
	return out.Close()
}

// yamlNode is what JSON holds as YAML has it.
func yamlNode(v any) *yaml.Node {
	switch v := v.(type) {
	case map[string]any:
		object := &yaml.Node{Kind: yaml.MappingNode}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			object.Content = append(object.Content, yamlNode(name), yamlNode(v[name]))
		}
		return object
	case []any:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, element := range v {
			list.Content = append(list.Content, yamlNode(element))
		}
		return list
	case string:
		return yamlString(v)
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatBool(v)}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
}

// yamlString is a string. What is not printable stands in double quotes, where YAML
// has the escapes that printable.Writer makes.
func yamlString(text string) *yaml.Node {
	s := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if !printable.Is(text) {
		s.Style = yaml.DoubleQuotedStyle
	}
	return s
}
