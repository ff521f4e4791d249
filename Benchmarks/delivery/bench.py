"""Runs the cases of Benchmarks/delivery/run within its namespaces, and prints their tables as Markdown."""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import signal
import statistics
import subprocess
import sys

import release
from ground import ADVISED, BUNDLE, CONCURRENCY, WORK, Nginx
from ground import many_hosts, measure, once, one_host, say, tls_hosts, write_orders, write_roster

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
CASES = {
    "one": ("plain http to one host, connections kept", one_host),
    "many": ("plain http, a host for each delivery", many_hosts),
    "tls": ("https, a host for each delivery, full handshakes", tls_hosts),
}
SIZES = {"one": [20_000], "many": [20_000, 5_000], "tls": [3_000]}
QUICK_SIZES = {"one": [3_000], "many": [3_000, 750], "tls": [300]}
# Subscribers and releases.
RELEASE, QUICK_RELEASE = (100_000, 10), (5_000, 3)
THREADS = 50  # of requests
# curl walks all its connections and addresses at each transfer: with 20,000 hosts a run takes over a minute.
CURL_MOST_HOSTS = 5_000

# The daemon's runs: one from an empty state to the last record, and one with the same roster and nothing due.
WHOLE, ROSTER = "advised, the whole run", "advised, reading the roster"
DELIVERY = "**advised, a delivery**"
BARE, CURL, AHC = "bare libcurl in C", "curl -Z", "async-http-client"

# What the project promises itself: the least a peer's CPU time may be, in the daemon's.
LEAST = {
    "one": {"aiohttp": 2.3, "requests": 8, AHC: 1.5, CURL: 1.4},
    "many": {"aiohttp": 3, AHC: 1.8},
    "tls": {"aiohttp": 1.15, BARE: 1 / 1.1},
}
MOST_CPU_ONE_HOST = 65  # us a delivery
MOST_GROWTH = 5  # times the time, for four times the deliveries


