package oscP5;

import netP5.NetAddress;

/** The names of oscP5's OscP5, to compile against. */
public class OscP5 {
    public OscP5(Object parent, int port) {}

    public OscP5(Object parent, OscProperties properties) {}

    public void send(OscMessage message, NetAddress to) {}
}
