package vpc

// Sent is a configuration on its way to a card, with the findings of reading its files:
// where each object was read, and what was passed over. The card reads the JSON strictly,
// because reading the files left out every unknown name.
type Sent struct {
	Config  *Config
	Answer  bool
	Places  Places
	Notices []Notice
}

// NewSent makes a configuration ready to be sent.
func NewSent(c *Config) Sent { return Sent{c, c.Answer, c.Places, c.Notices} }

// Received is the configuration that NewSent was given.
func (s Sent) Received() *Config {
	if s.Config == nil {
		return &Config{}
	}
	s.Config.Answer, s.Config.Places, s.Config.Notices = s.Answer, s.Places, s.Notices
	return s.Config
}
