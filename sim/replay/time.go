package replay

import (
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// Time is nanoseconds since 1970, UTC. In JSON it is seconds, a number with
// all its digits: a float64 would round today's nanoseconds to 238 of them.
type Time int64

// MarshalJSON writes seconds and nine decimals.
func (t Time) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%09d", t/1e9, t%1e9), nil
}

// UnmarshalJSON reads seconds, as a number, or RFC 3339, as a string.
func (t *Time) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var at time.Time
		if err := json.Unmarshal(data, &at); err != nil {
			return fmt.Errorf("time %s is not RFC 3339, such as \"2026-01-31T12:00:00Z\"", data)
		}
		return t.set(big.NewRat(at.Unix(), 1), int64(at.Nanosecond()), data)
	}
	var n json.Number
	if err := json.Unmarshal(data, &n); err != nil || n == "" || len(n) > 40 {
		return fmt.Errorf("time %.40s is neither Unix seconds nor a string in RFC 3339", data)
	}
	seconds, ok := new(big.Rat).SetString(n.String())
	if !ok {
		return fmt.Errorf("time %s is not a number of seconds", data)
	}
	return t.set(seconds, 0, data)
}

// maxSeconds is the end of time in a pcap file, in the year 2106.
const maxSeconds = 1 << 32

// set checks the range before it multiplies; what is below a nanosecond is
// cut off.
func (t *Time) set(seconds *big.Rat, nanos int64, data []byte) error {
	if seconds.Sign() < 0 || seconds.Cmp(big.NewRat(maxSeconds, 1)) >= 0 {
		return fmt.Errorf("time %s lies outside 1970 to 2106, the years of pcap", data)
	}
	ns := seconds.Mul(seconds, big.NewRat(1e9, 1))
	*t = Time(new(big.Int).Quo(ns.Num(), ns.Denom()).Int64() + nanos)
	return nil
}
