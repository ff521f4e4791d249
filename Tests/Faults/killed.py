"""SIGKILL at every durable system call, and at random in a fan-out."""
import random
import signal
import time

import registry
from children import Bad, wait
from linux import strace
from trial import CONCURRENCY, GROUP, Row, Trial

# Seconds: the schedule's 5, a fifth of jitter, and something to spare.
FIRST_WAIT = 6.5

# Every call by which a change reaches the disk.
DURABLE = ["fsync", "fdatasync", "pwrite64", "ftruncate", "unlink", "rename", "openat", "write"]


def step_through(call, stride=1, first=1):
    """Killed at each `stride`th `call` of a run, until a run ends by itself."""
    total, step = Row(), first
    while True:
        with Trial(5) as trial:
            trial.state = trial.folder + f"/{call}"
            code, child = trial.once(by=strace(call, "signal=KILL", step))
            if code not in (0, -signal.SIGKILL, 128 + signal.SIGKILL):
                raise Bad(f"{call} {step}: the run ended with {code}: {child.errors[-1000:]}")
            early = trial.note_recorded(child)
            if early:
                trial.problems.append(f"{call} {step}: {early} were acknowledged and are not on the disk")
            if code != 0:
                again, child = trial.once()
                if again != 0:
                    trial.problems.append(f"{call} {step}: the next run ended with {again}")
            row = trial.judge(allowed=5)
            row.problems = [f"{call} {step}: {problem}" for problem in row.problems]
            total.add(row)
            if code == 0:
                total.note += f" {call} {(step - first) // stride}"
                return total
        step += stride


@registry.fault("kill-at-calls", "kill -9 at each durable system call of a run, then a run")
def kill_at_calls():
    total = Row(note="killed at:")
    for call in DURABLE:
        row = step_through(call, stride=5 if call in ("openat", "write") else 1)
        total.add(row)
        total.note += row.note + ","
    return total


@registry.fault("kill-at-fsync", "kill -9 at each fsync and every ninth write of a run, then a run",
                quick=True, alone=False)
def kill_at_fsync():
    total = Row(note="killed at:")
    for call, stride in (("fdatasync", 1), ("fsync", 1), ("pwrite64", 9)):
        row = step_through(call, stride)
        total.add(row)
        total.note += row.note + ","
    return total


def fan_out(seed, count=10_000, kills=10, concurrency=CONCURRENCY):
    """One release to `count`, with `kills` SIGKILLs in the midst of it."""
    chance = random.Random(seed)
    with Trial(count, {"delay": 0.02}, concurrency) as trial:
        most = 0
        for number in range(kills):
            before = trial.receivers.count
            child = trial.start()
            if chance.random() < 0.2:
                time.sleep(chance.uniform(0, 0.25))
            else:
                more = chance.randint(1, int(0.7 * count / kills))
                wait(lambda: f"{more} more arrive: {child.errors[-500:]}",
                     lambda: trial.receivers.count >= before + more or child.code is not None)
            if child.code is not None:
                raise Bad(f"life {number + 1} ended by itself with {child.code}: {child.errors[-1000:]}")
            child.kill()
            early = trial.note_recorded(child)
            if early:
                trial.problems.append(f"kill {number + 1}: {early} acknowledged and not on the disk")
            unrecorded = trial.receivers.count - before - (len(trial.recorded) - trial.was)
            trial.was = len(trial.recorded)
            most = max(most, unrecorded)
        code, child = trial.once()
        if code == 1:
            # Three lives that settled nothing, and the daemon writes attempts down before it makes them:
            # those that a kill cut off count as failed, and are due again after the schedule's first wait.
            time.sleep(FIRST_WAIT)
            code, child = trial.once()
        if code != 0:
            raise Bad(f"the last life ended with {code}: {child.errors[-1000:]}")
        row = trial.judge(allowed=kills * (concurrency + GROUP))
        if most > concurrency + GROUP:
            row.problems.append(f"a kill left {most} unrecorded, of at most {concurrency + GROUP}")
        row.note = f"most unrecorded at a kill: {most}"
        row.most = most
        return row


@registry.fault("kill-in-fan-out", "ten kill -9 at random in a fan-out of 10,000")
def kill_in_fan_out():
    return fan_out(seed=1)


@registry.fault("kill-in-small-fan-out", "five kill -9 at random in a fan-out of 1,000", quick=True,
                alone=False)
def kill_in_small_fan_out():
    return fan_out(seed=2, count=1000, kills=5, concurrency=32)


def many(count, one, seconds):
    """`count` runs of `one(seed)`, or as many as fit into `seconds`."""
    total, done, most = Row(), 0, 0
    begun = time.monotonic()
    for seed in range(count):
        took = (time.monotonic() - begun) / max(1, done)
        if seconds and done and time.monotonic() - begun + took > seconds:
            break
        row = one(seed)
        done += 1
        row.problems = [f"seed {seed}: {problem}" for problem in row.problems]
        total.add(row)
        most = max(most, row.most)
        print(f"  fan-out {done}: {row.repeated} repeated, {row.lost} lost, {row.note}", flush=True)
    total.note = f"{done} fan-outs of {count}; most unrecorded at a kill: {most}"
    if done < count and total.is_good:
        total.problems.append(f"only {done} of {count} fan-outs fitted into {seconds} s")
    return total


@registry.fault("fan-outs", "100 fan-outs of 10,000 with ten kill -9 each", thorough=True)
def fan_outs():
    return many(registry.options.count or 100, lambda seed: fan_out(1000 + seed), registry.options.seconds)


# Seconds from a start after a kill to the first request of it (storage.md, Budget).
RECOVERY = 1.0


@registry.fault("recovery", "kill -9 in a release to 1,000,000, five times: how soon the next life sends")
def recovery():
    chance, times = random.Random(3), []
    with Trial(1_000_000) as trial:
        for life in range(6):
            # What a killed daemon had sent may still lie in sockets.
            time.sleep(0.5)
            before = trial.receivers.count
            begun = time.monotonic()
            child = trial.start()
            # The first life reads the roster; those after it find it known.
            wait(lambda: f"something arrives: {child.errors[-500:]}",
                 lambda: trial.receivers.count > before or child.code is not None, within=120, every=0.002)
            if life > 0:
                times.append(time.monotonic() - begun)
            more = chance.randint(3000, 15000)
            wait(lambda: f"{more} more arrive: {child.errors[-500:]}",
                 lambda: trial.receivers.count >= before + more or child.code is not None)
            if child.code is not None:
                raise Bad(f"life {life + 1} ended by itself with {child.code}: {child.errors[-1000:]}")
            child.kill()
        row = Row(tried=len(times), problems=trial.problems)
        row.note = "the first request after " + ", ".join(f"{round(1000 * each)}" for each in times) + " ms"
        if max(times) > RECOVERY:
            row.problems.append(f"the first request came after {max(times):.2f} s, of at most {RECOVERY}")
        return row
