/** A dangerous button answers only once the words of `data-words` are typed in its form's field. */

/** @param {HTMLFormElement} form */
export function connect(form) {
  const field = form.querySelector("input[type=text], input:not([type])");
  const button = form.querySelector("button[type=submit], button:not([type])");
  const compare = () => (button.disabled = field.value.trim() !== form.dataset.words);
  field.addEventListener("input", compare);
  compare();
}
