/** Where a task goes on after a reload, a crash or on another device. Pure functions. */

/**
 * The rows that count. A task that began again at trial n gave its later rows indices of their own:
 * what it showed before n still stands, what came after n was done anew.
 *
 * @param {{index: number, data: {trial_index: number}}[]} rows
 */
export function standing(rows) {
  const passes = new Map();
  for (const row of [...rows].sort((a, b) => a.index - b.index)) {
    const offset = row.index - row.data.trial_index;
    passes.set(offset, [...(passes.get(offset) ?? []), row]);
  }
  let found = [];
  for (const offset of [...passes.keys()].sort((a, b) => a - b)) {
    const pass = passes.get(offset);
    const first = Math.min(...pass.map((row) => row.data.trial_index));
    found = [...found.filter((row) => row.data.trial_index < first), ...pass];
  }
  return new Map(found.map((row) => [row.data.trial_index, row]));
}

/**
 * @param {{rule: string, rows: Map<number, object>, all: {index: number}[], block: number|null,
 *          loads: number}} known
 * @returns {{at: number, offset: number, isOver: boolean}} the trial to go on with, what is added
 *   to a trial's number to make its index, and whether the task is not to be gone on with
 */
export function goOn({ rule, rows, all, block, loads }) {
  const next = Math.max(-1, ...rows.keys()) + 1;
  const last = all.length ? all.reduce((most, row) => (row.index > most.index ? row : most)) : null;
  const same = last ? last.index - last.data.trial_index : 0;
  const anew = last ? last.index + 1 : 0;
  if (rule === "end" && loads) return { at: next, offset: same, isOver: true };
  if (rule === "step") return { at: 0, offset: anew, isOver: false };
  if (rule === "block" && block !== null && block < next) {
    return { at: block, offset: anew, isOver: false };
  }
  return { at: next, offset: same, isOver: false };
}
