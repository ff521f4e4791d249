"""What befalls a service, and an upgrade."""

import json

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
    host = service.host
    host.run(f"rm /advised_*.deb && cp {package} /")
    before, edited = service.shown("MainPID"), host.read("/etc/advised/advised.yaml")
    service.succeeds("a new version is installed", "apt install ./advised_*_amd64.deb")
    service.comes("it runs", lambda: service.is_active() and service.shown("MainPID") != before)
    service.check("the settings are as they were", host.read("/etc/advised/advised.yaml") == edited)
    states = [line["state"] for line in json.loads(host.run("advised log --json").output)]
    service.check("and so is the state", len(states) >= 3 and set(states) == {"delivered"}, states)
    service.nothing_twice("nothing is sent twice")


def backed_up(service):
    host = service.host
    for command in ("systemctl stop advised", "cp -a /var/lib/advised /root/advised-state",
                    "systemctl start advised"):
        service.succeeds(f"a copy is made: {command}", command)
    for command in ("systemctl stop advised", "rm -r /var/lib/advised",
                    "cp -a /root/advised-state /var/lib/advised", "systemctl start advised"):
        service.succeeds(f"and put back: {command}", command)
    service.comes("the daemon goes on from it", service.is_active)
    host.run("rm -r /root/advised-state")
    service.nothing_twice("nothing is sent twice")
