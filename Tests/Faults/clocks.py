"""A wall clock that is set, and a zone whose rules change, while the daemon runs."""
import calendar
import os
import shutil
import struct
import subprocess
import time

import registry
from children import Bad, run, wait
from limits import all_recorded
from linux import need_root, program
from trial import ROOT, Trial

NOON = "2031-07-01T12:00:00Z"


class Shim:
    """The wall clock of one program (Tests/Support/clockshim); the machine's is left alone."""

    SYNCHRONIZED = 1

    def __init__(self, path, showing):
        built = subprocess.run([ROOT + "/scripts/clock-shim"], capture_output=True, text=True)
        if built.returncode != 0:
            raise Bad(f"scripts/clock-shim: {built.stderr}")
        shown = calendar.timegm(time.strptime(showing, "%Y-%m-%dT%H:%M:%SZ"))
        self.path, self.generation = path, 0
        self.offset = shown * 10**9 - time.time_ns()
        with open(path, "wb") as file:
            file.write(struct.pack("4q", self.offset, 0, self.SYNCHRONIZED, 0))
        self.environment = {"LD_PRELOAD": built.stdout.strip(), "ADVISED_CLOCKSHIM": path}

    def step(self, seconds):
        self.offset += int(seconds * 10**9)
        with open(self.path, "r+b", buffering=0) as file:
            def put(place, *words):
                file.seek(8 * place)
                file.write(struct.pack(f"{len(words)}q", *words))
            put(3, self.generation + 1)
            put(0, self.offset)
            self.generation += 2
            put(3, self.generation)


@registry.fault("clock-steps", "the clock set forward and back by minutes to days over three releases")
def clock_steps():
    with Trial(50, start=NOON[:10], at="12:30", zone="UTC") as trial:
        clock = Shim(trial.folder + "/clock", NOON)
        daemon = trial.started(environment=clock.environment)
        worst = 0

        def step(seconds, arrived):
            """After the step so many have arrived in all, the first new one within a second."""
            nonlocal worst
            before, at = trial.receivers.count, time.monotonic()
            told = daemon.errors.count("the clock was set by")
            clock.step(seconds)
            wait(lambda: f"a step by {seconds} s is told of: {daemon.errors[-500:]}",
                 lambda: daemon.errors.count("the clock was set by") > told)
            if arrived > before:
                wait(lambda: f"a release comes after {seconds} s: {daemon.errors[-1000:]}",
                     lambda: trial.receivers.count > before, within=10)
                worst = max(worst, time.monotonic() - at)
                wait("all of it comes", lambda: trial.receivers.count >= arrived, within=10)
            else:
                time.sleep(1)
            if trial.receivers.count != arrived:
                trial.problems.append(f"after a step by {seconds} s: {trial.receivers.count}, not {arrived}")

        day, hour = 86400, 3600
        for seconds, arrived in (
                (-hour, 0), (2 * hour, 50), (-hour, 50), (hour, 50), (-2 * day, 50), (2 * day, 50),
                (8 * hour, 50), (8 * hour, 50), (8 * hour, 100), (-300 * day, 100), (300 * day, 100),
                (day, 150), (5 * day, 150), (-8 * day, 150)):
            step(seconds, arrived)
        code = daemon.stop()
        if code != 0:
            trial.problems.append(f"the daemon ended with {code}: {daemon.errors[-500:]}")
        if worst > 1:
            trial.problems.append(f"a release came {worst:.1f} s after the step that made it due")
        row = trial.judge(allowed=0, again=False, points=3)
        row.note = f"at most {worst * 1000:.0f} ms after a step"
        return row


@registry.fault("clock-steps-in-fan-out", "the clock set by an hour, back and forth, in a fan-out",
                quick=True)
def clock_steps_in_fan_out():
    with Trial(2000, {"delay": 0.05}, concurrency=64, start=NOON[:10], at="11:00", zone="UTC") as trial:
        clock = Shim(trial.folder + "/clock", NOON)
        daemon = trial.started(environment=clock.environment)
        for part, seconds in enumerate((-3600, 3600, 3600, -7200), 1):
            wait(lambda: f"some arrive: {daemon.errors[-1000:]}",
                 lambda: trial.receivers.count >= part * 300)
            clock.step(seconds)
        all_recorded(trial, daemon)
        return trial.judge(allowed=0, again=False)


def write_zone(folder, offset):
    """Replaces the zone's file as dpkg does, and the index with it."""
    sign, seconds = ("-" if offset < 0 else ""), abs(offset)
    text = f"Zone Pacific/Guam {sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02} - XST\n"
    source = folder + "/../guam.z"
    with open(source, "w") as file:
        file.write(text)
    run(program("zic", "libc-bin"), "-d", folder + "/../compiled", source)
    os.replace(folder + "/../compiled/Pacific/Guam", folder + "/Pacific/Guam.dpkg-new")
    os.replace(folder + "/Pacific/Guam.dpkg-new", folder + "/Pacific/Guam")
    shutil.copyfile(folder + "/tzdata.zi", folder + "/tzdata.zi.dpkg-new")
    os.replace(folder + "/tzdata.zi.dpkg-new", folder + "/tzdata.zi")


@registry.fault("tzdata", "a new tzdata brings a release three hours forward")
def tzdata():
    need_root("mount a tzdata of its own")
    now = int(time.time())
    # It is nine there, and the release is at twelve.
    offset = (9 * 3600 - now % 86400 + 43200) % 86400 - 43200
    local = time.strftime("%Y-%m-%d", time.gmtime(now + offset))
    with Trial(20, zone="Pacific/Guam", start=local, at="12:00") as trial:
        folder = trial.folder + "/zoneinfo"
        shutil.copytree("/usr/share/zoneinfo", folder, symlinks=True)
        os.unlink(folder + "/Pacific/Guam")
        write_zone(folder, offset)
        enter = ["unshare", "-m", "/bin/sh", "-c",
                 f"mount --bind {folder} /usr/share/zoneinfo && exec \"$@\"", "sh"]
        daemon = trial.started(by=enter)
        if trial.receivers.count:
            trial.problems.append("it came too early")
        due = int(time.time()) + 6
        write_zone(folder, offset + 3 * 3600 - (due - now))
        wait(lambda: f"the release comes forward: {daemon.errors[-1000:]}",
             lambda: trial.receivers.count >= 1, within=30)
        late = trial.receivers.requests()[0][0] / 1e9 - due
        if not 0 <= late <= 1:
            trial.problems.append(f"it came {late:.2f} s after its instant by the new rules")
        all_recorded(trial, daemon)
        row = trial.judge(allowed=0, again=False)
        row.note = f"{late * 1000:.0f} ms after its instant by the new rules"
        return row
