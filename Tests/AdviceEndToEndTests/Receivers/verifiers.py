"""Judges what we sent by those who verify it at the other end: PyPI's svix and standardwebhooks (v1), and
PyNaCl (v1a), none of them our software.

usage: verifiers.py v1 SECRET LOG       each request of a log of receiver.py: a line for each library,
       verifiers.py v1a PUBLIC LOG      `LIBRARY PATH VERDICTS`: as it came, and with its body, its id and its
                                        timestamp changed
"""
import base64
import json
import sys

import nacl.exceptions
import nacl.signing
import standardwebhooks.webhooks
import svix.webhooks


class Ed25519:
    """The verification of Standard Webhooks' v1a, which neither library has, by PyNaCl's key."""

    def __init__(self, public):
        self.key = nacl.signing.VerifyKey(base64.b64decode(public.removeprefix("whpk_")))

    def verify(self, body, headers):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        for word in headers["webhook-signature"].split():
            version, _, signature = word.partition(",")
            if version == "v1a":
                self.key.verify(signed, base64.b64decode(signature))
                return
        raise nacl.exceptions.BadSignatureError("there is no v1a")


VERIFIERS = {
    "v1": {
        "svix": (svix.webhooks.Webhook, svix.webhooks.WebhookVerificationError),
        "standardwebhooks": (
            standardwebhooks.webhooks.Webhook, standardwebhooks.webhooks.WebhookVerificationError),
    },
    "v1a": {"PyNaCl": (Ed25519, nacl.exceptions.BadSignatureError)},
}


def cases(request):
    body, headers = base64.b64decode(request["body"]), request["headers"]
    later = str(int(headers["webhook-timestamp"]) + 1)
    yield body, headers
    # A letter of the text becomes another: still JSON, and a different one.
    yield body.replace(b"advice", b"advise", 1), headers
    yield body, headers | {"webhook-id": headers["webhook-id"] + "a"}
    yield body, headers | {"webhook-timestamp": later}


def verdict(verifier, refusal, body, headers):
    try:
        verifier.verify(body, headers)
        return "accepted"
    except refusal:
        return "refused"


def main(version, key, log):
    with open(log) as file:
        requests = [entry for entry in map(json.loads, file) if entry["event"] == "request"]
    for name, (make, refusal) in VERIFIERS[version].items():
        for request in requests:
            verdicts = [verdict(make(key), refusal, *case) for case in cases(request)]
            print(name, request["path"], *verdicts)


if __name__ == "__main__":
    main(*sys.argv[1:])
