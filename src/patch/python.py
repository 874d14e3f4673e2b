"""@TITLE@

pip install python-osc, then: python patch.py --help
"""

import argparse
@IMPORTS@
from pythonosc.udp_client import SimpleUDPClient

HOST, PORT = "@HOST@", @PORT@
PATIENCE = 10  # seconds

parser = argparse.ArgumentParser(description=@DESCRIPTION@, conflict_handler="resolve")
@OPTIONS@
given = parser.parse_args()

client = SimpleUDPClient(HOST, PORT)
client.send_message("@ADDRESS@", [
@ARGUMENTS@
])

# What is still to come: every output once, or as often as it has items.
missing = {address: set() for address in [@MISSING@]}
while missing:
    message = next(client.get_messages(timeout=PATIENCE), None)
    if message is None:
        raise SystemExit(f"nothing more came in {PATIENCE} s; is enjamb running at {HOST}:{PORT}?")
    address, values = message.address, message.params
@HEAR@
    if address == "@ADDRESS@/error":
        raise SystemExit(values[0])
