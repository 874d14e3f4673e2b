"""zeroconf, on loopback only: discover.py HTTP_PORT OSC_PORT. Prints "ok" when both services are found."""

import sys
import time

from zeroconf import ServiceBrowser, Zeroconf

PATIENCE = 20


def main(wanted):
    found = {}

    class Listener:
        def add_service(self, zeroconf, kind, name):
            info = zeroconf.get_service_info(kind, name)
            if info:
                found[(kind, info.port)] = info.parsed_addresses()

        update_service = add_service

        def remove_service(self, *_):
            pass

    zeroconf = Zeroconf(interfaces=["127.0.0.1"])
    ServiceBrowser(zeroconf, [kind for kind, _ in wanted], Listener())
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not all(service in found for service in wanted):
        time.sleep(0.05)
    zeroconf.close()
    assert all(found.get(service) == ["127.0.0.1"] for service in wanted), found
    print("ok", flush=True)


main([("_oscjson._tcp.local.", int(sys.argv[1])), ("_osc._udp.local.", int(sys.argv[2]))])
