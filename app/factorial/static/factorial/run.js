/** A run that is under way in this page: its trials one after another, and what is around them. */

import { Sender } from "../js/outbox/sender.js";
import { Trial } from "./trial.js";

const MOST_KEPT = 7_000_000; // bytes of one trial's events that a server is asked to take when it has refused more

export class Run {
  #sender;

  #shown;

  #until;

  #once;

  #forget;

  #number;

  constructor({ facts, outbox, shown, forget, ask, until }) {
    const rows = outbox.rows().map((item) => item.number + 1);
    Object.assign(this, { facts, outbox });
    this.#shown = shown;
    this.#forget = forget;
    this.#once = ask;
    this.#until = until;
    this.#sender = new Sender(outbox, { shorten: (data) => this.#thin(data) });
    this.#number = Math.max(facts.next_event, ...[...outbox.items.values()].map((item) => item.kind === "event" ? item.number + 1 : 0));
    this.blocks = facts.blocks.map(blockOf);
    this.done = Math.max(facts.done, ...rows);
    this.isBegun = facts.is_begun || rows.length > 0;
    this.isOver = false;
    this.#starts = startsOf(this.blocks);
  }

  #starts;

  /** Where the task draws. */
  get place() {
    return this.#shown.place;
  }

  get design() {
    return this.facts.design;
  }

  get code() {
    return this.facts.code;
  }

  get total() {
    return this.facts.trial_count;
  }

  get isPilot() {
    return this.facts.is_pilot;
  }

  get participant() {
    return this.facts.participant;
  }

  /** How much is not on the server yet. */
  get unsaved() {
    return this.outbox.size;
  }

