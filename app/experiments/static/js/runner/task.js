/** jsPsych with what it needs to go on where it was: rows that were recorded are not shown again. */

import { mediaOf, preload } from "./media.js";
import { timelineOf } from "./timeline.js";
import { functions } from "./functions.js";

/** These do something to the browser that a reload undoes, so they are run again. */
const ANEW = new Set(["preload", "fullscreen", "initialize-camera", "initialize-microphone", "call-function"]);

/**
 * @typedef {object} Hooks
 * @property {(data: object) => void} onRow    a trial is over
 * @property {(kind: string, data: object) => void} onEvent
 * @property {() => void} onFinish
 */

export class Task {
  /** @param {object} setup what the page says @param {{at: number, rows: Map}} start @param {Hooks} hooks */
  constructor(setup, start, hooks) {
    Object.assign(this, { setup, start, hooks });
    this.block = -1;
    this.onset = 0;
  }

  /** Make the timeline, and load what it shows. */
  async prepare(onStep) {
    const { setup } = this;
    const code = setup.module ? await import(setup.module) : {};
    this.jsPsych = window.initJsPsych({
      ...setup.options,
      ...code.options,
      display_element: "task-stage",
      on_trial_start: () => this.#began(),
      on_trial_finish: () => this.#seed(`${this.index}:after`),
      on_data_update: (row) => this.#recorded(row),
      on_interaction_data_update: ({ event, trial }) => this.hooks.onEvent(event, { trial }),
      on_finish: () => this.hooks.onFinish(),
    });
    this.jsPsych.timelineDependencies.instantiatePlugin = (Plugin) => this.#plugin(Plugin);
    this.#sharePauses();
    const named = Object.entries(setup.plugins).map(([name, global]) => [name, window[global]]);
    const plugins = Object.fromEntries(named);
    if (setup.group) {
      const { exchange } = await import(setup.group.module);
      plugins["group-exchange"] = exchange(setup.group);
    }
    const context = { jsPsych: this.jsPsych, stimuli: setup.stimuli };
    this.#seed("start");
    this.timeline = code.default
      ? await code.default({ ...context, plugins, functions, seed: setup.seed })
      : timelineOf(setup.nodes, plugins, context);
    await preload(this.jsPsych, mediaOf(this.jsPsych, this.timeline, setup.media), onStep);
  }

  /** Whether there is something to hear, and the browser wants a press first. */
  get isMute() {
    const isHeard = Object.keys(this.setup.plugins).some((name) => /audio|video/.test(name));
    return isHeard && this.jsPsych.pluginAPI.audioContext()?.state !== "running";
  }

  unmute() {
    this.jsPsych.pluginAPI.audioContext()?.resume();
  }

  async run() {
    this.origin = performance.now();
    this.#seed("start");
    if (!this.timeline.length) return this.hooks.onFinish();
    await this.jsPsych.run(this.timeline);
  }

  stop() {
    this.isStopped = true;
    this.#pause?.();
    this.jsPsych?.pluginAPI.cancelAllKeyboardResponses();
  }

  pause() {
    this.#pause();
  }

  /** Go on, unless the task has paused itself. */
  resume() {
    if (!this.isStopped && !this.isPausedByItself) this.#resume();
  }

  #pause = null;

  #resume = null;

  /** Tell our pauses, which are over in a moment, from those of the task. */
  #sharePauses() {
    const { jsPsych } = this;
    [this.#pause, this.#resume] = [jsPsych.pauseExperiment, jsPsych.resumeExperiment];
    jsPsych.pauseExperiment = () => {
      this.isPausedByItself = true;
      this.#pause();
    };
    jsPsych.resumeExperiment = () => {
      this.isPausedByItself = false;
      this.#resume();
    };
  }

  get #node() {
    return this.jsPsych.timeline.getLatestNode();
  }

  get isReplaying() {
    return this.index < this.start.at;
  }

  /** The same chances at the same place, whether the trials before were shown or only recalled. */
  #seed(place) {
    this.jsPsych.randomization.setSeed(`${this.setup.seed}:${place}`);
  }

  #began() {
    this.index = this.#node.index;
    this.#seed(this.index);
    const block = this.jsPsych.timeline.children.length - 1;
    if (!this.isReplaying && block !== this.block) this.hooks.onEvent("block began", { block, trial: this.index });
    this.block = block;
    this.onset = performance.now() - this.origin;
    const { index } = this;
    requestAnimationFrame((at) => {
      if (index === this.index) this.onset = Math.max(this.onset, at - this.origin);
    });
  }

  #recorded(row) {
    if (this.isReplaying) return;
    this.hooks.onRow(named({ ...row, onset: Math.round(this.onset * 10) / 10 }, this.setup.media));
  }

  #plugin(Plugin) {
    const { jsPsych } = this;
    if (!this.isReplaying || ANEW.has(Plugin.info.name)) return new Plugin(jsPsych);
    const node = this.#node;
    const asked = node.getParameterValue.bind(node);
    node.getParameterValue = (path, ...more) => {
      const value = asked(path, ...more);
      return path === "post_trial_gap" ? 0 : value;
    };
    const known = this.start.rows.get(this.index)?.data ?? {};
    return { trial: () => jsPsych.finishTrial({ ...known }) };
  }
}

/** A row with the names of stimuli in place of their addresses, which hold the key of the run. */
function named(row, media) {
  let text = JSON.stringify(row);
  for (const [, address, name] of media) text = text.replaceAll(address, `stimulus:${name}`);
  return JSON.parse(text);
}
