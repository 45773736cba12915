#!/usr/bin/env python3
"""Looks at pages in a real browser: check.py CHROMIUM FOLDER PAGE...

Each page is opened on a phone and on a desk, light and dark. It may ask for no other file, say nothing on the console,
be no wider than its window (also with everything unfolded), and every text must have the contrast of WCAG AA. Last, a page
with a planted mistake of each kind must be found out. What the pages look like is left in FOLDER as PNG, and on paper as PDF.

The browser is driven over its own pipe (DevTools protocol), so nothing but Python is needed.
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTHS = (400, 1400)
SCHEMES = ("light", "dark")

# A browser that is silent for so many seconds hangs.
PATIENCE = 60

# Everything that a page has to answer; runs in the page.
PROBE = r"""
(() => {
  const problems = [];
  const root = document.scrollingElement;
  const wide = when => {
    if (root.scrollWidth > innerWidth) problems.push(`${when}: ${root.scrollWidth} px wide in ${innerWidth}`);
  };
  wide('folded');
  document.querySelectorAll('details').forEach(it => { it.open = true; });
  wide('unfolded');
  const ids = [...document.querySelectorAll('[id]')].map(it => it.id);
  ids.filter((id, n) => ids.indexOf(id) !== n).forEach(id => problems.push(`two are called ${id}`));
  document.querySelectorAll('a[href^="#"]').forEach(it => {
    if (!document.getElementById(it.hash.slice(1))) problems.push(`nothing is at ${it.hash}`);
  });
  document.querySelectorAll('svg').forEach(it => {
    if (!it.querySelector('title')) problems.push('a picture has no title');
  });
  document.querySelectorAll('table').forEach(it => {
    if (!it.caption || !it.querySelector('th[scope=col]')) problems.push('a table has no caption or header');
  });
  if (document.querySelectorAll('h1').length !== 1 || !document.querySelector('main')) problems.push('no h1, or no main');

  // Contrast, WCAG 2.2, 1.4.3: 4.5 to 1, and 3 to 1 for large letters.
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = it => {
    for (; it; it = it.parentElement) {
      const colour = rgba(getComputedStyle(it).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const it = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || it.closest('title,desc,.skip,.unseen')) continue;
    const style = getComputedStyle(it);
    const svg = it.namespaceURI.endsWith('svg');
    const [a, b] = [light(rgba(svg ? style.fill : style.color)), light(behind(it))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const least = size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5;
    const name = `${it.tagName.toLowerCase()}.${it.getAttribute('class') || ''}`;
    if (ratio < least && !seen.has(name)) { seen.add(name); problems.push(`contrast ${ratio.toFixed(2)} at ${name}`); }
  }
  return problems;
})()
"""


class Browser:
    """A browser at the other end of a pipe: commands go in, answers and events come out, each ended by a zero byte."""

    def __init__(self, program: str, profile: str):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()

        def pipes():
            # The browser reads from 3 and writes to 4. First out of the way, for either may be one of them.
            away = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (commands, answers)]
            os.dup2(away[0], 3)
            os.dup2(away[1], 4)

        options = ["--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}", "--no-first-run"]
        # Neither a graphics card nor much shared memory: this may be a container.
        options += ["--disable-gpu", "--disable-dev-shm-usage"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")
        self.process = subprocess.Popen(
            [program, *options, "about:blank"], preexec_fn=pipes, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(commands)
        os.close(answers)
        self.rest, self.last, self.events = b"", 0, []

    def receive(self) -> dict:
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.answers], [], [], PATIENCE)
            more = os.read(self.answers, 1 << 20) if ready else b""
            if not more:
                self.process.kill()
                sys.exit("the browser went away" if ready else f"the browser said nothing for {PATIENCE} s")
            self.rest += more
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method: str, session: str | None = None, **params) -> dict:
        self.last += 1
        command = {"id": self.last, "method": method, "params": params}
        if session:
            command["sessionId"] = session
        os.write(self.commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self.receive()
            if message.get("id") == self.last:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def wait(self, event: str) -> None:
        while not any(message.get("method") == event for message in self.events):
            self.events.append(self.receive())

    def close(self) -> None:
        self.call("Browser.close")
        self.process.wait(timeout=20)


def look(browser: Browser, page: Path, width: int, scheme: str, folder: Path) -> list[str]:
    """Opens the page, and says what is wrong with it."""
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(f"{domain}.enable", session)
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.call("Emulation.setDeviceMetricsOverride", session, **screen)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.call("Emulation.setEmulatedMedia", session, features=[feature])
    browser.events.clear()
    browser.call("Page.navigate", session, url=page.as_uri())
    browser.wait("Page.loadEventFired")

    name = f"{page.stem}-{width}-{scheme}"
    size = browser.call("Page.getLayoutMetrics", session)["cssContentSize"]
    clip = {"x": 0, "y": 0, "width": width, "height": min(size["height"], 16000), "scale": 1}
    shot = browser.call("Page.captureScreenshot", session, clip=clip, captureBeyondViewport=True)
    (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
    if width == max(WIDTHS) and scheme == "light":
        paper = browser.call("Page.printToPDF", session, printBackground=True, paperWidth=8.27, paperHeight=11.69)
        (folder / f"{page.stem}.pdf").write_bytes(base64.b64decode(paper["data"]))

    answer = browser.call("Runtime.evaluate", session, expression=PROBE, returnByValue=True)
    if "exceptionDetails" in answer:
        sys.exit(f"the probe failed: {answer['exceptionDetails']}")
    problems = list(answer["result"]["value"])
    for event in browser.events:
        params = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent" if params["request"]["url"] != page.as_uri():
                problems.append(f"it asks for {params['request']['url'][:80]}")
            case "Log.entryAdded":
                problems.append(f"the browser says: {params['entry']['text']}")
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                problems.append(f"the console says: {params}")
    browser.call("Target.closeTarget", targetId=target)
    return [f"{name}: {problem}" for problem in problems]


# What each mistake is found by, and the mistake.
PLANTED = {
    "px wide in": '<div style="width: 3000px">wide</div>',
    "contrast": '<p style="color: #ccc; background: #fff">pale</p>',
    "it asks for": '<img src="http://127.0.0.1:9/x.png" alt="">',
    "the console says": '<script>console.log("hello")</script>',
    "two are called": '<i id="twice"></i><i id="twice"></i>',
    "nothing is at": '<a href="#nowhere">away</a>',
    "a picture has no title": "<svg></svg>",
    "a table has no caption": "<table><tr><td>1</td></tr></table>",
    "no h1": "",
}


def plant(browser: Browser, folder: Path) -> list[str]:
    """Says which mistakes of a page that has them all were not found."""
    page = folder / "planted.html"
    page.write_text("<!doctype html><meta charset=utf-8><title>planted</title>" + "".join(PLANTED.values()))
    found = look(browser, page, min(WIDTHS), "light", folder)
    page.unlink()
    return [f"a planted mistake is not found: {words}" for words in PLANTED if not any(words in it for it in found)]


def main() -> None:
    program, folder, pages = sys.argv[1], Path(sys.argv[2]), [Path(page).resolve() for page in sys.argv[3:]]
    problems, looks = [], 0
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(program, profile)
        for page in pages:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    problems += look(browser, page, width, scheme, folder)
                    looks += 1
        problems += plant(browser, folder.resolve())
        browser.close()
    for problem in problems:
        print(problem)
    print(f"{looks} looks at {len(pages)} pages, {len(problems)} problems; pictures are in {folder}")
    sys.exit(1 if problems or not looks else 0)


if __name__ == "__main__":
    main()
