// The badge that says whether the server answers, and whether it can write.
import { ApiError, request } from "../lib/api.js";
import { element } from "../lib/dom.js";

const WORDS = { ok: "All well", failing: "Not taking changes", silent: "No answer" };
const EVERY_MS = 30_000;

/** Asks now, every half minute while the page can be seen, and as soon as it is seen again. */
export function watchHealth() {
  check();
  setInterval(() => document.visibilityState === "visible" && check(), EVERY_MS);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
  addEventListener("online", check);
}

async function check() {
  show(await state());
}

/** @returns {Promise<keyof typeof WORDS>} */
async function state() {
  try {
    const answer = await request("GET", "/api/health");
    return answer?.status === "ok" ? "ok" : "failing";
  } catch (error) {
    return error instanceof ApiError && error.status === 0 ? "silent" : "failing";
  }
}

/** @param {keyof typeof WORDS} state */
function show(state) {
  const badge = element("health");
  if (badge.dataset.state === state) return; // said once, so that a screen reader is not told the same every half minute
  badge.dataset.state = state;
  element("health-text").textContent = WORDS[state];
}
