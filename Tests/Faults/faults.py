"""Runs the program as it is shipped against real faults, and says what became of every delivery.

usage: scripts/faults [--list] [--quick | --thorough] [--count N] [--seconds S] [NAME...]
"""
import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import children  # noqa: E402
import clocks  # noqa: E402, F401
import disks  # noqa: E402, F401
import killed  # noqa: E402, F401
import limits  # noqa: E402, F401
import registry  # noqa: E402
import shared  # noqa: E402
import stores  # noqa: E402, F401
from trial import Row, binary  # noqa: E402


def chosen(arguments):
    every = registry.faults.values()
    if arguments.names:
        unknown = [name for name in arguments.names if name not in registry.faults]
        if unknown:
            sys.exit(f"there is no fault {', '.join(unknown)}: scripts/faults --list names them")
        return [registry.faults[name] for name in arguments.names]
    if arguments.quick:
        return [fault for fault in every if fault.quick]
    if arguments.thorough:
        return [fault for fault in every if fault.thorough]
    return [fault for fault in every if fault.alone and not fault.thorough]


def tried(fault):
    """Its row; what cannot be tried here is bad."""
    try:
        return fault.body()
    except children.Bad as error:
        return Row(problems=[str(error)])
    except Exception:
        return Row(problems=["the test itself failed:\n" + traceback.format_exc()])
    finally:
        for child in list(children.living):
            if shared.Server.one is None or child is not shared.Server.one.child:
                child.kill()


def table(rows):
    head = ("fault", "tried", "lost", "repeated", "otherwise", "verdict")
    cells = [head] + [
        (fault.name, f"{row.tried:,}", f"{row.lost:,}", f"{row.repeated:,}", f"{row.otherwise:,}",
         ("good" if row.is_good else "BAD") + (f" ({row.note.strip(' ,')})" if row.note else ""))
        for fault, row, _ in rows]
    widths = [max(len(line[place]) for line in cells) for place in range(len(head) - 1)]
    for line in cells:
        texts = [line[0].ljust(widths[0])] + [line[i].rjust(widths[i]) for i in range(1, len(widths))]
        print("  ".join(texts + [line[-1]]))


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--count", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    registry.options.count, registry.options.seconds = arguments.count, arguments.seconds
    if arguments.list:
        for fault in registry.faults.values():
            kind = " (quick)" if fault.quick else " (thorough)" if fault.thorough else ""
            print(f"{fault.name:26} {fault.what}{kind}")
        return 0
    print(f"the program: {binary()}", flush=True)
    rows = []
    try:
        for fault in chosen(arguments):
            print(f"== {fault.name}: {fault.what}", flush=True)
            begun = time.monotonic()
            row = tried(fault)
            rows.append((fault, row, time.monotonic() - begun))
            word = "good" if row.is_good else "BAD"
            print(f"   {word} in {rows[-1][2]:.1f} s {row.note.strip(' ,')}", flush=True)
            for problem in row.problems[:10]:
                print(f"   {problem}", flush=True)
    finally:
        shared.Server.end()
        children.end_all()
    print()
    table(rows)
    return 0 if all(row.is_good for _, row, _ in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
