"""Judges what we sent, and signs what we are to judge, by PyPI's standardwebhooks: not our software.

usage: standard_webhooks.py verify SECRET LOG      each request of a log: two verdicts a line, as it came
                                                   and with one byte of the body changed
       standard_webhooks.py sign SECRET ID BODY    the three headers over the file BODY, one a line
"""
import base64
import json
import sys
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def verdict(webhook, body, headers):
    try:
        webhook.verify(body, headers)
        return "accepted"
    except WebhookVerificationError:
        return "refused"


def verify(secret, log):
    webhook = Webhook(secret)
    with open(log) as file:
        requests = [entry for entry in map(json.loads, file) if entry["event"] == "request"]
    for request in requests:
        body = base64.b64decode(request["body"])
        # A letter of the text becomes another: still JSON, and a different one.
        changed = body.replace(b"advice", b"advise", 1)
        print(verdict(webhook, body, request["headers"]), verdict(webhook, changed, request["headers"]))


def sign(secret, identifier, body):
    now = datetime.now(tz=timezone.utc)
    with open(body) as file:
        signature = Webhook(secret).sign(identifier, now, file.read())
    print(f"webhook-id: {identifier}\nwebhook-timestamp: {int(now.timestamp())}")
    print(f"webhook-signature: {signature}")


{"verify": verify, "sign": sign}[sys.argv[1]](*sys.argv[2:])
