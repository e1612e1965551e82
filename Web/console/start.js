// The start page: who is signed in, or the form to do so.
import { ApiError, request } from "../lib/api.js";
import { element, h } from "../lib/dom.js";
import { busy, fail, revealBy } from "../lib/form.js";
import { watchHealth } from "./health.js";

// Whether it is worth asking who is signed in: the session itself is in a cookie that scripts cannot see.
const HINT = "kontor.signed-in";

const form = /** @type {HTMLFormElement} */ (element("sign-in-form"));
const username = /** @type {HTMLInputElement} */ (element("username"));
const password = /** @type {HTMLInputElement} */ (element("password"));
const code = /** @type {HTMLInputElement} */ (element("code"));
const box = element("sign-in-error");

start();

async function start() {
  element("host").textContent = location.host;
  watchHealth();
  revealBy(element("reveal"), password);
  element("sign-out").addEventListener("click", signOut);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const missing = [username, password].find((input) => input.value === "");
    if (missing) return fail(box, missing === username ? "Enter your user name." : "Enter your password.", missing);
    box.hidden = true;
    busy(element("submit"), "Signing in…", signIn);
  });
  if (!localStorage.getItem(HINT)) return;
  try {
    show(await request("GET", "/api/session"));
  } catch (error) {
    localStorage.removeItem(HINT);
    if (error instanceof ApiError && error.status !== 401) fail(box, error.message);
  }
}

async function signIn() {
  const given = { username: username.value, password: password.value };
  try {
    const session = await request("POST", "/login", code.value ? { ...given, code: code.value.trim() } : given);
    localStorage.setItem(HINT, "yes");
    form.reset();
    element("code-field").hidden = true;
    show(session);
    element("tenant-name").focus();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== "auth.code_required") return fail(box, error.message, code.value ? code : password);
    element("code-field").hidden = false;
    fail(box, "Enter the code from your authenticator.", code);
  }
}

async function signOut() {
  try {
    await request("POST", "/logout", {});
  } catch (error) {
    // 401: the session had ended already. Without an answer nobody can say that it has.
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
  }
  localStorage.removeItem(HINT);
  element("signed-in").hidden = true;
  element("sign-in").hidden = false;
  document.title = "Kontor";
  username.focus();
}

/** @param {any} session  as `/login` and `/api/session` answer it */
function show(session) {
  const { user, tenant } = session;
  element("tenant-host").textContent = location.host;
  element("tenant-name").textContent = tenant.name;
  document.title = `${tenant.name} · Kontor`;
  const facts = [
    ["Signed in as", user.name || user.username],
    ["Roles", user.roles.join(", ")],
    ["Currency", tenant.currency],
    ["Time zone", tenant.time_zone],
  ];
  element("facts").replaceChildren(...facts.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
  element("sign-in").hidden = true;
  element("signed-in").hidden = false;
}
