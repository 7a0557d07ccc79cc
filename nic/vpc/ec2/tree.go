package ec2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Bounds of one file. A region of 20,000 ENIs takes about 30 MB of JSON; YAML
// takes many times its size while it is read.
const (
	MaxJSON = 64 << 20
	MaxYAML = 16 << 20
	maxDeep = 32
)

// Tree reads YAML or JSON into maps with string keys, slices, strings, numbers,
// booleans and nil. A key that stands twice is an error: which of the two counted
// would be a matter of luck. name is for messages, and tells JSON by its ending. The
// mark that some editors begin UTF-8 with is no part of the text (RFC 8259 section 8.1).
func Tree(name string, data []byte) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff}) {
		return nil, errors.New("the file is in UTF-16; UTF-8 is expected")
	}
	if strings.HasSuffix(name, ".json") || json.Valid(data) {
		return jsonTree(data)
	}
	return yamlTree(data)
}

// line counts from 1.
func line(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(max(offset, 0), int64(len(data)))], []byte("\n"))
}

var errDeep = fmt.Errorf("nested deeper than %d levels", maxDeep)
