"""Takes webhooks, and writes a JSON line for each: its path, its id, and whether its signature holds.

usage: receiver.py PORT RECORD SECRET...     one of the secrets signs
"""

import base64
import hashlib
import hmac
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def is_signed(headers, body, secrets):
    """By Standard Webhooks 1.0."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        mark = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if f"v1,{mark}" in (headers["webhook-signature"] or "").split(" "):
            return True
    return False


def kind(body):
    """The type that a body names; one for a chat has none, and says in words that it is a test."""
    return body.get("type") or ("advice.test" if "[test]" in json.dumps(body) else "advice.point.released")


class Receiver(BaseHTTPRequestHandler):
    record, secrets = "", []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        line = {
            "path": self.path, "id": self.headers["webhook-id"], "type": kind(json.loads(body)),
            "signed": is_signed(self.headers, body, self.secrets),
        }
        with open(self.record, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Nothing to the terminal."""


if __name__ == "__main__":
    Receiver.record, Receiver.secrets = sys.argv[2], sys.argv[3:]
    server = ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Receiver)
    print("listening", flush=True)
    server.serve_forever()
