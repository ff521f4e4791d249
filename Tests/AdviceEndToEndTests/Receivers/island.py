"""A network of its own, for the namespaces in which it is started: every address of the world is on it.

usage: unshare --net --mount -- python3 island.py --folder FOLDER [--own ADDRESS...]

Each address that can be dialled at all is answered here, on ports 80 and 443: a denied one that was dialled
is seen to be. Only the `--own` addresses are on an interface. FOLDER/log.jsonl has a line for

    a dial         what left for a TCP connection, whoever wanted it: {"event": "dial", "to", "port"}
    a connection   with the address that was dialled as `host`, and a request, as in receiver.py

A URL's query says what is answered, in receiver.py's words: `/x?302+location=http://10.0.0.1/`.

Names are looked up at 9.9.9.53, by PyPI's dnslib; what one is answered stands in the name itself, all of
whose labels before `.test` count:

    v4-45-33-99-1         an A record                v6-2606x4700xx1    an AAAA record: x is a colon
    cname                 the rest is the name that this one is an alias of
    A.then.B              A when first asked, B from then on
    nx servfail refused empty                        answered by that
    dead                  never answered             slow               after three seconds
    garbage wrongid half  bytes that are no answer; another question's answer; half an answer
    cut                   cut short: all of it by TCP alone
    cutoff                the same, and nothing by TCP
    anything else         for telling names apart
"""
import argparse
import asyncio
import ipaddress
import os
import socket
import struct
import subprocess
import types
import urllib.parse

from dnslib import A, AAAA, CNAME, QTYPE, RCODE, RR, DNSRecord

import receiver

SERVER = "9.9.9.53"
RCODES = {"nx": RCODE.NXDOMAIN, "servfail": RCODE.SERVFAIL, "refused": RCODE.REFUSED}


def build(folder, own):
    """The interface, its routes, and this namespace's view of the resolver's files."""
    commands = ["ip link set lo up"]
    commands += [f"ip {family} route add local default dev lo" for family in ("-4", "-6")]
    commands += [f"ip address add {address} dev lo" for address in own]
    files = {"resolv.conf": f"nameserver {SERVER}\n", "hosts": "127.0.0.1 localhost\n"}
    files["nsswitch.conf"] = "hosts: files dns\n"
    for name, text in files.items():
        with open(f"{folder}/{name}", "w") as file:
            file.write(text)
        if os.path.exists(f"/etc/{name}"):
            commands.append(f"mount --bind {folder}/{name} /etc/{name}")
    for command in commands:
        subprocess.run(command.split(), check=True)


def roomy(some):
    """A thousand packets at once find room while this program is busy."""
    some.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE, which Python has no name for
    some.setblocking(False)
    return some


class Names:
    """What a name's labels say."""

    def __init__(self):
        self.asked = {}

    def labels(self, name, kind):
        labels = name.lower().removesuffix(".").removesuffix(".test").split(".")
        count = self.asked.get((name, kind), 0)
        self.asked[name, kind] = count + 1
        if "then" not in labels:
            return labels
        place = labels.index("then")
        return labels[place + 1:] if count else labels[:place]

    def answer(self, question, labels):
        reply = question.reply()
        name, kind = question.q.qname, question.q.qtype
        reply.header.rcode = next((RCODES[label] for label in labels if label in RCODES), RCODE.NOERROR)
        if reply.header.rcode or "empty" in labels:
            return reply
        if "cname" in labels:
            alias = ".".join([label for label in labels if label != "cname"] + ["test"])
            reply.add_answer(RR(name, QTYPE.CNAME, ttl=0, rdata=CNAME(alias)))
            name = alias
        for label in labels:
            if label.startswith("v4-") and kind == QTYPE.A:
                reply.add_answer(RR(name, QTYPE.A, ttl=0, rdata=A(label[3:].replace("-", "."))))
            elif label.startswith("v6-") and kind == QTYPE.AAAA:
                address = label[3:].replace("x", ":").replace("-", ".")
                packed = ipaddress.IPv6Address(address).packed
                reply.add_answer(RR(name, QTYPE.AAAA, ttl=0, rdata=AAAA(tuple(packed))))
        return reply


class ByUDP(asyncio.DatagramProtocol):
    def __init__(self, names):
        self.names = names

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, who):
        question = DNSRecord.parse(data)
        labels = self.names.labels(str(question.q.qname), question.q.qtype)
        if "dead" in labels:
            return
        reply = self.names.answer(question, labels)
        if "cut" in labels or "cutoff" in labels:
            reply = question.reply()
            reply.header.tc = 1
        if "wrongid" in labels:
            reply.header.id ^= 0x5555
        bytes = reply.pack()
        if "garbage" in labels:
            bytes = bytes[:12] + b"\xc0\xff" * 40
        elif "half" in labels:
            bytes = bytes[: len(bytes) * 2 // 3]
        delay = 3.0 if "slow" in labels else 0.0
        asyncio.get_running_loop().call_later(delay, self.transport.sendto, bytes, who)


async def by_tcp(names, reader, writer):
    try:
        while True:
            length, = struct.unpack("!H", await reader.readexactly(2))
            question = DNSRecord.parse(await reader.readexactly(length))
            labels = names.labels(str(question.q.qname), question.q.qtype)
            if "cutoff" in labels:
                break
            bytes = names.answer(question, labels).pack()
            writer.write(struct.pack("!H", len(bytes)) + bytes)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()


class Wire:
    """All that leaves for a TCP connection, before anybody has answered it."""

    OUTGOING, SYN, ACK = 4, 0x02, 0x10

    def __init__(self, log):
        self.log = log
        self.socket = roomy(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)))
        self.socket.bind(("lo", 3))
        asyncio.get_running_loop().add_reader(self.socket, self.look)

    def look(self):
        try:
            while True:
                packet, (_, kind, way, *_) = self.socket.recvfrom(128)
                if way == self.OUTGOING:
                    self.note(packet, kind)
        except BlockingIOError:
            pass

    def note(self, packet, kind):
        if kind == 0x0800 and packet[9] == 6:
            segment, to = packet[(packet[0] & 15) * 4:], packet[16:20]
        elif kind == 0x86DD and packet[6] == 6:
            segment, to = packet[40:], packet[24:40]
        else:
            return
        port, = struct.unpack("!H", segment[2:4])
        if segment[13] & (self.SYN | self.ACK) == self.SYN and port != 53:
            self.log.note(event="dial", to=str(ipaddress.ip_address(to)), port=port)


class Connection(receiver.Connection):
    def receive(self, line, headers, body):
        _, _, query = line.split(" ")[1].partition("?")
        if query:
            self.script = receiver.Script(urllib.parse.unquote_plus(query))
        super().receive(line, headers, body)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--own", nargs="*", default=[])
    settings = parser.parse_args()
    build(settings.folder, settings.own)
    log = receiver.Log(settings.folder + "/log.jsonl")
    wire, names = Wire(log), Names()
    loop = asyncio.get_running_loop()
    questions = roomy(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    questions.bind((SERVER, 53))
    await loop.create_datagram_endpoint(lambda: ByUDP(names), sock=questions)
    await asyncio.start_server(lambda *pair: by_tcp(names, *pair), SERVER, 53)
    plain = types.SimpleNamespace(orders=None, gate=None, delay=0.0)
    for port in (80, 443):
        await loop.create_server(
            lambda: Connection(plain, receiver.Script("204"), log), ["0.0.0.0", "::"], port, backlog=4096)
    print("ready", flush=True)
    await asyncio.Event().wait()
    del wire


if __name__ == "__main__":
    asyncio.run(main())
