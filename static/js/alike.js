/**
 * Similar open reports beside the form of a new one: looked for once place and matter are known, and
 * again when they or the words change. Root: [data-alike]; see templates/issues/_similar.html.
 */
import { each } from "./page.js";

const WAIT_MS = 500;
const WHERE = ["lat", "lng", "category"];

class Alike {
  constructor(root) {
    this.root = root;
    this.form = root.closest("form");
    for (const name of ["gezhi:point", "gezhi:category"]) document.addEventListener(name, () => this.soon());
    this.form.addEventListener("change", (event) => event.target.name === "description" && this.soon());
    this.soon();
  }

  value(name) {
    return this.form.elements.namedItem(name)?.value?.trim() ?? "";
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  /** What was answered "another matter" is not asked about again for a few more words. */
  ask() {
    const known = WHERE.map((name) => this.value(name));
    if (!known.every(Boolean)) return;
    const where = known.join(" ");
    const words = `${where} ${this.value("description")}`;
    const decided = this.form.querySelector("[name=different]:checked, [name=different][type=hidden]");
    if (words === this.words || (decided && where === (this.where ?? where))) return;
    Object.assign(this, { where, words });
    this.root.dispatchEvent(new CustomEvent("alike"));
  }
}

each("[data-alike]", (root) => new Alike(root));
