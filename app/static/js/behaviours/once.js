/** A form is sent once, however often its button is pressed. */

/** @param {HTMLFormElement} form */
export function connect(form) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => (sent = false));
}
