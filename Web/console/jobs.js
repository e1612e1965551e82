// The page of jobs: what runs when, how the last run went, running one by hand, and the history.
import { ApiError, request } from "../lib/api.js";
import { element, h } from "../lib/dom.js";
import { busy, fail } from "../lib/form.js";

const RESULTS = { running: "Running", done: "Done", failed: "Failed, to be tried again", dead: "Failed for good", cancelled: "Cancelled", skipped: "Skipped" };
const OPEN = ["queued", "running"];
const LOOK_MS = 1_000;
const LOOKS = 120;
const RUNS = 20;

const box = element("jobs-error");
const news = element("news");

element("host").textContent = location.host;
load();

async function load() {
  try {
    const { items } = await request("GET", "/api/jobs");
    box.hidden = true;
    if (items.length === 0) news.textContent = "No plugin here has jobs.";
    element("jobs").replaceChildren(...items.map(card));
  } catch (error) {
    tell(error);
  }
}

/** @param {unknown} error */
function tell(error) {
  if (!(error instanceof ApiError)) throw error;
  fail(box, error.message);
  if (error.status === 401) box.replaceChildren("You are not signed in. ", h("a", { href: "/" }, "To the sign-in page"));
}

/** @param {any} job  as `/api/jobs` lists it */
function card(job) {
  const id = `job-${job.name}`;
  const button = h("button", { type: "button", class: "primary", "aria-describedby": id }, "Run now");
  button.addEventListener("click", () => busy(button, "Running…", () => run(job)));
  const facts = [
    ["Runs", job.schedules.map((/** @type {any} */ one) => schedule(one, job.time_zone)).join("; ") || "By hand and by other jobs only"],
    ["Last run", job.last_run ? `${RESULTS[job.last_run.result]}, ${instant(job.last_run.started_at, job.time_zone)}` : "Never"],
    ["Now", job.open === 0 ? "Nothing waits" : `${job.open} wait or run`],
  ];
  if (job.last_run?.error) facts.push(["Error", job.last_run.error]);
  return h(
    "li", { class: "card" },
    h("div", {}, h("h2", { id }, job.title), h("p", { class: "eyebrow" }, job.name)),
    button,
    h("dl", { class: "facts" }, ...facts.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)])),
    history(job),
  );
}

/** @param {any} one  @param {string} zone */
function schedule(one, zone) {
  if (!one.enabled) return `${one.cron} (switched off)`;
  return one.next_due ? `${one.cron}, next ${instant(one.next_due, zone)}` : one.cron;
}

/** An instant on the clock of the business. @param {string} text  @param {string} zone */
function instant(text, zone) {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", timeZone: zone });
  return `${format.format(new Date(text))} (${zone})`;
}

/** The last runs, read when somebody wants to see them. @param {any} job */
function history(job) {
  // It may be wider than the screen: who has no pointer scrolls it by keyboard.
  const place = h("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": `History of ${job.title}` });
  const details = /** @type {HTMLDetailsElement} */ (h("details", {}, h("summary", {}, "History", h("span", { class: "visually-hidden" }, ` of ${job.title}`)), place));
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    try {
      const { items } = await request("GET", `/api/job-runs?job=${encodeURIComponent(job.name)}&limit=${RUNS}`);
      place.replaceChildren(items.length ? table(items, job) : h("p", {}, "It has not run yet."));
    } catch (error) {
      tell(error);
    }
  });
  return details;
}

/** @param {any[]} runs  @param {any} job */
function table(runs, job) {
  const names = ["Run", "Began", "Took", "Processed", "Errors", "Result"];
  const numbers = new Set(["Run", "Took", "Processed", "Errors"]);
  const cell = (/** @type {string} */ tag, /** @type {string} */ name, /** @type {string} */ text) =>
    h(tag, numbers.has(name) ? { class: "number" } : {}, text);
  const rows = runs.map((run) => {
    const took = run.duration_ms === null ? "" : `${(run.duration_ms / 1000).toFixed(1)} s`;
    const result = RESULTS[run.result] + (run.error ? `: ${run.error}` : "");
    const texts = [`${run.id}`, instant(run.started_at, job.time_zone), took, `${run.processed}`, `${run.errors}`, result];
    return h("tr", {}, ...names.map((name, at) => cell("td", name, texts[at])));
  });
  return h(
    "table", {},
    h("caption", { class: "visually-hidden" }, `The last runs of ${job.title}`),
    h("thead", {}, h("tr", {}, ...names.map((name) => cell("th", name, name)))),
    h("tbody", {}, ...rows),
  );
}

/** Runs a job and waits until it is over, two minutes at most. @param {any} job */
async function run(job) {
  box.hidden = true;
  news.textContent = "";
  try {
    let row = await request("POST", `/api/jobs/${encodeURIComponent(job.name)}/run`, {});
    for (let look = 0; OPEN.includes(row.state) && look < LOOKS; look++) {
      await new Promise((done) => setTimeout(done, LOOK_MS));
      row = await request("GET", `/api/job-queue/${row.id}`);
    }
    await load();
    news.textContent = OPEN.includes(row.state)
      ? `${job.title} goes on.`
      : `${job.title}: ${RESULTS[row.state] ?? row.state}${row.last_error ? `: ${row.last_error}` : ""}`;
  } catch (error) {
    tell(error);
  }
}
