package oscP5;

/** The names of oscP5's OscProperties, to compile against. */
public class OscProperties {
    public OscProperties setListeningPort(int port) {
        return this;
    }

    public OscProperties setDatagramSize(int size) {
        return this;
    }
}
