/**
 * What is not on the server yet. It is kept in IndexedDB until the server has acknowledged it, so a
 * closed tab or an empty battery loses nothing; where that is refused, it is kept in memory.
 *
 * @typedef {{visit: string, kind: "row"|"event", number: number, data: object, size: number,
 *            address: string, holder: string, at: number}} Item
 */

const STORE = "outbox";
const PATIENCE_MS = 3000;
const FORGET_AFTER_MS = 90 * 24 * 3600 * 1000;

/** @returns {Promise<IDBDatabase|null>} null where the browser keeps nothing for us */
export function openStore() {
  return new Promise((resolve) => {
    const giveUp = setTimeout(() => resolve(null), PATIENCE_MS);
    const settle = (found) => {
      clearTimeout(giveUp);
      resolve(found);
    };
    try {
      const asked = indexedDB.open("studium", 1);
      asked.onupgradeneeded = () => {
        const store = asked.result.createObjectStore(STORE, { keyPath: ["visit", "kind", "number"] });
        store.createIndex("visit", "visit");
      };
      asked.onsuccess = () => settle(asked.result);
      asked.onerror = asked.onblocked = () => settle(null);
    } catch {
      settle(null);
    }
  });
}

/** @returns {Promise<any>} what a request for the store answers */
function done(db, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** @returns {Promise<Map<string, Item[]>>} what other visits have left behind, by visit */
export async function leftBehind(db, except) {
  const found = new Map();
  if (!db) return found;
  for (const item of await done(db, "readonly", (store) => store.getAll())) {
    if (item.visit === except) continue;
    if (Date.now() - item.at > FORGET_AFTER_MS) {
      await done(db, "readwrite", (store) => store.delete([item.visit, item.kind, item.number]));
    } else found.set(item.visit, [...(found.get(item.visit) ?? []), item]);
  }
  return found;
}

export class Outbox {
  /** @param {{db: IDBDatabase|null, visit: string, address: string, holder: string}} facts */
  constructor({ db, visit, address, holder }) {
    Object.assign(this, { db, visit, address, holder });
    this.items = new Map();
    this.onRefused = () => {};
  }

  get isDurable() {
    return this.db !== null;
  }

  get size() {
    return this.items.size;
  }

  /** Take in what an earlier page of this visit could not send any more. */
  async load() {
    if (!this.db) return;
    try {
      const kept = await done(this.db, "readonly", (store) => store.index("visit").getAll(this.visit));
      for (const item of kept) this.items.set(item.kind + item.number, item);
    } catch {
      this.db = null;
    }
  }

  adopt(items) {
    for (const item of items) this.items.set(item.kind + item.number, item);
  }

  async put(kind, number, data) {
    const { visit, address, holder } = this;
    const size = JSON.stringify(data).length;
    const item = { visit, kind, number, data, size, address, holder, at: Date.now() };
    this.items.set(kind + number, item);
    if (!this.db) return;
    try {
      await done(this.db, "readwrite", (store) => store.put(item));
    } catch (error) {
      this.db = null; // the disk is full, or the browser has changed its mind
      this.onRefused(error);
    }
  }

  /** Forget what the server has. */
  async remove(items) {
    for (const item of items) this.items.delete(item.kind + item.number);
    if (!this.db || !items.length) return;
    try {
      await done(this.db, "readwrite", (store) => {
        for (const { visit, kind, number } of items) store.delete([visit, kind, number]);
      });
    } catch {
      this.db = null; // it is sent again some day, and the server knows it
    }
  }

  /** @returns {Item[]} the oldest, as many as fit into one request; no row before an older one */
  batch({ rows = 40, events = 100, size = 400_000 } = {}) {
    const left = { row: rows, event: events };
    const taken = [];
    for (const item of this.items.values()) {
      if (taken.length && size < item.size) left[item.kind] = 0;
      if (left[item.kind] === 0) continue;
      left[item.kind] -= 1;
      size -= item.size;
      taken.push(item);
    }
    return taken;
  }

  rows() {
    return [...this.items.values()].filter((item) => item.kind === "row");
  }
}

/** @param {Item[]} items @returns {string} the body of a request */
export function bodyOf(items, holder) {
  const rows = items.filter((item) => item.kind === "row");
  const events = items.filter((item) => item.kind === "event");
  return JSON.stringify({
    holder,
    sent_at: new Date().toISOString(),
    rows: rows.map(({ number, data }) => ({ index: number, data })),
    events: events.map(({ number, data }) => ({ number, ...data })),
  });
}
