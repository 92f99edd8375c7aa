/** One tab at a time does a run: two of the same browser would both be its holder. */

const PATIENCE_MS = 1500;

/**
 * @param {string} visit @param {() => void} onTaken another tab has taken it over
 * @param {{steal?: boolean}} how whether to take it from another tab
 * @returns {Promise<boolean>} whether no other tab of this browser does it
 */
export function onlyHere(visit, onTaken, { steal = false } = {}) {
  if (!navigator.locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const patience = new AbortController();
    setTimeout(() => patience.abort(), PATIENCE_MS);
    const held = () => {
      resolve(true);
      return new Promise(() => {}); // until the tab is closed
    };
    const how = steal ? { steal } : { signal: patience.signal };
    navigator.locks.request(`studium-${visit}`, how, held).catch(() => {
      resolve(false);
      onTaken();
    });
  });
}
