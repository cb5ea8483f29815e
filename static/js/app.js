/** On every page: token for htmx, busy states, menus, dialogs, verbs, keyboard. */
import { csrf, toast } from "./page.js";

const root = document.documentElement;
const texts = document.getElementById("toasts")?.dataset ?? {};
const RELEASE_AFTER_MS = 15000;
root.classList.add("js");

/* Busy */
let running = 0;
const busy = (step) => {
  running = Math.max(0, running + step);
  root.classList.toggle("is-busy", running > 0);
};

function hold(form, button) {
  form.dataset.busy = "1";
  button?.setAttribute("aria-busy", "true");
}

function release(form) {
  delete form.dataset.busy;
  for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.busy) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  hold(form, event.submitter);
  busy(1);
  // A download or a dead line never leaves the page: give the form back.
  setTimeout(() => {
    if (!form.dataset.busy) return;
    release(form);
    busy(-1);
  }, RELEASE_AFTER_MS);
});

window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  running = 0;
  busy(0);
  for (const form of document.querySelectorAll("form[data-busy]")) release(form);
});

/* htmx */
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRFToken"] = csrf();
});
document.addEventListener("htmx:beforeRequest", (event) => {
  busy(1);
  const { elt, requestConfig } = event.detail;
  if (elt.tagName === "FORM") hold(elt, requestConfig?.triggeringEvent?.submitter);
});
document.addEventListener("htmx:afterRequest", (event) => {
  busy(-1);
  if (event.detail.elt.tagName === "FORM") release(event.detail.elt);
});
document.addEventListener("htmx:sendError", () => toast(texts.offline, { kind: "error" }));
document.addEventListener("htmx:timeout", () => toast(texts.offline, { kind: "error" }));
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  toast(status === 401 || status === 403 ? texts.expired : texts.failed, { kind: "error" });
});
document.addEventListener("htmx:beforeSwap", (event) => {
  // An ended session answers with the sign-in page: show it as a page, not inside this one.
  const { xhr } = event.detail;
  if (texts.signIn && xhr.responseURL && new URL(xhr.responseURL).pathname === texts.signIn) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});
document.addEventListener("toast", (event) => toast(event.detail.text, event.detail));

/* Focus where the work is */
const focusMarked = (scope) => scope.querySelector("[data-autofocus]")?.focus();
focusMarked(document);
document.addEventListener("htmx:afterSwap", (event) => focusMarked(event.target));

/* Menus and verbs: one open at a time */
document.addEventListener("toggle", (event) => {
  const opened = event.target;
  if (!opened.open || !opened.matches?.(".verb, [data-menu]")) return;
  const group = opened.matches(".verb") ? ".verb[open]" : "[data-menu][open]";
  for (const other of document.querySelectorAll(group)) if (other !== opened) other.open = false;
  if (opened.matches(".verb")) {
    opened.querySelector("form input:not([type=hidden]), form select, form textarea")?.focus({ preventScroll: true });
  }
}, true);

function closeMenus(except, giveBack) {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (menu.contains(except)) continue;
    menu.open = false;
    if (giveBack) menu.querySelector("summary").focus();
  }
}

/* Dialogs: data-dialog-open="id" on the opener, data-dialog-close inside. */
document.addEventListener("click", (event) => {
  closeMenus(event.target, false);
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialogOpen)?.showModal();
  }
  if (event.target.closest("[data-dialog-close]") || event.target.matches("dialog.dialog")) {
    event.target.closest("dialog")?.close();
  }
});

/* A filter that is changed is meant: data-submit-on-change on the form. */
document.addEventListener("change", (event) => {
  event.target.closest("form[data-submit-on-change]")?.requestSubmit();
});

/* Keyboard: / search, J K through rows, ? help. Silent while a person types or an IME composes. */
const typing = (event) =>
  event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey || event.altKey ||
  event.target.closest("input, textarea, select, [contenteditable], dialog, [role=application]");

function step(direction) {
  const links = [...document.querySelectorAll("[data-rows] .row-link")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement?.closest(".row")?.querySelector(".row-link"));
  const next = at < 0 ? (direction > 0 ? 0 : links.length - 1) : at + direction;
  links[Math.min(Math.max(next, 0), links.length - 1)].focus();
}

const keys = {
  "/": () => document.querySelector("[data-search]"),
  j: () => step(1),
  k: () => step(-1),
  "?": () => document.getElementById("shortcuts")?.showModal?.(),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") return closeMenus(null, true);
  if (typing(event) || !Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]()?.focus?.();
});
