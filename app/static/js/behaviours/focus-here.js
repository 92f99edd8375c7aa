/** What must be read first takes the focus: the summary of a form's errors. */

/** @param {HTMLElement} element */
export function connect(element) {
  element.focus();
}
