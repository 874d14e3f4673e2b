// @TITLE@
// A main.cpp for a project made by the projectGenerator with the addons ofxOsc and ofxGui.
// The panel has a control for each input; return, or the button, runs the command.

#include "ofMain.h"
#include "ofxGui.h"
#include "ofxOsc.h"

#include <map>
#include <random>

class ofApp : public ofBaseApp {
public:
    void setup() override {
        ofBackground(246, 242, 234);
        sender.setup("@HOST@", @PORT@);
        // Answers come to this port of the computer that asked.
        receiver.setup(@REPLY@);
        panel.setup("@ADDRESS@");
@PANEL@
        panel.add(runButton.setup("@COMMAND@"));
        runButton.addListener(this, &ofApp::run);
    }

    // Runs the command: its inputs in order.
    void run() {
        heard.clear();
        ofxOscMessage message;
        message.setAddress("@ADDRESS@");
@ARGUMENTS@
        sender.sendMessage(message, false);
    }

    // Takes what comes back.
    void update() override {
        while (receiver.hasWaitingMessages()) {
            ofxOscMessage message;
            receiver.getNextMessage(message);
            const std::string address = message.getAddress();
@HEAR@
            if (address == "@ADDRESS@/error") heard["error"][0] = message.getArgAsString(0);
        }
    }

    void draw() override {
        panel.draw();
        float y = 40;
        for (const auto & output : heard) {
            ofSetColor(163, 154, 139);
            ofDrawBitmapString(output.first, 340, y);
            y += 20;
            ofSetColor(42, 39, 35);
            for (const auto & item : output.second) {
                ofDrawBitmapString(item.second, 340, y);
                y += 18;
            }
            y += 16;
        }
    }

    void keyPressed(int key) override {
        if (key == OF_KEY_RETURN) run();
    }
@DRAW@
private:
    // The floats of a message from one argument on, in short.
    static std::string floats(const ofxOscMessage & message, std::size_t from) {
        std::string words;
        for (std::size_t i = from; i < message.getNumArgs(); i++) words += ofToString(message.getArgAsFloat(i), 3) + " ";
        return words;
    }

    // Floats from a normal distribution.
    std::vector<float> drawn(std::size_t length, float mean, float deviation) {
        std::normal_distribution<float> normal(mean, deviation);
        std::vector<float> floats(length);
        for (float & one : floats) one = normal(chance);
        return floats;
    }

    std::mt19937 chance{std::random_device{}()};
    ofxOscSender sender;
    ofxOscReceiver receiver;
    ofxPanel panel;
    ofxButton runButton;
@MEMBERS@
    // What came last: the outputs' names, with a text for each index.
    std::map<std::string, std::map<int, std::string>> heard;
};

int main() {
    ofSetupOpenGL(1100, 720, OF_WINDOW);
    ofRunApp(new ofApp());
}
