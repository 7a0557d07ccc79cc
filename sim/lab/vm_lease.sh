#!/bin/busybox sh
# What the guest's DHCP client runs with a lease in its environment.
[ "$1" = bound ] || exit 0
ip link set "$interface" mtu "$mtu"
ip address add "$ip/$mask" dev "$interface"
ip route add default via "$router"
hostname "$hostname"
echo "search $domain" >/etc/resolv.conf
for server in $dns; do echo "nameserver $server" >>/etc/resolv.conf; done
