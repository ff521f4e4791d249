"""A machine to install on: a clean Debian with a real systemd, in systemd-nspawn.

It stands on a tree that stays as it is. It can be booted, told commands, switched off, and have its power
cut; what it wrote is there at the next boot.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time

UNIFIED = "/sys/fs/cgroup/unified" if os.path.isdir("/sys/fs/cgroup/unified") else "/sys/fs/cgroup"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Seconds. Each is much more than it takes, for a machine that is busy with other things.
BOOT_LIMIT, COMMAND_LIMIT, LIFE_LIMIT = 120, 120, 1800


class HostError(Exception):
    """The host itself does not work: not a check that found something."""


class Done:
    """What a command came to."""

    def __init__(self, words, code, output, errors):
        self.words, self.code, self.output, self.errors = words, code, output, errors

    def __str__(self):
        said = (self.output + self.errors).strip()
        return f"`{self.words}` exited {self.code}" + (f": {said}" if said else "")


class Host:
    def __init__(self, tree):
        self.name = f"advised-test-{os.getpid()}"
        self.cgroup = f"{UNIFIED}/{self.name}"
        self.folder = tempfile.mkdtemp(prefix=self.name + "-")
        self.root = self.folder + "/root"
        # Every command that was given, for who wants to know whether the documentation's were.
        self.commands = []
        self.leader = None
        self.nspawn = None
        for name in ("upper", "work", "root"):
            os.mkdir(f"{self.folder}/{name}")
        layers = f"lowerdir={tree},upperdir={self.folder}/upper,workdir={self.folder}/work"
        subprocess.run(["mount", "-t", "overlay", self.name, "-o", layers, self.root], check=True)

    def boot(self):
        """Boots, and waits until systemd says that it is through."""
        os.makedirs(self.cgroup, exist_ok=True)
        enter = f'echo $$ >"{self.cgroup}/cgroup.procs" && exec "$@"'
        options = [
            "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--console=read-only",
            # Without these two IPAddressDeny= is passed over.
            "--system-call-filter=bpf", "--capability=CAP_BPF",
            f"--directory={self.root}", f"--machine={self.name}", "systemd.show_status=no",
        ]
        with open(self.folder + "/console", "ab") as console:
            self.nspawn = subprocess.Popen(
                ["sh", "-c", enter, "sh", "timeout", "-s", "RTMIN+4", "-k", "5", str(LIFE_LIMIT),
                 "systemd-nspawn", *options],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                env={"PATH": PATH, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self.leader = self.until("the host has begun", self._find_leader, BOOT_LIMIT)
        self.until("the host is up", self._is_up, BOOT_LIMIT)

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            with open(self.folder + "/console", encoding="utf-8", errors="replace") as file:
                raise HostError(f"systemd-nspawn exited {self.nspawn.returncode}: {file.read()[-2000:]}")
        try:
            with open(f"{self.cgroup}/payload/init.scope/cgroup.procs", encoding="ascii") as file:
                return int(file.readline() or 0)
        except OSError:
            return 0

    def _is_up(self):
        return self.quietly("systemctl is-system-running").output.strip() in ("running", "degraded")

    def entrance(self, *namespaces):
        chosen = namespaces or ("-m", "-u", "-i", "-n", "-p", "-r", "-w")
        return ["nsenter", "-t", str(self.leader), *chosen]

    def quietly(self, command, given=None):
        """Runs a shell command inside, as root."""
        variables = [f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"]
        variables.append("DEBIAN_FRONTEND=noninteractive")
        shell = ["env", "-i", *variables, "bash", "-o", "pipefail", "-c", command]
        done = subprocess.run(
            self.entrance() + shell, input=given or "", capture_output=True, text=True, errors="replace",
            timeout=COMMAND_LIMIT, check=False, cwd="/")
        return Done(command, done.returncode, done.stdout, done.stderr)

    def run(self, command, given=None):
        """As `quietly`, and remembered as one of the commands that were tried."""
        self.commands.append(command)
        return self.quietly(command, given)

    def write(self, path, text, mode=0o644):
        """A file inside, as an editor leaves it: one that is there keeps its owner and its mode."""
        place = self.root + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        is_new = not os.path.exists(place)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)
        if is_new:
            os.chmod(place, mode)

    def read(self, path):
        with open(self.root + path, encoding="utf-8") as file:
            return file.read()

    def until(self, words, condition, limit):
        """The condition's value once it is true."""
        end = time.monotonic() + limit
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                raise HostError(f"not within {limit} s: {words}")
            time.sleep(0.1)

    def cut_power(self):
        """Everything inside is gone at once; what was written stays."""
        with open(f"{self.cgroup}/cgroup.kill", "w", encoding="ascii") as file:
            file.write("1")
        self._ended()

    def switch_off(self):
        """As a person does it: systemd stops every unit first."""
        os.kill(self.leader, signal.SIGRTMIN + 4)
        self._ended()

    def _ended(self):
        self.nspawn.wait(timeout=BOOT_LIMIT)
        self.until("the host is gone", self._is_empty, BOOT_LIMIT)
        self.leader = None
        shutil.rmtree(f"/run/systemd/nspawn/propagate/{self.name}", ignore_errors=True)

    def _is_empty(self):
        with open(f"{self.cgroup}/cgroup.events", encoding="ascii") as file:
            return "populated 0" in file.read()

    def remove(self):
        """Nothing of the host stays but the tree below it."""
        if self.nspawn is not None and self.nspawn.poll() is None:
            self.cut_power()
        for path, _, _ in os.walk(self.cgroup, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                pass
        # The kernel may have something open in it for a moment after its last process.
        for _ in range(50):
            if not os.path.ismount(self.root):
                break
            subprocess.run(["umount", self.root], stderr=subprocess.DEVNULL, check=False)
            time.sleep(0.1)
        else:
            subprocess.run(["umount", "--lazy", self.root], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
