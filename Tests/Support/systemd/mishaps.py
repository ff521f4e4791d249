"""What befalls a service, and an upgrade."""

import glob
import json
import os

import older
from service import LATER, STATE


def killed(service):
    before = service.shown("MainPID")
    service.host.run("systemctl kill -s KILL advised")
    service.comes(
        "killed, it is started again",
        lambda: service.is_active() and service.shown("MainPID") not in ("0", before), LATER)
    service.nothing_twice("and sends nothing twice")


def hung(service):
    host = service.host
    # As shipped it is three minutes.
    drop_in = "/etc/systemd/system/advised.service.d/watchdog.conf"
    host.write(drop_in, "[Service]\nWatchdogSec=3s\n")
    host.run("systemctl daemon-reload")
    host.run("systemctl restart advised")
    before = service.shown("MainPID")
    service.check("a watchdog of 3 s is set", service.shown("WatchdogUSec") == "3s")
    host.quietly("sleep 5")
    service.check("and fed", service.shown("MainPID") == before)
    host.run(f"kill -STOP {before}")
    service.comes(
        "hung, it is ended and started again",
        lambda: service.is_active() and service.shown("MainPID") not in ("0", before), LATER)
    service.check("by the watchdog", "Watchdog timeout" in service.journal(), service.journal())
    host.run(f"rm {drop_in}")
    host.run("systemctl daemon-reload")
    host.run("systemctl restart advised")
    service.nothing_twice("and sends nothing twice")


def without_power(service):
    host = service.host
    service.hang_up()
    host.cut_power()
    host.boot()
    service.listen()
    service.comes("after a power cut it is there again", service.is_active)
    service.succeeds("healthy", "advised status")
    states = {line["subscriber"]: line["state"] for line in json.loads(
        host.run("advised log --json").output)}
    service.check(
        "it knows what was delivered", states.get("ann") == states.get("bob") == "delivered", states)
    service.nothing_twice("and sends nothing twice")


def disk_full(service):
    host = service.host
    host.run("systemctl stop advised")
    host.run(f"cp -a {STATE} /root/state")
    host.run(f"mount -t tmpfs -o size=4m,mode=700 state {STATE}")
    host.run(f"cp -a /root/state/. {STATE}/")
    host.run("systemctl start advised")
    host.run(f"dd if=/dev/zero of={STATE}/filler bs=4k")
    service.subscribe("carol")
    done = host.run("systemctl reload advised")
    service.check("with a full disk a new subscriber is not taken", done.code != 0, done)
    service.comes(
        "and the unit does not give up", lambda: int(service.shown("NRestarts") or 0) >= 1
        or service.is_active(), LATER)
    service.check("carol has nothing yet", not service.posts("/carol"))
    host.run(f"rm {STATE}/filler")
    service.comes("with room again it runs", service.is_active, LATER)
    host.run("systemctl reload advised")
    service.comes("and carol gets today's point", lambda: service.has_one("carol"))
    service.nothing_twice("nobody else gets one again")
    host.run("systemctl stop advised")
    host.run(f"cp -a {STATE}/. /root/state/")
    host.run(f"umount {STATE}")
    host.run(f"cp -a /root/state/. {STATE}/")
    service.succeeds("the state is moved back", "systemctl start advised")


def upgraded(service, package):
    """From a version whose schema was the first."""
    host = service.host
    host.run(f"rm /advised_*.deb && cp {package} /")
    told = [told_by(service, command) for command in ("advised log --json", "advised plan --json")]
    service.check("points were delivered before", len(told[0]) >= 5, told[0])
    host.run("systemctl stop advised")
    database = f"{host.root}{STATE}/advised.db"
    newest = older.version(database)
    older.turn_back(database)
    service.check("the state is of version 1", older.version(database) == 1 and newest > 1, newest)
    deliveries = older.rows(database, "delivery")
    edited = host.read("/etc/advised/advised.yaml")
    service.succeeds("a new version is installed", "apt install ./advised_*_amd64.deb")
    service.comes("it runs", service.is_active)
    service.check("the settings are as they were", host.read("/etc/advised/advised.yaml") == edited)
    service.check("the state is brought forward", older.version(database) == newest, older.version(database))
    again = [told_by(service, command) for command in ("advised log --json", "advised plan --json")]
    service.check("each delivery is known as it was, and what comes next", again == told, (told, again))
    aside = glob.glob(database + ".before-*")
    service.check("the database as it was is beside it, by the name that the page gives",
                  aside == [f"{database}.before-v{newest}"], aside)
    service.check("whole, and of version 1",
                  older.version(aside[0]) == 1 and older.rows(aside[0], "delivery") == deliveries)
    service.is_owner_of_all()
    service.subscribe("gil")
    service.succeeds("a new subscriber is taken", "systemctl reload advised")
    service.comes("and gets the point that was frozen before", lambda: service.has_one("gil"))
    service.nothing_twice("nothing is sent twice")
    os.unlink(aside[0])


def told_by(service, command):
    done = service.host.run(command)
    return json.loads(done.output) if done.code == 0 else done
