#!/bin/sh
# The user data of b1 as a small guest, which has the page and 8 MiB of noise: serves them.
httpd -p 0.0.0.0:80 -h /www
