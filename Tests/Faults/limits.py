"""Too few descriptors, too little memory, files too long, and a process that is stopped."""
import datetime
import os
import signal
import time
import zoneinfo

import registry
from children import Bad, wait
from linux import Memory, program
from trial import DELIVERED, GROUP, Row, Trial, noon_zone

INPUT_OUTPUT = 74


def all_recorded(trial, daemon, within=90):
    """Waits until a running daemon has everything on record, and stops it."""
    wait(lambda: f"all is recorded: {trial.states(live=True)} {daemon.errors[-1000:]}",
         lambda: daemon.code is not None or trial.states(live=True) == {DELIVERED: trial.count},
         within, every=0.1)
    code = daemon.stop()
    if code != 0:
        trial.problems.append(f"the daemon ended with {code}: {daemon.errors[-1000:]}")


@registry.fault("descriptors", "no descriptor is left for 3 s of a fan-out")
def descriptors():
    with Trial(3000, {"delay": 0.05}) as trial:
        daemon = trial.started()
        wait("some arrive", lambda: trial.receivers.count >= 500)
        prlimit = program("prlimit", "util-linux")
        with open(f"/proc/{daemon.pid}/limits") as file:
            line = next(line for line in file if line.startswith("Max open files"))
        soft, hard = line.split()[3:5]
        os.spawnv(os.P_WAIT, prlimit, [prlimit, "--pid", str(daemon.pid), f"--nofile=24:{hard}"])
        time.sleep(3)
        among = trial.receivers.count
        os.spawnv(os.P_WAIT, prlimit, [prlimit, "--pid", str(daemon.pid), f"--nofile={soft}:{hard}"])
        if daemon.code is not None:
            raise Bad(f"without descriptors the daemon ended with {daemon.code}: {daemon.errors[-1000:]}")
        if among == trial.count:
            trial.problems.append("all had been sent before the descriptors ran out: this tries nothing")
        all_recorded(trial, daemon)
        row = trial.judge(allowed=0)
        row.note = f"{trial.count - among} were still to come"
        return row


@registry.fault("few-descriptors", "at most 128 descriptors from the start", quick=True)
def few_descriptors():
    with Trial(1000, {"delay": 0.01}) as trial:
        code, child = trial.once(by=[program("prlimit", "util-linux"), "--nofile=128:128"])
        if code != 0:
            trial.problems.append(f"it ended with {code}: {child.errors[-1000:]}")
        return trial.judge(allowed=0)


@registry.fault("file-size", "files may not grow beyond a limit; then they may", quick=True)
def file_size():
    total, refused = Row(), 0
    for limit in (20_000, 300_000, 500_000):
        with Trial(1500, concurrency=32) as trial:
            code, child = trial.once(by=[program("prlimit", "util-linux"), f"--fsize={limit}"])
            refused += code == INPUT_OUTPUT
            if code not in (0, INPUT_OUTPUT):
                trial.problems.append(f"{limit}: it ended with {code}: {child.errors[-500:]}")
            early = trial.note_recorded(child)
            if early:
                trial.problems.append(f"{limit}: {early} were acknowledged and are not on the disk")
            if code != 0:
                code, child = trial.once()
                if code != 0:
                    trial.problems.append(f"{limit}: without it it ended with {code}: {child.errors[-500:]}")
            total.add(trial.judge(allowed=32 + GROUP))
    total.note = f"refused {refused} times of 3"
    if refused == 0:
        total.problems.append("no limit was met: this tries nothing")
    return total


@registry.fault("memory", "a control group with ever more memory, until a fan-out of 10,000 goes through")
def memory():
    with Trial(10_000, {"delay": 0.02}) as trial, Memory(f"advised-faults-{os.getpid()}") as group:
        killed = 0
        for megabytes in (4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64):
            group.limit(megabytes)
            code, child = trial.once(by=group.entrance)
            trial.note_recorded(child)
            if code == 0:
                break
            if code != -signal.SIGKILL:
                trial.problems.append(f"with {megabytes} MB it ended with {code}: {child.errors[-500:]}")
            killed += 1
        if code != 0:
            trial.problems.append("64 MB are not enough")
        if killed == 0:
            trial.problems.append("nothing was killed: this tries nothing")
        row = trial.judge(allowed=killed * (trial.concurrency + GROUP))
        row.note = f"killed {killed} times; {megabytes} MB are enough"
        return row


@registry.fault("stop-and-continue", "SIGSTOP for 3 s in a fan-out, SIGCONT", quick=True)
def stop_and_continue():
    with Trial(2000, {"delay": 0.02}, concurrency=64) as trial:
        daemon = trial.started()
        wait("some arrive", lambda: trial.receivers.count >= 300)
        daemon.send(signal.SIGSTOP)
        time.sleep(3)
        daemon.send(signal.SIGCONT)
        all_recorded(trial, daemon)
        return trial.judge(allowed=0)


@registry.fault("stopped-at-the-hour", "SIGSTOP over the instant of a release: it is sent within 1 s of CONT",
                quick=True)
def stopped_at_the_hour():
    zone = noon_zone()
    due = datetime.datetime.now(zoneinfo.ZoneInfo(zone)) + datetime.timedelta(seconds=6)
    with Trial(10, zone=zone, start=due.date().isoformat(), at=f"{due:%H:%M:%S}") as trial:
        daemon = trial.started()
        daemon.send(signal.SIGSTOP)
        early = trial.receivers.count
        time.sleep(max(0.0, due.timestamp() + 1 - time.time()))
        continued = time.time_ns()
        daemon.send(signal.SIGCONT)
        wait(lambda: f"the release goes out: {daemon.errors[-1000:]}", lambda: trial.receivers.count >= 1)
        late = (trial.receivers.requests()[0][0] - continued) / 1e6
        if early or late > 1000:
            trial.problems.append(f"{early} came early, the first {late:.0f} ms after SIGCONT")
        all_recorded(trial, daemon)
        row = trial.judge(allowed=0)
        row.note = f"{late:.0f} ms after SIGCONT"
        return row
