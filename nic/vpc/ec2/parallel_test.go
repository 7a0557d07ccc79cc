package ec2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// long is a list of n ENIs in JSON, with others in some places.
func long(n int, others map[int]string) string {
	var b strings.Builder
	b.WriteString("{\"NetworkInterfaces\":[")
	for i := range n {
		if i > 0 {
			b.WriteString(",\n")
		}
		if other, is := others[i]; is {
			b.WriteString(other)
			continue
		}
		fmt.Fprintf(&b, `{"NetworkInterfaceId":"eni-%d","SubnetId":"subnet-1","Groups":[{"GroupId":"sg-1"}],"PrivateIpAddress":"10.0.%d.%d"}`, i, i>>8&255, i&255)
	}
	b.WriteString("]}")
	return b.String()
}

// reading is all that comes of a text.
type reading struct {
	accounts []account
	err      string
	problems string
	unknown  []UnknownMember
	extra    bool
	left     int
}

func readLong(text string, objects, longFrom int) reading {
	defer func(was int) { longList = was }(longList)
	longList = longFrom
	bounds := UsualBounds
	bounds.Objects = objects
	var p Problems
	var u Unknown
	var of reading
	r, err := bounds.NewReader("a.json", strings.NewReader(text), &p)
	if err == nil {
		r.Collect(&u, &p)
		var a account
		if err = r.Decode("", &a.NetworkInterfaces); err == nil {
			err = r.End()
		}
		of.accounts = []account{a}
	}
	if err != nil {
		of.err = r.Explain(err).Error()
	}
	of.problems, of.unknown, of.extra, of.left = fmt.Sprint(p.Err()), u.Members, u.Extra, r.decoder.objects.left
	return of
}

// A long list is read as a short one is, with the same mistakes at the same places.
func TestLongListsAreReadAlike(t *testing.T) {
	const n = 3000
	many := map[int]string{}
	for i := 700; i < 900; i++ {
		many[i] = `{"NetworkInterfaceId":7.5}`
	}
	list := func(text string) string {
		return strings.TrimSuffix(strings.TrimPrefix(text, `{"NetworkInterfaces":`), "}")
	}
	whole := list(long(n, nil))
	for name, text := range map[string]string{
		"without a mistake":         whole,
		"of a wrong type":           list(long(n, map[int]string{999: `{"NetworkInterfaceId":"eni-x","SubnetId":{}}`, 1000: `7`, n - 1: `[]`})),
		"with null":                 list(long(n, map[int]string{999: `null`})),
		"with unknown names":        list(long(n, map[int]string{50: `{"SubnetID":"a"}`, 1999: `{"NetworkInterfaceId":"eni-x","SubnetID":"a"}`, 2500: `{"Elephant":[{}],"PrivateDnsName":"x"}`})),
		"with names we do not read": list(long(n, map[int]string{1999: `{"NetworkInterfaceId":"eni-x","PrivateDnsName":"x"}`})),
		"with many mistakes":        list(long(n, many)),
		"with mistakes to the end":  list(long(900, many)),
		"cut off":                   whole[:len(whole)/2],
		"cut off after a mistake":   strings.Replace(whole, `"eni-1500","SubnetId"`, `{},"SubnetId"`, 1)[:strings.Index(whole, `"eni-1500"`)+40],
		"that is no JSON":           strings.Replace(whole, `"eni-2000"`, `eni`, 1),
		"with a name twice":         strings.Replace(whole, `"SubnetId":"subnet-1","Groups":[{"GroupId":"sg-1"}],"PrivateIpAddress":"10.0.9.0"`, `"SubnetId":"a","SubnetId":"b"`, 1),
		"with an element of a MiB":  list(long(n, map[int]string{2000: `{"Description":"` + strings.Repeat("x", 1<<20) + `"}`})),
		"with more behind it":       whole + "{}",
	} {
		for _, objects := range []int{UsualBounds.Objects, 2*n - 1, 2 * n, 2*n + 1, n/2 + 3} {
			t.Run(fmt.Sprint(name, "/", objects), func(t *testing.T) {
				require.Equal(t, readLong(text, objects, 1<<30), readLong(text, objects, 600))
			})
		}
	}
	require.Greater(t, bytes.Count([]byte(whole), []byte("\n")), 2000, "lines to count")
}
