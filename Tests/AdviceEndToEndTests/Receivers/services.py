"""The chat services and their like, as their documentation has them: each refuses what the real one refuses.

usage: services.py --log FILE [--script FILE]

It takes a free port and prints it. All services are on it, told apart by their paths:

    slack        POST /services/...            docs.slack.dev: incoming webhooks, Block Kit reference
    discord      POST /api/webhooks/ID/TOKEN   discord-api-docs: resources/webhook, resources/message
    teams        POST /workflows/...           learn.microsoft.com: Workflows, Adaptive Cards
    googlechat   POST /v1/spaces/S/messages    developers.google.com: Chat webhooks, limits
    mattermost   POST /hooks/KEY               docs.mattermost.com: incoming webhooks
    telegram     POST /botTOKEN/sendMessage    core.telegram.org/bots/api
    matrix       PUT /_matrix/client/v3/...    spec.matrix.org: client-server API
    zulip        POST /api/v1/messages         zulip.com/api/send-message
    ntfy         POST /                        docs.ntfy.sh/publish (as JSON)
    cloudevents  POST /events                  cloudevents.io: HTTP protocol binding
    gotify       POST /message                 gotify.net/api-docs
    any          anything else                 takes all

The script is JSON: by service a list of [status, headers, body], used up before the usual answers. The log is
that of receiver.py, with the `service` and, where it was refused for what is in it, the `problem`.
"""
import argparse
import base64
import hashlib
import http.server
import json
import os
import re
import socketserver
import time
import urllib.parse
from html.parser import HTMLParser


class Refused(Exception):
    pass


def check(condition, problem):
    if not condition:
        raise Refused(problem)


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def jsoned(request):
    kind = request.headers.get("content-type", "")
    check(kind.split(";")[0].strip() == "application/json", f"content-type {kind}")
    value = json.loads(request.body)
    check(isinstance(value, dict), "no object")
    return value


def slack(request):
    body = jsoned(request)
    check(isinstance(body.get("text"), str) and body["text"], "no_text")
    blocks = body.get("blocks", [])
    check(len(blocks) <= 50, "more than 50 blocks")
    for block in blocks:
        if block["type"] == "header":
            check(block["text"]["type"] == "plain_text", "a header is plain_text")
            check(0 < len(block["text"]["text"]) <= 150, "a header has 1 to 150 characters")
        elif block["type"] == "section":
            check(block["text"]["type"] in ("mrkdwn", "plain_text"), "a section's text")
            check(0 < len(block["text"]["text"]) <= 3000, "a section has 1 to 3000 characters")
        elif block["type"] == "context":
            check(0 < len(block["elements"]) <= 10, "a context has 1 to 10 elements")
        else:
            check(block["type"] in ("divider",), f"invalid_blocks: {block['type']}")
    return 200, {"content-type": "text/html"}, b"ok"


def discord(request):
    check(request.query.get("wait") == ["true"], "without wait=true an error is not told")
    body = jsoned(request)
    check(body.get("allowed_mentions") == {"parse": []}, "somebody might be mentioned")
    check(len(body.get("content", "")) <= 2000, "content is at most 2000")
    embeds = body.get("embeds", [])
    check(embeds or body.get("content"), "Cannot send an empty message")
    check(len(embeds) <= 10, "at most 10 embeds")
    total = 0
    for embed in embeds:
        footer = embed.get("footer", {}).get("text", "")
        for text, most in ((embed.get("title", ""), 256), (embed.get("description", ""), 4096),
                           (footer, 2048)):
            check(utf16(text) <= most, f"Must be {most} or fewer in length.")
            total += utf16(text)
    check(total <= 6000, "Embed size exceeds maximum size of 6000")
    headers = {"content-type": "application/json", "x-ratelimit-limit": "5",
               "x-ratelimit-remaining": "4", "x-ratelimit-reset-after": "2.0"}
    return 200, headers, b'{"id": "1", "type": 0}'


