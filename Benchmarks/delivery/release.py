"""The case `release`: a daemon that runs on, one point a day to everybody, and what each day costs.

The daemon lives by a clock of its own (Tests/Support/clockshim): when a release is over, its machine sleeps
until shortly before the next one. Its timer, its disk and its requests are real.
"""

import os
import pathlib
import signal
import socket
import statistics
import struct
import subprocess
import threading
import time
from datetime import date, datetime, timedelta, timezone

from ground import ADVISED, CONCURRENCY, WORK, await_true, many_hosts, say, write_roster, write_settings

FIRST = date(2027, 7, 1)
# Of one line of nginx's log: the time, a blank, the webhook-id, and the line's end.
LINE = 14 + 1 + 30 + 1
FSYNCS = 40
# What the project allows itself: anonymous memory in MB, and what a delivery in flight may add.
MOST_MB, MOST_MB_IN_FLIGHT = 15, 0.06
MOST_MS_ABOVE_FSYNC = 5


class Clock:
    """The wall clock of a program that is started with `environment`."""

    def __init__(self, shows):
        self.path = WORK / "clock"
        self.offset = int(shows.timestamp() * 1e9) - time.time_ns()
        self.slept = 0
        self.generation = 0
        self.path.write_bytes(self.words())
        self.environment = {"LD_PRELOAD": os.environ["CLOCKSHIM"], "ADVISED_CLOCKSHIM": str(self.path)}

    def words(self):
        """As clockshim.c has them; 1: adjtimex says that the clock is synchronized."""
        return struct.pack("qqqq", self.offset, self.slept, 1, self.generation)

    def sleep_until(self, shows):
        """As if the machine had slept until then: all clocks but the monotonic one have gone on."""
        length = int(shows.timestamp() * 1e9) - time.time_ns() - self.offset
        with open(self.path, "r+b", buffering=0) as file:
            file.seek(24)
            file.write(struct.pack("q", self.generation + 1))
            self.offset += length
            self.slept += length
            self.generation += 2
            file.seek(0)
            file.write(self.words())

    def machine_time(self, instant):
        """When this machine's clock shows what is `instant` to the program, in seconds."""
        return instant.timestamp() - self.offset / 1e9


