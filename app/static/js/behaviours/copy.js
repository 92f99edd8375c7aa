/** A button that copies the text of the element named by `data-copy`, and says so. */

const SAID_FOR_MS = 2000;

/** @param {HTMLButtonElement} button */
export function connect(button) {
  const word = button.querySelector("span") ?? button;
  const label = word.textContent;
  button.addEventListener("click", async () => {
    const source = document.querySelector(button.dataset.copy);
    await copy((source.value ?? source.textContent).trim());
    word.textContent = "Copied";
    setTimeout(() => (word.textContent = label), SAID_FOR_MS);
  });
}

/** Over plain HTTP browsers have no clipboard to offer; the way from before it still works there. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
