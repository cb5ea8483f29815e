/** 谁负责 answers by itself: as soon as a point is known, and again when the matter changes. */
import { each } from "./page.js";

function start(form) {
  const known = () => form.querySelector("[data-point=lat]")?.value;
  const ask = () => known() && form.requestSubmit();
  document.addEventListener("gezhi:point", ask);
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, [name=condition], [name=candidate]")) ask();
  });
}

/** On a phone the answer lies below the form: bring it up once both halves of the question are there. */
function bring(answer) {
  const chosen = document.querySelector("form[data-ask] select")?.value;
  if (chosen && answer.getBoundingClientRect().top > window.innerHeight / 2) answer.scrollIntoView();
}

document.addEventListener("htmx:afterSwap", (event) => event.target.id === "answer" && bring(event.target));
each("form[data-ask]", start);
