"""The service on a host, as its operator and its receivers see it; and the checks, a line each."""

import json
import os
import re
import subprocess
import sys
import time

PORT = 9000
SETTINGS = "/etc/advised/advised.yaml"
ROSTER = "/etc/advised/subscribers.yaml"
STATE = "/var/lib/advised"
# Seconds for what takes one or two, and for what begins with RestartSec=.
SOON, LATER = 60, 90


class Failed(Exception):
    """A check that did not hold."""


class Service:
    def __init__(self, host):
        self.host = host
        self.record = host.folder + "/posts"
        self.receiver = None
        self.secrets = []
        self.began = time.monotonic()
        self.count = 0

    # Checks

    def check(self, words, holds, why=""):
        """One line: what was to be so, and whether it is."""
        self.count += 1
        taken = time.monotonic() - self.began
        print(f"{'ok    ' if holds else 'FAILED'} {taken:6.1f} s  {words}", flush=True)
        if not holds:
            raise Failed(str(why))

    def succeeds(self, words, command, given=None):
        done = self.host.run(command, given)
        self.check(words, done.code == 0, done)
        return done

    def comes(self, words, condition, limit=SOON, why=lambda: ""):
        """What is so within the limit."""
        end = time.monotonic() + limit
        while not (value := condition()) and time.monotonic() < end:
            time.sleep(0.1)
        self.check(words, value, why() or self.journal())
        return value

    # The service

    def shown(self, name, unit="advised"):
        return self.host.quietly(f"systemctl show -P {name} {unit}").output.strip()

    def is_active(self):
        return self.shown("ActiveState") == "active"

    def journal(self):
        return self.host.quietly("journalctl --no-pager -n 40 -u advised").output

    def status(self):
        done = self.host.quietly("advised status --json")
        return json.loads(done.output) if done.output.startswith("{") else {}

    def edit(self, path, change):
        """As a person with an editor: owner and mode stay."""
        self.host.write(path, change(self.host.read(path)))

    def subscribe(self, name, path=ROSTER, host="127.0.0.1"):
        """A secret for the subscriber, and its entry in the file."""
        command = f"advised keys new | install -m 640 -g advised /dev/stdin /etc/advised/secrets/{name}"
        self.succeeds(f"a secret for {name} is made", command)
        self.secrets.append(self.host.read(f"/etc/advised/secrets/{name}").strip())
        entry = (
            f"- id: {name}\n  url: http://{host}:{PORT}/{name}\n"
            f"  secret: {{ file: /etc/advised/secrets/{name} }}\n")
        self.edit(path, lambda text: text + entry)
        self.listen()

    # The receiver

    def listen(self):
        """Begins a receiver inside that knows all secrets; ends the one before."""
        self.hang_up()
        place = os.path.join(os.path.dirname(__file__), "receiver.py")
        words = [sys.executable, place, str(PORT), self.record, *self.secrets]
        self.receiver = subprocess.Popen(self.host.entrance("-n") + words, stdout=subprocess.PIPE)
        self.receiver.stdout.readline()

    def hang_up(self):
        if self.receiver is not None:
            self.receiver.kill()
            self.receiver.wait()
            self.receiver.stdout.close()
            self.receiver = None

    def posts(self, path, kind="advice.point.released"):
        if not os.path.exists(self.record):
            return []
        with open(self.record, encoding="utf-8") as file:
            lines = [json.loads(line) for line in file if line.endswith("\n")]
        return [line for line in lines if line["path"] == path and line["type"] == kind]

    def has_one(self, name):
        """One point has come to the subscriber, signed."""
        posts = self.posts("/" + name)
        return len(posts) == 1 and posts[0]["signed"]

    def nothing_twice(self, words):
        """Of those whose machine was killed, stopped or filled while nothing was in flight."""
        names = {os.path.basename(line) for line in self._paths()}
        twice = [name for name in names if len(self.posts("/" + name)) != 1]
        self.check(words, names and not twice, f"not one point each: {twice}")

    def is_owner_of_all(self):
        """Whoever gave commands, the state is the daemon's own."""
        find = f"find {STATE} ! -user advised -o ! -group advised -o -perm /077"
        strange = self.host.quietly(find).output
        self.check("no file of root's is left in the state, and none that others may read", not strange,
                   strange)

    def _paths(self):
        with open(self.record, encoding="utf-8") as file:
            return {json.loads(line)["path"] for line in file}


def documented(path):
    """The commands that a page gives to type as root: behind '# ' in a console block, all of a sh block."""
    with open(path, encoding="utf-8") as file:
        blocks = re.findall(r"```(console|sh)\n(.*?)```", file.read(), re.DOTALL)
    lines = [line.removeprefix("# ") for kind, block in blocks for line in block.splitlines()
             if kind == "sh" or line.startswith("# ")]
    # What follows two blanks and a '#' is said to the reader; an editor waits for a person.
    commands = [re.sub(r"\s{2,}#.*", "", line).strip() for line in lines]
    return [command for command in commands if not command.startswith("editor ")]
