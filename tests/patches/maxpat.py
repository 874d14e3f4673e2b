"""A look at Max patchers without Max: maxpat.py FILE... checks each; maxpat.py FILE --draw OUT.svg draws one.

Checked: every object is one that Max has, every cord has both ends and inlets and outlets that are there, and no box
lies on another.
"""

import html
import json
import sys

# The objects of Max that our patchers use, from its reference: as boxes of their own, and by their first word.
BOXES = {"comment", "message", "newobj", "button", "toggle", "slider", "number", "flonum", "umenu", "textedit",
         "multislider", "jit.cellblock", "dict.view"}
OBJECTS = {
    # name: (inlets, outlets); None where the arguments say how many
    "udpsend": (1, 0), "udpreceive": (1, 1), "route": (2, None), "prepend": (1, 1), "unpack": (1, None), "pack": (None, 1),
    "pak": (None, 1), "loadmess": (1, 1), "loadbang": (1, 1), "trigger": (1, None), "send": (1, 0), "receive": (0, 1),
    "int": (2, 1), "line": (3, 3), "dict": (2, 5), "qmetro": (2, 1), "uzi": (2, 3), "random": (2, 1), "expr": (None, 1),
    "zl": (2, 2), "jit.world": (1, 3), "jit.gl.gridshape": (1, 2), "jit.gl.text": (1, 2),
}


def ports(words):
    """Inlets and outlets of an object, from its name and arguments."""
    name, arguments = words[0], [word for word in words[1:]]
    if "@" in " ".join(arguments):
        arguments = arguments[: next(i for i, word in enumerate(arguments) if word.startswith("@"))]
    n_in, n_out = OBJECTS[name]
    if name == "route":
        n_out = len(arguments) + 1
    if name in ("unpack", "trigger"):
        n_out = len(arguments)
    if name in ("pack", "pak"):
        n_in = len(arguments)
    if name == "expr":
        n_in = max(int(word[0]) for word in " ".join(arguments).split("$f")[1:])
        n_in = max(n_in, 1)
    return n_in, n_out


def check(path):
    patcher = json.load(open(path, encoding="utf-8"))["patcher"]
    boxes = {entry["box"]["id"]: entry["box"] for entry in patcher["boxes"]}
    assert len(boxes) == len(patcher["boxes"]), "two boxes have one id"
    problems = []
    for box in boxes.values():
        kind, text = box["maxclass"], box.get("text", "")
        if kind not in BOXES:
            problems.append(f"Max has no box {kind}")
        if kind == "newobj":
            words = text.split()
            if words[0] not in OBJECTS:
                problems.append(f"Max has no object {words[0]}")
            elif ports(words) not in [(box["numinlets"], box["numoutlets"])]:
                problems.append(f"[{text}] has {ports(words)} inlets and outlets, not {box['numinlets'], box['numoutlets']}")
        if len(box["outlettype"]) != box["numoutlets"]:
            problems.append(f"[{kind} {text}] has outlets without a type")
    assert patcher["lines"], "nothing is connected"
    for entry in patcher["lines"]:
        cord = entry["patchline"]
        (source, outlet), (target, inlet) = cord["source"], cord["destination"]
        if source not in boxes or target not in boxes:
            problems.append(f"a cord from {source} to {target} has a loose end")
        elif outlet >= boxes[source]["numoutlets"] or inlet >= boxes[target]["numinlets"]:
            problems.append(f"a cord from {boxes[source]} to {boxes[target]} misses an outlet or inlet")
    placed = list(boxes.values())
    for i, one in enumerate(placed):
        x, y, w, h = one["patching_rect"]
        for other in placed[i + 1 :]:
            x2, y2, w2, h2 = other["patching_rect"]
            if x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h:
                problems.append(f"{one.get('text', one['maxclass'])!r} lies on {other.get('text', other['maxclass'])!r}")
    assert not problems, f"{path}:\n" + "\n".join(problems)


def draw(path, out):
    """Draws the patcher as Max lays it out, for those who have no Max."""
    patcher = json.load(open(path, encoding="utf-8"))["patcher"]
    boxes = {entry["box"]["id"]: entry["box"] for entry in patcher["boxes"]}
    right = max(b["patching_rect"][0] + b["patching_rect"][2] for b in boxes.values()) + 30
    bottom = max(b["patching_rect"][1] + b["patching_rect"][3] for b in boxes.values()) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:g} {bottom:g}" font-family="Arial, Helvetica, sans-serif">',
        f'<rect width="{right:g}" height="{bottom:g}" fill="#f4efe5"/>',
    ]

    def port(box, index, count, is_outlet):
        x, y, w, h = box["patching_rect"]
        step = (w - 16) / max(count - 1, 1)
        return x + 8 + step * index, y + (h if is_outlet else 0)

    for entry in patcher["lines"]:
        (source, outlet), (target, inlet) = entry["patchline"]["source"], entry["patchline"]["destination"]
        x1, y1 = port(boxes[source], outlet, boxes[source]["numoutlets"], True)
        x2, y2 = port(boxes[target], inlet, boxes[target]["numinlets"], False)
        bend = max(20, abs(y2 - y1) / 3)
        parts.append(
            f'<path d="M{x1:g} {y1:g} C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}" fill="none" stroke="#b9ad98"/>'
        )
    for box in boxes.values():
        x, y, w, h = box["patching_rect"]
        text = html.escape(box.get("text", ""))
        size = min(box.get("fontsize", 12), 20)
        if box["maxclass"] == "comment":
            width = max(int(w / (size * 0.5)), 8)
            rows, row = [], ""
            for word in text.split():
                if row and len(row) + len(word) > width:
                    rows.append(row)
                    row = ""
                row += word + " "
            for n, words in enumerate([*rows, row]):
                parts.append(f'<text x="{x:g}" y="{y + 15 + 16 * n:g}" font-size="{size:g}" fill="#8a8172">{words}</text>')
            continue
        fill = {"message": "#e3dac8", "newobj": "#3a362f"}.get(box["maxclass"], "#fffdf8")
        ink = "#f4efe5" if box["maxclass"] == "newobj" else "#2c2822"
        parts.append(f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="4" fill="{fill}" stroke="#8a8172"/>')
        label = text or {"umenu": "wander"}.get(box["maxclass"], "")
        parts.append(f'<text x="{x + 7:g}" y="{y + h / 2 + 4:g}" font-size="12" fill="{ink}">{label}</text>')
    open(out, "w", encoding="utf-8").write("\n".join([*parts, "</svg>\n"]))


if __name__ == "__main__":
    if "--draw" in sys.argv:
        draw(sys.argv[1], sys.argv[3])
    else:
        for name in sys.argv[1:]:
            check(name)
        print("ok")
