/** A number with a slider beside it: each follows the other. The number is what is sent. */

/** @param {HTMLElement} pair */
export function connect(pair) {
  const range = pair.querySelector('input[type="range"]');
  const number = pair.querySelector('input[type="number"]');
  if (!range || !number) return;
  range.hidden = false;
  range.value = number.value;
  range.addEventListener("input", () => (number.value = range.value));
  number.addEventListener("input", () => (range.value = number.value));
}
