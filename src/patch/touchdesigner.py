# @TITLE@
#
# Paste this into TouchDesigner's textport (Alt-T) as a whole, or into a Text DAT and run it.
# It builds a COMP named @NAME@ in the network that is open: its parameters are the inputs, Run runs
# the command, and inside it the table "outputs" and the CHOPs show what came.


def set_parameter(operator, names, value):
    """Sets the first parameter of these names that the operator has: they differ between builds."""
    for name in names:
        parameter = getattr(operator.par, name, None)
        if parameter is not None:
            setattr(operator.par, name, value)
            return


def build(parent):
    old = parent.op("@NAME@")
    if old:
        old.destroy()
    comp = parent.create(baseCOMP, "@NAME@")
    page = comp.appendCustomPage("Inputs")
@INPUTS@
    page.appendPulse("Run", label="Run")

    # Out to the runtime. Answers come to port @REPLY@ of this computer.
    out = comp.create(oscoutDAT, "osc_out")
    set_parameter(out, ["address", "netaddress"], "@HOST@")
    set_parameter(out, ["port"], @PORT@)
    out.nodeX, out.nodeY = 0, 200

    outputs = comp.create(tableDAT, "outputs")
    outputs.clear()
    outputs.appendRow(["output", "index", "value"])
    outputs.nodeX, outputs.nodeY = 400, 0

    callbacks = comp.create(textDAT, "osc_callbacks")
    callbacks.text = CALLBACKS
    callbacks.nodeX, callbacks.nodeY = 0, -150
    incoming = comp.create(oscinDAT, "osc_in")
    set_parameter(incoming, ["port"], @REPLY@)
    set_parameter(incoming, ["addscope"], "@ADDRESS@/*")
    set_parameter(incoming, ["splitbundle"], True)
    set_parameter(incoming, ["callbacks"], "osc_callbacks")
    incoming.nodeX, incoming.nodeY = 0, 0

    runs = comp.create(parameterexecuteDAT, "run")
    runs.text = RUN
    set_parameter(runs, ["op", "ops"], "..")
    set_parameter(runs, ["pars"], "Run")
    set_parameter(runs, ["custom"], True)
    set_parameter(runs, ["builtin"], False)
    set_parameter(runs, ["valuechange"], False)
    set_parameter(runs, ["onpulse"], True)
    runs.nodeX, runs.nodeY = 0, 350
@CHOPS@
    return comp


# Runs the command when Run is pulsed: all inputs in order.
RUN = '''
import json
import random


def onPulse(par):
    comp = parent()
    comp.op("osc_out").sendOSC("@ADDRESS@", [
@ARGUMENTS@
    ])
    return
'''

# Takes what comes back. An array comes as index, count and item, one message each.
CALLBACKS = '''
ADDRESS = "@ADDRESS@/"


def onReceiveOSC(dat, rowIndex, message, bytes, timeStamp, address, args, peer):
    if not address.startswith(ADDRESS):
        return
    name = address[len(ADDRESS):]
    table = parent().op("outputs")
    if name == "error":
        put(table, name, 0, args[0])
@HEAR@
    return


def put(table, name, index, value):
    """Writes a row, in the place of the one that has the same name and index."""
    for row in range(1, table.numRows):
        if table[row, 0].val == name and table[row, 1].val == str(index):
            table[row, 2] = value
            return
    table.appendRow([name, index, value])


def trim(table, name, count):
    """Takes rows off that an earlier, longer answer has left."""
    for row in reversed(range(1, table.numRows)):
        if table[row, 0].val == name and int(table[row, 1].val) >= count:
            table.deleteRow(row)


def show(script, values):
    """Hands floats to a Script CHOP, which has a channel with a sample for each."""
    script.store("values", list(values))
    script.cook(force=True)
'''

# What a Script CHOP shows of the floats that came.
SCRIPT = '''
def onCook(scriptOp):
    values = scriptOp.fetch("values", [0.0])
    scriptOp.clear()
    scriptOp.numSamples = len(values)
    channel = scriptOp.appendChan("value")
    channel.vals = values
    return
'''

build(ui.panes.current.owner if ui.panes.current else op("/project1"))
