"""From a clean machine to the first points."""

import json
from datetime import datetime, timedelta, timezone

from service import LATER, PORT, ROSTER, SETTINGS, STATE


def install(service, package):
    host = service.host
    host.run(f"cp {package} /")
    service.succeeds("apt installs the package", "apt install ./advised_*_amd64.deb")
    service.check("it is enabled", host.run("systemctl is-enabled advised").code == 0)
    service.comes("and active", service.is_active)
    service.succeeds("systemctl shows it", "systemctl status advised")
    service.check("no unit has failed", not host.quietly("systemctl --failed --no-legend").output.strip())
    series = service.status()["series"]
    service.check("the bundled series waits for subscribers", series[0]["state"] == "waiting", series)
    service.check(
        "the unit's status tells so", "wait" in service.shown("StatusText"), service.shown("StatusText"))
    owners = host.quietly(f"stat -c '%a %U:%G' {SETTINGS} {ROSTER} {STATE} /etc/advised/secrets").output
    service.check(
        "settings and subscribers are for root and the daemon, the state for the daemon",
        owners.splitlines() == ["640 root:advised"] * 2 + ["700 advised:advised", "750 root:advised"], owners)
    user = host.quietly(f"stat -c %U /proc/{service.shown('MainPID')}").output.strip()
    service.check("it runs as its own user", user == "advised", user)
    service.succeeds(
        "its exposure is 1.1 at most",
        "systemd-analyze security --offline=true --threshold=11 /lib/systemd/system/advised.service")
    service.succeeds(
        "and that of an instance",
        "systemd-analyze security --offline=true --threshold=11 /lib/systemd/system/advised@.service")
    for path in ("bash-completion/completions/advised", "zsh/vendor-completions/_advised",
                 "fish/vendor_completions.d/advised.fish", "man/man8/advised.8.gz"):
        service.check(f"/usr/share/{path} is there", host.quietly(f"test -s /usr/share/{path}").code == 0)


def first_subscriber(service):
    host = service.host
    # A moment ago, so that today's point is due; the clock inside is this machine's.
    due = datetime.now(timezone.utc) - timedelta(minutes=1)
    at = due.strftime("%H:%M:%S") if due.date() == datetime.now(timezone.utc).date() else "00:00:00"

    def settle(text):
        for old, new in (("    at: 09:00\n", f"    at: {at}\n"), ("zone: America/New_York", "zone: UTC"),
                         ("    # join: next\n", "    join: latest\n")):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return text + (
            "delivery: { allow_http: true, allow_networks: [127.0.0.1], retries: [2s, 5s, 5s, 5s] }\n")

    service.edit(SETTINGS, settle)
    service.subscribe("ann")
    service.succeeds("the files are sound", "advised check")
    service.succeeds("a reload takes them", "systemctl reload advised")
    service.comes("today's point is delivered to ann, and signed", lambda: service.has_one("ann"))
    service.succeeds("a test is sent and taken", "advised test ann")
    service.check("it came", len(service.posts("/ann", "advice.test")) == 1)
    service.succeeds("the status is healthy", "advised status")
    service.succeeds("the plan tells what comes next", "advised plan --count 5")
    done = service.succeeds("the log tells what was sent", "advised log --subscriber ann")
    service.check("with its outcome", "delivered" in done.output, done)

    by_field = service.succeeds("the journal is asked for ann alone", "journalctl ADVISED_SUBSCRIBER=ann")
    service.check("it tells of her delivery", "delivered fifteen-points/" in by_field.output, by_field)
    service.succeeds("and for what was given up", "journalctl ADVISED_STATE=exhausted --since -7d")
    host.run("journalctl -u advised -n 50")
    done = host.run("journalctl -u advised -o json")
    service.check("no secret is in it", all(secret not in done.output for secret in service.secrets))
    service.check("nor a URL's path", f"{PORT}/ann" not in done.output)


def another_subscriber(service):
    host = service.host
    service.subscribe("bob")
    done = service.succeeds("a reload takes a new subscriber", "advised reload")
    service.check("and says what it changes", "bob" in done.output, done)
    service.comes("who gets today's point", lambda: service.has_one("bob"))
    process = service.shown("MainPID")
    good = host.read(ROSTER)
    host.write(ROSTER, good.replace("url: http", "url: htp"))
    done = host.run("systemctl reload advised")
    service.check("a bad file is refused", done.code != 0, done)
    service.check("with its line in the journal", "subscribers.yaml:" in service.journal())
    service.check("the same daemon goes on", service.is_active() and service.shown("MainPID") == process)
    service.check("degraded, and says so", host.run("advised status").code in (1, 78))
    host.write(ROSTER, good)
    service.succeeds("the mended file is taken", "systemctl reload advised")
    service.succeeds("and all is well again", "advised status")


