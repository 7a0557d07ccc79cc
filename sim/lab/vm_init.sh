#!/bin/busybox sh
# The first process of a guest that is a virtual machine. The kernel hands it
# guest, eni, address and router as its environment. It serves a page and
# 8 MiB of noise, and shows any file that the other end of the console names.
# If something fails it ends, and the machine with it.
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
ip link set eth0 mtu 9001 up
ip address add "$address" dev eth0
ip route add default via "$router"

head -c 8388608 /dev/urandom >/www/noise
md5sum </www/noise >/www/noise.md5
httpd -p 0.0.0.0:80 -h /www

echo ready
while read -r file; do
	cat "$file" || true
	echo .
done