class Daemon:
    def __init__(self, folder, clock):
        state = folder / "state"
        state.mkdir(mode=0o750)
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        ready.bind(str(WORK / "notify"))
        ready.settimeout(300)
        self.log = open(WORK / "log", "w")
        environment = os.environ | clock.environment | {"NOTIFY_SOCKET": str(WORK / "notify")}
        command = [ADVISED, "run", "--config", folder / "advised.yaml", "--state-dir", state]
        self.child = subprocess.Popen(
            command, env=environment, stdout=self.log, stderr=self.log, start_new_session=True
        )
        self.proc = pathlib.Path(f"/proc/{self.child.pid}")
        self.peak = 0.0
        try:
            while not ready.recv(4096).startswith(b"READY=1"):
                pass
        except TimeoutError:
            self.child.kill()
            raise
        ready.close()
        self.ended = threading.Event()
        self.sampling = threading.Thread(target=self.sample)
        self.sampling.start()

    def anonymous(self):
        """MB."""
        for line in (self.proc / "status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def descriptors(self):
        return len(os.listdir(self.proc / "fd"))

    def cpu(self):
        fields = (self.proc / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def sample(self):
        while not self.ended.wait(0.05):
            self.peak = max(self.peak, self.anonymous())

    def await_rest(self):
        """Until it has used next to no CPU time for a second."""
        for _ in range(120):
            before = self.cpu()
            time.sleep(1)
            if self.cpu() - before <= 0.02:
                return
        raise SystemExit("the daemon does not come to rest")

    def close(self):
        self.ended.set()
        self.sampling.join()
        self.child.send_signal(signal.SIGTERM)
        self.child.wait(timeout=60)
        self.log.close()


def fsyncs(folder):
    """Milliseconds of each: 4 kB appended and made durable, in the file system of the state."""
    times = []
    with open(folder / "appended", "ab", buffering=0) as file:
        for _ in range(FSYNCS):
            begin = time.perf_counter()
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
            times.append((time.perf_counter() - begin) * 1e3)
            time.sleep(0.01)
    return times


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def run(nginx, subscribers, releases):
    folder = WORK / "release"
    write_roster(folder, many_hosts(subscribers), points=releases + 1)
    write_settings(folder, FIRST, at="09:00")

    def instant(day):
        return datetime(FIRST.year, FIRST.month, FIRST.day, 9, tzinfo=timezone.utc) + timedelta(days=day)

    clock = Clock(instant(0) - timedelta(hours=1))
    begin = time.monotonic()
    daemon = Daemon(folder, clock)
    say(f"release: ready after {time.monotonic() - begin:.1f} s")
    days, bare = [], []
    try:
        daemon.await_rest()
        idle, descriptors = daemon.anonymous(), daemon.descriptors()
        for day in range(releases):
            bare += fsyncs(folder)
            daemon.peak, cpu = 0.0, daemon.cpu()
            clock.sleep_until(instant(day) - timedelta(seconds=3))
            await_true(
                f"release {day + 1} arrives",
                lambda: nginx.log.stat().st_size >= subscribers * LINE,
                seconds=300,
            )
            daemon.await_rest()
            came = nginx.received()
            if len(came) != subscribers or len({line[1] for line in came}) != subscribers:
                raise SystemExit(f"release {day + 1}: {len(came)} requests for {subscribers} subscribers")
            due = clock.machine_time(instant(day))
            days.append(
                {
                    "first": (came[0][0] - due) * 1e3,
                    "span": came[-1][0] - came[0][0],
                    "peak": daemon.peak,
                    "rest": daemon.anonymous(),
                    "cpu": (daemon.cpu() - cpu) / subscribers * 1e6,
                    "descriptors": daemon.descriptors(),
                }
            )
            say(f"release {day + 1}: " + ", ".join(f"{key} {value:.1f}" for key, value in days[-1].items()))
    except BaseException:
        # The folder goes with the benchmark: what the daemon had to say is said now.
        lines = (WORK / "log").read_text().splitlines()
        say("\n".join([line for line in lines if not line.startswith("<6>delivered")][-20:]))
        say(f"{len(nginx.received())} requests of this release have come; the last: {lines[-1:]}")
        raise
    finally:
        daemon.close()
    if daemon.child.returncode != 0:
        raise SystemExit(f"the daemon ended with {daemon.child.returncode}: see {WORK}/log")
    return table(subscribers, days, bare, idle, descriptors)


def table(subscribers, days, bare, idle, descriptors):
    def each(key):
        return [day[key] for day in days]

    first, fsync = statistics.median(each("first")), statistics.median(bare)
    # Dispatch makes the courier's timer with the first release.
    open_at = [descriptors, days[0]["descriptors"], days[-1]["descriptors"]]
    most = MOST_MB + MOST_MB_IN_FLIGHT * CONCURRENCY

    def judged(value, limit, unit):
        return f"{value:.1f} {unit}; at most {limit:.1f}{'' if value <= limit else ' **missed**'}"

    rows = [
        ("first POST after its instant, p50", f"{first:.1f} ms"),
        ("the same, p99 (of so few the latest)", f"{percentile(each('first'), 0.99):.1f} ms"),
        (f"a bare fsync of 4 kB, p50 of {len(bare)}", f"{fsync:.1f} ms"),
        ("the same, p99", f"{percentile(bare, 0.99):.1f} ms"),
        ("first POST above the fsync, p50", judged(first - fsync, MOST_MS_ABOVE_FSYNC, "ms")),
        ("from the first request to the last, median", f"{statistics.median(each('span')):.1f} s"),
        ("CPU a delivery, median", f"{statistics.median(each('cpu')):.1f} us"),
        ("anonymous memory before the first release", f"{idle:.1f} MB"),
        (f"the same at most, {CONCURRENCY} in flight", judged(max(each("peak")), most, "MB")),
        (
            "the same after the first release and after the last",
            f"{days[0]['rest']:.1f} and {days[-1]['rest']:.1f} MB",
        ),
        ("growth over the last half", f"{days[-1]['rest'] - days[len(days) // 2 - 1]['rest']:+.1f} MB"),
        ("descriptors: before, after the first, after the last", ", ".join(str(x) for x in open_at)),
    ]
    return [
        f"### release: {len(days)} releases to {subscribers:,} subscribers, one daemon",
        "",
        "Plain http, a host for each subscriber. nginx counts whole milliseconds, rounded down.",
        "",
        "| what | figure |",
        "|---|---|",
        *(f"| {what} | {figure} |" for what, figure in rows),
    ]
