"""What Linux gives to break things with; what is missing here is said, never passed over."""
import ctypes
import fcntl
import os
import shutil

from children import Lacking, run

EXT4_IOC_SHUTDOWN = 0x8004587D
# As a power cut: the journal is not flushed.
NO_LOG_FLUSH = 2


def program(name, package):
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise Lacking(f"{name} is missing: apt-get install {package}")
    return path


def strace(calls, what, when=None):
    """The way into a program whose system calls go wrong: `what` is signal=KILL, error=EIO, retval=0 or
    delay_enter=MICROSECONDS, `when` a number, N+ or N..M of each thread's calls."""
    rule = f"inject={calls}:{what}" + (f":when={when}" if when else "")
    # Not with --seccomp-bpf: strace 6.1 does not count calls right then.
    return [program("strace", "strace"), "-f", "-qq", "-o", "/dev/null",
            "-e", f"trace={calls}", "-e", "signal=none", "-e", rule]


def need_root(why):
    if os.geteuid() != 0:
        raise Lacking(f"only root can {why}: run scripts/faults as root")


class Mount:
    """A file system of its own for a state directory, in this process's own mount namespace."""

    def __init__(self, path, *words):
        need_root("mount a file system")
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.words = words
        self.mount()

    def mount(self):
        run("mount", *self.words, self.path)
        os.chmod(self.path, 0o700)

    def again(self, options):
        run("mount", "-o", "remount," + options, self.path)

    def unmount(self):
        run("umount", self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("umount", "-l", self.path)


class Disk(Mount):
    """ext4 in a file, whose power can be cut."""

    def __init__(self, image, path):
        need_root("cut the power of a file system")
        with open(image, "wb") as file:
            file.truncate(192 << 20)
        run("mkfs.ext4", "-q", "-F", image)
        # What nobody has asked to be written stays in memory as long as the test lasts.
        super().__init__(path, "-o", "loop,commit=300", image)

    def cut_power(self):
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, ctypes.c_uint32(NO_LOG_FLUSH))
        finally:
            os.close(descriptor)

    def power_on(self):
        self.unmount()
        self.mount()


class Memory:
    """A control group with a limit on memory; cgroup v1, or v2 where the controller is there."""

    def __init__(self, name):
        need_root("make a control group")
        v1 = "/sys/fs/cgroup/memory"
        if os.path.exists(v1 + "/memory.limit_in_bytes"):
            self.path, self.limit_file = f"{v1}/{name}", "memory.limit_in_bytes"
        elif "memory" in self.controllers():
            self.path, self.limit_file = f"/sys/fs/cgroup/{name}", "memory.max"
        else:
            raise Lacking("no control group of this machine limits memory (neither v1's nor v2's)")
        os.mkdir(self.path)

    def controllers(self):
        try:
            with open("/sys/fs/cgroup/cgroup.subtree_control") as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def limit(self, megabytes):
        with open(f"{self.path}/{self.limit_file}", "w") as file:
            file.write(str(megabytes << 20))

    @property
    def entrance(self):
        """Words before a program that is to live in it."""
        return ["/bin/sh", "-c", f"echo $$ >{self.path}/cgroup.procs && exec \"$@\"", "sh"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)
