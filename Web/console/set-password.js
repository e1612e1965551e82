// The page behind a one-time link: `/set-password#<token>`. What is behind the number sign is never sent with the address.
import { ApiError, request } from "../lib/api.js";
import { element } from "../lib/dom.js";
import { busy, fail, revealBy } from "../lib/form.js";

const password = /** @type {HTMLInputElement} */ (element("password"));
const box = element("set-error");
const token = location.hash.slice(1);

element("host").textContent = location.host;
revealBy(element("reveal"), password);
if (!token) fail(box, "This link is not complete. Open it again from the message that it came in.");

element("set-form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!password.value) return fail(box, "Enter a new password.", password);
  box.hidden = true;
  busy(element("submit"), "Setting…", set);
});

async function set() {
  try {
    const answer = await request("POST", "/api/set-password", { token, password: password.value });
    history.replaceState(null, "", location.pathname);
    element("username").textContent = answer.username;
    element("set").hidden = true;
    element("done").hidden = false;
    element("done-title").focus();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    fail(box, error.message, password);
  }
}
