"""Pages in Chromium against a real `kontor demo`. Any console error, page error or policy violation fails the test."""

import json
import os
import pathlib
import select
import signal
import subprocess
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

HOME = pathlib.Path(__file__).resolve().parents[2]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Demo:
    """A running demo: its addresses and log-ins."""

    def __init__(self, data):
        self.data = str(data)
        facts = json.loads((data / "demo.json").read_text())
        self.port = facts["base_url"].rsplit(":", 1)[1]
        self.tenants = {tenant["domain"].split(".")[0]: tenant for tenant in facts["tenants"]}

    def url(self, tenant="acme"):
        return f"http://{self.tenants[tenant]['domain']}:{self.port}"

    def user(self, username, tenant="acme"):
        return next(u for u in self.tenants[tenant]["users"] if u["username"] == username)


def read_lines(process, wanted, seconds):
    """Reads the process's output until a line contains `wanted`; all that was said, if it never does."""
    deadline, said = time.monotonic() + seconds, b""
    while time.monotonic() < deadline and process.poll() is None:
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        if ready:
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                break
            said += chunk
            if wanted in said:
                return said
    raise AssertionError(f"no “{wanted.decode()}” from the server: {said.decode(errors='replace')}")


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    data = tmp_path_factory.mktemp("kontor") / "data"
    binary = os.environ.get("KONTOR_BINARY", str(HOME / ".build/release/kontor"))
    process = subprocess.Popen(
        [binary, "demo", "--data", str(data), "--port", "0", "--home", str(HOME)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        read_lines(process, b"listening on", 60)
        yield Demo(data)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"])
        yield browser
        browser.close()


@pytest.fixture
def expected():
    """Console errors that the test provokes: the browser reports each refused request as one."""
    return []


@pytest.fixture
def page(browser, demo, request, expected, tmp_path):
    context = browser.new_context(
        base_url=demo.url(), viewport={"width": 1280, "height": 800}, locale="en-GB",
        timezone_id="Europe/London", reduced_motion="reduce")
    context.add_init_script(
        "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))")
    context.tracing.start(screenshots=True, snapshots=True)
    page, problems = context.new_page(), []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    yield page
    out = pathlib.Path(os.environ.get("OUT", tmp_path))
    if getattr(request.node, "failed_call", False):
        page.screenshot(path=out / f"{request.node.name}.png", full_page=True)
        context.tracing.stop(path=out / f"{request.node.name}.zip")
    context.close()
    unexpected = [text for text in problems if not any(part in text for part in expected)]
    assert not unexpected, unexpected


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed_call = report.failed


@pytest.fixture
def accessible(page):
    def check():
        found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
        assert not found, [(v["id"], v["impact"], [n["target"] for n in v["nodes"]][:3]) for v in found]
    return check
