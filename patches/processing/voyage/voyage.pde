// voyage: lines of verse from a walk, and the way that they lie on the map.
// Needs the library oscP5: Sketch > Import Library > Manage Libraries. Start enjamb first.
// Space: set out, stand still. Up, down: speed. Left, right: temperature. t: to a line of your own.

import netP5.*;
import oscP5.*;
import java.util.ArrayList;

// To play with.
final int LINES_SHOWN = 7;
final int PLACES_SHOWN = 90;
final String LINE_OF_YOUR_OWN = "The sea is calm tonight.";

OscP5 osc;
NetAddress enjamb = new NetAddress("127.0.0.1", 57100);
ArrayList<String> lines = new ArrayList<String>(); // the newest last
ArrayList<PVector> places = new ArrayList<PVector>();
float risen = 1; // how far the lines have made room for the newest
boolean isWalking = true;
float speed = 2;
float temperature = 0.5;

void setup() {
  size(1100, 700);
  textFont(createFont("Georgia", 40));
  // Answers come to port 57200 of this computer, whoever asked.
  OscProperties properties = new OscProperties();
  properties.setListeningPort(57200);
  properties.setDatagramSize(65507);
  osc = new OscP5(this, properties);
  tell("/voyage/start");
}

// /voyage/start: sets out. /voyage/stop: stands still.
void tell(String address) {
  osc.send(new OscMessage(address), enjamb);
}

// /voyage/walk/speed f: latent units a second. /voyage/poetry/temperature f: how freely a line is read.
void tell(String address, float value) {
  OscMessage message = new OscMessage(address);
  message.add(value);
  osc.send(message, enjamb);
}

// /voyage/walk/to s: travels to where this line lies, and on.
void tell(String address, String words) {
  OscMessage message = new OscMessage(address);
  message.add(words);
  osc.send(message, enjamb);
}

// What comes, on a thread of oscP5's own.
synchronized void oscEvent(OscMessage message) {
  // /voyage/line i step, s line
  if (message.checkAddrPattern("/voyage/line")) {
    lines.add(message.get(1).stringValue());
    if (lines.size() > LINES_SHOWN) lines.remove(0);
    risen = 0;
  }
  // /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
  if (message.checkAddrPattern("/voyage/place")) {
    places.add(new PVector(message.get(1).floatValue(), message.get(2).floatValue()));
    if (places.size() > PLACES_SHOWN) places.remove(0);
  }
  // /voyage/error s: what failed; it goes on by itself
  if (message.checkAddrPattern("/voyage/error")) println(message.get(0).stringValue());
}

synchronized void draw() {
  background(18, 17, 15);
  noFill();
  for (int i = 1; i < places.size(); i++) {
    PVector a = onScreen(places.get(i - 1)), b = onScreen(places.get(i));
    stroke(233, 225, 210, 50.0 * i / places.size());
    line(a.x, a.y, b.x, b.y);
  }
  noStroke();
  if (places.size() > 0) {
    PVector last = onScreen(places.get(places.size() - 1));
    fill(226, 164, 96);
    ellipse(last.x, last.y, 7, 7);
  }
  risen = min(1, risen + 0.02);
  float size = constrain(width / 26, 18, 44);
  for (int i = 0; i < lines.size(); i++) {
    int back = lines.size() - 1 - i;
    // Lines rise and pale; the newest appears.
    float depth = back - 1 + risen;
    float shade = back == 0 ? risen : max(0, 0.7 * pow(0.8, depth) * (1 - depth / LINES_SHOWN));
    fill(233, 225, 210, 255 * shade);
    textSize(size);
    textSize(min(size, size * width * 0.78 / max(1, textWidth(lines.get(i)))));
    text(lines.get(i), width * 0.12, height * 0.7 - depth * size * 1.5);
  }
  textSize(15);
  fill(233, 225, 210, 110);
  text("speed " + nf(speed, 0, 1) + "    temperature " + nf(temperature, 0, 2), width * 0.12, height - 32);
}

PVector onScreen(PVector place) {
  return new PVector(width * (0.5 + 0.42 * place.x), height * (0.5 - 0.42 * place.y));
}

void keyPressed() {
  if (key == ' ') {
    isWalking = !isWalking;
    tell(isWalking ? "/voyage/start" : "/voyage/stop");
  }
  if (key == 't') tell("/voyage/walk/to", LINE_OF_YOUR_OWN);
  if (key == CODED && (keyCode == UP || keyCode == DOWN)) {
    speed = constrain(speed + (keyCode == UP ? 0.5 : -0.5), 0, 20);
    tell("/voyage/walk/speed", speed);
  }
  if (key == CODED && (keyCode == LEFT || keyCode == RIGHT)) {
    temperature = constrain(temperature + (keyCode == RIGHT ? 0.05 : -0.05), 0.05, 2);
    tell("/voyage/poetry/temperature", temperature);
  }
}
