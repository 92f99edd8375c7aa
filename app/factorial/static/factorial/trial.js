/** One trial: what it is to be, and what is logged of it. */

/** What a program may have measured as JSON holds it; what cannot be said is told as nothing. */
const plain = (values) => JSON.parse(JSON.stringify(values ?? {}));

export class Trial {
  #onEnd;

  #began = performance.now();

  #values = {};

  #events = [];

  /** @param {object} facts number in the run and in its block, the block, and the values of factors */
  constructor({ index, number, block, values, of }, onEnd) {
    Object.assign(this, { index, number, block, values, of });
    this.isPractice = block.isPractice;
    this.beganAt = new Date().toISOString();
    this.isOver = false;
    this.#onEnd = onEnd;
  }

  /** How long it has taken until now, in ms. */
  get ms() {
    return Math.round((performance.now() - this.#began) * 10) / 10;
  }

  /** It begins now, not when it was made: after a countdown of the page's own, for example. */
  start() {
    this.#began = performance.now();
    this.beganAt = new Date().toISOString();
  }

  /** Note values of measures of the trial; what is noted again replaces what was. */
  log(values) {
    this.#open();
    Object.assign(this.#values, plain(values));
  }

  /** Note something that happens inside the trial, with `at_ms`, the time since its beginning. */
  event(values) {
    this.#open();
    this.#events.push({ at_ms: this.ms, ...plain(values) });
  }

  /** @returns {Promise<void>} when it is kept here, or, where nothing can be kept, on the server */
  async end(values) {
    this.#open();
    this.log(values);
    this.isOver = true;
    await this.#onEnd({
      block: this.block.number,
      trial: this.number,
      measures: this.#values,
      events: this.#events,
      began_at: this.beganAt,
      lasted_ms: this.ms,
    });
  }

  #open() {
    if (this.isOver) throw new Error("This trial has ended: nothing more can be logged of it.");
  }
}
