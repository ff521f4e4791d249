"""Daemons on one PostgreSQL server: the server is killed, a daemon is killed, all are killed in turn."""
import os
import random
import shutil
import signal
import subprocess
import time

import registry
from children import Bad, Child, wait
from killed import many
from linux import program
from trial import DELIVERED, GROUP, ROOT, Row, Trial, acknowledged, host

WIDTH = 64
NAMES = ("a", "b", "c")


class Server:
    """Debian's PostgreSQL in a folder of its own (Tests/Support/postgres)."""

    one = None

    def __init__(self):
        program("psql", "postgresql")
        self.folder = f"/tmp/advised-faults-postgres-{os.getpid()}"
        self.lines = 0
        self.log = self.folder + "-log"
        self.child = Child(["/bin/bash", ROOT + "/Tests/Support/postgres", self.folder], self.log,
                           input=subprocess.PIPE)
        self.string = self.ready()
        self.schemas = 0

    @classmethod
    def shared(cls):
        if cls.one is None:
            cls.one = Server()
        return cls.one

    def ready(self):
        self.lines += 1
        lines = wait(lambda: f"PostgreSQL begins: {self.child.errors}", self.enough, within=120, every=0.01)
        return lines[self.lines - 1].removeprefix("ready ")

    def enough(self):
        if self.child.code is not None:
            raise Bad(f"PostgreSQL cannot be begun: {self.child.errors}")
        lines = self.child.output.split("\n")[:-1]
        return lines if len(lines) >= self.lines else None

    def crash(self):
        self.child.process.stdin.write(b"crash\n")
        self.child.process.stdin.flush()
        self.ready()

    def kill_backends(self):
        """SIGKILL to whoever serves a daemon: the server takes that for a crash and recovers."""
        rows = self.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
                          "AND pid <> pg_backend_pid()")
        for pid in rows:
            os.kill(int(pid), signal.SIGKILL)
        return len(rows)

    def schema(self):
        self.schemas += 1
        name = f"t{self.schemas}"
        self.query(f"CREATE SCHEMA {name}")
        return f"{self.string} options='-c search_path={name}'"

    def query(self, sql, string=None):
        words = ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", string or self.string, "-c", sql]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise Bad(f"psql: {done.stderr}")
        return done.stdout.split("\n")[:-1]

    @classmethod
    def end(cls):
        if cls.one is not None:
            cls.one.child.process.stdin.close()
            cls.one.child.end()
            shutil.rmtree(cls.one.folder, ignore_errors=True)
            for ending in (".err", ".out"):
                os.unlink(cls.one.log + ending)


class SharedTrial(Trial):
    """A trial whose store is a schema of the server."""

    def __init__(self, count, receivers):
        self.server = Server.shared()
        self.string = self.server.schema()
        super().__init__(count, receivers, WIDTH, store='{ postgres: "' + self.string + '" }')
        self.daemons = {}

    def begin(self, name):
        self.daemons[name] = self.start(state=f"{self.folder}/{name}")

    def ask(self, sql):
        return self.server.query(sql, self.string)

    def states(self, live=False):
        rows = self.ask("SELECT state, count(*) FROM delivery GROUP BY state")
        return {int(state): int(count) for state, count in (row.split("|") for row in rows)}

    def delivered(self):
        return set(self.ask("SELECT s.id FROM delivery d JOIN subscriber s ON s.number = d.subscriber "
                            f"WHERE d.state = {DELIVERED}"))

    def await_all(self, within=120):
        def look():
            for name, daemon in self.daemons.items():
                if daemon.code is not None:
                    raise Bad(f"daemon {name} ended with {daemon.code}: {daemon.errors[-1000:]}")
            try:
                return self.states() == {DELIVERED: self.count}
            except Bad:
                return False  # The server is just recovering.
        wait(lambda: f"all is recorded: {self.states()}", look, within, every=0.2)

    def stop_all(self):
        for name, daemon in self.daemons.items():
            code = daemon.stop()
            if code != 0:
                self.problems.append(f"daemon {name} ended with {code}: {daemon.errors[-500:]}")
        self.daemons = {}


def shared_fan_out(seed, count=10_000, kills=10):
    """One release by three daemons, with `kills` SIGKILLs to one or another of them."""
    chance = random.Random(seed)
    with SharedTrial(count, {"delay": 0.1}) as trial:
        for name in NAMES:
            trial.begin(name)
        most = 0
        for number in range(kills):
            before = trial.receivers.count
            more = chance.randint(1, int(0.5 * count / kills))
            wait(lambda: f"{more} more arrive: {[d.errors[-300:] for d in trial.daemons.values()]}",
                 lambda: trial.receivers.count >= before + more)
            name = chance.choice(NAMES)
            victim = trial.daemons[name]
            if victim.code is not None:
                raise Bad(f"daemon {name} ended by itself with {victim.code}: {victim.errors[-1000:]}")
            victim.kill()
            early = trial.note_recorded(victim)
            if early:
                trial.problems.append(f"kill {number + 1}: {early} acknowledged and not on record")
            trial.begin(name)
        # Its last is still to come: else a kill hit nothing.
        left = count - trial.states().get(DELIVERED, 0)
        if left == 0:
            trial.problems.append("all was over before the last kill")
        trial.await_all()
        trial.stop_all()
        row = trial.judge(allowed=kills * (WIDTH + GROUP))
        row.note = f"{left} were left after the last kill"
        row.most = row.repeated / kills
        return row


@registry.fault("postgres-kills", "ten kill -9 among three daemons on PostgreSQL in a fan-out of 10,000")
def postgres_kills():
    return shared_fan_out(seed=1)


@registry.fault("fan-outs-postgres", "20 such fan-outs", thorough=True)
def fan_outs_postgres():
    options = registry.options
    return many(options.count or 20, lambda seed: shared_fan_out(2000 + seed), options.seconds)


@registry.fault("postgres-killed", "PostgreSQL killed three times in a fan-out, once by its backends")
def postgres_killed():
    with SharedTrial(4000, {"delay": 0.1}) as trial:
        for name in NAMES:
            trial.begin(name)
        for part, crash in enumerate(
                (trial.server.crash, trial.server.kill_backends, trial.server.crash), 1):
            wait(lambda: "some arrive", lambda: trial.receivers.count >= part * 800)
            crash()
        trial.await_all()
        lost = sum("the store is lost" in daemon.errors for daemon in trial.daemons.values())
        if lost == 0:
            trial.problems.append("no daemon has noticed: this tries nothing")
        trial.stop_all()
        # No daemon died: what they had in memory they had.
        row = trial.judge(allowed=0)
        row.note = f"{lost} daemons lost their store"
        return row


@registry.fault("one-of-three-killed", "one daemon of three killed for good: the others wait for its lease")
def one_of_three_killed():
    with SharedTrial(4000, {"delay": 0.1}) as trial:
        for name in NAMES:
            trial.begin(name)
        wait(lambda: f"some arrive: {[d.errors[-300:] for d in trial.daemons.values()]}",
             lambda: trial.receivers.count >= 1000)
        victim = trial.daemons.pop("a")
        victim.kill()
        early = trial.note_recorded(victim)
        if early:
            trial.problems.append(f"{early} acknowledged and not on record")
        begun = time.monotonic()
        trial.await_all()
        took = time.monotonic() - begun
        if took > 75:
            trial.problems.append(f"it took {took:.0f} s, of at most 60 for the lease and some for the rest")
        trial.stop_all()
        row = trial.judge(allowed=WIDTH + GROUP)
        row.note = f"through {took:.0f} s after the kill"
        return row
