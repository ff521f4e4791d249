"""One installation with its receivers, what befalls it, and the judgment over what arrived."""
import datetime
import mmap
import os
import shutil
import sqlite3
import struct
import sys
import tempfile
import time

from children import Bad, Child, wait

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONCURRENCY = 256
GROUP = 512
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
POINTS = ["use-the-time", "build-trust", "bring-someone"]
DELIVERED = 1


def binary():
    """The program under test: $ADVISED_BIN, else what scripts/build made."""
    path = os.environ.get("ADVISED_BIN", ROOT + "/.build/release/advised")
    if not os.access(path, os.X_OK):
        raise Bad(f"there is no {path}: scripts/build makes it")
    return path


def host(number):
    return f"127.{20 + number // 62500}.{number // 250 % 250}.{1 + number % 250}"


class Row:
    """What a fault did, as the table has it."""

    def __init__(self, tried=0, lost=0, repeated=0, otherwise=0, problems=(), note=""):
        self.tried, self.lost, self.repeated, self.otherwise = tried, lost, repeated, otherwise
        self.problems, self.note, self.most = list(problems), note, 0

    @property
    def is_good(self):
        return not self.problems and self.lost == 0 and self.otherwise == 0

    def add(self, other):
        self.tried += other.tried
        self.lost += other.lost
        self.repeated += other.repeated
        self.otherwise += other.otherwise
        self.problems += other.problems


class Receivers:
    def __init__(self, folder, workers=1, delay=0.0, deadly=None):
        self.folder = folder
        os.mkdir(folder)
        words = [sys.executable, ROOT + "/Tests/Faults/receiver.py", folder, "--workers", str(workers)]
        words += ["--delay", str(delay)] + (["--deadly", deadly] if deadly else [])
        self.child = Child(words, folder + "/receiver")
        self.workers = workers
        self.port = int(wait(lambda: f"the receivers listen: {self.child.errors}", self.said))
        with open(folder + "/count", "rb") as file:
            self.words = mmap.mmap(file.fileno(), 8 * workers, prot=mmap.PROT_READ)

    def said(self):
        return self.child.output if self.child.output.endswith("\n") else None

    @property
    def count(self):
        return sum(struct.unpack_from(f"{self.workers}q", self.words))

    def requests(self, since=0):
        """All that arrived after `since`: (nanoseconds, host, id, attempt, digest), oldest first."""
        found = []
        for worker in range(self.workers):
            try:
                with open(f"{self.folder}/requests-{worker}") as file:
                    lines = file.read().split("\n")[:-1]
            except FileNotFoundError:
                continue
            for line in lines:
                at, host, id, attempt, digest = line.split(" ")
                if int(at) >= since:
                    found.append((int(at), host, id, int(attempt), digest))
        return sorted(found)


