"""Receivers on all addresses of this host, fast enough for ten thousand posts in seconds.

usage: receiver.py FOLDER [--workers N] [--delay SECONDS] [--deadly HOST]

Prints its port. Every 127.a.b.c is a host of its own. Each request is one line of FOLDER/requests-WORKER,
written before it is answered:

    NANOSECONDS HOST WEBHOOK-ID ATTEMPT SHA256-OF-THE-BODY

FOLDER/count holds how many each worker has had, as 64-bit words. What reaches the deadly host is not
answered: the process whose number stands in FOLDER/victim gets SIGKILL instead.
"""
import argparse
import collections
import hashlib
import mmap
import os
import select
import signal
import socket
import struct
import time

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


class Connection:
    __slots__ = ("socket", "host", "buffer")

    def __init__(self, accepted):
        self.socket = accepted
        self.host = accepted.getsockname()[0]
        self.buffer = b""


def field(head, name):
    """A header's value; `head` is in lower case as `name` is."""
    start = head.find(b"\r\n" + name + b":")
    if start < 0:
        return b""
    end = head.find(b"\r\n", start + 2)
    return head[start + len(name) + 3:len(head) if end < 0 else end].strip()


class Worker:
    def __init__(self, number, listener, count, settings):
        self.listener, self.count, self.number = listener, count, number
        self.delay, self.deadly, self.folder = settings.delay, settings.deadly, settings.folder
        path = f"{settings.folder}/requests-{number}"
        self.log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.epoll = select.epoll()
        self.epoll.register(listener.fileno(), select.EPOLLIN)
        self.connections = {}
        self.late = collections.deque()
        self.received = 0

    def run(self):
        while True:
            wait = max(0.0, self.late[0][0] - time.monotonic()) if self.late else -1
            for descriptor, _ in self.epoll.poll(wait):
                if descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.read(descriptor)
            now = time.monotonic()
            while self.late and self.late[0][0] <= now:
                self.answer(self.late.popleft()[1])

    def accept(self):
        for _ in range(256):
            try:
                accepted, _ = self.listener.accept()
            except BlockingIOError:
                return
            accepted.setblocking(False)
            self.connections[accepted.fileno()] = Connection(accepted)
            self.epoll.register(accepted.fileno(), select.EPOLLIN)

    def read(self, descriptor):
        connection = self.connections[descriptor]
        try:
            data = connection.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            del self.connections[descriptor]
            connection.socket.close()
            return
        connection.buffer += data
        while self.take(connection):
            pass

    def take(self, connection):
        head, blank, rest = connection.buffer.partition(b"\r\n\r\n")
        if not blank:
            return False
        low = head.lower()
        length = int(field(low, b"content-length") or 0)
        if len(rest) < length:
            return False
        connection.buffer = rest[length:]
        digest = hashlib.sha256(rest[:length]).hexdigest()
        line = "%d %s %s %s %s\n" % (
            time.time_ns(), connection.host, field(low, b"webhook-id").decode() or "none",
            field(low, b"webhook-attempt").decode() or "0", digest)
        os.write(self.log, line.encode())
        self.received += 1
        struct.pack_into("q", self.count, 8 * self.number, self.received)
        if connection.host == self.deadly:
            self.kill()
        elif self.delay:
            self.late.append((time.monotonic() + self.delay, connection))
        else:
            self.answer(connection)
        return True

    def answer(self, connection):
        try:
            connection.socket.send(ANSWER)
        except OSError:
            pass  # Who asked is gone.

    def kill(self):
        try:
            with open(self.folder + "/victim") as file:
                os.kill(int(file.read()), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            pass


def listening(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(4096)
    listener.setblocking(False)
    return listener


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--deadly")
    settings = parser.parse_args()
    listeners = [listening(0)]
    port = listeners[0].getsockname()[1]
    listeners += [listening(port) for _ in range(settings.workers - 1)]
    with open(settings.folder + "/count", "wb+") as file:
        file.truncate(8 * settings.workers)
        count = mmap.mmap(file.fileno(), 8 * settings.workers)
    parent = os.getpid()
    for number in range(1, settings.workers):
        if os.fork() == 0:
            # Ends with the first, however that ends.
            import ctypes
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(0)
            Worker(number, listeners[number], count, settings).run()
    print(port, flush=True)
    Worker(0, listeners[0], count, settings).run()


if __name__ == "__main__":
    main()
