package ec2

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

func jsonTree(data []byte) (any, error) {
	if len(data) > MaxJSON {
		return nil, fmt.Errorf("%d bytes are too many: JSON may have %d", len(data), MaxJSON)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	tree, err := jsonValue(d, 0)
	if err != nil {
		return nil, jsonError(data, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("line %d: nothing may follow the first JSON value", line(data, d.InputOffset()))
	}
	return tree, nil
}

func jsonValue(d *json.Decoder, deep int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if deep > maxDeep {
		return nil, errDeep
	}
	switch token {
	case json.Delim('['):
		return jsonArray(d, deep)
	case json.Delim('{'):
		return jsonObject(d, deep)
	}
	return token, nil
}

func jsonArray(d *json.Decoder, deep int) (any, error) {
	list := []any{}
	for d.More() {
		v, err := jsonValue(d, deep+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func jsonObject(d *json.Decoder, deep int) (any, error) {
	object := map[string]any{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key := token.(string) // the decoder admits no other
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("%q stands twice in one object", Shorten(key))
		}
		if object[key], err = jsonValue(d, deep+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return object, err
}

// jsonError names the line of a syntax error.
func jsonError(data []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", line(data, syntax.Offset), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON ends before it is complete")
	}
	return err
}
