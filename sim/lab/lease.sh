#!/bin/sh
# What udhcpc runs with a lease in its environment: shows it.
if [ "$1" = bound ]; then
	for name in ip mask router dns domain hostname mtu lease; do
		eval "echo $name=\$$name"
	done
fi
