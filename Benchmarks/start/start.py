"""How long the daemon takes until it says READY, with a roster of a million rows: taken for the first time,
and when nothing has changed since.

usage: start.py PROGRAM [ROWS]
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

SETTINGS = """series:
  daily: { title: One a day, points: points/, start: 2099-01-01, zone: UTC }
subscribers: { file: subscribers.csv }
status: { listen: off }
"""


def write(folder, rows):
    os.mkdir(folder + "/points")
    with open(folder + "/points/01-one.md", "w", encoding="utf-8") as file:
        file.write("---\ntitle: One\n---\nText.\n")
    with open(folder + "/advised.yaml", "w", encoding="utf-8") as file:
        file.write(SETTINGS)
    with open(folder + "/subscribers.csv", "w", encoding="utf-8") as file:
        file.write("id,url,secret\n")
        for number in range(rows):
            file.write(f"s{number},https://h{number % 1000}.example.org/hooks/{number},none\n")
    os.chmod(folder + "/subscribers.csv", 0o600)


def start(program, folder):
    """Seconds until READY and of CPU, the status, and what it said."""
    place = folder + "/notify"
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(place)
    manager.settimeout(300)
    with open(folder + "/log", "w+", encoding="utf-8") as log:
        began = time.monotonic()
        daemon = subprocess.Popen(
            [program, "run", "--config", folder + "/advised.yaml"], stderr=log,
            env={"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": place})
        while "READY=1" not in manager.recv(4096).decode():
            pass
        taken = time.monotonic() - began
        daemon.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(daemon.pid, 0)
        log.seek(0)
        words = next(line for line in log if "started for" in line)
    manager.close()
    os.unlink(place)
    return taken, usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10, status, words.strip()


def main(program, rows=1_000_000):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, int(rows))
        # A file that has just changed is read again.
        time.sleep(3)
        for _ in range(5):
            taken, cpu, memory, status, words = start(program, folder)
            figures = f"READY after {taken * 1000:7.0f} ms; {cpu:5.2f} s CPU, {memory} MiB"
            print(f"{figures}; exit {status}; {words}")


if __name__ == "__main__":
    main(*sys.argv[1:])
