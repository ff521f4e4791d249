"""The life of the service on a real systemd, from its installation to its purge.

usage: life.py TREE PACKAGE
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

import ending
import installing
import keeping
import mishaps
from host import Host, HostError
from service import Failed, Service, documented

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
SOURCES = "/root/sources"
PAGES = ("README.md", "docs/operating.md", "docs/backup-and-restore.md", "docs/privacy.md")
# A clean Debian has no PostgreSQL: StoreDocumentsTests has one.
ELSEWHERE = "advised store copy"


def previous(package, folder):
    """The package as it was one version ago."""
    tree = folder + "/previous"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree + "/DEBIAN/control"
    with open(control, encoding="utf-8") as file:
        text = file.read()
    version = next(line for line in text.splitlines() if line.startswith("Version: "))
    with open(control, "w", encoding="utf-8") as file:
        file.write(text.replace(version, version + "~previous"))
    older = folder + "/previous.deb"
    subprocess.run(
        ["dpkg-deb", "-b", "--root-owner-group", "-Znone", tree, older], check=True, capture_output=True)
    return older


def carry(host, package, folder):
    """Both packages, and what scripts/install needs, into the host."""
    os.makedirs(host.root + "/root/previous")
    shutil.copy(package, host.root + "/root/")
    shutil.move(previous(package, folder), host.root + "/root/previous/" + os.path.basename(package))
    for name in ("scripts", "systemd", "man", "Config"):
        shutil.copytree(f"{ROOT}/{name}", f"{host.root}{SOURCES}/{name}")
    for name in (".swift-version", "Package.resolved"):
        shutil.copy(f"{ROOT}/{name}", f"{host.root}{SOURCES}/{name}")
    os.makedirs(host.root + SOURCES + "/.build/release")
    shutil.move(folder + "/previous/usr/bin/advised", host.root + SOURCES + "/.build/release/advised")


def was_run(words, commands):
    """As it stands, or after going where it is to be run."""
    return any(command == words or command.endswith("&& " + words) for command in commands)


def documentation(service):
    for page in PAGES:
        missing = [words for words in documented(f"{ROOT}/{page}")
                   if not words.startswith(ELSEWHERE) and not was_run(words, service.host.commands)]
        service.check(f"every command of {page} was run", not missing, missing)


def chapters(package):
    """What happens, in order."""
    return [
        lambda service: installing.install(service, "/root/previous/" + package),
        installing.first_subscriber, installing.another_subscriber, installing.added,
        installing.credentials, installing.instance, installing.link_local,
        mishaps.killed, mishaps.hung, mishaps.without_power, mishaps.disk_full,
        lambda service: mishaps.upgraded(service, "/root/" + package),
        keeping.backed_up, keeping.erased, keeping.restored, keeping.reset, keeping.copied,
        ending.as_root, ending.as_another, ending.purged,
        lambda service: ending.by_hand(service, SOURCES), documentation,
    ]


def live(service, package):
    """How many chapters did not end well: after one the next begins, so that one run tells of all."""
    unwell = 0
    for chapter in chapters(package):
        try:
            chapter(service)
        except Failed as failure:
            unwell += 1
            print(f"\n{failure}\n{service.journal()}", file=sys.stderr, flush=True)
    return unwell


def main(tree, package):
    started = time.monotonic()
    host = Host(tree)
    service = Service(host)
    try:
        with tempfile.TemporaryDirectory(dir=host.folder) as folder:
            carry(host, package, folder)
        host.boot()
        service.check("a clean Debian is up", True)
        unwell = live(service, os.path.basename(package))
    except HostError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        service.hang_up()
        host.remove()
    print(f"{service.count} checks in {time.monotonic() - started:.0f} s, {unwell} chapters not well")
    return min(unwell, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
