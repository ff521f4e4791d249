"""Disks that refuse, fill up, are slow, or lose power."""
import random
import sqlite3

import registry
from children import Bad, wait
from linux import Disk, Mount, strace
from trial import GROUP, Row, Trial

INPUT_OUTPUT = 74


def refused(calls, error, stride=1, count=1200, first=1):
    """A run for each `stride`th call that fails from then on, until none does; after each a sound disk."""
    total, step, width = Row(), first, 16
    while True:
        with Trial(count, concurrency=width) as trial:
            code, child = trial.once(by=strace(calls, f"error={error}", f"{step}+"))
            arrived = trial.receivers.count
            early = trial.note_recorded(child)
            if early:
                trial.problems.append(f"{early} were acknowledged and are not on the disk")
            if code not in (0, INPUT_OUTPUT):
                trial.problems.append(f"the run ended with {code}, not 74: {child.errors[-300:]}")
            if arrived - len(trial.recorded) > width + GROUP:
                trial.problems.append(f"{arrived - len(trial.recorded)} posts that could not be recorded")
            if code != 0:
                again, child = trial.once()
                if again != 0:
                    trial.problems.append(f"on a sound disk it ended with {again}: {child.errors[-300:]}")
            row = trial.judge(allowed=width + GROUP)
            row.problems = [f"{calls} {step}: {problem}" for problem in row.problems]
            total.add(row)
            if code == 0 or not row.is_good:
                if step == first:
                    total.problems.append("no call has failed: this tries nothing")
                total.note = f"{(step - first) // stride} failures"
                return total
        step += stride


@registry.fault("fsync-eio", "EIO from the Nth fsync on, for each N")
def fsync_eio():
    return refused("fsync,fdatasync", "EIO")


@registry.fault("write-enospc", "ENOSPC from the Nth write to the database on")
def write_enospc():
    return refused("pwrite64", "ENOSPC", stride=7)


@registry.fault("write-erofs", "EROFS from the Nth write to the database on")
def write_erofs():
    return refused("pwrite64", "EROFS", stride=23)


@registry.fault("fsync-eio-once", "EIO of three fsyncs of a run", quick=True, alone=False)
def fsync_eio_once():
    return refused("fsync,fdatasync", "EIO", stride=5, count=300, first=3)


@registry.fault("slow-disk", "every fsync takes 100 ms")
def slow_disk():
    with Trial(4000) as trial:
        code, child = trial.once(by=strace("fsync,fdatasync", "delay_enter=100000"))
        if code != 0:
            raise Bad(f"the run ended with {code}: {child.errors[-1000:]}")
        return trial.judge(allowed=0)


def cut(seed, lying):
    """Power is cut in a fan-out. Gives the trial's row, and how many it had acknowledged too early."""
    chance = random.Random(seed)
    width = 64
    with Trial(3000, {"delay": 0.02}, concurrency=width) as trial:
        trial.state = trial.folder + "/disk"
        with Disk(trial.folder + "/image", trial.state) as disk:
            daemon = trial.start(by=strace("fsync,fdatasync", "retval=0") if lying else ())
            enough = chance.randint(600, 2500)
            wait(lambda: f"something arrives: {daemon.errors[-1000:]}",
                 lambda: trial.receivers.count >= enough)
            disk.cut_power()
            code = daemon.end()
            if code != INPUT_OUTPUT:
                trial.problems.append(f"without power the daemon ended with {code}, not 74")
            disk.power_on()
            try:
                early = trial.note_recorded(daemon)
            except sqlite3.DatabaseError:
                early = trial.count
            if lying:
                return None, early
            if early:
                trial.problems.append(f"{early} were acknowledged and are gone")
            code, child = trial.once()
            if code != 0:
                trial.problems.append(f"with power again it ended with {code}: {child.errors[-500:]}")
            return trial.judge(allowed=width + GROUP), early


@registry.fault("power-cut", "the power of an ext4 disk cut in a fan-out, five times")
def power_cut():
    total = Row()
    for seed in range(5):
        row, _ = cut(seed, lying=False)
        total.add(row)
    return total


@registry.fault("power-cut-control", "the same on a disk whose fsync lies: this must lose something")
def power_cut_control():
    _, early = cut(0, lying=True)
    row = Row(note=f"{early} acknowledged deliveries gone, as they must be")
    if early == 0:
        row.problems.append("the control has lost nothing: power-cut proves nothing here")
    return row


def fill(sizes, count, width):
    total, full = Row(), 0
    for size in sizes:
        with Trial(count, concurrency=width) as trial:
            trial.state = trial.folder + "/disk"
            words = ("-t", "tmpfs", "-o", f"size={size}k", "tmpfs")
            with Mount(trial.state, *words) as disk:
                code, child = trial.once()
                full += code != 0
                if code not in (0, INPUT_OUTPUT):
                    trial.problems.append(f"{size}k: it ended with {code}, not 74: {child.errors[-500:]}")
                early = trial.note_recorded(child)
                if early:
                    trial.problems.append(f"{size}k: {early} were acknowledged and are not on the disk")
                arrived = trial.receivers.count
                if arrived - len(trial.recorded) > width + GROUP:
                    trial.problems.append(f"{size}k: {arrived - len(trial.recorded)} unrecorded posts")
                disk.again("size=64m")
                code, child = trial.once()
                if code != 0:
                    trial.problems.append(f"{size}k: with room it ended with {code}: {child.errors[-500:]}")
                total.add(trial.judge(allowed=width + GROUP))
    total.note = f"full {full} times of {len(sizes)}"
    if full < len(sizes) // 2:
        total.problems.append("the disk was not full often enough: this tries nothing")
    return total


@registry.fault("full-disk", "a full tmpfs, from hardly anything to nearly enough; then room")
def full_disk():
    return fill((64, 200, 300, 400, 600, 800, 1000, 1400, 1800, 2200), 3000, 32)


@registry.fault("full-disk-once", "a full tmpfs; then room", quick=True, alone=False)
def full_disk_once():
    return fill((64, 300), 500, 32)


@registry.fault("read-only-disk", "a disk that is read-only at start; then it is not")
def read_only_disk():
    with Trial(2000, {"delay": 0.02}, concurrency=32) as trial:
        trial.state = trial.folder + "/disk"
        with Mount(trial.state, "-t", "tmpfs", "-o", "size=64m", "tmpfs") as disk:
            for _ in ("empty", "in the midst of a fan-out"):
                before = trial.receivers.count
                disk.again("ro")
                code, child = trial.once()
                if code != INPUT_OUTPUT:
                    trial.problems.append(f"on a read-only disk it ended with {code}: {child.errors[-500:]}")
                if trial.receivers.count != before:
                    trial.problems.append("it sent what it could not record")
                disk.again("rw")
                daemon = trial.start()
                wait(lambda: f"some arrive: {daemon.errors[-1000:]}",
                     lambda: trial.receivers.count >= before + 500)
                daemon.kill()
                trial.note_recorded(daemon)
            code, child = trial.once()
            if code != 0:
                trial.problems.append(f"at last it ended with {code}: {child.errors[-500:]}")
            return trial.judge(allowed=2 * (32 + GROUP))
