"""Runs a program on a terminal of its own, types lines when it asks, and prints all that the terminal shows.

usage: terminal.py ANSWERS PROGRAM [ARGUMENT...]

A line of the file ANSWERS is typed each time that the program has asked: what is shown ends in ": ". The exit
code is the program's.
"""
import os
import pty
import sys

answers = open(sys.argv[1]).read().splitlines()
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
shown = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    sys.stdout.buffer.write(piece)
    sys.stdout.flush()
    if shown.endswith(b": ") and answers:
        os.write(terminal, answers.pop(0).encode() + b"\n")
        shown = b""
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
