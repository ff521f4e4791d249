"""A receiver that notes every connection and request as a JSON line, answers by script, and can kill.

usage: receiver.py --log FILE [--answers SCRIPT] [--delay SECONDS] [--orders FILE]
                   [--gate FILE --open-for COUNT]

It takes a free port on all addresses of this host, so that 127.a.b.c are as many hosts, and prints it.

SCRIPT is a list of answers, one a request, the last of them for all that follow: "429 retry-after=3; 204".
An answer with the word `echo` has the request's data.challenge as its body, where it has one.

If the orders file is there when a request has come in, it is taken away and obeyed:
    before PID          SIGKILL to PID, then the connection is dropped: the answer is lost
    after PID SECONDS   the answer, and so long after it SIGKILL to PID

With a gate the first COUNT requests are answered, and the others when its file is there.
"""
import argparse
import asyncio
import base64
import json
import os
import signal
import time


class Script:
    def __init__(self, text):
        self.answers = []
        for answer in text.split(";"):
            status, *headers = answer.split()
            self.answers.append((int(status), [header.partition("=")[::2] for header in headers]))

    def next(self):
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Log:
    """Each line is one write, so that who reads meanwhile never sees half a one that ends in a newline."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)

    def note(self, **entry):
        os.write(self.file, json.dumps(entry).encode() + b"\n")


def take_order(path):
    """The order in the file, with a descriptor of the process: its number may be reused, this not."""
    try:
        with open(path) as file:
            words = file.read().split()
        os.unlink(path)
        return words[0], os.pidfd_open(int(words[1])), float(words[2]) if len(words) > 2 else 0.0
    except (FileNotFoundError, ProcessLookupError):
        return None


def kill(process):
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.close(process)


class Connection(asyncio.Protocol):
    def __init__(self, settings, script, log):
        self.settings, self.script, self.log = settings, script, log
        self.buffer = b""

    received = 0

    def connection_made(self, transport):
        self.transport = transport
        self.log.note(event="connection", at=time.time_ns(), host=transport.get_extra_info("sockname")[0])

    def data_received(self, data):
        self.buffer += data
        while (request := self.take_request()) is not None:
            self.receive(*request)

    def take_request(self):
        head, blank, rest = self.buffer.partition(b"\r\n\r\n")
        if not blank:
            return None
        line, *fields = head.decode("latin-1").split("\r\n")
        parts = (field.partition(":") for field in fields)
        headers = {name.lower(): value.strip() for name, _, value in parts}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self.buffer = rest[length:]
        return line, headers, rest[:length]

    def receive(self, line, headers, body):
        method, path, _ = line.split(" ")
        status, extra = self.script.next()
        self.log.note(
            event="request", at=time.time_ns(), host=self.transport.get_extra_info("sockname")[0],
            method=method,
            path=path, headers=headers, body=base64.b64encode(body).decode(), status=status)
        order = take_order(self.settings.orders) if self.settings.orders else None
        if order and order[0] == "before":
            kill(order[1])
            self.transport.abort()
            return
        Connection.received += 1
        if self.settings.gate and Connection.received > self.settings.open_for:
            self.answer_at_gate(status, extra, order, body)
        elif self.settings.delay:
            asyncio.get_running_loop().call_later(
                self.settings.delay, self.answer, status, extra, order, body)
        else:
            self.answer(status, extra, order, body)

    def answer_at_gate(self, *answer):
        if os.path.exists(self.settings.gate):
            self.answer(*answer)
        else:
            asyncio.get_running_loop().call_later(0.01, self.answer_at_gate, *answer)

    def answer(self, status, extra, order, asked):
        if self.transport.is_closing():
            return
        body = json.loads(asked)["data"].get("challenge", "") if ("echo", "") in extra else ""
        length = [] if status == 204 else [("content-length", str(len(body)))]
        fields = [(name, value) for name, value in length + extra if name != "echo"]
        lines = [f"HTTP/1.1 {status} Scripted"] + [f"{name}: {value}" for name, value in fields]
        self.transport.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        if order:
            asyncio.get_running_loop().call_later(order[2], kill, order[1])


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--answers", default="204")
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--orders")
    parser.add_argument("--gate")
    parser.add_argument("--open-for", type=int, default=0)
    settings = parser.parse_args()
    script, log = Script(settings.answers), Log(settings.log)
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(settings, script, log), "0.0.0.0", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
