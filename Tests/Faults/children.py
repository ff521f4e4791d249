"""The processes of a run: each ends with it, by its own number."""
import os
import signal
import subprocess
import time


class Bad(Exception):
    """A fault was not survived, or the test could not be made: in words."""


class Lacking(Bad):
    """Something that the test needs is not on this machine."""


living = []


class Child:
    """A program with its output in files: no pipe can fill and stop it."""

    def __init__(self, arguments, log, environment=None, input=subprocess.DEVNULL):
        self.errors_path, self.output_path = log + ".err", log + ".out"
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"} | (environment or {})
        with open(self.output_path, "wb") as output, open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                arguments, stdin=input, stdout=output, stderr=errors, env=variables)
        self.pid = self.process.pid
        living.append(self)

    @property
    def errors(self):
        with open(self.errors_path, errors="replace") as file:
            return file.read()

    @property
    def output(self):
        with open(self.output_path, errors="replace") as file:
            return file.read()

    @property
    def code(self):
        """How it ended: its exit code, or minus the signal; None while it runs."""
        return self.process.poll()

    def send(self, number):
        if self.code is None:
            os.kill(self.pid, number)

    def end(self, within=60):
        """Waits for its end and gives its code."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Bad(f"a process did not end within {within} s: {self.errors[-2000:]}") from None
        if self in living:
            living.remove(self)
        return code

    def kill(self):
        self.send(signal.SIGKILL)
        return self.end()

    def stop(self, within=60):
        """TERM, and the code that it ends with."""
        self.send(signal.SIGTERM)
        return self.end(within)


def end_all():
    for child in list(living):
        child.kill()


def wait(what, look, within=60, every=0.001):
    """Looks until `look` gives something that counts as true, and gives that."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Bad(f"not within {within} s: {what() if callable(what) else what}")
        time.sleep(every)


def run(*arguments, within=60):
    """Runs a tool of this machine; a refusal is an error with its words."""
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=within)
    except FileNotFoundError:
        raise Lacking(f"{arguments[0]} is missing on this machine") from None
    if done.returncode != 0:
        raise Lacking(f"`{' '.join(arguments)}` is refused here: {done.stderr.strip()}")
    return done.stdout
