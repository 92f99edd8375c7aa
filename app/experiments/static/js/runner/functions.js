/** What a timeline in JSON may name by `$fn`: each takes its arguments, and gives a function. */

const COMPARED = {
  "=": (a, b) => a === b,
  "≠": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "≤": (a, b) => a <= b,
  ">": (a, b) => a > b,
  "≥": (a, b) => a >= b,
  in: (a, b) => b.includes(a),
};

/**
 * A number or a value of the trials so far: `{field, over, where, last}`. `over` is last, count,
 * sum, mean or share; share is that of the trials in which the field is true.
 */
function ofTrials(jsPsych, { field, over = "last", where = {}, last = Infinity }) {
  const fits = (row) => Object.entries(where).every(([name, value]) => row[name] === value);
  const rows = jsPsych.data.get().values().filter(fits).slice(-last);
  const values = rows.map((row) => row[field]).filter((value) => value !== undefined && value !== null);
  const sum = values.reduce((total, value) => total + Number(value), 0);
  if (over === "count") return field ? values.length : rows.length;
  if (over === "sum") return sum;
  if (over === "mean") return values.length ? sum / values.length : null;
  if (over === "share") return rows.length ? values.filter((value) => value === true).length / rows.length : null;
  return values.at(-1) ?? null;
}

export const functions = {
  /** Whether `of` is as compared; `most` ends a loop after so many rounds. */
  compare({ of, is = "=", value, most = Infinity }, { jsPsych }) {
    let asked = 0;
    return () => {
      asked += 1;
      return asked < most && COMPARED[is](ofTrials(jsPsych, of), value);
    };
  },

  /** One of two, by the same comparison: what to say after a trial. */
  choose({ of, is = "=", value, then, else: other }, { jsPsych }) {
    return () => (COMPARED[is](ofTrials(jsPsych, of), value) ? then : other);
  },

  /** At the end of a trial: whether its response is the one that its data name. */
  mark({ as = "correct", response = "correct_response" }, { jsPsych }) {
    return (data) => {
      const wanted = data[response];
      const isKey = typeof wanted === "string" && typeof data.response === "string";
      data[as] = isKey ? jsPsych.pluginAPI.compareKeys(data.response, wanted) : data.response === wanted;
    };
  },

  /** A number from a range, or one of several; the same again after a reload. */
  random({ from, to, among }) {
    if (among) return () => among[Math.floor(Math.random() * among.length)];
    return () => Math.round(from + Math.random() * (to - from));
  },

  /** A text with numbers of the trials in it: `{name}` stands for `with.name`. */
  text({ text, with: numbers = {}, decimals = 0 }, { jsPsych }) {
    const said = (value) => (typeof value === "number" ? value.toFixed(decimals) : (value ?? "–"));
    return () =>
      text.replace(/\{(\w+)\}/g, (all, name) => {
        if (!(name in numbers)) return all;
        const of = numbers[name];
        const found = ofTrials(jsPsych, of);
        return said(of.over === "share" && found !== null ? found * 100 : found);
      });
  },

  /**
   * How long it still is until so many ms after the last trial with these data (else after the
   * task began): trials that each wait until their time do not drift, however late one of them is.
   */
  until({ ms, since }, { jsPsych }) {
    const at = () => (typeof ms === "number" ? ms : jsPsych.evaluateTimelineVariable(ms.$var));
    return () => {
      const began = since ? (ofTrials(jsPsych, { field: "time_elapsed", where: since }) ?? 0) : 0;
      return Math.max(0, Math.round(at() + began - jsPsych.getTotalTime()));
    };
  },
};
