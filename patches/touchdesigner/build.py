# voyage: builds a network in TouchDesigner that shows the voyage's lines and where they lie.
#
# Paste all of this into the textport (Alt-T) and press return, or put it into a Text DAT and run that.
# A COMP named voyage appears in the network that is open. Its parameters Start, Stop, Speed, Temperature, To
# and Sample send; inside it, the Text TOP "line" has the newest line, the table "lines" all of them, and the
# Script CHOP "place" the channels tx and ty, gliding in "glide".


def set_parameter(operator, names, value):
    """Sets the first parameter of these names that the operator has: they differ between builds."""
    for name in names:
        parameter = getattr(operator.par, name, None)
        if parameter is not None:
            setattr(operator.par, name, value)
            return


# What comes at port 57200 of this computer.
CALLBACKS = '''
MOST_LINES = 200


def onReceiveOSC(dat, rowIndex, message, bytes, timeStamp, address, args, peer):
    comp = parent()
    # /voyage/line i step, s line
    if address == "/voyage/line":
        say(comp, args[1])
    # /voyage/place i step, f x, f y: where that line lies on the map, in -1..1
    elif address == "/voyage/place":
        place = comp.op("place")
        place.store("values", {"tx": args[1], "ty": args[2]})
        place.cook(force=True)
    # /poetry/sample/lines i index, i count, s line: lines without a walk
    elif address == "/poetry/sample/lines" and len(args) > 2:
        say(comp, args[2])
    # /voyage/error s: what failed; it goes on by itself
    elif address == "/voyage/error":
        debug(args[0])
    return


def say(comp, words):
    comp.op("line").par.text = words
    lines = comp.op("lines")
    lines.appendRow([words])
    if lines.numRows > MOST_LINES:
        lines.deleteRow(0)
'''

# What the parameters send, to port 57100 of this computer.
PARAMETERS = '''
def send(address, *values):
    parent().op("osc_out").sendOSC(address, list(values))


def onPulse(par):
    # /voyage/start: sets out. /voyage/stop: stands still
    if par.name == "Start":
        send("/voyage/start")
    elif par.name == "Stop":
        send("/voyage/stop")
    # /poetry/sample i count: lines, without a walk
    elif par.name == "Sample":
        send("/poetry/sample", 1)
    return


def onValueChange(par, prev):
    # /voyage/walk/speed f: latent units a second
    if par.name == "Speed":
        send("/voyage/walk/speed", float(par.eval()))
    # /voyage/poetry/temperature f: how freely a line is read from its place
    elif par.name == "Temperature":
        send("/voyage/poetry/temperature", float(par.eval()))
    # /voyage/walk/to s: travels to where this line lies, and on
    elif par.name == "To" and par.eval():
        send("/voyage/walk/to", par.eval())
    # /voyage/walk/mode s: wander, orbit, line or still
    elif par.name == "Mode":
        send("/voyage/walk/mode", par.eval())
    return
'''

# A channel for each number that came.
PLACE = '''
def onCook(scriptOp):
    scriptOp.clear()
    for name, value in scriptOp.fetch("values", {"tx": 0.0, "ty": 0.0}).items():
        channel = scriptOp.appendChan(name)
        channel[0] = value
    return
'''


def build(parent):
    old = parent.op("voyage")
    if old:
        old.destroy()
    comp = parent.create(baseCOMP, "voyage")
    page = comp.appendCustomPage("Voyage")
    page.appendPulse("Start", label="Start")
    page.appendPulse("Stop", label="Stop")
    page.appendPulse("Sample", label="A line")
    speed = page.appendFloat("Speed", label="Speed")[0]
    speed.min, speed.max, speed.normMin, speed.normMax = 0, 50, 0, 12
    speed.clampMin = speed.clampMax = True
    speed.default = speed.val = 2
    temperature = page.appendFloat("Temperature", label="Temperature")[0]
    temperature.min, temperature.max, temperature.normMin, temperature.normMax = 0.05, 2, 0.05, 2
    temperature.clampMin = temperature.clampMax = True
    temperature.default = temperature.val = 0.5
    mode = page.appendMenu("Mode", label="Mode")[0]
    mode.menuNames = mode.menuLabels = ["wander", "orbit", "line", "still"]
    page.appendStr("To", label="To a line")

    def make(kind, name, x, y):
        made = comp.create(kind, name)
        made.nodeX, made.nodeY = x, y
        return made

    def script(name, text, x, y):
        made = make(textDAT, name, x, y)
        made.text = text
        return made

    out = make(oscoutDAT, "osc_out", 0, 300)
    set_parameter(out, ["address", "netaddress"], "127.0.0.1")
    set_parameter(out, ["port"], 57100)

    script("osc_callbacks", CALLBACKS, 0, -150)
    incoming = make(oscinDAT, "osc_in", 0, 0)
    set_parameter(incoming, ["port"], 57200)
    set_parameter(incoming, ["splitbundle"], True)
    set_parameter(incoming, ["callbacks"], "osc_callbacks")

    changes = make(parameterexecuteDAT, "changes", 200, 300)
    changes.text = PARAMETERS
    set_parameter(changes, ["op", "ops"], "..")
    set_parameter(changes, ["pars"], "Start Stop Sample Speed Temperature Mode To")
    set_parameter(changes, ["custom"], True)
    set_parameter(changes, ["builtin"], False)
    set_parameter(changes, ["valuechange"], True)
    set_parameter(changes, ["onpulse"], True)

    lines = make(tableDAT, "lines", 400, 0)
    lines.clear()

    line = make(textTOP, "line", 600, 0)
    set_parameter(line, ["resolutionw"], 1280)
    set_parameter(line, ["resolutionh"], 720)
    set_parameter(line, ["fontsizex"], 42)
    set_parameter(line, ["wordwrap"], True)

    script("place_callbacks", PLACE, 400, -300)
    place = make(scriptCHOP, "place", 400, -150)
    set_parameter(place, ["callbacks"], "place_callbacks")
    # The recipe for CHOPs: a step from place to place becomes a glide.
    glide = make(lagCHOP, "glide", 600, -150)
    set_parameter(glide, ["lag1"], 0.7)
    set_parameter(glide, ["lag2"], 0.7)
    glide.inputConnectors[0].connect(place)
    moved = make(nullCHOP, "moved", 800, -150)
    moved.inputConnectors[0].connect(glide)
    return comp


build(ui.panes.current.owner if ui.panes.current else op("/project1"))
