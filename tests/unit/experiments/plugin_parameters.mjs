/** Write what parameters jsPsych's plugins take, as the installed packages declare them. */

import { readFileSync } from "node:fs";
import vm from "node:vm";

const [folder, ...plugins] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}/dist/index.browser.js`, "utf8");

/** The types, by the numbers that jsPsych gives them. */
const listed = read("jspsych").match(/ParameterType2\) => \{[^}]*\}/)[0];
const TYPES = Object.fromEntries([...listed.matchAll(/\["(\w+)"\] = (\d+)/g)].map(([, name, number]) => [name, Number(number)]));
const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, number]) => [number, name]));

/** JSON has no undefined: a parameter without a default is one that has to be given. */
const told = (parameters) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { type, array, options, nested, default: usual }]) => [
      name,
      {
        type: NAMES[type],
        ...(array ? { list: true } : {}),
        ...(usual === undefined ? { needed: true } : {}),
        ...(options ? { options } : {}),
        ...(nested ? { nested: told(nested) } : {}),
      },
    ]),
  );

const line = (plugin) => {
  const words = plugin.split("-").map((word) => word[0].toUpperCase() + word.slice(1));
  const page = vm.createContext({ jsPsychModule: { ParameterType: TYPES } });
  const info = vm.runInContext(`${read(`@jspsych/plugin-${plugin}`)}; jsPsych${words.join("")}.info`, page);
  return ` ${JSON.stringify(plugin)}: ${JSON.stringify(told(info.parameters))}`;
};

console.log(`{\n${plugins.map(line).join(",\n")}\n}`);
