package netP5;

/** The names of oscP5's NetAddress, to compile against. */
public class NetAddress {
    public NetAddress(String host, int port) {}
}
