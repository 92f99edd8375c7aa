/** Boot: connect behaviours on load and after each swap, and speak when the server does not. */

import { connectAll } from "./behaviours/index.js";

connectAll(document);

document.addEventListener("htmx:afterSettle", (event) => connectAll(event.target));

/** Show what cannot be swapped in: an answer without a fragment, or no answer at all. */
function sayLost() {
  const place = document.getElementById("messages");
  const template = document.getElementById("lost-answer");
  if (place && template) place.replaceChildren(template.content.cloneNode(true));
}

document.addEventListener("htmx:sendError", sayLost);
document.addEventListener("htmx:timeout", sayLost);
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.isError && !event.detail.shouldSwap) sayLost();
});

/** A refusal is read at the top of the page, so bring it into view. */
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "messages") event.detail.target.scrollIntoView({ block: "nearest" });
});
