/** The key `/` goes to the search field, or to the search page where the field has no room. */

const TYPING = "input, textarea, select, [contenteditable]";

/** @param {HTMLInputElement} field */
export function connect(field) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(TYPING)) return;
    event.preventDefault();
    if (field.checkVisibility()) field.select();
    else location.assign(field.form.action);
  });
}
