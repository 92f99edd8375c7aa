/** One tab at a time runs a task: two of the same browser would both be its holder. */

const PATIENCE_MS = 1500;

/**
 * @param {() => void} onTaken another tab has taken the task over
 * @returns {Promise<boolean>} whether no other tab of this browser runs the task
 */
export function onlyHere(visit, onTaken) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const patience = new AbortController();
    setTimeout(() => patience.abort(), PATIENCE_MS);
    const held = () => {
      resolve(true);
      return new Promise(() => {}); // until the tab is closed
    };
    const name = `studium-${visit}`;
    const steal = sessionStorage.getItem("steal") === visit;
    sessionStorage.removeItem("steal");
    navigator.locks.request(name, steal ? { steal } : { signal: patience.signal }, held).catch(() => {
      resolve(false);
      onTaken();
    });
    document.getElementById("task-take-over").addEventListener("submit", () => {
      sessionStorage.setItem("steal", visit);
    });
  });
}
