#!/bin/busybox sh
# The first process of a guest that is a virtual machine. Nothing is told to it: it gets its
# address by DHCP, hears by metadata with a token who it is, and runs its user data, which serve a
# page and 8 MiB of noise. It shows any file that the other end of the console names. If something
# fails it ends, and the machine with it.
set -e
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
exec </dev/console >/dev/console 2>&1
stty -echo

for module in /modules/*; do insmod "$module"; done
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
ip link set lo up
ip link set eth0 up
udhcpc -i eth0 -n -q -t 10 -s /vm_lease.sh

# ask sends the metadata service a request with one header, and shows the answer.
ask() {
	printf '%s /latest/%s HTTP/1.0\r\nHost: 169.254.169.254\r\nX-aws-ec2-metadata-token%s\r\n\r\n' "$1" "$2" "$3" |
		nc 169.254.169.254 80 | sed '1,/^\r$/d'
}
token=$(ask PUT api/token "-ttl-seconds: 60")
instance=$(ask GET meta-data/instance-id ": $token")
eni=$(ask GET "meta-data/network/interfaces/macs/$(cat /sys/class/net/eth0/address)/interface-id" ": $token")
export guest=${instance#i-} eni
nslookup "$(hostname)" >/etc/named

head -c 8388608 /dev/urandom >/www/noise
md5sum </www/noise >/www/noise.md5
ask GET user-data ": $token" >/etc/user-data
sh -e /etc/user-data

echo ready
while read -r file; do
	cat "$file" || true
	echo .
done
