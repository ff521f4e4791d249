"""Judges bodies by the schemas of docs/schema, and plays the sender to the receivers of docs/receivers.

usage: receiving_check.py schema FILE...      each body by the schema of its type: a line for each, `valid` or
                                              what is wrong with it; exit 1 where one is not valid
       receiving_check.py damage FILE         takes each member of a body away in turn, and gives it another
                                              type: a line for each damage that its schema does not see
       receiving_check.py examples PAGE FOLDER   writes each example of a page (```json) into the folder, and
                                              prints their paths
       receiving_check.py bodies LOG FOLDER   the same with the requests in a log of receiver.py
       receiving_check.py post URL SECRET ID BODY [--ago SECONDS] [--change] [--claims BYTES]
                                              signs the file BODY as if so long ago, changes a letter of it,
                                              and posts it; prints the status and the reply. With a claim
                                              so many bytes are announced, and none sent
       receiving_check.py store FILE          what a receiver has kept: the webhook-ids, one a line
"""
import base64
import http.client
import json
import pathlib
import sqlite3
import sys
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from standardwebhooks.webhooks import Webhook

SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "docs" / "schema"


class Schemas:
    def __init__(self):
        self.by_name = {path.name: json.loads(path.read_text()) for path in SCHEMAS.glob("*.json")}
        for schema in self.by_name.values():
            Draft202012Validator.check_schema(schema)
        self.registry = Registry().with_resources(
            (name, Resource.from_contents(schema)) for name, schema in self.by_name.items())

    def fault(self, body):
        """None where the body is what its type promises. A type without a schema is none that we send."""
        name = f"{body['type']}.json" if isinstance(body, dict) and "type" in body else "body.json"
        if name not in self.by_name:
            return f"there is no schema {name}"
        errors = Draft202012Validator(self.by_name[name], registry=self.registry).iter_errors(body)
        return next((f"{error.json_path}: {error.message}" for error in errors), None)


def schema(*paths):
    schemas = Schemas()
    faults = [schemas.fault(json.loads(pathlib.Path(path).read_bytes())) for path in paths]
    for path, fault in zip(paths, faults):
        print(f"{path}: {fault or 'valid'}")
    return 0 if paths and not any(faults) else 1


# Left out where there is nothing to say, so that their absence damages nothing.
OPTIONAL = {"notice", "url", "publisher", "subscribers"}


def damages(value, path=""):
    """Each way to take one member out of a body or to give it another type, with a name for it."""
    if not isinstance(value, (dict, list)):
        return
    for key, member in value.items() if isinstance(value, dict) else enumerate(value):
        changed = value.copy()
        # An alert names its series and its point, if it has any.
        is_optional = key in OPTIONAL or key in ("series", "point") and isinstance(member, str)
        if isinstance(value, dict) and not is_optional:
            del changed[key]
            yield f"without {path}{key}", changed
            changed = value.copy()
        changed[key] = 5 if isinstance(member, str) else "text"
        yield f"with another {path}{key}", changed
        for what, damaged in damages(member, f"{path}{key}."):
            changed = value.copy()
            changed[key] = damaged
            yield what, changed


def damage(path):
    schemas, body = Schemas(), json.loads(pathlib.Path(path).read_bytes())
    if schemas.fault(body):
        return print(f"it is not valid as it is: {schemas.fault(body)}") or 1
    unseen = [what for what, damaged in damages(body) if schemas.fault(damaged) is None]
    print("\n".join(unseen))
    return 1 if unseen else 0


def write(bodies, folder):
    for number, body in enumerate(bodies, 1):
        path = pathlib.Path(folder) / f"body-{number}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        print(path)
    return 0


def examples(page, folder):
    blocks = pathlib.Path(page).read_text().split("\n```json\n")[1:]
    return write([block.split("\n```")[0].encode() for block in blocks], folder)


def bodies(log, folder):
    with open(log) as file:
        entries = [entry for entry in map(json.loads, file) if entry["event"] == "request"]
    return write([base64.b64decode(entry["body"]) for entry in entries], folder)


def post(url, secret, webhook_id, path, *options):
    body = pathlib.Path(path).read_bytes()
    ago = int(options[options.index("--ago") + 1]) if "--ago" in options else 0
    at = datetime.now(tz=timezone.utc) - timedelta(seconds=ago)
    signature = Webhook(secret).sign(webhook_id, at, body.decode())
    if "--change" in options:
        # A letter of the text becomes another: still JSON, and a different one.
        body = body.replace(b"advice", b"advise", 1)
    headers = {
        "content-type": "application/json", "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    if "--claims" in options:
        headers["content-length"] = options[options.index("--claims") + 1]
        place = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=20)
        connection.request("POST", place.path, headers=headers)
        print(connection.getresponse().status)
        return 0
    # No proxy of the environment: this goes to loopback.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, body, headers), timeout=20) as answer:
            print(f"{answer.status} {answer.read().decode()}".strip())
    except urllib.error.HTTPError as error:
        print(error.code)
    return 0


def store(path):
    """Of the Python receiver a database, of the Node one a file of lines."""
    if pathlib.Path(path).read_bytes().startswith(b"SQLite format 3\0"):
        kept = sqlite3.connect(path).execute("SELECT webhook_id FROM delivery ORDER BY rowid").fetchall()
        ids = [row[0] for row in kept]
    else:
        lines = pathlib.Path(path).read_text().splitlines()
        ids = [entry["id"] for entry in map(json.loads, filter(None, lines)) if "id" in entry]
    print("\n".join(ids))
    return 0


COMMANDS = {
    "schema": schema, "damage": damage, "examples": examples, "bodies": bodies, "post": post, "store": store}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
