"""python-osc, both ways: peer.py OSC_PORT. Prints "ok" when all that was promised came back."""

import sys
import threading

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_server import ThreadingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

PATIENCE = 20


def main(port):
    client = SimpleUDPClient("127.0.0.1", port)

    def hear(address):
        for message in client.get_messages(timeout=PATIENCE):
            assert message.address == address, (message.address, message.params)
            return message.params
        raise AssertionError(f"{address} never came")

    # What only python-osc's users send: T F N, arrays, int64 above 31 bits, blobs, UTF-8.
    sent = [True, False, None, [1, ["two", 3.5]], 2**40, -7, 0.5, "erdőben", b"abcd"]
    client.send_message("/ping", sent)
    assert hear("/pong") == sent

    # A server of its own, on another port, that subscribes through the client.
    heard, complete = [], threading.Event()

    def on_message(address, *args):
        heard.append((address, args))
        if len(heard) == 4:
            complete.set()

    dispatcher = Dispatcher()
    dispatcher.set_default_handler(on_message)
    server = ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client.send_message("/subscribe", ["/sentences/embed", server.server_address[1]])

    text = OscMessageBuilder("/sentences/embed/text")
    text.add_arg("One line.\nAnother line.")
    split = OscMessageBuilder("/sentences/embed/tokenize_sentences")
    split.add_arg(False)
    bundle = OscBundleBuilder(IMMEDIATELY)
    bundle.add_content(text.build())
    bundle.add_content(split.build())
    bundle.add_content(OscMessageBuilder("/sentences/embed").build())
    client.send(bundle.build())

    lines = [hear("/sentences/embed/sentences") for _ in range(2)]
    assert lines == [[0, 2, "One line."], [1, 2, "Another line."]], lines
    vectors = [hear("/sentences/embed/embeddings") for _ in range(2)]
    assert [len(vector) for vector in vectors] == [514, 514]
    assert complete.wait(PATIENCE), heard
    by_address = sorted((address, args[0]) for address, args in heard)
    assert by_address == [
        ("/sentences/embed/embeddings", 0),
        ("/sentences/embed/embeddings", 1),
        ("/sentences/embed/sentences", 0),
        ("/sentences/embed/sentences", 1),
    ], by_address

    # A number that fits no input is refused in words.
    client.send_message("/sentences/similarity", ["a", 2**40])
    [words] = hear("/sentences/similarity/error")
    assert "b: expected text" in words, words
    server.shutdown()
    print("ok", flush=True)


main(int(sys.argv[1]))
