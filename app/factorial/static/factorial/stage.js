/** Where a run is shown: one view at a time, or the task itself, and below what is saved. */

import { TEXTS, VIEWS } from "./views.js";

const UNTIL_SAID_MS = 1500;
const UNTIL_TROUBLE_MS = 6000;
const STEAL = "studium-steal";

function element(name, className, more = {}) {
  const made = Object.assign(document.createElement(name), { className });
  for (const [attribute, value] of Object.entries(more)) made.setAttribute(attribute, value);
  return made;
}

/** @returns {string} a text with what is known in the places of `{name}` */
function filled(text, facts) {
  return text.replace(/\{(\w+)\}/g, (all, name) => facts[name] ?? all);
}

/** @returns {object} the standard texts, with others in the place of some of them */
function replaced(standard, others) {
  const merged = { ...standard };
  for (const [name, value] of Object.entries(others)) {
    merged[name] = typeof value === "string" ? value : { ...standard[name], ...value };
  }
  return merged;
}

export class Stage {
  /** @param {{at?: Element|string, views: object, texts: object}} wish */
  constructor({ at = "[data-studium]", views, texts }) {
    const root = (typeof at === "string" ? document.querySelector(at) : at) ?? document.body;
    this.views = { ...VIEWS, ...views };
    this.texts = replaced(TEXTS, texts);
    this.root = element("div", "studium");
    this.view = element("div", "studium-view");
    this.title = element("h1", "studium-unseen", { hidden: "" });
    this.place = element("div", "studium-task", { hidden: "" });
    this.mark = element("p", "studium-pilot", { hidden: "" });
    this.state = element("p", "studium-saved", { hidden: "" });
    this.alarm = element("p", "studium-trouble", { role: "status" });
    this.root.append(this.mark, this.view, this.title, this.place, this.state, this.alarm);
    root.replaceChildren(this.root);
  }

  /**
   * Show a view in place of the task, until it lets go on.
   * A view is `async ({ place, say, button, pause, ...facts })`; null stands for none.
   */
  async show(name, facts = {}) {
    const view = this.views[name];
    if (!view) return undefined;
    const text = this.texts[name] ?? {};
    this.view.replaceChildren();
    this.view.hidden = false;
    this.view.dataset.view = name;
    this.place.hidden = this.title.hidden = true;
    return view({ ...this.#tools(facts, text), ...facts });
  }

  #tools(facts, text) {
    const say = (key, tag = "p", more = {}) => {
      const made = element(tag, `studium-${tag}`);
      made.textContent = filled(text[key] ?? key, { ...facts, ...more });
      this.view.append(made);
      if (tag === "h1") this.#readFrom(made);
      return made;
    };
    const button = (key, value) => this.#button(filled(text[key] ?? key, facts), value);
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    return { place: this.view, say, button, pause, text };
  }

  /** Who listens or uses the keyboard goes on from the heading of what is shown now. */
  #readFrom(heading) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }

  /** @returns {Promise<any>} the value, when it is pressed */
  #button(label, value) {
    const made = element("button", "studium-button", { type: "button" });
    made.textContent = label;
    let row = this.view.querySelector(".studium-go");
    if (!row) {
      row = element("div", "studium-go");
      this.view.append(row);
    } else made.classList.add("studium-button-quiet");
    row.append(made);
    return new Promise((resolve) => made.addEventListener("click", () => resolve(value), { once: true }));
  }

  /** Say that there is something to wait for; nobody can go on from here. */
  wait(key) {
    const view = this.view.querySelector("[role=status]");
    if (this.view.dataset.view === "wait" && view) view.textContent = this.texts.wait[key];
    else this.show("wait", { why: key });
  }

  /** The task has the place from now on; those who listen are told which trial it is. */
  clear(facts) {
    this.title.textContent = filled(this.texts.trial, facts);
    this.view.hidden = true;
    this.view.replaceChildren();
    this.view.dataset.view = "";
    this.place.hidden = this.title.hidden = false;
  }

  pilot() {
    this.mark.hidden = false;
    this.mark.textContent = this.texts.pilot;
  }

  #timer = 0;

  #warning = 0;

  #lasting = "";

  /** @param {"saved"|"saving"|"offline"} state Short waits are not worth a word. */
  saved(state) {
    clearTimeout(this.#timer);
    const say = () => {
      this.state.hidden = false;
      this.state.dataset.state = state;
      this.state.textContent = this.texts.saved[state];
    };
    if (state === "saving") this.#timer = setTimeout(say, UNTIL_SAID_MS);
    else say();
    if (state === "offline") this.#warning ||= setTimeout(() => this.trouble("offline"), UNTIL_TROUBLE_MS);
    if (state === "saved") {
      clearTimeout(this.#warning);
      this.#warning = 0;
      this.alarm.textContent = this.#lasting;
    }
  }

  /** @param {"offline"|"memory"} kind the second one lasts */
  trouble(kind) {
    const text = this.texts.trouble[kind];
    if (kind === "memory") this.#lasting = text;
    this.alarm.textContent = text;
  }

  /** Whether this page was opened to take a run from another tab or device. */
  get isTaking() {
    this.taking ??= sessionStorage.getItem(STEAL) === location.pathname;
    sessionStorage.removeItem(STEAL);
    return this.taking;
  }

  takeHere() {
    sessionStorage.setItem(STEAL, location.pathname);
    location.reload();
  }
}
