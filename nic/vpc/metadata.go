package vpc

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"nitrocard/nic/printable"
	"nitrocard/nic/vpc/ec2"
)

// MetadataOptions are how an instance may ask for its metadata (EC2 User Guide, "Configure the Instance
// Metadata Service options").
type MetadataOptions struct {
	Off           bool // nobody is answered
	OffIPv6       bool // nobody is answered at the IPv6 address
	TokenRequired bool // nobody is answered without a token
	HopLimit      int  // TTL of the answer that brings a token, 1 to 64
	Tags          bool // the instance's tags are told
}

// mostHops is the highest HttpPutResponseHopLimit.
const mostHops = 64

// mostUserData is how many bytes of user data an instance may have (EC2 User Guide, "Run commands when
// you launch an EC2 instance").
const mostUserData = 16 << 10

// Instance is an instance as it is configured, nil if only its ENIs are. The instance belongs to the
// region: read it, and change nothing.
func (r *Region) Instance(id string) *ec2.Instance { return found[ec2.Instance](r, "Instances", id) }

// MetadataOptions are an instance's; one of which nothing is configured has EC2's defaults.
func (r *Region) MetadataOptions(instance string) MetadataOptions {
	o := MetadataOptions{HopLimit: 1}
	i := r.Instance(instance)
	if i == nil || i.MetadataOptions == nil {
		return o
	}
	told := i.MetadataOptions
	o.Off, o.OffIPv6 = told.HttpEndpoint == "disabled", told.HttpProtocolIpv6 == "disabled"
	o.TokenRequired, o.Tags = told.HttpTokens == "required", told.InstanceMetadataTags == "enabled"
	o.HopLimit = max(o.HopLimit, told.HttpPutResponseHopLimit)
	return o
}

// UserData is an instance's user data, as they were given at its launch; nil: none.
func (r *Region) UserData(instance string) []byte {
	a := found[ec2.InstanceAttribute](r, "InstanceAttributes", instance)
	if a == nil || a.UserData.Value == "" {
		return nil
	}
	data, _ := base64.StdEncoding.DecodeString(a.UserData.Value) // which the compiler has checked
	return data
}

// PublicKey is the public key of a key pair's name, a line without its end; "": the configuration does
// not tell the key, tells two of the name, or has VPCs of several accounts. A key pair does not say whose
// it is, and its name may be that of a key in each account.
func (r *Region) PublicKey(name string) (key string) {
	if r.severalAccounts() {
		return ""
	}
	for _, id := range r.NamedBy("KeyPairs", keyNamed(name)) {
		k := strings.TrimSpace(found[ec2.KeyPair](r, "KeyPairs", id).PublicKey)
		if !printable.Is(k) { // an answer's, which is noted
			return ""
		}
		if key != "" && k != key {
			return ""
		}
		key = k
	}
	return key
}

// machines checks what is told of instances beside their ENIs.
func (c *compiler) machines() {
	for o, config := range each[ec2.KeyPair](c, "KeyPairs") {
		switch key := strings.TrimSpace(config.PublicKey); {
		case key == "":
			c.notice(KeyUnknown, o.path(), "PublicKey is missing (aws ec2 describe-key-pairs --include-public-key)")
		case !printable.Is(key) && o.answer:
			c.notice(KeyUnknown, o.path(), "PublicKey has characters that are in no public key")
		case !printable.Is(key):
			c.Add(ec2.In(o.path(), "PublicKey"), "has characters that are in no public key; it is one line, such as ssh-ed25519 AAAA…")
		}
	}
	for o, config := range each[ec2.InstanceAttribute](c, "InstanceAttributes") {
		data, err := base64.StdEncoding.DecodeString(config.UserData.Value)
		if err != nil || len(data) > mostUserData {
			c.Add(ec2.In(o.path(), "UserData"), "is no base64 of %d bytes at most", mostUserData)
		}
	}
	for o, config := range each[ec2.InstanceTypeInfo](c, "InstanceTypes") {
		baseline, peak := config.Bandwidth()
		if peak != 0 && !(peak >= leastGbps && peak <= mostGbps && (baseline == 0 || baseline >= leastGbps && baseline <= peak)) {
			c.Add(ec2.In(o.path(), "NetworkInfo"), "%v Gbit/s up to %v are no bandwidth of network cards: %v to %v, and the baseline is within them and not above the peak", baseline, peak, leastGbps, mostGbps)
		}
	}
	if c.prev.severalAccounts() != c.next.severalAccounts() {
		c.markKeyed()
	}
	c.markRetyped()
	for o, config := range each[ec2.Instance](c, "Instances") {
		c.whereabouts(o, config)
		c.metadataOptions(o, config)
		c.tags(o, config)
		c.keyName(o, config.KeyName)
		if p := config.PrivateDnsNameOptions; p != nil {
			c.oneOf(ec2.In(o.path(), "PrivateDnsNameOptions"), "HostnameType", p.HostnameType, "ip-name", resourceName)
		}
	}
}

