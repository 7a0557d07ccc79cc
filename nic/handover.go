package nic

import "nitrocard/nic/pipeline"

// MostRecords is how many bytes the records of one ENI's connections have at most.
const MostRecords = pipeline.MostRecordBytes

// Departed are the records of the connections of ENIs that left for another card, by ENI, each ENI once.
// Whoever has the ENI hands them to Resume there.
func (c *Card) Departed() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	return c.crew.Departed()
}

// Resume takes the records of the connections of an ENI that came from another card, and tells how many
// of them go on here. Damaged records are an error, and none of them is taken. Records grant nothing:
// see package pipeline.
func (c *Card) Resume(eni string, records []byte) (taken int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return 0, errClosed
	}
	return c.crew.Resume(eni, records)
}

// CheckRecords is an error unless a card may have written the records of one ENI's connections.
func CheckRecords(records []byte) error {
	_, err := pipeline.ReadRecords(records)
	return err
}
