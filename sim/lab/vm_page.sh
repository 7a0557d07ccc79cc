#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\nThis is %s (%s). Hello, %s.\n' "$guest" "$eni" "$REMOTE_ADDR"
