"""The page behind a one-time link."""

import json
import os
import subprocess

from conftest import HOME
from playwright.sync_api import expect


def invite(demo, username):
    binary = os.environ.get("KONTOR_BINARY", str(HOME / ".build/release/kontor"))
    said = subprocess.run(
        [binary, "user", "create", username, "--tenant", "acme.localhost", "--role", "cashier", "--data", demo.data,
         "--home", str(HOME), "--json"], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    link = json.loads(said.stdout)["invitation"]["link"]
    return f"{demo.url()}/set-password#{link.split('#')[1]}"


def test_an_invited_user_sets_a_password_and_signs_in(page, demo, accessible, expected):
    expected.append("422")
    page.goto(invite(demo, "kojo"))
    password = page.get_by_label("New password")
    accessible()
    password.fill("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(password).to_be_focused()
    password.fill("seven quiet harbours")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    accessible()
    assert "#" not in page.url

    page.get_by_role("link", name="To the sign-in page").click()
    page.get_by_label("User name").fill("kojo")
    page.get_by_label("Password", exact=True).fill("seven quiet harbours")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(demo.tenants["acme"]["name"])


def test_a_link_works_once(page, demo, expected):
    expected.extend(["401", "404", "410", "422"])
    link = invite(demo, "esi")
    for attempt in range(2):
        page.goto("about:blank")
        page.goto(link)
        page.get_by_label("New password").fill("a long walk by the sea")
        page.keyboard.press("Enter")
        if attempt == 0:
            expect(page.get_by_role("heading", level=1)).to_have_text("Your password is set")
        else:
            expect(page.get_by_role("alert")).to_be_visible()


def test_a_link_that_lost_its_secret_says_so(page):
    page.goto("/set-password")
    expect(page.get_by_role("alert")).to_contain_text("not complete")
