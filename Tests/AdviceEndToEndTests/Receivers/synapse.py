"""advised against a real Matrix homeserver: what scripts/receivers runs.

usage: synapse.py ADVISED

A point arrives; sent again it is the same event; a limited server gets as much as it takes; a token that
is no longer good closes the endpoint.
"""
import contextlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

from trial import Site, expect, free_port


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
        self.process.kill()
        self.process.wait()
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


def members(synapse, ids, room, token):
    return "".join(
        f'- {{ id: {name}, format: matrix, url: "{synapse.url}", to: "{room}", token: "{token}" }}\n'
        for name in ids)


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
    site = Site(place / "site")
    site.subscribe(members(synapse, ["room"], room, token))
    site.done("run", "--once")
    posts = synapse.posts(room, token)
    expect(len(posts) == 1, "a point arrives")
    expect("<i>point</i>" in posts[0]["content"]["formatted_body"], "with its emphasis")
    site.done("replay", "--subscriber", "room", "--yes")
    site.done("run", "--once")
    ids = [event["event_id"] for event in synapse.posts(room, token)]
    expect(ids == [posts[0]["event_id"]], f"sent again it is the same event {ids[1:]}")

    names = [f"member{number}" for number in range(6)]
    another = Site(place / "another")
    another.subscribe(members(synapse, names, room, token))
    another.daemon_until("all of six", lambda: len(synapse.posts(room, token)) == 7)
    log = json.loads(another.advised("log", "--json").stdout)
    limited = sum(attempt["status"] == 429 for one in log for attempt in one["attempt_log"])
    expect(len(log) == 6 and limited > 0, f"a server that limits ({limited} times) gets all in its time")

    third = Site(place / "third")
    third.subscribe(members(synapse, ["room"], room, "syt_not_a_token"))
    third.advised("run", "--once")
    closed = json.loads(third.advised("status", "--json").stdout)["closed"]
    expect(closed == ["room"], "a token that is not good closes the endpoint")


main()
