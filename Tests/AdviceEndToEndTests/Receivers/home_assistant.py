"""advised against a real Home Assistant: what scripts/receivers runs.

usage: home_assistant.py ADVISED

The automation of docs/receivers.md shows a test and a point as notifications, and a point that is sent again
as one; Home Assistant takes a point for a webhook that it does not know, and shows nothing.
"""
import asyncio
import contextlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import aiohttp
import yaml

from trial import Site, expect, free_port

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "receivers.md"
WEBHOOK = "advice-a1b2c3"


def automation():
    """The lines that docs/receivers.md gives for Home Assistant, as they stand there."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    found = [block for block in blocks if "platform: webhook" in block and WEBHOOK in block]
    if len(found) != 1:
        sys.exit(f"{PAGE} has {len(found)} automations for the webhook {WEBHOOK}, not one")
    return found[0]


class HomeAssistant:
    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = {
            "homeassistant": {"name": "Home", "time_zone": "UTC"},
            "http": {"server_host": "127.0.0.1", "server_port": self.port},
            # Of `default_config`, which wants the network's devices too, the part that takes webhooks.
            "webhook": {},
        }
        (folder / "configuration.yaml").write_text(yaml.safe_dump(settings) + automation())
        self.output = (folder / "output.txt").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "homeassistant", "--config", folder, "--skip-pip"], cwd=folder,
            stdout=self.output, stderr=subprocess.STDOUT)
        self.token = None
        self.await_start()

    def await_start(self):
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.give_up("has ended")
            with contextlib.suppress(OSError):
                if self.token is None:
                    self.token = self.new_user()
                if self.ask("GET", "/api/config")["state"] == "RUNNING":
                    return
            time.sleep(0.2)
        self.give_up("has not started within two minutes")

    def give_up(self, what):
        self.process.kill()
        self.process.wait()
        sys.exit(f"Home Assistant {what}:\n{(self.folder / 'output.txt').read_text()[-4000:]}")

    def new_user(self):
        """The first step of its setting up, as in the browser: a user, and a token for the user."""
        user = {"client_id": self.url + "/", "name": "Ann", "username": "ann", "password": "a password",
                "language": "en"}
        code = self.ask("POST", "/api/onboarding/users", json.dumps(user))["auth_code"]
        grant = {"client_id": self.url + "/", "grant_type": "authorization_code", "code": code}
        return self.ask("POST", "/auth/token", urllib.parse.urlencode(grant), "x-www-form-urlencoded")[
            "access_token"]

    def ask(self, method, path, body=None, kind="json"):
        headers = {"content-type": f"application/{kind}"}
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        data = None if body is None else body.encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def notifications(self):
        """What stands in its side bar, by its id."""
        return asyncio.run(self.ask_for_notifications())

    async def ask_for_notifications(self):
        async with aiohttp.ClientSession() as session, session.ws_connect(
                self.url + "/api/websocket") as socket:
            await socket.receive_json(timeout=10)
            await socket.send_json({"type": "auth", "access_token": self.token})
            if (await socket.receive_json(timeout=10))["type"] != "auth_ok":
                sys.exit("Home Assistant does not take its own token")
            await socket.send_json({"id": 1, "type": "persistent_notification/get"})
            answer = await socket.receive_json(timeout=10)
            if not answer["success"]:
                sys.exit(f"Home Assistant shows no notifications: {answer}")
            return {one["notification_id"]: one for one in answer["result"]}

    def notifications_once(self, condition):
        """The automation runs after the answer: what there is once it is so, or after 10 seconds."""
        for _ in range(50):
            found = self.notifications()
            if condition(found):
                break
            time.sleep(0.2)
        return found


def subscriber(name, home, webhook):
    return (f"- {{ id: {name}, format: template, url: {home.url}/api/webhook/{webhook},"
            " template: { preset: homeassistant } }\n")


def main():
    with tempfile.TemporaryDirectory() as place:
        (pathlib.Path(place) / "home").mkdir()
        home = HomeAssistant(pathlib.Path(place) / "home")
        try:
            run(home, pathlib.Path(place))
        finally:
            home.process.terminate()
            home.process.wait()


def run(home, place):
    print("Home Assistant")
    expect(home.notifications() == {}, "nothing stands in its side bar at first")
    site = Site(place / "site")
    site.subscribe(subscriber("home", home, WEBHOOK))
    site.done("test", "home")
    shown = list(home.notifications_once(lambda found: len(found) == 1).values())
    expect([one["title"] for one in shown] == ["[test] Advice can reach you here"], "a test arrives")

    site.done("run", "--once")
    log = json.loads(site.done("log", "--json"))
    expect([entry["state"] for entry in log] == ["delivered"], "a point is delivered")
    name = log[0]["webhook_id"]
    shown = home.notifications_once(lambda found: name in found)
    expect(name in shown, "and arrives, by its webhook-id")
    expect(shown[name]["title"] == "Ask *early*", "with its title")
    expect(shown[name]["message"].startswith("Text of a *point*.\n"), "and its text as Markdown")
    expect(len(shown) == 2, "beside the test")

    before = shown[name]["created_at"]
    site.done("replay", "--subscriber", "home", "--yes")
    site.done("run", "--once")
    again = home.notifications_once(lambda found: found[name]["created_at"] != before)
    expect(again[name]["created_at"] != before and again.keys() == shown.keys(),
           "sent again it takes the place of what stands there")

    # The control: what must not arrive, and what an answer of 200 is worth.
    other = Site(place / "other")
    other.subscribe(subscriber("nowhere", home, "no-such-webhook"))
    other.done("run", "--once")
    log = json.loads(other.done("log", "--json"))
    expect([(one["state"], one["status"]) for one in log] == [("delivered", 200)],
           "a webhook that it does not know is answered 200 too")
    time.sleep(2)
    expect(home.notifications() == again, "and nothing of it is shown")


main()
