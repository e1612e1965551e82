// The start page: who is signed in, or the form to do so.
import { ApiError, request } from "../lib/api.js";
import { element, h } from "../lib/dom.js";
import { watchHealth } from "./health.js";

const form = /** @type {HTMLFormElement} */ (element("sign-in-form"));
const username = /** @type {HTMLInputElement} */ (element("username"));
const password = /** @type {HTMLInputElement} */ (element("password"));
const code = /** @type {HTMLInputElement} */ (element("code"));
const submit = element("submit");
const signOut = element("sign-out");

start();

async function start() {
  element("host").textContent = location.host;
  watchHealth();
  form.addEventListener("submit", signIn);
  signOut.addEventListener("click", leave);
  element("reveal").addEventListener("click", reveal);
  for (const input of [username, password, code]) input.addEventListener("input", () => input.removeAttribute("aria-invalid"));
  try {
    const session = await request("GET", "/api/session");
    if (session.user) showSession(session);
  } catch (error) {
    if (error instanceof ApiError && error.status !== 401) fail(error.message);
  }
}

/** @param {SubmitEvent} event */
async function signIn(event) {
  event.preventDefault();
  if (submit.getAttribute("aria-disabled") === "true") return;
  const missing = [username, password].find((input) => input.value === "");
  if (missing) return fail(missing === username ? "Enter your user name." : "Enter your password.", missing);

  element("sign-in-error").hidden = true;
  busy(true);
  try {
    const given = { username: username.value, password: password.value };
    await request("POST", "/login", code.value ? { ...given, code: code.value.trim() } : given);
    const session = await request("GET", "/api/session");
    form.reset();
    element("code-field").hidden = true;
    showSession(session);
    element("tenant-name").focus();
  } catch (error) {
    refused(error);
  } finally {
    busy(false);
  }
}

/** @param {unknown} error */
function refused(error) {
  if (!(error instanceof ApiError)) throw error;
  if (error.code === "auth.code_required") {
    element("code-field").hidden = false;
    return fail("Enter the code from your authenticator.", code);
  }
  fail(error.message, error.field === "code" ? code : password);
}

async function leave() {
  try {
    await request("POST", "/logout", {});
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error; // 401: the session had ended already
  }
  element("signed-in").hidden = true;
  element("sign-in").hidden = false;
  document.title = "Kontor";
  username.focus();
}

/** @param {any} session */
function showSession(session) {
  const name = session.tenant?.name ?? location.hostname;
  element("tenant-host").textContent = location.host;
  element("tenant-name").textContent = name;
  document.title = `${name} · Kontor`;
  /** @type {[string, string][]} */
  const facts = [["Signed in as", session.user?.name || session.user?.username]];
  if (session.user?.roles?.length) facts.push(["Roles", session.user.roles.join(", ")]);
  if (session.tenant?.currency) facts.push(["Currency", session.tenant.currency]);
  if (session.tenant?.time_zone) facts.push(["Time zone", session.tenant.time_zone]);
  element("facts").replaceChildren(...facts.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
  element("sign-in").hidden = true;
  element("signed-in").hidden = false;
}

/**
 * Says what is wrong, and where: the message is announced, the input marked and focused.
 * @param {string} message
 * @param {HTMLInputElement} [input]
 */
function fail(message, input) {
  const box = element("sign-in-error");
  box.textContent = message;
  box.hidden = false;
  if (!input) return;
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", box.id);
  input.focus();
  input.select();
}

/** @param {boolean} working */
function busy(working) {
  submit.setAttribute("aria-disabled", String(working));
  submit.textContent = working ? "Signing in…" : "Sign in";
}

function reveal() {
  const shown = password.type === "text";
  password.type = shown ? "password" : "text";
  element("reveal").setAttribute("aria-pressed", String(!shown));
}
