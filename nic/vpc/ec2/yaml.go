package ec2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlText makes JSON of all documents of a YAML text. It reads nodes and not
// values: an alias stays one node, so that a bomb of them is refused before it is
// walked, and a scalar keeps its text, so that an account number with a leading
// zero keeps it.
func (bounds Bounds) yamlText(r io.Reader) (io.Reader, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(bounds.YAML)+1))
	if err != nil {
		return nil, err
	}
	if len(data) > bounds.YAML {
		return nil, fmt.Errorf("is longer than %s of YAML: save it as JSON, which may have %s", Bytes(int64(bounds.YAML)), Bytes(int64(bounds.JSON)))
	}
	var out bytes.Buffer
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document yaml.Node
		if err := d.Decode(&document); err == io.EOF && out.Len() > 0 {
			return &out, nil
		} else if err != nil {
			return nil, yamlError(err)
		}
		tree, err := yamlValue(&document, 0)
		if err != nil {
			return nil, err
		}
		if err := json.NewEncoder(&out).Encode(tree); err != nil {
			return nil, err
		}
	}
}

// yamlError is an error of the YAML library in this package's words.
func yamlError(err error) error {
	if err == io.EOF {
		return ErrEmpty
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if !strings.HasPrefix(text, "line ") { // which the library leaves out of the first
		text = "line 1: " + text
	}
	if strings.HasSuffix(text, "cannot start any token") {
		text += "; YAML is indented by spaces, and never by tabs"
	}
	return errors.New(text)
}

// maxDeep is twice what any answer of EC2 has.
const maxDeep = 32

var errDeep = fmt.Errorf("nested deeper than %d levels: no answer of EC2 is; take out what is none", maxDeep)

// yamlValue is a node as what JSON has in its place.
func yamlValue(n *yaml.Node, deep int) (any, error) {
	if deep > maxDeep {
		return nil, errDeep
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return yamlValue(n.Content[0], deep)
	case yaml.MappingNode:
		return yamlObject(n, deep)
	case yaml.SequenceNode:
		return yamlList(n, deep)
	case yaml.ScalarNode:
		return yamlScalar(n)
	}
	return nil, fmt.Errorf("line %d: *%s: aliases are not taken; write it out", n.Line, Shorten(n.Value))
}

// yamlObject is a mapping. A key that stands twice is an error: which of the two
// counted would be a matter of luck.
func yamlObject(n *yaml.Node, deep int) (_ any, err error) {
	object := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str" {
			return nil, fmt.Errorf("line %d: the key %s is no string: quote it", key.Line, Shorten(key.Value))
		}
		if _, twice := object[key.Value]; twice {
			return nil, fmt.Errorf("line %d: %q stands twice in one object", key.Line, Shorten(key.Value))
		}
		if object[key.Value], err = yamlValue(n.Content[i+1], deep+1); err != nil {
			return nil, err
		}
	}
	return object, nil
}

// yamlList is a sequence.
func yamlList(n *yaml.Node, deep int) (_ any, err error) {
	list := make([]any, len(n.Content))
	for i, element := range n.Content {
		if list[i], err = yamlValue(element, deep+1); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// yamlScalar is a plain value, by the type that YAML gives it.
func yamlScalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, nil
	case "!!int", "!!float":
		return yamlNumber(n.Value), nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!null":
		return nil, nil
	}
	return nil, fmt.Errorf("line %d: %s is not taken: a configuration has plain values only", n.Line, Shorten(n.ShortTag()))
}

// yamlNumber is a number where JSON has it too. What only YAML calls one (0x16,
// 1_000, .inf, an account number with a leading zero) stays the text it is.
func yamlNumber(text string) any {
	if json.Valid([]byte(text)) {
		return json.Number(text)
	}
	return text
}
