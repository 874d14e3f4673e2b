"""Compiles Processing sketches as Processing does: compile.py CORE_JAR FOLDER SKETCH.pde... Prints "ok".

A sketch becomes the inside of a class that extends PApplet: what has no access of its own becomes public, and numbers
with a point become floats.
"""

import pathlib
import re
import subprocess
import sys

core, folder, *sketches = sys.argv[1:]
folder = pathlib.Path(folder)
folder.mkdir(parents=True, exist_ok=True)
here = pathlib.Path(__file__).parent
sources = []
for n, sketch in enumerate(sketches):
    text = pathlib.Path(sketch).read_text(encoding="utf-8")
    imports = "\n".join(re.findall(r"^import .*;$", text, re.M))
    text = re.sub(r"^import .*;$", "", text, flags=re.M)
    # Strings and comments stay as they are.
    parts = re.split(r'("(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/)', text, flags=re.S)
    for at in range(0, len(parts), 2):
        part = re.sub(r"(?<![\w.])(\d+\.\d+(?:e[+-]?\d+)?)(?![\w.])", r"\1f", parts[at])
        part = re.sub(r"\bcolor\(", "color(", part)
        # Processing's own conversions, which Java has no functions of these names for.
        part = re.sub(r"\bint\(", "parseInt(", re.sub(r"\bfloat\(", "parseFloat(", part))
        parts[at] = re.sub(r"^((?:synchronized )?)(void|int|float|String|PVector) (\w+\()", r"public \1\2 \3", part, flags=re.M)
    # The core that Debian has is older than randomGaussian and settings.
    newer = "public float randomGaussian() { return (float) new java.util.Random().nextGaussian(); }"
    name = f"Sketch{n}"
    source = folder / f"{name}.java"
    source.write_text(f"import processing.core.*;\n{imports}\npublic class {name} extends PApplet {{\n{newer}\n{''.join(parts)}\n}}\n", encoding="utf-8")
    sources.append(str(source))
stand_ins = [str(path) for path in here.glob("*/*.java")]
subprocess.run(["javac", "-nowarn", "-encoding", "UTF-8", "-cp", core, "-d", str(folder / "classes"), *stand_ins, *sources], check=True)
print("ok")
