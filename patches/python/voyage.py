"""voyage: lines of verse from a walk, in the terminal. pip install python-osc, then: python voyage.py

Type a line and press return to travel there; a number alone sets the speed. Ctrl-C ends it.
"""

import argparse
import sys
import threading
import time

from pythonosc.udp_client import SimpleUDPClient

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, default=57100)
parser.add_argument("--lines", type=int, default=0, help="stop after so many; 0: never")
parser.add_argument("--temperature", type=float, default=0.5, help="0.05 to 2: how freely a line is read")
given = parser.parse_args()

# Answers come back to the port that asked.
enjamb = SimpleUDPClient(given.host, given.port)


def keep():
    """A subscriber that is silent for 30 s is forgotten."""
    while True:
        # /subscribe s pattern: all that the voyage says
        enjamb.send_message("/subscribe", "/voyage")
        time.sleep(10)


def listen_to_keys():
    for line in sys.stdin:
        words = line.strip()
        try:
            # /voyage/walk/speed f: latent units a second
            enjamb.send_message("/voyage/walk/speed", float(words))
        except ValueError:
            # /voyage/walk/to s: travels to where this line lies, and on
            if words:
                enjamb.send_message("/voyage/walk/to", words)


threading.Thread(target=keep, daemon=True).start()
threading.Thread(target=listen_to_keys, daemon=True).start()
# /voyage/poetry/temperature f, /voyage/start
enjamb.send_message("/voyage/poetry/temperature", given.temperature)
enjamb.send_message("/voyage/start", [])

n_lines, line = 0, ""
try:
    while given.lines == 0 or n_lines < given.lines:
        for message in enjamb.get_messages(timeout=30):
            address, values = message.address, message.params
            # /voyage/line i step, s line
            if address == "/voyage/line":
                line = values[1]
                print(line, flush=True)
                n_lines += 1
            # /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
            elif address == "/voyage/place":
                print(f"    {values[1]:+.2f} {values[2]:+.2f}", flush=True)
            # /voyage/error s: what failed; it goes on by itself
            elif address == "/voyage/error":
                print(values[0], file=sys.stderr)
            break
        else:
            raise SystemExit(f"nothing came in 30 s; does enjamb run at {given.host}:{given.port}?")
except KeyboardInterrupt:
    # /voyage/stop: stands still
    enjamb.send_message("/voyage/stop", [])
