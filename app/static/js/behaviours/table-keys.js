/** Walk a table by `j` and `k`, mark a row by `x`, open it by Enter. */

const TYPING = "input, textarea, select, button, summary, [contenteditable]";

/** @param {HTMLTableElement} table */
export function connect(table) {
  const rows = () => [...table.tBodies].flatMap((body) => [...body.rows]);
  const here = () => table.querySelector("tr.is-here");

  function go(step) {
    const all = rows();
    const row = all[Math.min(all.length - 1, Math.max(0, all.indexOf(here()) + step))];
    here()?.classList.remove("is-here");
    row?.classList.add("is-here");
    row?.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    j: () => go(1),
    k: () => go(-1),
    x: () => here()?.querySelector("input[type=checkbox]")?.click(),
    Enter: () => here()?.querySelector("a")?.click(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(TYPING)) return;
    if (event.key === "Enter" && event.target.closest("a")) return;
    keys[event.key]?.();
  });
}
