// The names of ofxOsc that the patches use, to compile against.
#pragma once
#include "ofMain.h"

class ofBuffer {
public:
    std::size_t size() const { return 0; }
};

class ofxOscMessage {
public:
    ofxOscMessage & setAddress(const std::string &) { return *this; }
    std::string getAddress() const { return {}; }
    std::size_t getNumArgs() const { return 0; }
    ofxOscMessage & addIntArg(int) { return *this; }
    ofxOscMessage & addFloatArg(float) { return *this; }
    ofxOscMessage & addStringArg(const std::string &) { return *this; }
    int getArgAsInt(std::size_t) const { return 0; }
    float getArgAsFloat(std::size_t) const { return 0; }
    std::string getArgAsString(std::size_t) const { return {}; }
    ofBuffer getArgAsBlob(std::size_t) const { return {}; }
};

class ofxOscSender {
public:
    bool setup(const std::string &, int) { return true; }
    void sendMessage(const ofxOscMessage &, bool) {}
};

class ofxOscReceiver {
public:
    bool setup(int) { return true; }
    bool hasWaitingMessages() const { return false; }
    bool getNextMessage(ofxOscMessage &) { return false; }
};
