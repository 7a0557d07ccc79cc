package ec2

import (
	"bytes"
	"encoding"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"nitrocard/nic/wire"
)

// text fills a type that reads itself from a string, such as an address.
func (d *decoder) text(kind jsontext.Kind, into reflect.Value) error {
	t := into.Addr().Interface().(encoding.TextUnmarshaler)
	if kind == jsontext.KindBeginObject || kind == jsontext.KindBeginArray {
		d.wrong("%s is no %s", map[bool]string{true: "an object", false: "a list"}[kind == jsontext.KindBeginObject], example(t))
		return d.SkipValue()
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	if kind != jsontext.KindString || t.UnmarshalText(plain(raw)) != nil || isZeroMAC(t) {
		d.wrong("%s is no %s", described(raw), example(t))
	}
	return nil
}

// isZeroMAC tells whether a MAC was written that stands for none.
func isZeroMAC(t encoding.TextUnmarshaler) bool {
	mac, is := t.(*wire.MAC)
	return is && mac.IsZero()
}

// example says in an error what such a type looks like.
func example(of encoding.TextUnmarshaler) string {
	switch of.(type) {
	case *netip.Prefix:
		return "CIDR such as 10.0.0.0/16"
	case *netip.Addr:
		return "IP address such as 10.0.1.5"
	case *wire.MAC:
		return "MAC address such as 06:00:00:00:00:01"
	}
	return fmt.Sprintf("%T", of)
}

// scalar takes digits where a string belongs: YAML makes a number of an unquoted
// account number, port or protocol.
func (d *decoder) scalar(kind jsontext.Kind, into reflect.Value) error {
	switch into.Kind() {
	case reflect.String:
		if kind != jsontext.KindString && kind != jsontext.KindNumber {
			return d.mistaken(kind, "a string")
		}
	case reflect.Bool:
		if kind != jsontext.KindTrue && kind != jsontext.KindFalse {
			return d.mistaken(kind, "true or false")
		}
	case reflect.Float64:
		if kind != jsontext.KindNumber {
			return d.mistaken(kind, "a number")
		}
	default:
		if kind != jsontext.KindNumber {
			return d.mistaken(kind, "a whole number")
		}
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch {
	case into.Kind() == reflect.Bool:
		into.SetBool(kind == jsontext.KindTrue)
	case into.Kind() == reflect.Float64:
		d.float(raw, into)
	case into.Kind() != reflect.String:
		d.number(raw, into)
	case kind == jsontext.KindString:
		text := plain(raw)
		d.bound(text, d.most)
		into.SetString(d.recent.get(text))
	case whole(raw):
		into.SetString(string(raw))
	default:
		d.wrong("a string is expected, not %s", described(raw))
	}
	return nil
}

// whole tells whether a number has digits alone.
func whole(raw []byte) bool {
	_, err := strconv.ParseInt(string(raw), 10, 64)
	return err == nil
}

// number fills an integer, which is to be whole and in range.
func (d *decoder) number(raw []byte, into reflect.Value) {
	bits := into.Type().Bits()
	switch n, err := strconv.ParseInt(string(raw), 10, 64); {
	case !whole(raw) && bytes.ContainsAny(raw, ".eE"):
		d.wrong("a whole number is expected, not %s", described(raw))
	case into.CanUint():
		if err != nil || n < 0 || into.OverflowUint(uint64(n)) {
			d.wrong("%s is out of range: 0 to %d", Shorten(string(raw)), uint64(1)<<bits-1)
			return
		}
		into.SetUint(uint64(n))
	case err != nil || n != int64(int32(n)):
		d.wrong("%s is out of range", Shorten(string(raw)))
	default:
		into.SetInt(n)
	}
}

// float fills a number that need not be whole.
func (d *decoder) float(raw []byte, into reflect.Value) {
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		d.wrong("%s is out of range", Shorten(string(raw)))
		return
	}
	into.SetFloat(f)
}

// plain is the text of a string without its quotes. Bytes that are no UTF-8, such as
// those of a description in Latin-1, become U+FFFD: what was read is also what a
// print of the configuration says.
func plain(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw) {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return text
}

// unquote is the string that a JSON string stands for.
func unquote(raw []byte) string { return string(plain(raw)) }

// described says what stands in the configuration.
func described(raw jsontext.Value) string {
	if raw.Kind() == jsontext.KindString {
		return strconv.Quote(Shorten(unquote(raw)))
	}
	return Shorten(string(raw))
}
