#!/bin/sh
# voyage.sh [PORT] [REPLY_PORT]: sets out, and prints the lines as they come. Needs liblo-tools. Ctrl-C ends it.
set -eu
port=${1:-57100}
reply_port=${2:-57200}

# /voyage/stop: stands still
trap 'oscsend 127.0.0.1 "$port" /voyage/stop; exit 0' INT TERM
# /voyage/start: sets out
(sleep 1; oscsend 127.0.0.1 "$port" /voyage/start) &
# /voyage/line i step, s line: whoever asked, all outputs come to the reply port of this computer.
oscdump -L "$reply_port" | sed -un 's/^.*\/voyage\/line is [0-9]* "\(.*\)"$/\1/p'
