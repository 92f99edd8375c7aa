/** A filter form that sends itself when a choice changes. */

/** @param {HTMLFormElement} form */
export function connect(form) {
  form.addEventListener("change", () => form.requestSubmit());
}
