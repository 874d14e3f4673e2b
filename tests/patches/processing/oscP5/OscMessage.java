package oscP5;

/** The names of oscP5's OscMessage, to compile against. */
public class OscMessage {
    public OscMessage(String address) {}

    public OscMessage add(int value) {
        return this;
    }

    public OscMessage add(float value) {
        return this;
    }

    public OscMessage add(String value) {
        return this;
    }

    public boolean checkAddrPattern(String pattern) {
        return false;
    }

    public OscArgument get(int index) {
        return new OscArgument();
    }

    public Object[] arguments() {
        return new Object[0];
    }
}
