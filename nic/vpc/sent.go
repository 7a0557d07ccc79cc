package vpc

// Sent is a configuration on its way to a card, with what reading its files told:
// where each object was read, and what was passed over. Its JSON is read strictly,
// since everything unknown was left out before.
type Sent struct {
	Config  *Config
	Answer  bool
	Places  Places
	Notices []Notice
}

// NewSent makes a configuration ready to be sent.
func NewSent(c *Config) Sent { return Sent{c, c.Answer, c.Places, c.Notices} }

// Received is the configuration as it was before it was sent.
func (s Sent) Received() *Config {
	if s.Config == nil {
		return &Config{}
	}
	s.Config.Answer, s.Config.Places, s.Config.Notices = s.Answer, s.Places, s.Notices
	return s.Config
}
