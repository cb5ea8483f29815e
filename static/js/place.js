/**
 * Place words to a point: candidates as a plain list of buttons under the field.
 * Root: [data-place]; its data attributes are listed in templates/parts/place_field.html.
 */
import { each, fill, make, setPoint } from "./page.js";

const WAIT_MS = 250;
const SHORTEST = 2;

class Place {
  constructor(root) {
    this.data = root.dataset;
    this.input = root.querySelector("[data-place-words]");
    this.id = root.querySelector("[data-place-id]");
    this.list = root.querySelector("[data-place-list]");
    this.status = root.querySelector("[data-place-status]");
    this.input.addEventListener("input", (event) => !event.isComposing && this.typed());
    this.input.addEventListener("compositionend", () => this.typed());
    root.addEventListener("keydown", (event) => this.key(event));
  }

  typed() {
    clearTimeout(this.timer);
    const words = this.input.value.trim();
    if (this.chosen && !words.includes(this.chosen.name)) this.forget();
    if (words.length < SHORTEST || this.chosen) return this.close();
    this.timer = setTimeout(() => this.ask(words), WAIT_MS);
  }

  async ask(words) {
    this.asking?.abort();
    this.asking = new AbortController();
    const url = new URL(this.data.url, window.location.href);
    url.searchParams.set("q", words);
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: this.asking.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      this.offer((await answer.json()).results ?? []);
    } catch (error) {
      if (error.name !== "AbortError") this.say(this.data.textFailed);
    }
  }

  offer(places) {
    this.list.replaceChildren(...places.map((place) => {
      const note = place.note ?? place.cell?.name ?? "";
      const button = make("button", { type: "button", className: "candidate" },
        make("span", { className: "strong" }, place.name), make("span", { className: "small soft" }, note));
      button.addEventListener("click", () => this.choose(place));
      return make("li", {}, button);
    }));
    this.list.hidden = !places.length;
    if (places.length) this.list.scrollIntoView({ block: "nearest" });
    this.say(places.length ? fill(this.data.textFound, { count: places.length }) : this.data.textNone);
  }

  choose(place) {
    this.chosen = place;
    if (this.id) this.id.value = place.id ?? place.code ?? "";
    // People go on typing "2单元门口" after the name: leave their words when they say more.
    if (!this.input.value.includes(place.name)) this.input.value = place.name;
    this.close();
    this.input.focus();
    this.say(fill(this.data.textChosen, { name: place.name }));
    setPoint({ lat: Number(place.lat), lng: Number(place.lng), source: "place", text: place.name });
  }

  forget() {
    this.chosen = null;
    if (this.id) this.id.value = "";
  }

  key(event) {
    if (event.isComposing) return;
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape" && !this.list.hidden) {
      this.close();
      this.input.focus();
    } else if (event.key === "ArrowDown" && buttons.length && !this.list.hidden) {
      event.preventDefault();
      buttons[Math.min(at + 1, buttons.length - 1)].focus();
    } else if (event.key === "ArrowUp" && at >= 0) {
      event.preventDefault();
      (at ? buttons[at - 1] : this.input).focus();
    } else if (event.key === "Enter" && event.target === this.input && buttons.length && !this.list.hidden) {
      event.preventDefault();
      buttons[0].focus();
    }
  }

  close() {
    this.asking?.abort();
    this.list.hidden = true;
    this.say("");
  }

  say(text) {
    this.status.textContent = text;
  }
}

each("[data-place]", (root) => new Place(root));
