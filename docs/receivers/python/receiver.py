#!/usr/bin/env python3
"""A receiver of advice: checks what comes, keeps it, answers, and only then does its own work.

usage: receiver.py --secret FILE [--port PORT] [--store FILE]

It needs Python 3.9 or newer and nothing else. FILE holds the secret that the sender gave you (whsec_...);
while it is changed for another, both, one a line. Copy this program and put your own work into `show`; the
page "Receiving" (docs/receiving.md) says why it does what it does.

It listens on this machine only. Put a web server with TLS before it, one that passes the body on unchanged.
"""
import argparse
import base64
import contextlib
import hmac
import http.server
import json
import sqlite3
import threading
import time
import traceback

TOLERANCE = 300  # seconds that webhook-timestamp may be off
BODY_LIMIT = 1 << 20  # bytes; more is not read
REMEMBERED = 30 * 86_400  # seconds for which a webhook-id is known

TABLES = """
CREATE TABLE IF NOT EXISTS delivery (
    webhook_id TEXT PRIMARY KEY, received_at INTEGER, body BLOB, is_done INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS point (
    series TEXT, edition TEXT, id TEXT, sequence INTEGER, revision INTEGER, is_withdrawn INTEGER,
    title TEXT, text TEXT, notice TEXT, PRIMARY KEY (series, edition, id));
"""


def read_secrets(path):
    with open(path) as file:
        lines = [line.strip() for line in file]
    secrets = [line for line in lines if line and not line.startswith("#")]
    try:
        keys = [base64.b64decode(secret.removeprefix("whsec_"), validate=True) for secret in secrets]
    except ValueError:
        keys = []
    if not keys:
        raise SystemExit(f"{path}: secrets that begin with whsec_ are expected, one a line")
    return keys


def fault(headers, body, secrets, now):
    """Why a request is not to be trusted; None where it is new, and signed with one of the secrets."""
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    webhook_id, timestamp, signatures = (headers.get(name, "") for name in names)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        return "there is no webhook-timestamp"
    if abs(now - int(timestamp)) > TOLERANCE:
        return "webhook-timestamp is more than 5 minutes off"
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    for secret in secrets:
        expected = b"v1," + base64.b64encode(hmac.digest(secret, signed, "sha256"))
        for signature in signatures.split(" "):
            # Not ==, which takes the longer the more is right: that would tell a forger the way.
            if hmac.compare_digest(expected, signature.encode()):
                return None
    return "no signature matches"


# ---- The store ---------------------------------------------------------------------------------------------


def open_store(path):
    store = sqlite3.connect(path, timeout=10)
    store.executescript(TABLES)
    return store


def keep(path, webhook_id, body):
    """Keeps a delivery, once. It is on the disk when this returns: not before may the answer be a 2xx."""
    with contextlib.closing(open_store(path)) as store, store:
        forgotten = time.time() - REMEMBERED
        store.execute("DELETE FROM delivery WHERE is_done AND received_at < ?", (forgotten,))
        entry = (webhook_id, int(time.time()), body)
        columns = "delivery (webhook_id, received_at, body)"
        store.execute(f"INSERT OR IGNORE INTO {columns} VALUES (?, ?, ?)", entry)


one_at_a_time = threading.Lock()


def catch_up(path):
    """Does the work for what was kept and not done yet, also by an earlier run that was broken off."""
    with one_at_a_time, contextlib.closing(open_store(path)) as store:
        undone = "SELECT webhook_id, body FROM delivery WHERE NOT is_done ORDER BY rowid"
        for webhook_id, body in store.execute(undone).fetchall():
            try:
                with store:  # one transaction: the work's rows and that it is done, or neither
                    work(store, json.loads(body))
                    store.execute("UPDATE delivery SET is_done = 1 WHERE webhook_id = ?", (webhook_id,))
            except Exception:  # it stays undone and is taken up again with the next delivery
                traceback.print_exc()


# ---- The work ----------------------------------------------------------------------------------------------


def work(store, event):
    kind, data = event["type"], event["data"]
    if kind in ("advice.point.released", "advice.point.revised", "advice.point.withdrawn"):
        take_point(store, kind, data)
    elif kind == "advice.series.completed":
        show(f"The series is complete: {data['series']['title']}")
    elif kind == "advice.alert":
        show(f"Alert ({data['severity']}): {data['title']}\n\n{data['text']}")
    elif kind == "advice.test":
        show("A test arrived.")
    # Any other type is newer than this program. It has had its 2xx; there is nothing to do.


def take_point(store, kind, data):
    series, point, release = data["series"], data["point"], data["release"]
    edition = (series["id"], series["edition"])
    known = store.execute(
        "SELECT revision FROM point WHERE series = ? AND edition = ? AND id = ?", (*edition, point["id"])
    ).fetchone()
    if known and known[0] >= release["revision"]:
        return  # an older text of what we have
    newest = store.execute(
        "SELECT max(sequence) FROM point WHERE series = ? AND edition = ?", edition).fetchone()[0] or 0
    is_withdrawn = kind == "advice.point.withdrawn"
    text = "\n\n".join(filter(None, [point["title"], point["body_text"], data.get("notice")]))
    if known:
        show(f"{'Withdrawn' if is_withdrawn else 'Corrected'}: {text}")
    elif release["sequence"] > newest and not is_withdrawn:
        show(text)
    # Else it came late: it has its place among the others by its sequence, and is not the newest.
    # Written after the work, for a write holds up what comes meanwhile until all here is done.
    store.execute(
        "REPLACE INTO point VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*edition, point["id"], release["sequence"], release["revision"], is_withdrawn,
         point["title"], point["body_text"], data.get("notice")))


def show(text):
    print(f"\n{text}", flush=True)


# ---- The requests ------------------------------------------------------------------------------------------


class Receiver(http.server.BaseHTTPRequestHandler):
    timeout = 15  # seconds that a sender may be silent

    def do_POST(self):
        status, reply = self.receive()
        self.send_response(status)
        if reply:
            self.send_header("content-type", "text/plain")
            self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)
        if status == 204:
            catch_up(self.server.store)

    def receive(self):
        length = self.headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            return 411, b""
        if len(length) > 9 or int(length) > BODY_LIMIT:
            return 413, b""
        body = self.rfile.read(int(length))
        why = fault(self.headers, body, self.server.secrets, time.time())
        if why:
            print(f"refused: {why}", flush=True)
            return 401, b""
        try:
            event = json.loads(body)
            kind, data = event["type"], event["data"]
        except (ValueError, TypeError, KeyError):
            return 400, b""
        if not isinstance(kind, str) or not isinstance(data, dict):
            return 400, b""
        if kind == "advice.endpoint.verify":
            return 200, str(data.get("challenge")).encode()
        try:
            keep(self.server.store, self.headers["webhook-id"], body)
        except sqlite3.Error as error:
            print(f"not kept: {error}", flush=True)
            return 503, b""  # it will come again
        return 204, b""

    def log_request(self, code="-", size="-"):
        pass  # the path may be a secret, and who reads such advice is nobody's business


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--secret", required=True, metavar="FILE")
    parser.add_argument("--port", type=int, default=8332, help="0 takes a free one")
    parser.add_argument("--store", default="deliveries.db", metavar="FILE")
    options = parser.parse_args()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", options.port), Receiver)
    server.secrets, server.store = read_secrets(options.secret), options.store
    catch_up(options.store)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main()