  /** From now on this page writes the run. */
  attend() {
    const sender = this.#sender;
    sender.onState = (state) => (state === "elsewhere" || state === "over" ? this.lost(state) : this.#shown.saved(state));
    sender.onTaken = ({ done }) => {
      this.done = Math.max(this.done, done ?? 0); // somebody of the lab may have moved it on
    };
    sender.onRefused = (item, told) => item.kind === "row" && this.crash(new Error(told.detail));
    this.outbox.onRefused = (error) => {
      this.#shown.trouble("memory");
      this.note("storage refused", { why: String(error) });
    };
    if (!this.outbox.isDurable) this.outbox.onRefused("at the start");
    this.#listen();
    this.note(this.isBegun ? "resumed" : "began", aboutHere());
    sender.kick();
    this.#beats = setInterval(() => this.#beat(), (this.facts.lease_seconds * 1000) / 3);
  }

  #beats = 0;

  #listen() {
    const sender = this.#sender;
    const hear = (on, what, act) => on.addEventListener(what, act, { signal: this.#ears.signal });
    hear(window, "pagehide", () => sender.lastWords());
    hear(document, "visibilitychange", () => {
      this.note(document.hidden ? "page hidden" : "page shown");
      if (document.hidden) sender.lastWords();
      else sender.kick({ hurry: true });
    });
    hear(window, "pageshow", ({ persisted }) => persisted && location.reload());
    hear(window, "online", () => sender.kick({ hurry: true }));
    hear(window, "error", (event) => this.crash(event.error ?? new Error(event.message)));
    hear(window, "unhandledrejection", ({ reason }) => this.crash(reason));
    hear(window, "beforeunload", (event) => {
      if (!this.outbox.isDurable && this.outbox.size) event.preventDefault();
    });
  }

  #ears = new AbortController();

  /** Say that somebody is still here, when nothing else has told so. */
  async #beat() {
    if (this.outbox.size || this.isOver || document.hidden) return;
    const body = { holder: this.outbox.holder, rows: [] };
    await this.#once(this.outbox.address, body).catch(({ code }) => {
      if (code === "held-elsewhere" || code === "no-such-run") this.lost("elsewhere");
      if (code === "run-is-over") this.lost("over");
    });
  }

  /** Note what happens around the trials. */
  note(kind, data = {}) {
    const kept = this.outbox.put("event", this.#number, { kind, at_ms: Math.round(performance.now()), data });
    this.#number += 1;
    this.#sender.kick();
    return kept;
  }

  /** Yield one trial after another, with the standard views between them; after the last, end. */
  async *trials() {
    while (this.done < this.total && !this.isOver) {
      const trial = this.#next();
      await this.#before(trial);
      if (this.isOver) return;
      this.#shown.clear({ n: trial.index + 1, total: this.total });
      trial.start();
      yield trial;
      if (!trial.isOver) throw new Error("A trial was left without trial.end(): nothing of it is kept.");
    }
    if (!this.isOver) await this.end();
  }

  #block = -1;

  #next() {
    const index = this.done;
    const which = this.#starts.findLastIndex((start) => start <= index);
    const block = this.blocks[which];
    const number = index - this.#starts[which];
    const values = block.trials[number].values;
    return new Trial({ index, number, block, values, of: this.total }, (data) => this.#keep(index, data));
  }

  async #before(trial) {
    const isNew = trial.block.number !== this.#block;
    this.#block = trial.block.number;
    await this.#shown.show(isNew ? "blockStart" : "betweenTrials", {
      block: trial.block,
      blocks: this.blocks.length,
      trial,
      done: trial.index,
      total: this.total,
    });
  }

  /** A trial is over when it is kept here; or, where nothing can be kept, on the server. */
  async #keep(index, data) {
    await this.outbox.put("row", index, data);
    this.done = Math.max(this.done, index + 1);
    this.#sender.kick();
    if (!this.outbox.isDurable) await this.#sender.drained();
  }

  #thin(data) {
    const kept = thinned(data);
    this.note("trial thinned", { block: data.block, trial: data.trial, lost: kept.events_lost });
    return kept;
  }

  /** Wait until the server has everything; then tell it that the run is over, and say so. */
  async end() {
    if (this.isOver) return;
    this.#shown.wait("saving");
    await this.#sender.drained();
    if (this.isOver) return;
    await this.#until(this.facts.address("end"), { holder: this.outbox.holder }, () => this.#shown.saved("offline"));
    this.#leave();
    this.#forget();
    await this.#shown.show("end", { total: this.total, participant: this.participant, code: this.code });
  }

  /** Give it up: what was done is kept, and this browser begins another one next time. */
  async abandon() {
    await this.note("abandoned");
    await this.#sender.drained();
    this.#leave();
    this.#forget();
  }

  /** It goes on elsewhere, or has ended in the meantime. */
  lost(state) {
    if (this.isOver) return;
    this.#leave();
    this.#sender.isStopped = true;
    this.#shown.show("elsewhere", { canTakeOver: state === "elsewhere", isOver: state === "over" }).then(() => this.#shown.takeHere());
  }

  /** The task has a fault: say so, send what was done, and offer to try again. */
  async crash(error) {
    if (this.isOver) return;
    this.note("failed", { message: String(error?.stack ?? error).slice(0, 4000) });
    this.#leave();
    this.#sender.kick({ hurry: true });
    console.error(error);
    await this.#shown.show("crash", { error, isSaved: this.outbox.isDurable || !this.outbox.size });
    location.reload();
  }

  #leave() {
    this.isOver = true;
    clearInterval(this.#beats);
    this.#ears.abort();
  }
}

function blockOf({ number, measured_number: measuredNumber, is_practice: isPractice, values, trials, facts }) {
  return { number, measuredNumber, isPractice, values, trials, facts };
}

/** @returns {number[]} how many trials of the run come before each block */
function startsOf(blocks) {
  let before = 0;
  return blocks.map(({ trials }) => {
    before += trials.length;
    return before - trials.length;
  });
}

function aboutHere() {
  return {
    agent: navigator.userAgent,
    screen: [screen.width, screen.height, devicePixelRatio],
    window: [innerWidth, innerHeight],
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    clock: new Date().toISOString(),
  };
}

/** What to send of a trial that is too large for the server: its measures, and as many events as fit. */
function thinned(data) {
  const letters = new TextEncoder();
  let left = MOST_KEPT;
  const fitting = data.events.filter((event) => (left -= letters.encode(JSON.stringify(event)).length + 1) > 0);
  return { ...data, events: fitting, events_lost: data.events.length - fitting.length, shortened: true };
}
