// Package bay has the places for ports of a card: the uplink's, and one for each
// ENI.
//
//	bay.go     Bay: a place, and how workers share the port in it
//	bays.go    Bays: places come and go with ENIs
//	device.go  Device: a port that was opened, and who may ask it
//	open.go    ports are opened and closed
//	plug.go    which ENI is plugged into which port, as policies change
//	link.go    links that go down, devices that change
//	gone.go    a device that goes away and comes back
//
// What a worker has of a bay is a pipeline.Queue. The packets' way knows queues and
// no bays, so that it needs nothing of devices but their bursts.
//
// # Devices that hang
//
// A device may take seconds to answer, or never do: a driver waits for firmware, a
// vhost-user port for its guest. So no device is opened, asked or closed while the
// card's mutex is held, and a call that does not end holds up who needs that device
// only:
//
//   - Each device has a turn. Who has the turn asks the device, without the mutex;
//     then takes the mutex, looks whether the device still is in its bay, and only
//     then changes what workers have.
//   - The watch over links is a round of one goroutine over all devices. If a device
//     hangs, another goroutine goes on with the round, and later rounds pass by the
//     device whose turn is taken.
//   - While a port is being opened or closed its spec is busy: who wants the same
//     port waits until that has ended, and has no port of his own meanwhile.
//   - A listing waits a second for answers, and shows what a device said last.
package bay
