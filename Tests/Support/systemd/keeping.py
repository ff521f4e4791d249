"""Backup and restore, export and erasure, as the pages tell them, by root with the service as it runs."""

import json
import re

from service import ROSTER, STATE

BACKUP = "/var/backups/advised.db"


def backed_up(service):
    """Of the whole folder."""
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


def erased(service):
    host = service.host
    process = service.shown("MainPID")
    service.succeeds("a backup is made beside the daemon", f"advised store backup {BACKUP}")
    entry = host.quietly(f"stat -c '%a %U' {BACKUP}").output.strip()
    service.check("for root alone", entry == "600 root", entry)
    done = service.succeeds("what is kept of ann is told", "advised export ann")
    kept = json.loads(done.output)
    service.check("with her deliveries, and no URL", len(kept["deliveries"]) == 1
                  and kept["endpoint"]["host"] == "127.0.0.1:9000" and "/ann" not in done.output, done)
    # Three lines, as `subscribe` wrote them.
    service.edit(ROSTER, lambda text: re.sub(r"- id: ann\n(  .*\n)+", "", text))
    service.succeeds("she is taken out of the file", "systemctl reload advised")
    service.succeeds("and forgotten", "advised forget ann")
    service.check("nothing is kept of her", host.run("advised export ann").code == 1)
    service.check("the same daemon goes on", service.is_active() and service.shown("MainPID") == process)
    service.succeeds("and all is well", "advised status")
    service.is_owner_of_all()


def restored(service):
    for words, command in (
            ("it is restored", f"advised store restore {BACKUP}"),
            ("and again, to be sent again what was due since", f"advised store restore --resend {BACKUP}")):
        without_daemon(service, words, command)
        service.succeeds("all is well", "advised status")
        service.nothing_twice("nothing is sent twice")
    done = service.host.run("advised export ann")
    service.check("the backup has her still", done.code == 0, done)
    service.succeeds("it is stopped", "systemctl stop advised")
    service.succeeds("she is forgotten again, without a daemon", "advised forget ann")
    service.is_owner_of_all()
    service.succeeds("it is started", "systemctl start advised")
    service.comes("and runs", service.is_active)


def reset(service):
    without_daemon(service, "it is emptied", "advised store reset --yes")
    states = [line["state"] for line in service.status()["series"]]
    service.check("a series whose start is past waits to be started", states == ["unstarted"], states)
    without_daemon(service, "and restored", f"advised store restore {BACKUP}")
    service.succeeds("all is well", "advised status")
    service.nothing_twice("nothing is sent twice")


def copied(service):
    without_daemon(service, "it is copied", "advised store copy --to sqlite:copy.db")
    service.check("the copy is there", service.host.quietly(f"test -s {STATE}/copy.db").code == 0)
    service.host.run(f"rm {STATE}/copy.db {STATE}/*.replaced-*")


def without_daemon(service, words, command):
    """While the daemon runs it is refused."""
    host = service.host
    done = host.run(command)
    service.check(f"while the daemon runs it is refused: {command}", done.code == 75, done)
    service.succeeds("it is stopped", "systemctl stop advised")
    service.succeeds(words, command)
    service.is_owner_of_all()
    service.succeeds("it is started", "systemctl start advised")
    service.comes("and runs", service.is_active)
