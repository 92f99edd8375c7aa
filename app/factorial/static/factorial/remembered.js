/** What this browser remembers of a run, so that it may come back to it: what opens it, and who it is. */

const kept = new Map(); // where the browser keeps nothing for us

const bytes = (count) => [...crypto.getRandomValues(new Uint8Array(count))];
const word = (count) => bytes(count).map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {object} which server, lab, design, link, run and participant that a page begins with */
export function nameOf({ server, lab, design, link, run, participant }) {
  return `studium-run ${JSON.stringify([String(server), lab, design, link, run, participant].map((each) => each ?? ""))}`;
}

/** @returns {{key: string, holder: string, isNew: boolean}} the run's of before, or one to begin with */
export function remembered(name) {
  const found = read(name);
  if (found) return { ...found, isNew: false };
  const made = { key: word(32), holder: word(16) };
  kept.set(name, made);
  try {
    localStorage.setItem(name, JSON.stringify(made));
  } catch {
    // nothing can be kept: this page is then all that knows of the run
  }
  return { ...made, isNew: true };
}

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? kept.get(name);
  } catch {
    return kept.get(name);
  }
}

/** The run is over, or another one is wanted. */
export function forget(name) {
  kept.delete(name);
  try {
    localStorage.removeItem(name);
  } catch {
    // there was nothing
  }
}