def added(service):
    """advised add: files as the ones that are there, and the daemon has it at once."""
    host = service.host
    process, before = service.shown("MainPID"), host.read(ROSTER)
    done = service.succeeds(
        "a subscriber is added", "advised add standard --id own", f"http://127.0.0.1:{PORT}/own\n")
    service.secrets.append(done.output.split()[-1])
    service.listen()
    service.succeeds("one in a chat too, by its URL", f"URL=http://127.0.0.1:{PORT}/team && "
                     "printf '%s\\n' \"$URL\" | advised add slack --id team")
    for name in ("own", "team"):
        service.check(f"a test came to {name}", len(service.posts("/" + name, "advice.test")) == 1)
        service.comes(f"and today's point to {name}", lambda: len(service.posts("/" + name)) == 1)
    service.succeeds("another test of it is sent", "advised test own")
    service.check("and is signed by the secret that was told",
                  service.posts("/own", "advice.test")[-1]["signed"])
    service.check("what stood in the file stands there", host.read(ROSTER).startswith(before))
    places = f"{ROSTER} /etc/advised/secrets /etc/advised/secrets/own /etc/advised/secrets/team-url"
    owners = host.quietly(f"stat -c '%a %U:%G' {places}").output.splitlines()
    wanted = ["640 root:advised", "750 root:advised", "640 root:advised", "640 root:advised"]
    service.check("the files are for root and the daemon", owners == wanted, owners)
    left = host.quietly("find /etc/advised -name '*.new'").output
    service.check("nothing else is left there", not left, left)
    service.check("the same daemon goes on", service.is_active() and service.shown("MainPID") == process)
    service.succeeds("and all is well", "advised status")


def credentials(service):
    host = service.host
    host.run("install -d -m 700 /etc/advised/credentials")
    host.run("advised keys new | install -m 600 /dev/stdin /etc/advised/credentials/ann")
    service.secrets.append(host.read("/etc/advised/credentials/ann").strip())
    service.listen()
    host.run("mkdir -p /etc/systemd/system/advised.service.d")
    host.run("cp /usr/share/doc/advised/examples/credentials.conf /etc/systemd/system/advised.service.d/")
    service.edit(ROSTER, lambda text: text.replace(
        "{ file: /etc/advised/secrets/ann }", "{ credential: ann }"))
    service.succeeds("a secret is handed over by systemd", "systemctl daemon-reload")
    service.succeeds("with a restart", "systemctl restart advised")
    service.comes("the daemon runs with it", service.is_active, LATER)
    service.nothing_twice("another secret sends nothing again")


def link_local(service):
    """The unit keeps metadata services out of reach; the drop-in opens one address."""
    host = service.host
    host.run("ip address add 169.254.10.20/32 dev lo")
    service.edit(SETTINGS, lambda text: text.replace("[127.0.0.1]", "[127.0.0.1, 169.254.10.20]"))
    service.subscribe("dan", host="169.254.10.20")
    service.succeeds("a subscriber at a link-local address is taken", "systemctl reload advised")
    service.comes("and not reached", lambda: any(
        line["error"] for line in json.loads(host.quietly("advised log --subscriber dan --json").output)))
    host.run("cp /usr/share/doc/advised/examples/link-local.conf /etc/systemd/system/advised.service.d/")
    host.run("systemctl daemon-reload")
    host.run("systemctl restart advised")
    service.comes("with the drop-in it is", lambda: service.has_one("dan"), LATER)


def instance(service):
    host = service.host
    host.run("install -d -m 750 -g advised /etc/advised/ward")
    host.run("cp -r /etc/advised/points /etc/advised/ward/")
    host.run("install -m 640 -g advised /etc/advised/advised.yaml /etc/advised/ward/")
    host.run("install -m 640 -g advised /dev/null /etc/advised/ward/subscribers.yaml")
    service.edit("/etc/advised/ward/advised.yaml", lambda text: text + "status: { listen: off }\n")
    service.succeeds("a second instance is started", "systemctl enable --now advised@ward")
    service.subscribe("eve", path="/etc/advised/ward/subscribers.yaml")
    service.succeeds("it reloads", "systemctl reload advised@ward")
    service.comes("it delivers to its own subscriber", lambda: service.has_one("eve"))
    service.succeeds(
        "its status is asked for",
        "advised status --config /etc/advised/ward/advised.yaml --state-dir /var/lib/advised/ward")
    service.succeeds("it is stopped for good", "systemctl disable --now advised@ward")
    service.succeeds("the first one is as it was", "advised status")
