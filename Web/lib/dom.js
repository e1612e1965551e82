// Building and finding elements. Text is always text here: no string becomes markup (the page's headers would refuse it).

/**
 * The element with an id that the page is known to have.
 * @template {HTMLElement} T
 * @param {string} id
 * @returns {T}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return /** @type {T} */ (found);
}

/**
 * Makes an element: `h("a", { href: "/", class: "quiet" }, "Home")`.
 * @param {string} tag
 * @param {Record<string, string | boolean | null>} [attributes]  `true` sets an empty attribute, `false` and `null` none
 * @param {...(Node | string)} children
 */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}