// metadataOptions checks the options of an instance.
func (c *compiler) metadataOptions(o *object, config *ec2.Instance) {
	m := config.MetadataOptions
	if m == nil {
		return
	}
	path := ec2.In(o.path(), "MetadataOptions")
	c.oneOf(path, "HttpTokens", m.HttpTokens, "optional", "required")
	c.oneOf(path, "HttpEndpoint", m.HttpEndpoint, "enabled", "disabled")
	c.oneOf(path, "HttpProtocolIpv6", m.HttpProtocolIpv6, "enabled", "disabled")
	c.oneOf(path, "InstanceMetadataTags", m.InstanceMetadataTags, "enabled", "disabled")
	if n := m.HttpPutResponseHopLimit; n < 0 || n > mostHops {
		c.Add(path, "HttpPutResponseHopLimit %d is no number of hops: 1 to %d", n, mostHops)
	}
}

// oneOf checks that a word is one of two, or absent.
func (c *compiler) oneOf(path, field, word, one, other string) {
	if word != "" && word != one && word != other {
		c.Add(path, "%s %q is neither %s nor %s", field, ec2.Shorten(word), one, other)
	}
}

// tags checks the keys of an instance's tags, which are names of paths if metadata has them (EC2 User
// Guide, "View tags for your EC2 instances using instance metadata").
func (c *compiler) tags(o *object, config *ec2.Instance) {
	if m := config.MetadataOptions; m == nil || m.InstanceMetadataTags != "enabled" {
		return
	}
	for i, tag := range config.Tags {
		path, what := ec2.In(o.path(), ec2.At("Tags", i, "")), "Key "+strconv.Quote(ec2.Shorten(tag.Key))
		switch wrong := !isTagPath(tag.Key); {
		case wrong && o.answer:
			c.notice(TagUntold, path, what)
		case wrong:
			c.Add(path, "%s: with InstanceMetadataTags a key has letters, digits and + - = . , _ : @", what)
		case hasTag(config.Tags[:i], tag.Key) && !o.answer:
			c.Add(path, "%s is the key of another tag, too", what)
		}
	}
}

func hasTag(tags []ec2.Tag, key string) bool {
	return slices.ContainsFunc(tags, func(t ec2.Tag) bool { return t.Key == key })
}

// isTagPath tells whether a tag's key can be the name of a path.
func isTagPath(key string) bool {
	return key != "" && key != "." && key != ".." && key != "_index" && strings.IndexFunc(key, notInTagPath) < 0
}

func notInTagPath(r rune) bool { return notInID(r) && !strings.ContainsRune("+=,@", r) }

// ToldTags are the tags that an instance's metadata have, of which none has an odd key.
func (r *Region) ToldTags(instance string) (told []ec2.Tag) {
	if !r.MetadataOptions(instance).Tags {
		return nil
	}
	for _, t := range r.Instance(instance).Tags {
		if isTagPath(t.Key) {
			told = append(told, t)
		}
	}
	return told
}

// keyName notes that the public key of an instance is not told. Who lacks all keys is told so once. An
// unknown name is no mistake: the error would tell an owner which names others' keys have, and nobody
// could delete a key that somebody names.
func (c *compiler) keyName(o *object, name string) {
	if name == "" || !c.given("KeyPairs") || c.elsewhere() {
		return
	}
	if why := c.next.keyMissing(name); why != "" {
		c.notice(KeyUnknown, o.path(), "KeyName "+ec2.Shorten(name)+why)
	}
}

// keyMissing is why a key pair's name leads to no key, as the end of a sentence; "": the name leads to
// one pair, or to several with the same key.
func (r *Region) keyMissing(name string) string {
	switch pairs := r.NamedBy("KeyPairs", keyNamed(name)); {
	case len(pairs) == 0:
		return " is not in KeyPairs"
	case r.severalAccounts():
		return " may be the key of another account, because Vpcs have several of OwnerId and KeyPairs tell none"
	case len(pairs) > 1 && r.PublicKey(name) == "":
		return " is that of several key pairs"
	}
	return ""
}
