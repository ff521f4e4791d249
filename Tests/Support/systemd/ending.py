"""Commands as root, by hand without apt, and the end."""

from service import SETTINGS, STATE


def as_root(service):
    host = service.host
    for command in ("advised pause fifteen-points", "advised resume fifteen-points", "advised plan",
                    "advised log", "advised export bob", "advised status"):
        done = host.run(command)
        service.check(f"as root, with a daemon: {command}", done.code == 0, done)
    service.succeeds("it stops when told", "systemctl stop advised")
    service.check("cleanly", service.shown("Result") == "success", service.shown("Result"))
    for command in ("advised pause fifteen-points", "advised resume fifteen-points", "advised plan",
                    "advised log", "advised export bob", "advised run --once"):
        done = host.run(command)
        service.check(f"as root, without one: {command}", done.code == 0, done)
    service.is_owner_of_all()
    service.nothing_twice("nothing is sent twice")
    service.succeeds("it starts again", "systemctl start advised")


def as_another(service):
    """Who may not look is told so: exit 69."""
    host = service.host
    host.run(f"cp -r {STATE} /root/open && chmod -R a+rX /root/open && mv /root/open /srv/")
    somebody = "setpriv --reuid nobody --regid nogroup --clear-groups"
    for command in ("advised status", "advised export bob", "advised pause fifteen-points", "advised reload",
                    "advised store backup /tmp/mine", "advised status --state-dir /srv/open"):
        done = host.run(f"{somebody} {command}")
        service.check(f"as somebody else: {command}", done.code == 69, done)
        service.check("and says as whom", "root" in done.errors, done)
    host.run("rm -r /srv/open")


def purged(service):
    host = service.host
    service.check("no unit has failed", not host.run("systemctl --failed --no-legend").output.strip())
    service.succeeds("removed", "apt remove advised", "y\n")
    service.check("it runs no more", not service.is_active())
    kept = host.quietly(f"test -s {SETTINGS} && test -s {STATE}/advised.db")
    service.check("settings and state are kept", kept.code == 0, kept)
    host.run("rm -r /etc/systemd/system/advised.service.d")
    service.succeeds("purged", "apt purge advised", "y\n")
    expect_nothing(service)


def expect_nothing(service):
    found = service.host.quietly(
        "find /etc /usr /var/lib /run -xdev -name '*advised*' ! -path '/run/systemd/propagate/*'"
        " ! -path '/run/log/*'").output
    service.check("nothing is left", not found.strip(), found)
    service.check(
        "no unit has failed", not service.host.run("systemctl --failed --no-legend").output.strip())


def by_hand(service, sources):
    host = service.host
    install = f"cd {sources} && ./scripts/install .build/release/advised"
    service.succeeds("without apt it is installed by hand", install)
    service.comes("it runs", service.is_active)
    service.check("healthy", host.run("advised status").code == 0)
    service.check(
        "enabled", host.quietly("systemctl is-enabled advised").output.strip() == "enabled")
    service.succeeds("over itself too", install)
    service.comes("it runs", service.is_active)
    service.succeeds("and taken away", f"cd {sources} && ./scripts/uninstall")
    kept = host.quietly(f"test -s {SETTINGS} && test -s {STATE}/advised.db")
    service.check("settings and state are kept", kept.code == 0, kept)
    service.succeeds("with --purge those too", f"cd {sources} && ./scripts/uninstall --purge")
    expect_nothing(service)
