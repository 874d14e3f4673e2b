"""A stand-in for TouchDesigner, which can't run here: touchdesigner.py SCRIPT ACTION...

Runs a script as the textport does, with classes that have the names and members that it uses, and with OSC In and Out
that really send and hear. An action is `pulse:Name`, `set:Name=value`, `hear:table:words`, or `hear:name.text:words`.
Prints "ok" when all was done.
"""

import sys
import threading
import time

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import ThreadingOSCUDPServer
from pythonosc.udp_client import SimpleUDPClient

PATIENCE = 20


class Par:
    def __init__(self, owner=None, name="", val=None):
        self.owner, self.name, self.val = owner, name, val
        self.menuNames = self.menuLabels = []

    def eval(self):
        return self.val if self.val is not None or not self.menuNames else self.menuNames[0]


class Pars:
    """Parameters by name. Only those that the operator has in TouchDesigner are there."""

    def __init__(self, names):
        self.__dict__["all"] = {name: Par(name=name) for name in names}

    def __getattr__(self, name):
        if name not in self.all:
            raise AttributeError(name)
        return self.all[name]

    def __setattr__(self, name, value):
        self.all[name].val = value


PARAMETERS = {
    "baseCOMP": [],
    "textDAT": [],
    "tableDAT": [],
    "oscoutDAT": ["active", "address", "port"],
    "oscinDAT": ["active", "address", "port", "addscope", "splitbundle", "splitmessage", "callbacks"],
    "parameterexecuteDAT": ["active", "op", "pars", "custom", "builtin", "valuechange", "onpulse"],
    "scriptCHOP": ["callbacks"],
    "textTOP": ["text", "resolutionw", "resolutionh", "fontsizex", "wordwrap"],
    "lagCHOP": ["lag1", "lag2"],
    "nullCHOP": [],
}


class Cell(str):
    @property
    def val(self):
        return str(self)


class Channel:
    def __init__(self, name):
        self.name, self.vals = name, [0.0]

    def __setitem__(self, index, value):
        self.vals[index] = value


class Page:
    def __init__(self, comp):
        self.comp = comp

    def append(self, name, label=None):
        assert name[0].isupper() and name[1:].islower() or len(name) == 1, f"{name} is no custom parameter's name"
        assert name not in self.comp.par.all, f"{name} is there twice"
        par = self.comp.par.all[name] = Par(self.comp, name)
        return [par]

    appendFloat = appendInt = appendStr = appendToggle = appendMenu = appendPulse = append


class Connector:
    def __init__(self, owner):
        self.owner, self.source = owner, None

    def connect(self, source):
        assert isinstance(source, OP)
        self.source = source


class OP:
    def __init__(self, kind, name, comp=None):
        self.kind, self.name, self.comp = kind, name, comp
        self.par = Pars(PARAMETERS[kind])
        self.children, self.text, self.rows, self.stored, self.channels = {}, "", [], {}, []
        self.nodeX = self.nodeY = 0
        self.inputConnectors = [Connector(self)]

    # COMPs
    def create(self, kind, name):
        assert name not in self.children, f"{name} is there twice"
        made = self.children[name] = OP(kind, name, self)
        return made

    def op(self, name):
        return self.children.get(name)

    def destroy(self):
        del self.comp.children[self.name]

    def appendCustomPage(self, name):
        return Page(self)

    # Tables
    def clear(self):
        self.rows, self.channels = [], []

    def appendRow(self, values):
        self.rows.append([Cell(value) for value in values])

    def deleteRow(self, row):
        del self.rows[row]

    @property
    def numRows(self):
        return len(self.rows)

    def __getitem__(self, at):
        return self.rows[at[0]][at[1]]

    def __setitem__(self, at, value):
        self.rows[at[0]][at[1]] = Cell(value)

    # Script CHOPs
    def store(self, name, value):
        self.stored[name] = value

    def fetch(self, name, default=None):
        return self.stored.get(name, default)

    def cook(self, force=False):
        callbacks = self.comp.op(self.par.callbacks.val)
        run(callbacks)["onCook"](self)

    def appendChan(self, name):
        self.channels.append(Channel(name))
        return self.channels[-1]

    # OSC Out
    def sendOSC(self, address, values):
        SimpleUDPClient(self.par.address.val, int(self.par.port.val)).send_message(address, values)


def run(dat):
    """The names that a DAT's text defines."""
    names = {"parent": lambda: dat.comp, "op": dat.comp.op, "me": dat, "debug": lambda *words: print("debug", *words)}
    exec(compile(dat.text, dat.name, "exec"), names)
    return names


def listen(comp):
    dats = [child for child in comp.children.values() if child.kind == "oscinDAT"]
    assert len(dats) == 1
    [dat] = dats
    callbacks = run(comp.op(dat.par.callbacks.val))

    def on_message(peer, address, *args):
        callbacks["onReceiveOSC"](dat, 0, "", b"", 0.0, address, list(args), peer)

    dispatcher = Dispatcher()
    dispatcher.set_default_handler(on_message, needs_reply_address=True)
    server = ThreadingOSCUDPServer(("127.0.0.1", int(dat.par.port.val)), dispatcher)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def act(comp, action):
    what, _, rest = action.partition(":")
    executes = [child for child in comp.children.values() if child.kind == "parameterexecuteDAT"]
    [execute] = executes
    if what == "pulse":
        assert rest in execute.par.pars.val.split() and execute.par.onpulse.val
        run(execute)["onPulse"](comp.par.all[rest])
    elif what == "set":
        name, _, value = rest.partition("=")
        par = comp.par.all[name]
        par.val = type(par.val)(value) if par.val is not None else value
        if execute.par.valuechange.val and name in execute.par.pars.val.split():
            run(execute)["onValueChange"](par, None)
    elif what == "hear":
        where, _, words = rest.partition(":")
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            name, _, part = where.partition(".")
            child = comp.op(name)
            if part == "text":
                shown = str(child.par.text.val or "")
            elif part == "channels":
                shown = " ".join(f"{channel.name} {len(list(channel.vals))}" for channel in child.channels)
            else:
                shown = "\n".join("\t".join(row) for row in child.rows)
            if words in shown and shown:
                print(shown[:300])
                return
            time.sleep(0.02)
        raise SystemExit(f"{words!r} was never in {where}, which has {shown!r}")


def main():
    script, *actions = sys.argv[1:]
    project = OP("baseCOMP", "project1")
    names = {kind: kind for kind in PARAMETERS}
    panes = type("Panes", (), {"current": type("Pane", (), {"owner": project})})
    names.update(ui=type("UI", (), {"panes": panes}), op=lambda path: project)
    text = open(script, encoding="utf-8").read()
    # Twice, as one does who changes something and pastes it again.
    exec(compile(text, script, "exec"), names)
    exec(compile(text, script, "exec"), names)
    [comp] = project.children.values()
    places = [(child.nodeX, child.nodeY) for child in comp.children.values()]
    assert len(set(places)) == len(places), "nodes lie on each other"
    listen(comp)
    for action in actions:
        act(comp, action)
    print("ok")


main()
