#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Opens a page in headless Chromium, types into its search field, and prints address and document.

type_in_browser.py URL TEXT PROFILE-FOLDER [without-script]

Without scripts, the form is sent with the Enter key.

Speaks the browser's debugging protocol over a pipe, so that nothing listens anywhere.
"""

import json
import os
import subprocess
import sys
import time


class Browser:
    def __init__(self, profile):
        take, self.out = os.pipe()
        self.answers, give = os.pipe()
        # The browser reads descriptor 3 and writes descriptor 4.
        command = 'exec 3<&%d 4>&%d; exec "$@"' % (take, give)
        self.process = subprocess.Popen(
            ["bash", "-c", command, "-", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--user-data-dir=" + profile, "--remote-debugging-pipe"],
            pass_fds=[take, give], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(take)
        os.close(give)
        self.rest = b""
        self.count = 0
        self.session = None

    def ask(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                more = os.read(self.answers, 65536)
                if not more:
                    raise SystemExit("the browser went away")
                self.rest += more
            answer, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(answer)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise LookupError("%s: %s" % (method, answer["error"]))
                return answer["result"]

    def value(self, expression):
        return self.ask("Runtime.evaluate", expression=expression)["result"].get("value")

    def wait(self, condition):
        def is_true():
            try:
                return condition()
            except LookupError:
                # Another document is just taking the place of this one.
                return False

        deadline = time.monotonic() + 20
        while not is_true():
            if time.monotonic() > deadline:
                raise SystemExit("what is waited for does not come; the document is\n" + self.document())
            time.sleep(0.02)

    def address(self):
        history = self.ask("Page.getNavigationHistory")
        return history["entries"][history["currentIndex"]]["url"]

    def document(self):
        root = self.ask("DOM.getDocument")["root"]["nodeId"]
        return self.ask("DOM.getOuterHTML", nodeId=root)["outerHTML"]


url, text, profile = sys.argv[1:4]
scripted = "without-script" not in sys.argv[4:]
browser = Browser(profile)
try:
    target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    if not scripted:
        browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.ask("Page.navigate", url=url)
    if scripted:
        browser.wait(lambda: browser.value("document.documentElement.matches('.scripted')"))
    browser.wait(lambda: "</footer>" in browser.document())
    root = browser.ask("DOM.getDocument")["root"]["nodeId"]
    field = browser.ask("DOM.querySelector", nodeId=root, selector="#q")["nodeId"]
    browser.ask("DOM.focus", nodeId=field)
    browser.ask("Input.insertText", text=text)
    if not scripted:
        for kind in ["keyDown", "keyUp"]:
            browser.ask("Input.dispatchKeyEvent", type=kind, key="Enter", text="\r", windowsVirtualKeyCode=13)
    browser.wait(lambda: "q=" in browser.address() and "with “" in browser.document())
    print(browser.address())
    print(browser.document())
finally:
    browser.process.kill()
    browser.process.wait()
