/** From JSON to what jsPsych runs. */

import { functions } from "./functions.js";

/**
 * @param {any} value JSON, in which `$fn` and `$var` stand for what JSON cannot hold
 * @param {{jsPsych: any}} context
 */
export function revived(value, context) {
  if (Array.isArray(value)) return value.map((each) => revived(each, context));
  if (value === null || typeof value !== "object") return value;
  if ("$fn" in value) {
    const { $fn: name, ...given } = value;
    return functions[name](given, context);
  }
  if ("$var" in value) return context.jsPsych.timelineVariable(value.$var);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, revived(each, context)]));
}

/** @param {object[]} nodes @param {Record<string, any>} plugins each by the name of its package */
export function timelineOf(nodes, plugins, context) {
  const naming = [...JSON.stringify(nodes).matchAll(/"type":\{"\$var":"([^"]+)"/g)];
  return made(nodes, plugins, { ...context, naming: new Set(naming.map(([, name]) => name)) });
}

function made(nodes, plugins, context) {
  return nodes.map(({ type, timeline, timeline_variables: rows, ...others }) => ({
    ...revived(others, context),
    ...(type === undefined ? {} : { type: typeof type === "string" ? plugins[type] : revived(type, context) }),
    ...(rows ? { timeline_variables: rows.map((row) => variables(row, plugins, context)) } : {}),
    ...(timeline ? { timeline: made(timeline, plugins, context) } : {}),
  }));
}

/** A variable that stands for a type names a plugin. */
function variables(row, plugins, context) {
  const found = ([name, value]) => [name, context.naming.has(name) ? plugins[value] : revived(value, context)];
  return Object.fromEntries(Object.entries(row).map(found));
}
