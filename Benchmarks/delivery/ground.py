"""What a measurement stands on: nginx as the receiver, the daemon's files, and a program run under `measure`.

The environment names the programs; all files are in $WORK, and all traffic stays in the network namespace
that `run` made.
"""

import datetime
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

WORK = pathlib.Path(os.environ["WORK"])
ADVISED = os.environ["ADVISED"]
MEASURE = os.environ["MEASURE"]
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
HTTP_PORT = 8099
TLS_PORTS = range(20000, 20120)
TLS_ADDRESSES = range(1, 26)
CONCURRENCY = 256
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
# With this the request's body is 1.5 kB, as a point of three sentences makes it.
TEXT = "Ask for a second opinion before you decide. " * 8
SECONDS_LIMIT = 600


def say(words):
    print(words, file=sys.stderr, flush=True)


def one_host(count):
    return [f"http://127.0.0.1:{HTTP_PORT}/s{number}" for number in range(count)]


def many_hosts(count):
    """An address of its own for each."""
    return [
        f"http://127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}:{HTTP_PORT}/"
        for number in range(count)
    ]


def tls_hosts(count):
    """Address and port differ: to every client another host, and yet one small certificate names them all."""
    places = [(address, port) for port in TLS_PORTS for address in TLS_ADDRESSES]
    assert count <= len(places), "a place for each"
    return [f"https://127.0.1.{address}:{port}/" for address, port in places[:count]]


# MARK: The receiver


