/**
 * The matter in two taps: class, then leaf; or by words. The select that works without script
 * stays the field that is sent. Root: [data-category]; see templates/parts/category_field.html.
 */
import { each, fill, make } from "./page.js";

const FOUND_AT_MOST = 12;

function leafOf(option) {
  const { words = "", conditions = "", photo = "" } = option.dataset;
  const group = option.closest("optgroup");
  return {
    code: option.value, name: option.textContent.trim(), photo,
    group: group?.label ?? "", groupCode: group?.dataset.code ?? "",
    conditions: conditions.split(" ").filter(Boolean),
    haystack: `${option.textContent} ${group?.label ?? ""} ${words} ${option.value}`.toLowerCase(),
  };
}

class CategoryField {
  constructor(root) {
    this.root = root;
    this.data = root.dataset;
    this.select = root.querySelector("select");
    this.leaves = [...this.select.options].filter((option) => option.value).map(leafOf);
    this.conditions = JSON.parse(root.querySelector("script[type='application/json']")?.textContent || "{}");
    for (const name of ["picker", "search", "classes", "recent", "chosen", "filing", "status"]) {
      this[name] = root.querySelector(`[data-category-${name}]`);
    }
    root.querySelector("[data-category-plain]").hidden = true;
    this.box = root.querySelector("[data-category-leaves]");
    this.picker.hidden = false;
    this.search.addEventListener("input", (event) => !event.isComposing && this.find());
    this.search.addEventListener("compositionend", () => this.find());
    this.search.addEventListener("keydown", (event) => this.searchKey(event));
    root.addEventListener("click", (event) => this.pressed(event));
    this.remember();
    this.start();
  }

  start() {
    const leaf = this.leaves.find(({ code }) => code === this.select.value);
    if (leaf) this.choose(leaf, this.data.condition, false);
    else this.top();
  }

  remember() {
    const codes = (this.data.recent ?? "").split(" ");
    const recent = codes.map((code) => this.leaves.find((leaf) => leaf.code === code)).filter(Boolean);
    this.recent?.replaceChildren(...recent.map((leaf) => this.tile(leaf)));
    if (this.recent) this.recent.closest("[data-category-lately]").hidden = !recent.length;
  }

  tile(leaf) {
    return make("button", { type: "button", className: "tile", "data-leaf": leaf.code },
      make("span", { className: "tile-text" }, leaf.name));
  }

  pressed(event) {
    const button = event.target.closest("button");
    if (!button) return;
    const { group, leaf, back, change } = button.dataset;
    if (group !== undefined) this.open(group);
    else if (leaf !== undefined) this.choose(this.leaves.find(({ code }) => code === leaf), null, true);
    else if (back !== undefined || change !== undefined) this.top(true);
  }

  top(focus = false) {
    this.search.value = "";
    this.chosen.hidden = true;
    this.filing.hidden = true;
    this.picker.hidden = false;
    this.list(null);
    if (focus) this.classes.querySelector("button")?.focus();
  }

  open(code) {
    const leaves = this.leaves.filter(({ groupCode }) => groupCode === code);
    this.list(leaves, leaves[0]?.group);
    this.box.querySelector("[data-leaf]")?.focus();
  }

  /** Show leaves under a title, or the classes again when there are none to show. */
  list(leaves, title = "") {
    const browsing = leaves === null;
    this.classes.closest("[data-category-browse]").hidden = !browsing;
    this.box.hidden = browsing;
    if (browsing) return;
    this.box.querySelector("[data-category-title]").textContent = title;
    this.box.querySelector(".tiles").replaceChildren(...leaves.map((leaf) => this.tile(leaf)));
  }

  matches() {
    const words = this.search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    if (!words.length) return null;
    const rank = ({ name }) => (name === words[0] ? 0 : name.startsWith(words[0]) ? 1 : 2);
    return this.leaves
      .filter(({ haystack }) => words.every((word) => haystack.includes(word)))
      .sort((one, other) => rank(one) - rank(other));
  }

  find() {
    const found = this.matches();
    if (found === null) return this.list(null);
    const title = found.length ? fill(this.data.textFound, { count: found.length }) : this.data.textNone;
    this.list(found.slice(0, FOUND_AT_MOST), title);
    this.status.textContent = title;
  }

  searchKey(event) {
    if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    const found = this.matches();
    if (found?.length) this.choose(found[0], null, true);
  }

  choose(leaf, condition, focus) {
    this.select.value = leaf.code;
    this.picker.hidden = true;
    this.chosen.hidden = false;
    this.chosen.querySelector("[data-category-name]").textContent = leaf.name;
    this.chosen.querySelector("[data-category-group]").textContent = leaf.group;
    this.ask(leaf, condition);
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
    document.dispatchEvent(new CustomEvent("gezhi:category", { detail: { code: leaf.code, name: leaf.name, photoReason: leaf.photo } }));
    if (!focus) return;
    this.status.textContent = fill(this.data.textChosen, { name: leaf.name });
    (this.filing.querySelector("input:checked") ?? this.chosen.querySelector("button")).focus();
  }

  ask(leaf, condition) {
    const known = leaf.conditions.filter((code) => this.conditions[code]);
    const marked = known.includes(condition) ? condition : known[0];
    this.filing.hidden = !known.length;
    this.filing.querySelector("[data-category-conditions]").replaceChildren(...known.map((code) => {
      const { text, limit, critical } = this.conditions[code];
      const input = make("input", { type: "radio", name: this.data.conditionName, value: code, checked: code === marked });
      return make("label", { className: "choice" }, input, make("span", { className: "choice-text" }, text,
        make("span", { className: "choice-note" }, critical ? make("span", { className: "tag tag--critical" }, this.data.textCritical) : null, ` ${limit ?? ""}`)));
    }));
  }
}

each("[data-category]", (root) => new CategoryField(root));
