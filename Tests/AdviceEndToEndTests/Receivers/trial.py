"""What the trials against real servers share: a site of `advised`, and words for what is expected."""
import contextlib
import socket
import subprocess
import sys
import time

ADVISED = sys.argv[1]


def free_port():
    with contextlib.closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Site:
    """A series of one point, due now, and a state of its own."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "points").mkdir(parents=True)
        text = "---\nid: first\ntitle: Ask *early*\n---\nText of a *point*.\n"
        (folder / "points" / "1.md").write_text(text)
        today = time.strftime("%Y-%m-%d", time.gmtime())
        (folder / "advised.yaml").write_text(
            f"series: {{ daily: {{ title: Daily, points: points/, start: {today}, at: 00:00,"
            " zone: UTC } }\n"
            "subscribers: { file: subscribers.yaml }\nstatus: { listen: off }\n"
            "delivery: { allow_http: true, allow_networks: [127.0.0.1],"
            f" retries: [{', '.join(['1s'] * 20)}] }}\n")

    def subscribe(self, text):
        (self.folder / "subscribers.yaml").write_text(text)
        (self.folder / "subscribers.yaml").chmod(0o600)

    def words(self, *words):
        return [ADVISED, *words, "--config", self.folder / "advised.yaml", "--state-dir",
                self.folder / "state"]

    def advised(self, *words):
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60)

    def done(self, *words):
        """What a command says that must do what it is told."""
        finished = self.advised(*words)
        if finished.returncode != 0:
            sys.exit(f"advised {' '.join(words)}: exit {finished.returncode}\n{finished.stderr}")
        return finished.stdout

    def daemon_until(self, what, condition):
        daemon = subprocess.Popen(self.words("run"), stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                if condition():
                    return
                time.sleep(0.2)
            sys.exit(f"not within a minute: {what}")
        finally:
            daemon.terminate()
            daemon.wait()


def expect(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")
    print(f"  {what}")