class Nginx:
    """One process that answers 204 and notes when each request came, and its webhook-id."""

    def __init__(self):
        self.folder = WORK / "nginx"
        self.folder.mkdir()
        self.log = self.folder / "access.log"
        folders = " ".join(
            f"{name}_temp_path {self.folder}/{name};"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; master_process off; worker_rlimit_nofile 16384;
            pid {self.folder}/pid; error_log {self.folder}/error.log;
            events {{ worker_connections 16000; }}
            http {{
                {folders}
                log_format came '$msec $http_webhook_id';
                access_log {self.log} came buffer=64k flush=100ms;
                keepalive_requests 1000000;
                server {{
                    listen 0.0.0.0:{HTTP_PORT} backlog=4096;
                    location / {{ return 204; }}
                }}
                server {{
                    listen 0.0.0.0:{TLS_PORTS[0]}-{TLS_PORTS[-1]} ssl backlog=4096;
                    ssl_certificate {WORK}/leaf.pem; ssl_certificate_key {WORK}/leaf.key;
                    ssl_session_cache off;
                    location / {{ return 204; }}
                }}
            }}
            """)
        command = ["nginx", "-p", self.folder, "-c", "nginx.conf", "-e", self.folder / "error.log"]
        # Sessions share the cores between them, where the kernel groups by session: each has one of its own.
        self.child = subprocess.Popen(command, start_new_session=True)
        await_true("nginx notes requests", lambda: self.log.exists() and (self.folder / "pid").exists())

    def received(self):
        """The requests since the last call, as (seconds since the epoch, webhook-id), in order."""
        old = self.folder / "access.old"
        self.log.rename(old)
        # Writes out what it has buffered, and opens a new file.
        self.child.send_signal(signal.SIGUSR1)
        await_true("nginx has a new log", self.log.exists)
        lines = [line.split() for line in old.read_text().splitlines()]
        old.unlink()
        return sorted((float(line[0]), line[1]) for line in lines)

    def cpu(self):
        """Its CPU time so far, in seconds."""
        fields = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.child.terminate()
        self.child.wait()


def await_true(what, condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited {seconds:.0f} s in vain: {what}")
        time.sleep(0.005)


# MARK: The daemon's files


def write_settings(folder, start, at="00:00"):
    """As a user writes them, with the log as it is under systemd."""
    (folder / "advised.yaml").write_text(f"""series:
  daily: {{ title: One a day, points: points/, start: {start}, at: "{at}", zone: UTC }}
subscribers: {{ file: subscribers.yaml }}
delivery:
  allow_http: true
  allow_networks: [127.0.0.0/8]
  concurrency: {CONCURRENCY}
  per_host: {CONCURRENCY}
status: {{ listen: off }}
log: {{ level: info, format: journal }}
""")
    (folder / "advised.yaml").chmod(0o600)


def write_roster(folder, urls, points=1):
    """A new folder with the subscribers and the points."""
    (folder / "points").mkdir(parents=True)
    for number in range(1, points + 1):
        text = f"---\nid: point-{number}\nnumber: {number}\ntitle: Point {number}\n---\n{TEXT}\n"
        (folder / "points" / f"{number:03}.md").write_text(text)
    with open(folder / "subscribers.yaml", "w") as file:
        for number, url in enumerate(urls):
            file.write(f"- id: s{number}\n  url: {url}\n  secret: {SECRET}\n")
    (folder / "subscribers.yaml").chmod(0o600)


def write_orders(folder, urls):
    """What the peers send: the daemon's own body and headers, to the same URLs."""
    command = [
        ADVISED,
        "preview",
        "point-1",
        "--config",
        folder / "advised.yaml",
        "--state-dir",
        folder / "none",
    ]
    shown = subprocess.run(command, check=True, capture_output=True).stdout
    head, body = shown.removesuffix(b"\n").split(b"\n\n", 1)
    lines = head.decode().split("\n")[1:]
    (folder / "headers").write_text("".join(f"{x}\n" for x in lines if not x.startswith("webhook-id")))
    (folder / "body").write_bytes(body)
    (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
    common = ["silent", 'output = "/dev/null"', f'data-binary = "@{folder}/body"']
    common += [f'cacert = "{WORK}/authority.pem"', 'header = "Expect:"']
    common += [f'header = "{line}"' for line in lines if not line.startswith("webhook-id")]
    parts = [
        "\n".join([f'url = "{url}"', *common, f'header = "webhook-id: msg_{number:026}"'])
        for number, url in enumerate(urls)
    ]
    (folder / "curl").write_text("\nnext\n".join(parts) + "\n")
    return len(body)


# MARK: Running and measuring


@dataclass
class Run:
    """What one run of one client cost."""

    deliveries: int
    cpu: float  # seconds, user and system
    wall: float  # seconds, from start to exit
    resident: float  # MB, at most
    span: float  # seconds, from the first request to the last one
    others: float  # of all cores' time, 0 to 1: what neither the client nor nginx has used


def busy():
    """Seconds of CPU time that all cores have spent, with what a hypervisor has taken."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def measure(nginx, name, command, deliveries):
    """Runs `command`, which makes so many deliveries; anything but that ends the benchmark."""
    result, errors = WORK / "result", WORK / "errors"
    before, nginx_before, begin = busy(), nginx.cpu(), time.monotonic()
    with open(errors, "w") as file:
        child = subprocess.Popen(
            [MEASURE, result, *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
        try:
            child.wait(timeout=SECONDS_LIMIT)
        except BaseException as reason:
            os.killpg(child.pid, signal.SIGKILL)
            if isinstance(reason, subprocess.TimeoutExpired):
                sys.exit(f"{name} was not done after {SECONDS_LIMIT} s")
            raise
    wall = time.monotonic() - begin
    user, system, _, resident, status = (int(field) for field in result.read_text().split())
    cpu = (user + system) / 1e6
    others = busy() - before - (nginx.cpu() - nginx_before) - cpu
    came = nginx.received()
    ids = {line[1] for line in came}
    if status != 0 or len(came) != deliveries or len(ids) != deliveries:
        say(errors.read_text()[-2000:])
        sys.exit(
            f"{name}: status {status}, {len(came)} requests with {len(ids)} ids for {deliveries} deliveries"
        )
    span = came[-1][0] - came[0][0] if came else 0.0
    return Run(deliveries, cpu, wall, resident / 1024, span, max(0.0, others / wall / os.cpu_count()))


def once(folder, days):
    """The daemon's command on a fresh state, for a series that begins so many days from now."""
    # Anew each time: midnight may have passed since the last.
    write_settings(
        folder, datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days)
    )
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(mode=0o750)
    return [ADVISED, "run", "--once", "--config", folder / "advised.yaml", "--state-dir", state]
