"""Two daemons on one state, a database that is damaged, a delivery that kills its daemon."""
import os
import signal

import registry
from children import Bad, wait
from trial import GROUP, Row, Trial, host

ANOTHER, NEEDS_A_PERSON = 75, 78


@registry.fault("two-daemons", "a second daemon on one state directory in a fan-out", quick=True)
def two_daemons():
    with Trial(1000, {"delay": 0.05}, concurrency=64) as trial:
        first = trial.started()
        for words in (["run"], ["run", "--once"]):
            second = trial.start(*words)
            code = second.end()
            if code != ANOTHER or trial.state not in second.errors:
                trial.problems.append(f"a second `{' '.join(words)}` ended with {code}: {second.errors}")
        wait("all is recorded", lambda: trial.states(live=True) == {1: 1000}, every=0.1)
        code = first.stop()
        if code != 0:
            trial.problems.append(f"the first ended with {code}")
        return trial.judge(allowed=0)


@registry.fault("stop-in-fan-out", "TERM in a fan-out, five times: nothing is repeated", quick=True)
def stop_in_fan_out():
    with Trial(2000, {"delay": 0.05}, concurrency=64) as trial:
        for _ in range(5):
            before = trial.receivers.count
            daemon = trial.start()
            wait(lambda: f"some arrive: {daemon.errors[-1000:]}",
                 lambda: trial.receivers.count >= before + 200)
            code = daemon.stop()
            if code != 0:
                trial.problems.append(f"after TERM it ended with {code}: {daemon.errors[-500:]}")
        code, child = trial.once()
        if code != 0:
            raise Bad(f"at last it ended with {code}: {child.errors[-500:]}")
        return trial.judge(allowed=0)


def overwrite(path, place, data):
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(data)


def damage_header(path, size):
    overwrite(path, 0, b"no database at all, only words  ")


def damage_pages(path, size):
    # Every page but the first: whichever is read first tells.
    for place in range(4096, size, 4096):
        overwrite(path, place, b"\x55" * 64)


def damage_length(path, size):
    with open(path, "r+b") as file:
        file.truncate(size // 3 // 4096 * 4096)


def damage_content(path, size):
    # A changed letter in the frozen text: what SQLite does not see.
    with open(path, "rb") as file:
        data = file.read()
    place = data.find(b'"type":"advice.point.released"')
    if place < 0:
        raise Bad("there is no frozen text in the database")
    while place >= 0:
        overwrite(path, place + 10, b"A")
        place = data.find(b'"type":"advice.point.released"', place + 1)


def text_is_damaged(path):
    with open(path, "rb") as file:
        return b'"type":"advice.point.released"' not in file.read()


@registry.fault("corrupt-database", "a database damaged in four ways: 78, left in place, nothing sent",
                quick=True)
def corrupt_database():
    total = Row()
    for damage in (damage_header, damage_pages, damage_length, damage_content):
        with Trial(600, {"delay": 0.05}, concurrency=16) as trial:
            daemon = trial.start()
            wait(lambda: f"some arrive: {daemon.errors[-1000:]}", lambda: trial.receivers.count >= 100)
            daemon.send(signal.SIGTERM)
            if daemon.end() != 0:
                raise Bad(f"the daemon did not stop: {daemon.errors[-500:]}")
            path = trial.state + "/advised.db"
            if os.path.exists(path + "-wal") and os.path.getsize(path + "-wal"):
                raise Bad("a clean stop has left something in the write-ahead log")
            with open(path, "rb") as file:
                sound = file.read()
            damage(path, len(sound))
            with open(path, "rb") as file:
                damaged = file.read()
            before = trial.receivers.count
            code, child = trial.once()
            with open(path, "rb") as file:
                after = file.read()
            name = damage.__name__.replace("_", " ")
            if code != NEEDS_A_PERSON or "advised.db" not in child.errors:
                total.problems.append(f"{name}: it ended with {code}: {child.errors[-500:]}")
            # What is not seen before it is to be sent is seen late: until then the daemon writes as usual.
            is_left = text_is_damaged(path) if damage is damage_content else after == damaged
            if not is_left:
                total.problems.append(f"{name}: the damaged file was changed")
            if trial.receivers.count != before:
                total.problems.append(f"{name}: {trial.receivers.count - before} were sent")
            # As a person puts a copy back.
            with open(path, "wb") as file:
                file.write(sound)
            code, child = trial.once()
            if code != 0:
                total.problems.append(f"{name}: on the sound file it ended with {code}")
            total.add(trial.judge(allowed=0))
    return total


@registry.fault("deadly-delivery", "a delivery that kills the daemon each time: the others go on",
                quick=True)
def deadly_delivery():
    deadly = 137
    with Trial(2000, {"deadly": host(deadly)}) as trial:
        code, lives = None, 0
        while code != 0 and lives < 40:
            lives += 1
            # Its number is known to the receivers before it is: whoever has it later is let live.
            enter = ["/bin/sh", "-c", 'echo $$ >"$0" && exec "$@"', trial.receivers.folder + "/victim"]
            child = trial.start("run", "--once", by=enter)
            code = child.end()
            os.unlink(trial.receivers.folder + "/victim")
            trial.note_recorded(child)
            if code == 1:
                # What is left waits for its next attempt.
                break
            if code not in (0, -signal.SIGKILL):
                raise Bad(f"life {lives} ended with {code}: {child.errors[-1000:]}")
        row = Row(tried=2000, problems=trial.problems, note=f"killed {lives - 1} times")
        trial.count_into(row)
        # What was on the wire with it may come again after each of its kills.
        allowed = lives * (256 + GROUP)
        if row.repeated > allowed:
            row.problems.append(f"{row.repeated} repeats, of at most {allowed}")
        if lives - 1 > 12:
            row.problems.append(f"it was killed {lives - 1} times before the others had theirs")
        if len(trial.delivered()) != 1999:
            row.problems.append(f"{len(trial.delivered())} of the 1999 others are delivered")
        left = trial.query(
            "SELECT s.id, d.state, d.attempts, d.error FROM delivery d "
            "JOIN subscriber s ON s.number = d.subscriber WHERE d.state <> 1")
        if len(left) != 1 or left[0][0] != f"s{deadly}" or "crashed" not in (left[0][3] or ""):
            row.problems.append(f"not marked as crashed: {left[:3]}")
        return row