class Case:
    """One way of sending, at one size: a folder with all that its clients need."""

    def __init__(self, name, size):
        self.name, self.size = name, size
        self.title, hosts = CASES[name]
        self.runs = {}
        urls = hosts(size)
        self.folders = {WHOLE: WORK / "site", ROSTER: WORK / "site-early"}
        for folder in self.folders.values():
            write_roster(folder, urls)
        once(self.folders[WHOLE], days=0)
        self.body = write_orders(self.folders[WHOLE], urls)

    def command(self, client):
        if client == WHOLE or client == ROSTER:
            return once(self.folders[client], days=0 if client == WHOLE else 1)
        folder = self.folders[WHOLE]
        common = [folder, str(CONCURRENCY), "one" if self.name == "one" else "many"]
        # One authority is enough for those who would read the system's 140 over and over: requests and curl
        # for each connection, async-http-client for each of the first that it opens at once.
        few = WORK / "authority.pem"
        return {
            BARE: [os.environ["BARE"], *common, BUNDLE],
            CURL: ["/usr/bin/curl", "-Z", "--parallel-max", str(CONCURRENCY), "--config", folder / "curl"],
            AHC: [os.environ["AHC"], *common, few],
            "aiohttp": [sys.executable, PEERS / "aiohttp_peer.py", *common, BUNDLE],
            "requests": [sys.executable, PEERS / "requests_peer.py", folder, str(THREADS), common[2], few],
        }[client]

    def repeat(self, nginx, turn):
        """Each client once; who begins differs from turn to turn."""
        clients = [WHOLE, ROSTER, BARE, CURL, AHC, "aiohttp", "requests"]
        if self.name != "one" and self.size > CURL_MOST_HOSTS:
            clients.remove(CURL)
        place = turn % len(clients)
        for client in clients[place:] + clients[:place]:
            deliveries = 0 if client == ROSTER else self.size
            run = measure(nginx, f"{self.name}: {client}", self.command(client), deliveries)
            self.runs.setdefault(client, []).append(run)
            say(
                f"{self.name} {self.size} {client}: {run.cpu / self.size * 1e6:.1f} us a delivery, "
                f"{run.wall:.2f} s, others {run.others:.0%}"
            )

    def close(self):
        for folder in self.folders.values():
            shutil.rmtree(folder)

    # MARK: Figures

    def median(self, client, figure):
        return statistics.median(figure(run) for run in self.runs[client])

    def cpu(self, client):
        """Microseconds of CPU time a delivery, of the whole process."""
        return self.median(client, lambda run: run.cpu) / self.size * 1e6

    def delivery(self):
        """The same for the daemon, less what it takes to start, and to read, check and import the roster."""
        pairs = zip(self.runs[WHOLE], self.runs[ROSTER])
        return statistics.median(run.cpu - roster.cpu for run, roster in pairs) / self.size * 1e6

    def rate(self, client):
        """Deliveries a second between the first request and the last, by the receiver's clock."""
        return self.median(client, lambda run: self.size / max(run.span, 0.001))

    def table(self):
        rows = [(DELIVERY, self.delivery(), WHOLE)]
        rows += [(client, self.cpu(client), client) for client in self.runs]
        lines = [
            f"### {self.name}: {self.title}",
            "",
            f"{self.size:,} deliveries of {self.body:,} bytes, {CONCURRENCY} in flight, median of "
            f"{len(self.runs[WHOLE])}. Ratios are to the daemon's CPU for a delivery, and for the whole run.",
            "",
            "| client | CPU us a delivery | ratio | to the whole | rate/s | peak RSS MB | others' CPU |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
        for name, cpu, client in rows:
            rate = "" if client == ROSTER else f"{self.rate(client):,.0f}"
            lines.append(
                f"| {name} | {cpu:.1f} | {cpu / self.delivery():.2f} | {cpu / self.cpu(WHOLE):.2f} | {rate} "
                f"| {self.median(client, lambda run: run.resident):.0f} "
                f"| {self.median(client, lambda run: run.others):.0%} |"
            )
        return lines


# MARK: Bounds


def bound(words, values, is_met):
    cells = [f"{value:.2f}{'' if is_met(value) else ' **missed**'}" for value in values]
    return f"| {words} | {' | '.join(cells)} |"


def bounds(cases):
    """What the project promises itself, beside what came out."""
    lines = ["### Bounds", "", "| bound | a delivery | the whole run |", "|---|--:|--:|"]
    largest = {case.name: case for case in sorted(cases, key=lambda case: case.size)}
    for name, case in sorted(largest.items(), key=lambda entry: list(CASES).index(entry[0])):
        for peer, least in LEAST[name].items():
            ratios = [case.cpu(peer) / cpu for cpu in (case.delivery(), case.cpu(WHOLE))]
            words = f"{name}: {peer} takes at least {least:.2f} times the CPU"
            lines.append(bound(words, ratios, lambda ratio: ratio >= least))
    if "one" in largest:
        words = f"one: at most {MOST_CPU_ONE_HOST} us of CPU a delivery"
        cpu = [largest["one"].delivery(), largest["one"].cpu(WHOLE)]
        lines.append(bound(words, cpu, lambda value: value <= MOST_CPU_ONE_HOST))
    if "many" in largest:
        few = min((case for case in cases if case.name == "many"), key=lambda case: case.size)
        words = f"many: the time for {largest['many'].size:,}, in that for {few.size:,}, below {MOST_GROWTH}"
        growth = [
            largest["many"].median(WHOLE, time) / max(few.median(WHOLE, time), 0.001)
            for time in (lambda run: run.span, lambda run: run.wall)
        ]
        lines.append(bound(words, growth, lambda value: value < MOST_GROWTH))
    return lines


# MARK: All of it


def machine():
    """What the figures were taken on."""

    def first(*command):
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        return (shown.stdout + shown.stderr).splitlines()[0].strip()

    models = [line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    version = "import sys; print(__import__(sys.argv[1]).__version__)"
    parts = [
        f"{datetime.date.today()}",
        f"{os.cpu_count()} cores ({models[0]})",
        f"Linux {platform.release()}",
        first("curl", "--version").split()[3].replace("/", " "),
        " ".join(first("openssl", "version").split()[:2]),
        f"Python {platform.python_version()}",
        *(f"{name} {first(sys.executable, '-c', version, name)}" for name in ("aiohttp", "requests")),
        f"{AHC} 1.37.0",
        first("nginx", "-v").split(": ")[1].replace("/", " "),
        f"advised {first(ADVISED, '--version').split()[-1]}",
    ]
    return ", ".join(parts) + "."


def main():
    parser = argparse.ArgumentParser(prog="Benchmarks/delivery/run")
    parser.add_argument("--repeat", type=int, help="how often each client runs (5)")
    parser.add_argument("--quick", action="store_true", help="small sizes, once: a look, no figures to keep")
    parser.add_argument("cases", nargs="*", metavar="case", help="one, many, tls, release; without, all")
    options = parser.parse_args()
    known = [*CASES, "release"]
    chosen = options.cases or known
    if unknown := set(chosen) - set(known):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    repeat = options.repeat or (1 if options.quick else 5)
    sizes = QUICK_SIZES if options.quick else SIZES
    load = os.getloadavg()[0]
    output, cases = [machine(), ""], []
    # Else nginx, and what is being measured, would go on without us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    nginx = Nginx()
    try:
        for name, size in ((name, size) for name in CASES if name in chosen for size in sizes[name]):
            case = Case(name, size)
            for turn in range(repeat):
                case.repeat(nginx, turn)
            case.close()
            cases.append(case)
            output += [*case.table(), ""]
        if "release" in chosen:
            output += [*release.run(nginx, *(QUICK_RELEASE if options.quick else RELEASE)), ""]
    finally:
        nginx.close()
    if cases:
        output += [*bounds(cases), ""]
    output.append(f"Load average {load:.1f} before, {os.getloadavg()[0]:.1f} after.")
    print("\n".join(output))


if __name__ == "__main__":
    main()
