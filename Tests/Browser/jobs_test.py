"""The page of jobs: what runs when, running one by hand, the history."""

from playwright.sync_api import expect
from start_test import sign_in


def test_a_job_is_run_by_hand_and_its_history_is_shown(page, demo, accessible):
    sign_in(page, demo)
    page.get_by_role("link", name="Jobs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")
    job = page.get_by_role("listitem").filter(has_text="layby.automation")
    expect(job.get_by_role("heading")).to_be_visible()
    expect(job).to_contain_text("0 6 * * *")
    accessible()

    job.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("Done", timeout=60_000)
    expect(job).to_contain_text("Nothing waits")
    job.get_by_text("History").click()
    rows = job.get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Done")
    accessible()
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    accessible()


def test_who_may_not_see_jobs_is_told_why(page, demo, accessible, expected):
    expected.append("403")
    sign_in(page, demo, "cashier")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.goto("/jobs")
    expect(page.get_by_role("alert")).to_contain_text("jobs.view")
    accessible()


def test_without_a_session_the_page_leads_to_the_sign_in(page, expected):
    expected.append("401")
    page.goto("/jobs")
    page.get_by_role("alert").get_by_role("link", name="To the sign-in page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
