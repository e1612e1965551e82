"""The start page: health, sign-in, who is signed in, sign-out."""

import re

import pytest
from playwright.sync_api import expect


def sign_in(page, demo, username="admin"):
    page.goto("/")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password", exact=True).fill(demo.user(username)["password"])
    page.keyboard.press("Enter")


def test_a_visitor_sees_health_and_the_form(page, accessible):
    page.goto("/")
    expect(page.get_by_role("status")).to_have_text("All well")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.get_by_role("link", name="API description")).to_have_attribute("href", "/openapi.json")
    accessible()


def test_signing_in_shows_the_business_and_signing_out_hides_it(page, demo, accessible):
    sign_in(page, demo)
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(demo.tenants["acme"]["name"])
    expect(heading).to_be_focused()
    expect(page.get_by_text("GHS")).to_be_visible()
    accessible()

    page.reload()
    expect(heading).to_have_text(demo.tenants["acme"]["name"])

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_focused()
    page.reload()
    expect(heading).to_have_text("Sign in")


def test_the_keyboard_alone_signs_in_and_out(page, demo):
    page.goto("/")
    page.get_by_label("User name").focus()
    page.keyboard.type("cashier")
    page.keyboard.press("Tab")
    page.keyboard.type(demo.user("cashier")["password"])
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show password")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Sign out")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_focused()


def test_a_wrong_password_is_said_at_the_field(page, accessible, expected):
    expected.append("401")
    page.goto("/")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("password", re.I))
    password = page.get_by_label("Password", exact=True)
    expect(password).to_be_focused()
    expect(password).to_have_attribute("aria-invalid", "true")
    accessible()
    password.type("x")
    expect(password).not_to_have_attribute("aria-invalid", "true")


def test_an_empty_form_asks_nothing_of_the_server(page):
    page.goto("/")
    asked = []
    page.on("request", lambda r: asked.append(r.url) if r.method == "POST" else None)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("Enter your user name.")
    expect(page.get_by_label("User name")).to_be_focused()
    assert asked == []


def test_a_log_in_of_one_business_is_none_of_the_other(page, demo, expected):
    expected.append("401")
    sign_in(page, demo)
    expect(page.get_by_role("heading", level=1)).to_have_text(demo.tenants["acme"]["name"])
    page.goto(demo.url("globex"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(demo.user("admin")["password"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def test_no_answer_is_said_when_the_server_is_gone(page, expected):
    expected.append("ERR_INTERNET_DISCONNECTED")
    page.goto("/")
    expect(page.get_by_role("status")).to_have_text("All well")
    page.context.set_offline(True)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.get_by_role("status")).to_have_text("No answer")
    page.context.set_offline(False)
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.get_by_role("status")).to_have_text("All well")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("forced", ["none", "active"])
def test_it_can_be_read_in_every_colour_scheme(page, accessible, scheme, forced):
    page.emulate_media(color_scheme=scheme, forced_colors=forced)
    page.goto("/")
    expect(page.get_by_role("status")).to_have_text("All well")
    accessible()


def test_it_fits_a_narrow_screen(page):
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 320
    for name in ("Sign in", "Show password"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24, (name, box)


def test_its_files_are_few_small_and_kept_for_ever(page):
    answers = []
    page.on("response", lambda r: answers.append(r))
    page.goto("/")
    expect(page.get_by_role("status")).to_have_text("All well")
    files = [r for r in answers if "/w/" in r.url]
    assert 0 < len(files) <= 40
    for answer in files:
        assert answer.status == 200, answer.url
        assert "immutable" in answer.headers["cache-control"], answer.url
    sizes = [len(r.body()) for r in files]
    assert sum(sizes) < 120 * 1024


def test_the_page_is_sent_with_the_strict_policy(page):
    headers = page.goto("/").headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'",
                 "frame-ancestors 'none'"):
        assert part in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "no-cache" in headers["cache-control"]
