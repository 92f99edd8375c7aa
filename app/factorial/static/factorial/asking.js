/** Asking the server for something small, again and again until it answers. */

const TIMEOUT_MS = 30_000;
const LONGEST_WAIT_MS = 15_000;
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What the server said no to; `code` names it, `message` is why, `remedy` what to do. */
export class Refused extends Error {
  constructor(status, told) {
    super([told.detail, told.remedy].filter(Boolean).join(" ") || `The server answered ${status}.`);
    Object.assign(this, { name: "Refused", status, code: told.code ?? "", title: told.title ?? "", told });
  }
}

/** @returns {Promise<object>} what the server answers @throws {Refused|TypeError} */
export async function once(address, body) {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), TIMEOUT_MS);
  const isOurs = new URL(address, location.href).origin === location.origin;
  const headers = { "Content-Type": isOurs ? "application/json" : "text/plain", Accept: "application/json" };
  const asked = body ? { method: "POST", body: JSON.stringify(body), headers } : { headers: { Accept: headers.Accept } };
  try {
    const answer = await fetch(address, { ...asked, cache: "no-store", signal: patience.signal });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    throw new Refused(answer.status, told);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {(attempt: number) => void} onWait it did not answer, and is asked again soon */
export async function until(address, body, onWait = () => {}) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(address, body);
    } catch (error) {
      if (error instanceof Refused && !LATER.has(error.status)) throw error;
      onWait(attempt);
      const wait = Math.min(LONGEST_WAIT_MS, 400 * 2 ** Math.min(attempt, 10));
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
  }
}
