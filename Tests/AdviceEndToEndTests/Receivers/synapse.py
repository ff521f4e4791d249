"""advised against a real Matrix homeserver: what scripts/receivers runs.

usage: synapse.py ADVISED

A point arrives; sent again it is the same event; a limited server gets as much as it takes; a token that
is no longer good closes the endpoint.
"""
import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

ADVISED = sys.argv[1]


def free_port():
    with contextlib.closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class Synapse:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = folder / "homeserver.yaml"
        self.python("-m", "synapse.app.homeserver", "--server-name", "localhost", "-c", self.settings,
                    "--data-directory", folder, "--generate-config", "--report-stats=no")
        settings = yaml.safe_load(self.settings.read_text())
        settings["listeners"] = [{
            "port": self.port, "type": "http", "tls": False, "bind_addresses": ["127.0.0.1"],
            "resources": [{"names": ["client"]}]}]
        settings["rc_message"] = {"per_second": 0.5, "burst_count": 2}
        settings["trusted_key_servers"] = []
        settings["suppress_key_server_warning"] = True
        self.secret = settings["registration_shared_secret"]
        self.settings.write_text(yaml.safe_dump(settings))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "synapse.app.homeserver", "-c", self.settings], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(600):
            with contextlib.suppress(OSError):
                self.ask("GET", "/_matrix/client/versions")
                return
            time.sleep(0.1)
        sys.exit("Synapse has not started within a minute")

    def python(self, *arguments):
        subprocess.run([sys.executable, *arguments], cwd=self.folder, check=True, capture_output=True)

    def ask(self, method, path, body=None, token=None):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def account(self, name):
        self.python("-m", "synapse._scripts.register_new_matrix_user", "-u", name, "-p", "a password",
                    "--no-admin", "-k", self.secret, self.url)
        answer = self.ask("POST", "/_matrix/client/v3/login", {
            "type": "m.login.password", "identifier": {"type": "m.id.user", "user": name},
            "password": "a password"})
        return answer["access_token"]

    def posts(self, room, token):
        path = f"/_matrix/client/v3/rooms/{urllib.parse.quote(room)}/messages?dir=b&limit=100"
        events = self.ask("GET", path, token=token)["chunk"]
        return [event for event in events if event["type"] == "m.room.message"]


class Site:
    def __init__(self, folder, synapse):
        self.folder, self.synapse = folder, synapse
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

    def subscribe(self, ids, room, token):
        text = "".join(
            f'- {{ id: {name}, format: matrix, url: "{self.synapse.url}", to: "{room}", token: "{token}" }}\n'
            for name in ids)
        (self.folder / "subscribers.yaml").write_text(text)
        (self.folder / "subscribers.yaml").chmod(0o600)

    def words(self, *words):
        return [ADVISED, *words, "--config", self.folder / "advised.yaml", "--state-dir",
                self.folder / "state"]

    def advised(self, *words):
        return subprocess.run(self.words(*words), capture_output=True, text=True, timeout=60)

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


def main():
    with tempfile.TemporaryDirectory() as place:
        synapse = Synapse(pathlib.Path(place))
        try:
            run(synapse, pathlib.Path(place))
        finally:
            synapse.process.terminate()
            synapse.process.wait()


def run(synapse, place):
    print("Matrix Synapse")
    token = synapse.account("bot")
    room = synapse.ask("POST", "/_matrix/client/v3/createRoom", {}, token)["room_id"]
    site = Site(place / "site", synapse)
    site.subscribe(["room"], room, token)
    done = site.advised("run", "--once")
    posts = synapse.posts(room, token)
    if done.returncode != 0:
        sys.exit(done.stderr)
    expect(len(posts) == 1, "a point arrives")
    expect("<i>point</i>" in posts[0]["content"]["formatted_body"], "with its emphasis")
    replayed = site.advised("replay", "--subscriber", "room", "--yes")
    again = site.advised("run", "--once")
    if replayed.returncode != 0 or again.returncode != 0:
        sys.exit(replayed.stderr + again.stderr)
    ids = [event["event_id"] for event in synapse.posts(room, token)]
    expect(ids == [posts[0]["event_id"]], f"sent again it is the same event {ids[1:]}")

    names = [f"member{number}" for number in range(6)]
    another = Site(place / "another", synapse)
    another.subscribe(names, room, token)
    another.daemon_until("all of six", lambda: len(synapse.posts(room, token)) == 7)
    log = json.loads(another.advised("log", "--json").stdout)
    limited = sum(attempt["status"] == 429 for one in log for attempt in one["attempt_log"])
    expect(len(log) == 6 and limited > 0, f"a server that limits ({limited} times) gets all in its time")

    third = Site(place / "third", synapse)
    third.subscribe(["room"], room, "syt_not_a_token")
    third.advised("run", "--once")
    closed = json.loads(third.advised("status", "--json").stdout)["closed"]
    expect(closed == ["room"], "a token that is not good closes the endpoint")


main()
