"""Writes advised(8): its frame with the commands that the program itself knows in the place of @COMMANDS@.

usage: commands.py PROGRAM FRAME > advised.8
"""

import json
import re
import subprocess
import sys

# Said once for all commands.
COMMON = {"config", "state-dir", "version", "help"}


def text(words):
    """Running text in mdoc: nothing of it is a request, and options keep their dashes."""
    lines = []
    for sentence in re.split(r"(?<=[.:]) +(?=[A-Z`])|\n+", words.strip()):
        sentence = sentence.replace("\\", "\\e").replace("--", "\\-\\-")
        lines.append("\\&" + sentence if sentence[:1] in (".", "'") else sentence)
    return "\n".join(lines)


def long_name(argument):
    return next((name["name"] for name in argument.get("names", []) if name["kind"] == "long"), None)


def own(command):
    return [a for a in command.get("arguments", []) if long_name(a) not in COMMON and a["shouldDisplay"]]


def synopsis(argument):
    if argument["kind"] == "positional":
        shown = "Ar " + argument["valueName"]
    else:
        shown = "Fl -" + long_name(argument)
        if argument["kind"] == "option":
            shown += " Ar " + value_name(argument)
    return shown + " ..." if argument["isRepeating"] else shown


def value_name(argument):
    """What stands behind an option whose own name says how the value is taken and not what it is."""
    name = argument["valueName"]
    if name not in ("after", "at", "from", "on", "since", "to", "until"):
        return name
    words = argument.get("abstract") or ""
    return next((kind for kind in ("instant", "point", "day") if kind in words), "value")


def in_synopsis(argument):
    shown = synopsis(argument)
    return f"Oo {shown} Oc" if argument["isOptional"] else shown


def describe(command, path, lines):
    subcommands = [c for c in command.get("subcommands", []) if c["commandName"] != "help"]
    for inner in subcommands:
        describe(inner, path + [command["commandName"]], lines)
    if subcommands:
        return
    arguments = own(command)
    words = " ".join(path + [command["commandName"]])
    lines += [f".It Cm {words} " + " ".join(in_synopsis(a) for a in arguments), text(command["abstract"])]
    if command.get("discussion"):
        lines.append(text(command["discussion"]))
    if not arguments:
        return
    lines.append(".Bl -tag -width Ds -compact")
    for argument in arguments:
        lines.append(".It " + synopsis(argument))
        lines.append(text(argument.get("abstract") or ""))
        if argument.get("defaultValue"):
            lines.append(f"Default: {argument['defaultValue']}.")
    lines.append(".El")


def main(program, frame):
    dump = subprocess.run([program, "--experimental-dump-help"], check=True, capture_output=True).stdout
    lines = [".Bl -tag -width Ds"]
    for command in json.loads(dump)["command"]["subcommands"]:
        if command["commandName"] != "help":
            describe(command, [], lines)
    lines.append(".El")
    with open(frame, encoding="utf-8") as file:
        print(file.read().replace("@COMMANDS@", "\n".join(lines)), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
