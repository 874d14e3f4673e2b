// The names of ofxGui that the patches use, to compile against.
#pragma once
#include "ofMain.h"

class ofxBaseGui {};

template <class T> class ofxControl : public ofxBaseGui {
public:
    ofxControl * setup(const std::string &, T) { return this; }
    ofxControl * setup(const std::string &, T, T, T) { return this; }
    operator const T &() const { return value; }

private:
    T value{};
};

using ofxIntSlider = ofxControl<int>;
using ofxFloatSlider = ofxControl<float>;
using ofxIntField = ofxControl<int>;
using ofxFloatField = ofxControl<float>;
using ofxToggle = ofxControl<bool>;
using ofxTextField = ofxControl<std::string>;

class ofxButton : public ofxBaseGui {
public:
    ofxButton * setup(const std::string &) { return this; }
    template <class Owner> void addListener(Owner *, void (Owner::*)()) {}
};

class ofxPanel {
public:
    ofxPanel * setup(const std::string &) { return this; }
    void add(ofxBaseGui *) {}
    void draw() {}
};
