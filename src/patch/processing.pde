// @TITLE@
// Needs the library oscP5: Sketch > Import Library > Manage Libraries.
// Up and down choose an input; left and right, or typing, change it; return runs the command.

import netP5.*;
import oscP5.*;
import java.util.ArrayList;
import java.util.TreeMap;

OscP5 osc;
NetAddress enjamb = new NetAddress("@HOST@", @PORT@);
ArrayList<Control> controls = new ArrayList<Control>();
int chosen = 0;

// What came last: the outputs' names, with a text for each index.
TreeMap<String, TreeMap<Integer, String>> heard = new TreeMap<String, TreeMap<Integer, String>>();

void setup() {
  size(1100, 720);
  textFont(createFont("Georgia", 18));
@INPUTS@
  // Answers come to this port of the computer that asked.
  OscProperties properties = new OscProperties();
  properties.setListeningPort(@REPLY@);
  properties.setDatagramSize(65507);
  osc = new OscP5(this, properties);
}

// Runs the command: its inputs in order.
void run() {
  heard.clear();
  OscMessage message = new OscMessage("@ADDRESS@");
  for (Control control : controls) control.addTo(message);
  osc.send(message, enjamb);
}

// Takes what comes back, on a thread of its own.
synchronized void oscEvent(OscMessage message) {
@HEAR@
  if (message.checkAddrPattern("@ADDRESS@/error")) put("error", 0, message.get(0).stringValue());
}

synchronized void put(String name, int index, String value) {
  if (!heard.containsKey(name)) heard.put(name, new TreeMap<Integer, String>());
  heard.get(name).put(index, value);
}

// The floats of a message from one argument on, in short.
String floats(OscMessage message, int from) {
  StringBuilder words = new StringBuilder();
  for (int i = from; i < message.arguments().length; i++) words.append(nf(message.get(i).floatValue(), 0, 3)).append(' ');
  return words.toString();
}

synchronized void draw() {
  background(246, 242, 234);
  float y = 60;
  for (int i = 0; i < controls.size(); i++) {
    Control control = controls.get(i);
    fill(i == chosen ? color(42, 39, 35) : color(163, 154, 139));
    text(control.name, 40, y);
    text(control.shown(), 40, y + 6, 320, 50);
    y += 64;
  }
  y = 60;
  for (String name : heard.keySet()) {
    fill(163, 154, 139);
    text(name, 420, y);
    y += 28;
    fill(42, 39, 35);
    for (String value : heard.get(name).values()) {
      text(value, 420, y - 18, width - 460, 60);
      y += 26 * (1 + floor(textWidth(value) / (width - 460)));
    }
    y += 20;
  }
}

void keyPressed() {
  if (controls.size() > 0) {
    Control control = controls.get(chosen);
    if (key == CODED) {
      if (keyCode == UP) chosen = (chosen + controls.size() - 1) % controls.size();
      if (keyCode == DOWN) chosen = (chosen + 1) % controls.size();
      if (keyCode == LEFT) control.move(-1);
      if (keyCode == RIGHT) control.move(1);
    } else if (key == BACKSPACE) control.erase();
    else if (key >= ' ' && key != DELETE) control.type(key);
  }
  if (key == ENTER || key == RETURN) run();
}

// An input. What is typed changes a text; left and right change all others.
class Control {
  String name, tag, value = "";
  float min, max, grain;
  String[] choices = {};
  float[] floats = {};
  float mean, deviation;

  // A text, or a string of JSON.
  Control(String name, String value) {
    this.name = name;
    this.tag = "s";
    this.value = value;
  }

  // A number: "f" or "i".
  Control(String name, String tag, float min, float max, float grain, float value) {
    this(name, str(value));
    this.tag = tag;
    this.min = min;
    this.max = max;
    this.grain = grain;
    if (tag.equals("i")) this.value = str(int(value));
  }

  // One of some names.
  Control(String name, String[] choices, String value) {
    this(name, value);
    this.tag = "choice";
    this.choices = choices;
  }

  // Floats; left and right draw others.
  Control(String name, float[] floats, float mean, float deviation) {
    this(name, "");
    this.tag = "floats";
    this.floats = floats;
    this.mean = mean;
    this.deviation = deviation;
  }

  void move(int by) {
    if (tag.equals("f") || tag.equals("i")) {
      float next = constrain(float(value) + by * grain, min, max);
      value = tag.equals("i") ? str(round(next)) : nf(next, 0, 3).replace(',', '.');
    }
    for (int i = 0; i < choices.length; i++) {
      if (choices[i].equals(value)) {
        value = choices[(i + by + choices.length) % choices.length];
        break;
      }
    }
    if (tag.equals("floats")) for (int i = 0; i < floats.length; i++) floats[i] = mean + deviation * randomGaussian();
  }

  void type(char letter) {
    if (tag.equals("s")) value += letter;
  }

  void erase() {
    if (tag.equals("s") && value.length() > 0) value = value.substring(0, value.length() - 1);
  }

  String shown() {
    if (!tag.equals("floats")) return value;
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < min(floats.length, 6); i++) words.append(nf(floats[i], 0, 2)).append(' ');
    return words + (floats.length > 6 ? "..." : "");
  }

  void addTo(OscMessage message) {
    if (tag.equals("f")) message.add(float(value));
    else if (tag.equals("i")) message.add(int(value));
    else if (tag.equals("floats")) for (float one : floats) message.add(one);
    else message.add(value);
  }
}
