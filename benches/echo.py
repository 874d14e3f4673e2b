"""Echoes OSC with python-osc, for benches/osc.rs. Prints its port, then answers until killed."""

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_server import BlockingOSCUDPServer


def pong(client, address, *arguments):
    builder = OscMessageBuilder(address="/pong")
    for argument in arguments:
        builder.add_arg(argument)
    server.socket.sendto(builder.build().dgram, client)


dispatcher = Dispatcher()
dispatcher.map("/ping", pong, needs_reply_address=True)
server = BlockingOSCUDPServer(("127.0.0.1", 0), dispatcher)
print(server.server_address[1], flush=True)
server.serve_forever()
