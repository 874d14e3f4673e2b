package oscP5;

/** The names of oscP5's OscArgument, to compile against. */
public class OscArgument {
    public int intValue() {
        return 0;
    }

    public float floatValue() {
        return 0;
    }

    public String stringValue() {
        return "";
    }

    public byte[] bytesValue() {
        return new byte[0];
    }
}
