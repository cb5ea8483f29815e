/** The brief: copy its text, print its sheet. Without script the text can be selected as it stands. */
import { each, toast } from "./page.js";

/** Where the page is not served over HTTPS there is no clipboard but the old way. */
async function copy(field) {
  field.focus();
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

each("[data-copy]", (button) => {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    const done = await copy(field);
    toast(done ? button.dataset.textDone : button.dataset.textFailed, { kind: done ? "" : "error" });
  });
});

each("[data-print]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});
