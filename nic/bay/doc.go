// Package bay has the places for a card's ports: the uplink's, and one for each ENI.
//
//	bay.go     Bay: a place, and how workers share the port there
//	bays.go    Bays: places come and go with ENIs
//	device.go  Device: a port that was opened, and who may ask the device
//	open.go    ports are opened and closed
//	plug.go    which ENI is plugged into which port, as policies change
//	link.go    links that go down, devices that change
//	gone.go    a device that goes away and comes back
//
// A worker has a pipeline.Queue of each bay. Package pipeline knows queues and no bays, so
// it needs nothing of devices but their bursts.
//
// # Devices that hang
//
// A device may take seconds to answer, or may never answer: a driver waits for firmware, a
// vhost-user port for its guest. So no device is opened, asked or closed while the card's
// mutex is held, and a call that does not end holds up only the callers that need the same
// device:
//
//   - Each device has a turn. The goroutine that has the turn asks the device, without the
//     mutex; then takes the mutex, looks whether the device still is in its bay, and only
//     then changes the workers' queues.
//   - The watch over links is a round of one goroutine over all devices. If a device
//     hangs, another goroutine goes on with the round, and later rounds skip the device,
//     whose turn is taken.
//   - While a port is being opened or closed, its spec is busy. A change that wants the
//     same port closes the ports that it has opened and waits, so no two changes wait for
//     each other.
//   - A listing waits a second for answers, and shows a silent device's last report.
package bay
