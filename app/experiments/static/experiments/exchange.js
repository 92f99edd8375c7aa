/**
 * A trial of a group: each member answers, or brings a value, and it ends when all have; then each
 * has what the others said. It goes through the state that the group shares: whoever writes names
 * the version that it saw, and writes again upon the newer one. A member that does not answer is
 * waited for `wait_s` long, and is told of as missing.
 */

const SOON_MS = 700;
const SLOW_MS = 3000;
const LATEST = 3; // so many exchanges stay shared: nobody is further behind

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms * (0.8 + Math.random() * 0.4)));

/** Ask the site; null when it cannot be reached now. */
async function asked(address, more = {}) {
  try {
    const answer = await fetch(address, { cache: "no-store", ...more });
    if (answer.status >= 500 || answer.status === 429) return null;
    return { status: answer.status, told: answer.status === 304 ? null : await answer.json(), stamp: answer.headers.get("ETag") };
  } catch {
    return null;
  }
}

/** What the members have said in an exchange, by their seats. */
function saidIn(state, key) {
  return state?.exchanges?.find((each) => each.key === key)?.values ?? {};
}

/** Keep the latest exchanges, a list because databases order names, with what one member says. */
function merged(state, key, seat, value) {
  const before = (state?.exchanges ?? []).filter((each) => each.key !== key);
  const mine = { key, values: { ...saidIn(state, key), [seat]: value } };
  return { ...state, exchanges: [...before.slice(1 - LATEST), mine] };
}

/** @param {{ask: string, holder: string, seat: number|null, role: string, step: string}} group */
export function exchange(group) {
  const { ParameterType } = window.jsPsychModule;

  return class GroupExchange {
    static info = {
      name: "group-exchange",
      version: "1.0.0",
      parameters: {
        prompt: { type: ParameterType.HTML_STRING, default: "" },
        choices: { type: ParameterType.STRING, array: true, default: [] },
        value: { type: ParameterType.COMPLEX, default: null },
        waiting: { type: ParameterType.STRING, default: "Waiting for the others …" },
        wait_s: { type: ParameterType.INT, default: 60 },
        key: { type: ParameterType.STRING, default: "" },
      },
      data: {
        response: { type: ParameterType.COMPLEX },
        others: { type: ParameterType.COMPLEX, array: true },
        values: { type: ParameterType.OBJECT },
        missing: { type: ParameterType.INT, array: true },
        is_complete: { type: ParameterType.BOOL },
        seat: { type: ParameterType.INT },
        role: { type: ParameterType.STRING },
        rt: { type: ParameterType.FLOAT },
        waited_ms: { type: ParameterType.FLOAT },
      },
    };

    constructor(jsPsych) {
      this.jsPsych = jsPsych;
    }

    trial(display, trial) {
      const key = trial.key || `${group.step}:${this.jsPsych.getProgress().current_trial_global}`;
      this.#run(display, trial, key).then((data) => {
        display.innerHTML = "";
        this.jsPsych.finishTrial(data);
      });
    }

    async #run(display, trial, key) {
      const began = performance.now();
      const known = group.seat === null ? null : await asked(group.ask);
      const mine = saidIn(known?.told?.state, key)[group.seat];
      const response = mine ?? (await this.#answer(display, trial));
      const rt = mine === undefined && trial.choices.length ? performance.now() - began : null;
      const answered = performance.now();
      const own = { response, seat: group.seat, role: group.role, rt };
      if (group.seat === null) return { ...own, others: [], values: {}, missing: [], is_complete: false, waited_ms: 0 };
      say(display, trial.waiting);
      const until = answered + trial.wait_s * 1000;
      const found = await this.#all(key, response, until);
      return { ...own, ...found, waited_ms: Math.round(performance.now() - answered) };
    }

    #answer(display, trial) {
      if (!trial.choices.length) return Promise.resolve(trial.value);
      display.innerHTML = `<div>${trial.prompt}</div><div class="jspsych-btn-group-flex"></div>`;
      const place = display.lastElementChild;
      return new Promise((resolve) => {
        for (const choice of trial.choices) {
          const button = document.createElement("button");
          Object.assign(button, { type: "button", className: "jspsych-btn", textContent: choice });
          button.addEventListener("click", () => resolve(choice), { once: true });
          place.append(button);
        }
      });
    }

    /** Share what this member says until it is kept, then look until all have, or time is over. */
    async #all(key, response, until) {
      let seen = null;
      let isShared = false;
      for (let pause = SOON_MS; ; pause = Math.min(SLOW_MS, pause * 1.3)) {
        if (seen && !isShared) isShared = await this.#share(key, response, seen);
        const headers = seen?.stamp && isShared ? { "If-None-Match": seen.stamp } : {};
        const news = await asked(group.ask, { headers });
        if (news?.told) seen = { ...news.told, stamp: news.stamp };
        const values = saidIn(seen?.state, key);
        isShared ||= group.seat in values; // before a reload, or with a reply that was lost
        const missing = (seen?.seats ?? []).filter((seat) => !(seat in values));
        const isOver = performance.now() > until;
        if ((seen && isShared && !missing.length) || isOver) return told(values, missing, isShared && !isOver);
        await wait(!seen || isShared ? pause : 50);
      }
    }

    async #share(key, response, seen) {
      const state = merged(seen.state, key, group.seat, response);
      const body = JSON.stringify({ holder: group.holder, version: seen.version ?? 0, state });
      const answer = await asked(group.ask, { method: "POST", body });
      return answer?.status === 200;
    }
  };

  function told(values, missing, isComplete) {
    const others = Object.entries(values).filter(([seat]) => Number(seat) !== group.seat);
    return { values, missing, is_complete: isComplete && !missing.length, others: others.map(([, value]) => value) };
  }

  function say(display, text) {
    const words = document.createElement("p");
    words.setAttribute("role", "status");
    display.replaceChildren(words);
    words.textContent = text;
  }
}