def teams(request):
    check(len(request.body) <= 28 * 1024, "larger than 28 KB")
    body = jsoned(request)
    check(body["type"] == "message", "type")
    for attachment in body["attachments"]:
        check(attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
        card = attachment["content"]
        check(card["type"] == "AdaptiveCard" and card["version"] in ("1.0", "1.2", "1.4"), "card")
        for element in card["body"]:
            check(element["type"] in ("TextBlock", "Container", "FactSet"), element["type"])
    return 202, {}, b""


def googlechat(request):
    check(request.query.get("key") and request.query.get("token"), "no key and token")
    body = jsoned(request)
    check(isinstance(body.get("text"), str) and body["text"], "no text")
    check(len(request.body) <= 32000, "larger than 32,000 bytes")
    return 200, {"content-type": "application/json"}, b'{"name": "spaces/S/messages/M"}'


def mattermost(request):
    body = jsoned(request)
    check(isinstance(body.get("text"), str) and body["text"], "no text")
    check(len(body["text"]) <= 16383, "Message length exceeds 16383")
    check("blocks" not in body, "no Block Kit here")
    return 200, {"content-type": "text/plain"}, b"ok"


class TelegramHTML(HTMLParser):
    """What core.telegram.org/bots/api#html-style lists, and nothing else; each tag closed in its order."""

    known = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote",
             "tg-spoiler"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        check(tag in self.known, f"can't parse entities: unsupported start tag \"{tag}\"")
        self.open.append(tag)

    def handle_endtag(self, tag):
        check(self.open and self.open.pop() == tag, "can't parse entities: unexpected end tag")

    def handle_data(self, data):
        self.text += data


def telegram(request):
    body = jsoned(request)
    check(body.get("chat_id"), "Bad Request: chat_id is empty")
    check(body.get("parse_mode") == "HTML", "parse_mode")
    for stray in re.finditer(r"&(?!(lt|gt|amp|quot|#\d+|#x[0-9a-fA-F]+);)", body["text"]):
        check(False, f"an & that is not escaped at {stray.start()}")
    parser = TelegramHTML()
    parser.feed(body["text"])
    parser.close()
    check(not parser.open, "can't parse entities: a tag is not closed")
    check(parser.text.strip(), "Bad Request: message text is empty")
    check(utf16(parser.text) <= 4096, "Bad Request: message is too long")
    return 200, {"content-type": "application/json"}, b'{"ok":true,"result":{"message_id":1}}'


transactions = {}


def matrix(request):
    check(request.method == "PUT", "M_UNRECOGNIZED")
    check(request.headers.get("authorization", "").startswith("Bearer "), "M_MISSING_TOKEN")
    parts = request.path.split("/")
    check(parts[4] == "rooms" and parts[6:8] == ["send", "m.room.message"] and len(parts) == 9, "path")
    check(urllib.parse.unquote(parts[5]).startswith("!"), "no room id")
    body = jsoned(request)
    check(body.get("msgtype") in ("m.text", "m.notice") and isinstance(body.get("body"), str), "content")
    if "formatted_body" in body:
        check(body.get("format") == "org.matrix.custom.html", "format")
    check(len(request.body) <= 65536, "M_TOO_LARGE")
    event = transactions.setdefault(parts[8], "$" + hashlib.sha256(parts[8].encode()).hexdigest())
    return 200, {"content-type": "application/json"}, json.dumps({"event_id": event}).encode()


def zulip(request):
    kind = request.headers.get("content-type", "")
    check(kind.startswith("application/x-www-form-urlencoded"), f"content-type {kind}")
    check(request.headers.get("authorization", "").startswith("Basic "), "UNAUTHORIZED")
    user, _, key = base64.b64decode(request.headers["authorization"][6:]).decode().partition(":")
    check("@" in user and key, "UNAUTHORIZED")
    fields = urllib.parse.parse_qs(request.body.decode(), strict_parsing=True, keep_blank_values=True)
    check(fields["type"][0] in ("stream", "channel", "direct", "private"), "type")
    check(fields["to"][0] and 0 < len(fields["topic"][0]) <= 60, "to, topic")
    check(0 < len(fields["content"][0]) <= 10000, "content")
    return 200, {"content-type": "application/json"}, b'{"result":"success","msg":"","id":42}'


def ntfy(request):
    check(request.path == "/", "JSON goes to the server's root")
    body = json.loads(request.body)
    check(re.fullmatch("[-_A-Za-z0-9]{1,64}", body.get("topic", "")), "40009 topic invalid")
    check(0 < len(body.get("message", "").encode()) <= 4096, "the message would become an attachment")
    check(len(body.get("title", "").encode()) <= 1024, "title")
    check(all(isinstance(tag, str) for tag in body.get("tags", [])), "tags")
    check(isinstance(body.get("markdown", False), bool), "markdown")
    return 200, {"content-type": "application/json"}, b'{"id":"x","event":"message"}'


def cloudevents(request):
    if request.headers.get("content-type", "").startswith("application/cloudevents+json"):
        event = json.loads(request.body)
    else:
        event = {name[3:]: value for name, value in request.headers.items() if name.startswith("ce-")}
        json.loads(request.body)
    for name in ("id", "source", "specversion", "type"):
        check(event.get(name), f"no {name}")
    check(event["specversion"] == "1.0", "specversion")
    return 202, {}, b""


def gotify(request):
    body = jsoned(request)
    check(isinstance(body.get("message"), str) and body["message"], "message is required")
    return 200, {"content-type": "application/json"}, b'{"id": 25}'


def anything(request):
    return 204, {}, b""


PLACES = [
    ("/services/", "slack", slack), ("/api/webhooks/", "discord", discord),
    ("/workflows/", "teams", teams), ("/v1/spaces/", "googlechat", googlechat),
    ("/hooks/", "mattermost", mattermost), ("/bot", "telegram", telegram), ("/_matrix/", "matrix", matrix),
    ("/api/v1/messages", "zulip", zulip), ("/events", "cloudevents", cloudevents),
    ("/message", "gotify", gotify), ("/any", "any", anything), ("/", "ntfy", ntfy),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.method = self.command
        url = urllib.parse.urlsplit(self.path)
        self.target, self.path, self.query = self.path, url.path, urllib.parse.parse_qs(url.query)
        self.headers = {name.lower(): value for name, value in self.headers.items()}
        self.body = self.rfile.read(int(self.headers.get("content-length", "0")))
        service, usual = next((name, judge) for place, name, judge in PLACES if self.path.startswith(place))
        problem = None
        try:
            status, headers, body = usual(self)
        except (Refused, KeyError, ValueError, TypeError, AttributeError) as refusal:
            problem = f"{type(refusal).__name__}: {refusal}"
            status, headers, body = 400, {"content-type": "text/plain"}, problem.encode()
        scripted = script.get(service)
        if problem is None and scripted:
            status, headers, body = scripted.pop(0)
            body = body.encode()
        self.note(service, status, problem)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    do_POST = do_PUT = do_GET = do_OPTIONS = answer

    def note(self, service, status, problem):
        entry = dict(
            event="request", at=time.time_ns(), host=self.server.server_address[0], method=self.method,
            path=self.target, headers=self.headers, body=base64.b64encode(self.body).decode(), status=status,
            service=service, problem=problem)
        os.write(log, json.dumps(entry).encode() + b"\n")

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--script")
    settings = parser.parse_args()
    log = os.open(settings.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
    script = {}
    if settings.script:
        with open(settings.script) as file:
            script = json.load(file)
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
