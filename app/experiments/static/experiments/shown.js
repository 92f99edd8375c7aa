/** Say with each form for how long its page was before the participant: clocks may be wrong. */

document.addEventListener("submit", ({ target }) => {
  if (target.method !== "post" || target.elements.shown_ms) return;
  const shown = document.createElement("input");
  shown.type = "hidden";
  shown.name = "shown_ms";
  const before = Number(target.dataset.shown) || 0; // until its answers were refused
  const since = Number(document.documentElement.dataset.shownSince) || 0;
  shown.value = Math.round(before + performance.now() - since);
  target.append(shown);
});
