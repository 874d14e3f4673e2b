// voyage: lines of verse from a walk, and the way that they lie on the map.
// A main.cpp for a project made by the projectGenerator with the addon ofxOsc; delete its ofApp.h and ofApp.cpp.
// Space: set out, stand still. Up, down: speed. Left, right: temperature. t: to a line of your own.

#include "ofMain.h"
#include "ofxOsc.h"

#include <deque>
#include <string>

class Voyage : public ofBaseApp {
public:
    void setup() override {
        ofBackground(18, 17, 15);
        ofEnableAlphaBlending();
        // The font lies in bin/data; without it the lines are drawn in openFrameworks' own.
        font.load("EBGaramond.ttf", 28);
        sender.setup("127.0.0.1", 57100);
        // Answers come to port 57200 of this computer, whoever asked.
        receiver.setup(57200);
        tell("/voyage/start");
    }

    void update() override {
        risen = std::min(1.0f, risen + 0.02f);
        while (receiver.hasWaitingMessages()) {
            ofxOscMessage message;
            receiver.getNextMessage(message);
            const std::string address = message.getAddress();
            // /voyage/line i step, s line
            if (address == "/voyage/line") {
                lines.push_back(message.getArgAsString(1));
                if (lines.size() > 7) lines.pop_front();
                risen = 0;
            }
            // /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
            if (address == "/voyage/place") {
                places.push_back(glm::vec2(message.getArgAsFloat(1), message.getArgAsFloat(2)));
                if (places.size() > 90) places.pop_front();
            }
            // /voyage/error s: what failed; it goes on by itself
            if (address == "/voyage/error") ofLogWarning("voyage") << message.getArgAsString(0);
        }
    }

    void draw() override {
        for (std::size_t i = 1; i < places.size(); i++) {
            ofSetColor(233, 225, 210, 50 * i / places.size());
            ofDrawLine(onScreen(places[i - 1]), onScreen(places[i]));
        }
        if (!places.empty()) {
            ofSetColor(226, 164, 96);
            ofDrawCircle(onScreen(places.back()), 4);
        }
        for (std::size_t i = 0; i < lines.size(); i++) {
            const float back = lines.size() - 1 - i;
            // Lines rise and pale; the newest appears.
            const float depth = back - 1 + risen;
            const float shade = back == 0 ? risen : std::max(0.0f, 0.7f * std::pow(0.8f, depth) * (1 - depth / 7));
            ofSetColor(233, 225, 210, 255 * shade);
            write(lines[i], ofGetWidth() * 0.12f, ofGetHeight() * 0.7f - depth * 44);
        }
        ofSetColor(233, 225, 210, 110);
        ofDrawBitmapString("speed " + ofToString(speed, 1) + "  temperature " + ofToString(temperature, 2),
                           ofGetWidth() * 0.12f, ofGetHeight() - 32);
    }

    void keyPressed(int key) override {
        if (key == ' ') {
            isWalking = !isWalking;
            // /voyage/start: sets out. /voyage/stop: stands still
            tell(isWalking ? "/voyage/start" : "/voyage/stop");
        }
        if (key == 't') {
            // /voyage/walk/to s: travels to where this line lies, and on
            ofxOscMessage message;
            message.setAddress("/voyage/walk/to");
            message.addStringArg("The sea is calm tonight.");
            sender.sendMessage(message, false);
        }
        if (key == OF_KEY_UP || key == OF_KEY_DOWN) {
            speed = ofClamp(speed + (key == OF_KEY_UP ? 0.5f : -0.5f), 0, 20);
            // /voyage/walk/speed f: latent units a second
            tell("/voyage/walk/speed", speed);
        }
        if (key == OF_KEY_LEFT || key == OF_KEY_RIGHT) {
            temperature = ofClamp(temperature + (key == OF_KEY_RIGHT ? 0.05f : -0.05f), 0.05f, 2);
            // /voyage/poetry/temperature f: how freely a line is read
            tell("/voyage/poetry/temperature", temperature);
        }
    }

private:
    void tell(const std::string & address) {
        ofxOscMessage message;
        message.setAddress(address);
        sender.sendMessage(message, false);
    }

    void tell(const std::string & address, float value) {
        ofxOscMessage message;
        message.setAddress(address);
        message.addFloatArg(value);
        sender.sendMessage(message, false);
    }

    void write(const std::string & words, float x, float y) {
        if (font.isLoaded()) font.drawString(words, x, y);
        else ofDrawBitmapString(words, x, y);
    }

    glm::vec2 onScreen(const glm::vec2 & place) const {
        return glm::vec2(ofGetWidth() * (0.5f + 0.42f * place.x), ofGetHeight() * (0.5f - 0.42f * place.y));
    }

    ofTrueTypeFont font;
    ofxOscSender sender;
    ofxOscReceiver receiver;
    std::deque<std::string> lines; // the newest last
    std::deque<glm::vec2> places;
    float risen = 1;
    bool isWalking = true;
    float speed = 2;
    float temperature = 0.5f;
};

int main() {
    ofSetupOpenGL(1100, 700, OF_WINDOW);
    ofRunApp(new Voyage());
}
