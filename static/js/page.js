/** What the other modules share: the token, elements, toasts and the chosen point. */

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** An element with properties (dataset and attributes with a dash too) and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Replace {name} in a text that the server translated. */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** Say something that the page cannot show in place. `action` is an optional {label, run}. */
export function toast(text, { kind = "", action = null } = {}) {
  const tray = document.getElementById("toasts");
  if (!tray || !text) return;
  const item = make("div", { className: `toast ${kind ? `toast--${kind}` : ""}` }, make("span", {}, text));
  const done = () => item.remove();
  const button = make("button", { type: "button", className: "toast-button" }, action?.label ?? tray.dataset.close);
  button.addEventListener("click", () => {
    action?.run();
    done();
  });
  item.append(button);
  tray.replaceChildren(item);
  if (kind !== "error") setTimeout(done, action ? 6000 : 5000);
}

/**
 * The point of this page, WGS-84. Fills inputs marked data-point="lat|lng" and tells everyone:
 * event "gezhi:point" on document, detail {lat, lng, source: "map"|"gps"|"place", text}.
 */
export function setPoint({ lat, lng, source, text = "" }) {
  const values = { lat: lat.toFixed(6), lng: lng.toFixed(6) };
  for (const input of document.querySelectorAll("[data-point]")) {
    input.value = values[input.dataset.point] ?? input.value;
  }
  document.dispatchEvent(new CustomEvent("gezhi:point", { detail: { lat, lng, source, text } }));
}

/** Run `start` on every matching element, now and in whatever htmx brings later. */
export function each(selector, start) {
  const wire = (scope) => {
    for (const element of scope.querySelectorAll(selector)) {
      if (element.dataset.wired) continue;
      element.dataset.wired = "1";
      start(element);
    }
  };
  wire(document);
  document.addEventListener("htmx:afterSwap", () => wire(document));
}
