// The names of openFrameworks that the patches use, to compile against.
#pragma once
#include <cmath>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

namespace glm {
struct vec2 {
    float x, y;
    vec2(float x = 0, float y = 0) : x(x), y(y) {}
};
}

enum { OF_WINDOW, OF_KEY_RETURN, OF_KEY_UP, OF_KEY_DOWN, OF_KEY_LEFT, OF_KEY_RIGHT };

class ofBaseApp {
public:
    virtual ~ofBaseApp() = default;
    virtual void setup() {}
    virtual void update() {}
    virtual void draw() {}
    virtual void keyPressed(int) {}
};

class ofTrueTypeFont {
public:
    bool load(const std::string &, int) { return true; }
    bool isLoaded() const { return true; }
    void drawString(const std::string &, float, float) const {}
};

struct ofLogWarning {
    explicit ofLogWarning(const std::string &) {}
    template <class T> ofLogWarning & operator<<(const T &) { return *this; }
};

template <class T> std::string ofToString(const T & value) {
    std::ostringstream out;
    out << value;
    return out.str();
}
template <class T> std::string ofToString(const T & value, int) { return ofToString(value); }

inline float ofClamp(float value, float, float) { return value; }
inline float ofGetWidth() { return 0; }
inline float ofGetHeight() { return 0; }
inline void ofBackground(int, int, int) {}
inline void ofEnableAlphaBlending() {}
inline void ofSetColor(int, int, int, int = 255) {}
inline void ofDrawLine(const glm::vec2 &, const glm::vec2 &) {}
inline void ofDrawCircle(const glm::vec2 &, float) {}
inline void ofDrawBitmapString(const std::string &, float, float) {}
inline void ofSetupOpenGL(int, int, int) {}
inline void ofRunApp(ofBaseApp *) {}
