/** Send what is in an outbox, for ever, until the server has all of it. */

import { bodyOf } from "./outbox.js";

const SPACING_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const TIMEOUT_MS = 30_000;
const SLOWEST = 20; // characters a ms that a line takes, at which a large trial still gets through
const LAST_WORDS = 60_000; // bytes that browsers let a page send while it goes away
const MOST_STUMBLES = 5;
const LONGEST_TEXT = 2000;
const chance = Math.random; // jsPsych's may be replaced by a seeded one

const NOT_HERE_ANY_MORE = new Set(["held-elsewhere", "run-is-over", "no-such-visit", "no-such-run"]);

export class Sender {
  /** @param {{shorten?: (data: object) => object}} how what to send of a row that is too large */
  constructor(outbox, { shorten = shortened } = {}) {
    this.outbox = outbox;
    this.shorten = shorten;
    this.fails = 0;
    this.one = 0; // so many batches are sent singly, after one that was refused
    this.isBusy = false;
    this.isStopped = false;
    this.isHurried = false;
    this.wake = () => {};
    /** @type {(state: "saving"|"saved"|"offline"|"elsewhere"|"over") => void} */
    this.onState = () => {};
    this.onRefused = () => {};
    /** @type {(told: object) => void} what the server said of a batch that it took */
    this.onTaken = () => {};
    this.waiting = [];
  }

  /** Send, now or as soon as the batch before is through. */
  kick({ hurry = false } = {}) {
    if (hurry) {
      this.isHurried = true;
      this.wake();
    }
    if (!this.isBusy && !this.isStopped) this.#run();
  }

  /** @returns {Promise<void>} when the outbox is empty */
  drained() {
    if (!this.outbox.size) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.kick({ hurry: true });
    });
  }

  /** The page goes away: hand over what is left to the browser, which sends it afterwards. */
  lastWords() {
    const items = this.outbox.batch({ size: LAST_WORDS });
    if (!items.length || this.isStopped) return;
    const body = bodyOf(items, this.outbox.holder);
    const blob = new Blob([body], { type: this.#type });
    if (navigator.sendBeacon?.(this.outbox.address, blob)) return;
    fetch(this.outbox.address, this.#request(body, { keepalive: true })).catch(() => {});
  }

  async #run() {
    this.isBusy = true;
    while (this.outbox.size && !this.isStopped) {
      const began = Date.now();
      this.onState(this.fails ? "offline" : "saving");
      const wait = await this.#send(this.outbox.batch(this.one ? { rows: 1, events: 0 } : {}));
      if (this.isStopped) break;
      if (wait) await this.#pause(wait);
      else if (this.outbox.size && !this.isHurried) await this.#pause(SPACING_MS - (Date.now() - began));
    }
    this.isBusy = this.isHurried = false;
    if (!this.outbox.size) {
      this.onState("saved");
      for (const resolve of this.waiting.splice(0)) resolve();
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Another site's server would be asked first whether it takes JSON; text it is sent at once. */
  get #type() {
    const isOurs = new URL(this.outbox.address, location.href).origin === location.origin;
    return isOurs ? "application/json" : "text/plain";
  }

  #request(body, more) {
    const headers = { "Content-Type": this.#type, Accept: "application/json" };
    return { method: "POST", body, headers, cache: "no-store", redirect: "error", ...more };
  }

  /** @returns {Promise<number>} how long to wait before the next attempt */
  async #send(items) {
    if (!items.length) items = this.outbox.batch({ rows: 1, events: 1 });
    const patience = new AbortController();
    const body = bodyOf(items, this.outbox.holder);
    const timer = setTimeout(() => patience.abort(), Math.max(TIMEOUT_MS, body.length / SLOWEST));
    try {
      const answer = await fetch(this.outbox.address, this.#request(body, { signal: patience.signal }));
      const told = await answer.json().catch(() => ({})); // what is in front of the site says a page
      return await this.#heard(answer, told, items);
    } catch {
      return this.#later();
    } finally {
      clearTimeout(timer);
    }
  }

  async #heard(answer, told, items) {
    if (answer.status === 200 && Array.isArray(told.stored)) {
      const stored = new Set(told.stored);
      await this.outbox.remove(items.filter(({ kind, number }) => kind === "event" || stored.has(number)));
      this.fails = 0;
      this.one = Math.max(0, this.one - 1);
      this.onTaken(told);
      return 0;
    }
    if (NOT_HERE_ANY_MORE.has(told.code)) {
      this.isStopped = true;
      const isOver = told.code !== "held-elsewhere";
      if (isOver) await this.outbox.remove([...this.outbox.items.values()]); // nobody takes it any more
      this.onState(isOver ? "over" : "elsewhere");
      return 0;
    }
    if (answer.status === 413 || answer.status === 422) return this.#refused(items, told);
    if (answer.status === 500) return this.#stumbled(items, told);
    return this.#later(Number(answer.headers.get("Retry-After")) * 1000);
  }

  /** The server cannot take this as it is: find out which, and send that one in another form. */
  async #refused(items, told) {
    if (items.length > 1) {
      this.one = items.length;
      return 0;
    }
    const [item] = items;
    if (item.kind === "row" && !item.data.shortened) {
      await this.outbox.put("row", item.number, this.shorten(item.data));
      return 0;
    }
    await this.outbox.remove(items);
    this.onRefused(item, told);
    return 0;
  }

  /** The site has a fault. If one row is what it stumbles over, that one holds up no other. */
  #stumbled(items, told) {
    if (items.length > 1) this.one = items.length;
    const [item] = items;
    item.stumbles = items.length > 1 ? 0 : (item.stumbles ?? 0) + 1;
    return item.stumbles > MOST_STUMBLES ? this.#refused(items, told) : this.#later();
  }

  #later(asked = 0) {
    this.fails += 1;
    this.onState("offline");
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(this.fails, 10));
    return Math.max(this.fails > 3 ? asked || 0 : 0, wait * (0.5 + chance()));
  }
}

/** @returns {object} a row without what is too long for one; drawings and recordings go another way */
function shortened(data) {
  const cut = (value) => {
    const text = JSON.stringify(value) ?? "";
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : value;
  };
  const kept = Object.entries(data).map(([name, value]) => [name, cut(value)]);
  return { ...Object.fromEntries(kept), shortened: true };
}
