/* Names for what Django's administration leaves without one, so that a screen reader can say what
   a field is: the boxes that Select2 draws for a choice, the search of a list. */

const HALVES = [".vDateField", ".vTimeField", '[name$="-DELETE"]']
  .map((kind) => `input${kind}:not([aria-label])`)
  .join();

/** @param {HTMLElement} field @returns {string} */
function nameOf(field) {
  const label = field.id && document.querySelector(`label[for="${field.id}"]`);
  const words = label ? label.textContent : field.getAttribute("aria-label");
  return (words || "").trim().replace(/:$/, "");
}

/** @param {HTMLSelectElement} select */
function nameBoxes(select) {
  const name = nameOf(select);
  const box = select.nextElementSibling?.querySelector(".select2-selection");
  if (!name || !box) {
    return;
  }
  const shown = box.querySelector(".select2-selection__rendered");
  box.id ||= `${select.id}-box`;
  box.setAttribute("aria-label", name);
  box.setAttribute("aria-labelledby", [box.id, shown?.id].filter(Boolean).join(" "));
  box.querySelector(".select2-search__field")?.setAttribute("aria-label", name);
  if (shown?.getAttribute("role") === "textbox") {
    shown.setAttribute("aria-label", name);
  }
}

/** @param {HTMLInputElement} input one half of a time, or the box that deletes a row */
function nameHalf(input) {
  const legend = input.closest("fieldset, .form-row, td")?.querySelector("legend, label")?.textContent;
  const what = input.matches(".vDateField") ? "day" : "time";
  const name = input.name.endsWith("-DELETE") ? "Delete this row" : `${legend || ""} ${what}`;
  input.setAttribute("aria-label", name.replace(":", "").replace(/\s+/g, " ").trim());
}

function nameAll() {
  document.querySelectorAll("select.admin-autocomplete").forEach(nameBoxes);
  document.querySelectorAll(HALVES).forEach(nameHalf);
}

document.getElementById("searchbar")?.setAttribute("aria-label", "Search");
nameAll();
window.addEventListener("load", nameAll);
document.addEventListener("formset:added", () => setTimeout(nameAll));
new MutationObserver(nameAll).observe(document.body, { childList: true, subtree: true });
