#!/bin/sh
# Installs the programs that tests/peers.rs, tests/page.rs and tests/patches.rs talk to: liblo-tools, Pure Data,
# sclang, Node with osc.js, Python with python-osc and zeroconf, Chromium with Playwright and axe, and Java with
# Processing's core. Does nothing where all is there. Nothing lands in the checkout.
set -eu

peers="${ENJAMB_PEERS:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/enjamb-peers}"
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

missing=
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need oscsend liblo-tools
need oscdump liblo-tools
need pd puredata-core
need sclang supercollider-language
need node nodejs
need npm npm
need python3 python3
need chromium chromium
need javac default-jdk-headless
need g++ g++
[ -e /usr/share/java/processing-core.jar ] || missing="$missing libprocessing-core-java"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
if [ -n "$missing" ]; then
    as_root apt-get update -q
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi

mkdir -p "$peers"
if ! "$peers/venv/bin/python" -c 'import pythonosc, zeroconf' 2>/dev/null; then
    python3 -m venv "$peers/venv"
    "$peers/venv/bin/pip" install -q --disable-pip-version-check python-osc==1.10.2 zeroconf
fi
for package in osc ws playwright-core axe-core; do
    [ -d "$peers/node_modules/$package" ] && continue
    npm install --prefix "$peers" --ignore-scripts --no-audit --no-fund --silent \
        osc@2.4 ws@8 playwright-core@1 axe-core@4
    break
done
echo "peers are in $peers"