class Trial:
    """A folder with a configuration of `count` subscribers, each on a host of its own."""

    def __init__(self, count, receivers=None, concurrency=CONCURRENCY, state=None, store=None, **settings):
        self.folder = tempfile.mkdtemp(prefix="advised-faults-")
        os.chmod(self.folder, 0o755)
        self.count, self.concurrency = count, concurrency
        self.state = state or self.folder + "/state"
        self.receivers = Receivers(self.folder + "/receivers", **(receivers or {}))
        self.store = store
        self.begun = time.time_ns()
        self.lives = 0
        self.recorded = {}
        self.was = 0
        self.problems = []
        self.write(**settings)

    def close(self):
        if self.receivers.child.code is None:
            self.receivers.child.kill()
        if not self.problems or not os.environ.get("ADVISED_FAULTS_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # MARK: Files

    def write(self, start=None, at="00:00", zone=None, delivery=(), points=POINTS, series=()):
        zone = zone or noon_zone()
        start = start or today(zone)
        lines = ["series:", "  daily:", "    title: One a day", "    points: points/", f"    start: {start}",
                 f"    at: {at}", f"    zone: {zone}", "    notice: Not medical advice."]
        lines += ["    " + line for line in series]
        lines += ["subscribers: { file: subscribers.csv }", "delivery:", "  allow_http: true",
                  "  allow_networks: [127.0.0.0/8]", f"  concurrency: {self.concurrency}"]
        lines += ["  " + line for line in delivery]
        if self.store:
            lines.append("store: " + self.store)
        lines += ["status: { listen: off }", "log: { level: info, format: json }"]
        self.put("advised.yaml", "\n".join(lines) + "\n")
        port = self.receivers.port
        rows = [f"s{number},http://{host(number)}:{port}/,{SECRET}\n" for number in range(self.count)]
        self.put("subscribers.csv", "id,url,secret\n" + "".join(rows))
        os.makedirs(self.folder + "/points", exist_ok=True)
        for number, point in enumerate(points, 1):
            self.put(
                f"points/{number}-{point}.md",
                f"---\nid: {point}\nnumber: {number}\ntitle: Point {number}\n---\nText of point {number}.\n")

    def put(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o600)

    # MARK: The program

    def command(self, *words, state=None):
        return [binary(), *words, "--config", self.folder + "/advised.yaml",
                "--state-dir", state or self.state]

    def start(self, *words, by=(), state=None, environment=None):
        """Starts `run`, or what `words` say, by way of the words of `by`."""
        self.lives += 1
        return Child(
            [*by, *self.command(*(words or ["run"]), state=state)], f"{self.folder}/{self.lives}",
            environment)

    def once(self, by=(), environment=None, within=120):
        """`run --once` to its end: its code, and the process."""
        child = self.start("run", "--once", by=by, environment=environment)
        return child.end(within), child

    def started(self, **how):
        """A daemon that says that it has started."""
        child = self.start(**how)
        wait(lambda: f"the daemon starts: {child.errors[-2000:]}",
             lambda: child.code is not None or '"text":"started for ' in child.errors)
        if child.code is not None:
            raise Bad(f"the daemon ended with {child.code}: {child.errors[-2000:]}")
        return child

    # MARK: What the store knows

    def query(self, sql, live=False):
        """Rows of the database: of a copy as it lies on the disk, or, where a daemon has it, `live`."""
        if not os.path.exists(self.state + "/advised.db"):
            return []
        if live:
            database = sqlite3.connect(f"file:{self.state}/advised.db?mode=ro", uri=True)
            try:
                return database.execute(sql).fetchall()
            finally:
                database.close()
        with tempfile.TemporaryDirectory(prefix="advised-look-") as look:
            for ending in ("", "-wal"):
                if os.path.exists(f"{self.state}/advised.db{ending}"):
                    shutil.copyfile(f"{self.state}/advised.db{ending}", f"{look}/db{ending}")
            database = sqlite3.connect(look + "/db")
            try:
                return database.execute(sql).fetchall()
            except sqlite3.OperationalError as error:
                # Killed before the tables were there.
                if "no such table" in str(error):
                    return []
                raise
            finally:
                database.close()

    def states(self, live=False):
        """How many deliveries are in which state, by its code."""
        return dict(self.query("SELECT state, count(*) FROM delivery GROUP BY state", live))

    def delivered(self):
        """Names of those to whom a delivery is on record."""
        return {row[0] for row in self.query(
            "SELECT s.id FROM delivery d JOIN subscriber s ON s.number = d.subscriber "
            f"WHERE d.state = {DELIVERED}")}

    # MARK: Judgment

    def note_recorded(self, child=None):
        """Between two lives: what is on the disk as delivered may never come again (P7), and what the last
        life said of it must be there (P8). Gives how many it said too much."""
        # In this order: where other daemons go on, what was due may be recorded just before the look.
        names = self.delivered()
        now = time.time_ns()
        for name in names:
            self.recorded.setdefault(host(int(name[1:])), now)
        return len(acknowledged(child) - names) if child else 0

    def judge(self, allowed, again=True, points=1):
        """After everything is through. `allowed`: the repeats that the fault excuses."""
        row = Row(tried=self.count * points, problems=self.problems)
        states = self.states()
        if states != {DELIVERED: self.count * points}:
            row.problems.append(f"not everything is delivered: states {states}")
        before = self.receivers.count
        if again:
            code, child = self.once()
            if code != 0:
                row.problems.append(f"a run with nothing to do ends with {code}: {child.errors[-500:]}")
            if self.receivers.count != before:
                row.problems.append(f"{self.receivers.count - before} came after all was recorded")
        self.count_into(row, points)
        if row.repeated > allowed:
            row.problems.append(f"{row.repeated} repeats, of at most {allowed}")
        return row

    def count_into(self, row, points=1):
        """Lost: who never had something, or had less than is on record. Repeated otherwise: under another
        id, with other bytes, or after it was recorded."""
        first, ids, seen = {}, {}, {}
        for at, host_, id, _, digest in self.receivers.requests(self.begun):
            key = (host_, id)
            if key in first:
                recorded = self.recorded.get(host_)
                is_late = points == 1 and recorded is not None and at > recorded
                if first[key] == digest and not is_late:
                    row.repeated += 1
                else:
                    row.otherwise += 1
                continue
            first[key] = digest
            seen.setdefault(host_, []).append(id)
            if ids.setdefault(id, host_) != host_:
                row.problems.append(f"{id} came to {ids[id]} and to {host_}")
        for number in range(self.count):
            had = len(seen.get(host(number), []))
            row.lost += max(0, points - had)
            # More ids than there were points: the same thing under another name.
            row.otherwise += max(0, had - points)


def acknowledged(child):
    """Names of those of whom a daemon's log says that they had theirs."""
    names = set()
    for line in child.errors.split("\n"):
        _, mark, rest = line.partition('"text":"delivered daily\\/')
        if not mark:
            _, mark, rest = line.partition('"text":"delivered daily/')
        if mark:
            names.add(rest.split(" to ")[1].split(" ")[0])
    return names


def noon_zone():
    """A zone without changes of offset where no test comes near midnight."""
    seconds = int(time.time()) % 86400
    return "UTC" if 3600 <= seconds < 82800 else "Asia/Kolkata"


def today(zone, days=0):
    import zoneinfo
    now = datetime.datetime.now(zoneinfo.ZoneInfo(zone))
    return (now.date() + datetime.timedelta(days=days)).isoformat()
