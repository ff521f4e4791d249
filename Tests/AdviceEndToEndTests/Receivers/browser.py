#!/usr/bin/env python3
"""Loads pages in headless Chromium, looks at them as a person would, and takes pictures.

usage: browser.py CHROMIUM FOLDER NAME=URL...

Speaks the DevTools protocol over a pipe. For each page, in light and in dark, at phone and desktop width:
no message of the console (a page that breaks its own Content-Security-Policy makes one), nothing wider
than the window, no table that is cut, and each text on its ground with the contrast that WCAG 2.1 AA asks
for, computed as shown. A picture of each goes to FOLDER as NAME-SCHEME-WIDTH.png. Prints one line for
each finding; exit 1 where there is one.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile

LOOK = r"""
(() => {
  const findings = [];
  // A phone widens its window to what does not fit in it.
  const width = Math.max(document.scrollingElement.scrollWidth, innerWidth);
  if (width > WIDTH) findings.push(`is ${width} wide in a window of WIDTH`);
  // What has to be scrolled sideways is not seen at first sight.
  for (const table of document.querySelectorAll('table'))
    if (table.getBoundingClientRect().right > WIDTH)
      findings.push(`a table is ${table.getBoundingClientRect().right} wide in a window of WIDTH`);
  const linear = c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = c => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const parse = s => {
    const n = (s.match(/[\d.]+/g) || []).map(Number);
    return {rgb: n.slice(0, 3).map(v => v / 255), alpha: n.length > 3 ? n[3] : 1};
  };
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.alpha > 0) return colour.rgb;
    }
    return [1, 1, 1];
  };
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    if (!node.textContent.trim()) continue;
    const element = node.parentElement;
    const style = getComputedStyle(element);
    if (element.closest('.hidden') || style.visibility === 'hidden') continue;
    texts += 1;
    const a = luminance(parse(style.color).rgb), b = luminance(ground(element));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5))
      findings.push(`"${node.textContent.trim().slice(0, 40)}" has a contrast of ${ratio.toFixed(2)}`);
  }
  if (texts === 0) findings.push('shows no text');
  const scheme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  return {findings, scheme, ground: ground(document.body).join()};
})()
"""


class Browser:
    def __init__(self, program, profile):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def place():
            # Chromium reads commands from 3 and answers on 4. Out of the way first: 3 and 4 may be taken.
            first, second = os.dup2(to_read, 60), os.dup2(to_write, 61)
            os.dup2(first, 3, inheritable=True)
            os.dup2(second, 4, inheritable=True)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--disable-dev-shm-usage", "--disable-extensions", "--no-first-run", "--hide-scrollbars",
             "--disable-background-networking", "--user-data-dir=" + profile, "about:blank"],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.pending = b""
        self.events = []

    def message(self):
        while b"\0" not in self.pending:
            part = os.read(self.read_end, 1 << 16)
            if not part:
                sys.exit("chromium ended")
            self.pending += part
        text, self.pending = self.pending.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, session=None, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        os.write(self.write_end, json.dumps(command).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, method):
        while True:
            for place, event in enumerate(self.events):
                if event.get("method") == method:
                    return self.events.pop(place)
            self.events.append(self.message())


def main():
    program, folder = sys.argv[1:3]
    pages = [argument.split("=", 1) for argument in sys.argv[3:]]
    os.makedirs(folder, exist_ok=True)
    findings = []
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Log", "Runtime"]:
            browser.ask(domain + ".enable", session)
        grounds = {}
        for name, url in pages:
            for scheme in ["light", "dark"]:
                for width, height in [(390, 844), (1280, 800)]:
                    what = f"{name}-{scheme}-{width}"
                    browser.ask("Emulation.setDeviceMetricsOverride", session, width=width, height=height,
                                deviceScaleFactor=1, mobile=width < 500)
                    browser.ask("Emulation.setEmulatedMedia", session,
                                features=[{"name": "prefers-color-scheme", "value": scheme}])
                    browser.events = []
                    browser.ask("Page.navigate", session, url=url)
                    browser.wait("Page.loadEventFired")
                    look = LOOK.replace("WIDTH", str(width))
                    seen = browser.ask("Runtime.evaluate", session, expression=look, returnByValue=True)
                    seen = seen["result"]["value"]
                    findings += [f"{what} {finding}" for finding in seen["findings"]]
                    if seen["scheme"] != scheme:
                        findings.append(f"{what} is shown in {seen['scheme']}")
                    grounds[scheme] = seen["ground"]
                    for event in browser.events:
                        if event.get("method") == "Log.entryAdded":
                            text = event["params"]["entry"]["text"]
                            # The browser asks for an icon of its own accord.
                            if "favicon" not in event["params"]["entry"].get("url", ""):
                                findings.append(f"{what} console: {text}")
                    picture = browser.ask("Page.captureScreenshot", session, captureBeyondViewport=True)
                    with open(f"{folder}/{what}.png", "wb") as file:
                        file.write(base64.b64decode(picture["data"]))
        if grounds.get("light") == grounds.get("dark"):
            findings.append("light and dark look alike")
        browser.ask("Browser.close")
        browser.process.wait(timeout=20)
    print("\n".join(findings))
    sys.exit(1 if findings else 0)


main()
