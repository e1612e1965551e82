// What forms share: saying what is wrong where it is, showing a password, being busy.

/**
 * Says what is wrong: the message is announced, the input marked and focused. Typing takes the mark away.
 * @param {HTMLElement} box  an element with role="alert"
 * @param {string} message
 * @param {HTMLInputElement} [input]
 */
export function fail(box, message, input) {
  box.textContent = message;
  box.hidden = false;
  if (!input) return;
  const described = input.getAttribute("aria-describedby");
  input.setAttribute("aria-invalid", "true");
  input.setAttribute("aria-describedby", [box.id, ...(described?.split(" ") ?? [])].filter((id, index, all) => all.indexOf(id) === index).join(" "));
  input.addEventListener("input", () => input.removeAttribute("aria-invalid"), { once: true });
  input.focus();
  input.select();
}

/**
 * Lets a button show and hide what is typed.
 * @param {HTMLElement} button
 * @param {HTMLInputElement} password
 */
export function revealBy(button, password) {
  button.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  });
}

/**
 * Runs a task while its button says so and takes no second press.
 * @param {HTMLElement} button
 * @param {string} words  what it says meanwhile
 * @param {() => Promise<void>} task
 */
export async function busy(button, words, task) {
  if (button.getAttribute("aria-disabled") === "true") return;
  const usual = button.textContent;
  button.setAttribute("aria-disabled", "true");
  button.textContent = words;
  try {
    await task();
  } finally {
    button.setAttribute("aria-disabled", "false");
    button.textContent = usual;
  }
}
