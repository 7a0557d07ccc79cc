package nic

import "errors"

// IdentityView is what those need who check the identity documents that a card signs (EC2 User Guide, "Instance
// identity documents").
type IdentityView struct {
	Certificate string `json:"certificate"` // PEM; of a key of the card's own, which lives as long as the card
}

// Identity tells how to check the card's identity documents. The error is an edge's, which signs none.
func (c *Card) Identity() (IdentityView, error) {
	if c.services == nil {
		return IdentityView{}, errors.New("an edge signs no identity documents")
	}
	pem, err := c.services.IdentityCertificate()
	return IdentityView{string(pem)}, err
}
