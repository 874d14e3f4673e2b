"""@TITLE@

pip install "python-osc>=1.9", then: python patch.py --help
"""

import argparse
@IMPORTS@
from pythonosc.osc_packet import OscPacket
from pythonosc.tcp_client import SimpleTCPClient

HOST, PORT = "@HOST@", @PORT@
PATIENCE = 10  # seconds

parser = argparse.ArgumentParser(description=@DESCRIPTION@, conflict_handler="resolve")
@OPTIONS@
given = parser.parse_args()

# Over TCP nothing is lost, however much comes at once.
try:
    client = SimpleTCPClient(HOST, PORT, mode="1.0")
except OSError as error:
    raise SystemExit(f"no enjamb answers at {HOST}:{PORT}: {error}")
client.send_message("@ADDRESS@", [
@ARGUMENTS@
])


def messages():
    """Those that come, out of bundles too, until none comes any more."""
    while packets := client.receive(PATIENCE):
        for packet in packets:
            yield from (timed.message for timed in OscPacket(packet).messages)


heard = messages()
# What is still to come: every output once, or as often as it has items.
missing = {address: set() for address in [@MISSING@]}
while missing:
    message = next(heard, None)
    if message is None:
        raise SystemExit(f"nothing more came in {PATIENCE} s; is enjamb running at {HOST}:{PORT}?")
    address, values = message.address, message.params
@HEAR@
    if address == "@ADDRESS@/error":
        raise SystemExit(values[0])
