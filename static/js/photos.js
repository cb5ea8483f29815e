/**
 * Photos of a report: chosen or taken, shrunk on the phone, sent one by one, kept as ids.
 * Root: [data-photos]; its data attributes are listed in templates/parts/photo_field.html.
 */
import { csrf, each, fill, make } from "./page.js";

const LONG_SIDE = 1600;
const QUALITY = 0.82;

/** A JPEG of at most LONG_SIDE pixels without EXIF; the file itself where the browser cannot. */
async function shrink(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const scale = Math.min(1, LONG_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = make("canvas", { width: Math.round(bitmap.width * scale), height: Math.round(bitmap.height * scale) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", QUALITY); });
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file;
  }
}

function send(url, field, file, onProgress) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append(field, file, file.name);
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrf());
    request.setRequestHeader("Accept", "application/json");
    request.timeout = 120000;
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onerror = () => fail({ offline: true });
    request.ontimeout = request.onerror;
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* an HTML error page */ }
      if (request.status >= 200 && request.status < 300 && answer.id) done(answer);
      else fail({ status: request.status, text: reason(answer, field) });
    };
    request.send(body);
  });
}

/** The server's own sentence, when it sent one: a field error first, then problem+json. */
function reason(answer, field) {
  const named = answer.errors?.[field] ?? answer[field];
  const first = Array.isArray(named) ? named[0] : named;
  return typeof first === "string" ? first : answer.detail ?? "";
}

class Photos {
  constructor(root) {
    this.root = root;
    this.data = root.dataset;
    this.limit = Number(this.data.limit) || 9;
    this.most = Number(this.data.maxBytes) || 10 * 1024 * 1024;
    this.list = root.querySelector("[data-photo-list]");
    this.status = root.querySelector("[data-photo-status]");
    this.inputs = [...root.querySelectorAll("input[type=file]")];
    this.sending = 0;
    for (const input of this.inputs) {
      input.removeAttribute("name");
      input.addEventListener("change", () => this.chosen(input));
    }
    this.list.addEventListener("click", (event) => this.pressed(event));
    root.closest("form")?.addEventListener("submit", (event) => this.submit(event));
    document.addEventListener("gezhi:category", (event) => this.explain(event.detail.photoReason));
  }

  get count() {
    return this.list.children.length;
  }

  get sent() {
    return this.list.querySelectorAll("input[type=hidden]").length;
  }

  chosen(input) {
    const files = [...input.files];
    input.value = "";
    const room = this.limit - this.count;
    if (files.length > room) this.say(fill(this.data.textLimit, { limit: this.limit }));
    for (const file of files.slice(0, Math.max(0, room))) this.add(file);
  }

  async add(original) {
    const item = make("li", { className: "photo" }, make("span", { className: "photo-frame" }));
    this.list.append(item);
    if (!original.type.startsWith("image/") && !/\.(heic|heif)$/i.test(original.name)) {
      return this.failed(item, this.data.textKind, null);
    }
    this.sending += 1;
    const file = await shrink(original);
    this.sending -= 1;
    if (file.size > this.most) return this.failed(item, this.data.textSize, null);
    const image = make("img", { src: URL.createObjectURL(file), alt: fill(this.data.textPhoto, { number: this.count }) });
    item.querySelector(".photo-frame").replaceChildren(image);
    return this.upload(item, file);
  }

  async upload(item, file) {
    item.className = "photo";
    const bar = make("progress", { max: 1, value: 0, "aria-label": this.data.textSending });
    for (const old of item.querySelectorAll(":scope > :not(.photo-frame)")) old.remove();
    item.append(bar);
    this.sending += 1;
    try {
      const answer = await send(this.data.url, this.data.field || "file", file, (part) => { bar.value = part; });
      bar.remove();
      item.append(make("input", { type: "hidden", name: this.data.name, value: answer.id }), this.remover(item));
      this.say(fill(this.data.textSent, { count: this.sent }));
    } catch (error) {
      bar.remove();
      this.failed(item, error.offline ? this.data.textOffline : error.text || this.data.textFailed, () => this.upload(item, file));
    }
    this.sending -= 1;
    this.resume();
  }

  failed(item, text, again) {
    item.className = "photo photo--failed";
    item.append(make("span", { className: "photo-text" }, text));
    if (again) {
      const button = make("button", { type: "button", className: "button" }, this.data.textRetry);
      button.addEventListener("click", again);
      item.append(button);
    }
    item.append(this.remover(item));
    this.waiting = null;
    this.say(text);
  }

  remover(item) {
    const number = [...this.list.children].indexOf(item) + 1;
    return make("button", { type: "button", className: "photo-remove", "aria-label": fill(this.data.textRemove, { number }), "data-photo-remove": "" });
  }

  pressed(event) {
    if (!event.target.closest("[data-photo-remove]")) return;
    event.target.closest(".photo").remove();
    this.say(fill(this.data.textSent, { count: this.sent }));
    this.inputs.at(-1).focus();
  }

  /** A form sent while photos travel waits for them and then goes by itself. */
  submit(event) {
    if (!this.sending) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.waiting = { form: event.target, submitter: event.submitter };
    this.say(this.data.textWait);
  }

  resume() {
    if (!this.waiting || this.sending) return;
    const { form, submitter } = this.waiting;
    this.waiting = null;
    form.requestSubmit(submitter ?? undefined);
  }

  explain(text) {
    const line = this.root.querySelector("[data-photo-reason]");
    if (!line) return;
    line.textContent = text ?? "";
    line.hidden = !text;
  }

  say(text) {
    this.status.textContent = text;
  }
}

each("[data-photos]", (root) => new Photos(root));
