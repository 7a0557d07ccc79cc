// Package bay has the places for ports of a card: the uplink's, and one for each
// ENI.
//
//	bay.go    Bay: a place, the port in it, and how workers share the port
//	bays.go   Bays: places come and go with ENIs
//	plug.go   which ENI is plugged into which port, as policies change
//	link.go   links that go down, devices that change
//	gone.go   a device that goes away and comes back
//
// What a worker has of a bay is a pipeline.Queue. The packets' way knows queues and
// no bays, so that it needs nothing of devices but their bursts.
package bay
