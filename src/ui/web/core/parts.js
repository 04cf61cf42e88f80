// A large text of entries in parts that the agent takes, as the command `policy import` sends them. Each is a change of its own.

/** The longest part, in characters. */
const PART = 400 << 10;

/** Cut where a line begins with `spdadd`: `[{ text, line }]`, with the number of the line before it. */
export function partsOf(text) {
  const parts = [];
  let [begin, end, line, first] = [0, 0, 0, 0];
  while (end < text.length) {
    const feed = text.indexOf("\n", end);
    const next = feed < 0 ? text.length : feed + 1;
    const begins = /^\s*spdadd/.test(text.slice(end, Math.min(next, end + 200)));
    if (begins && next - begin > PART && end > begin) {
      parts.push({ text: text.slice(begin, end), line: first });
      [begin, first] = [end, line];
    }
    [end, line] = [next, line + 1];
  }
  return end > begin ? [...parts, { text: text.slice(begin), line: first }] : parts;
}

export const isJson = (text) => text.trimStart().startsWith("{");

/** A failure in a part, by the lines of the whole text: `[problem, line]`. */
export function inWhole(problem, line) {
  const found = /\bline (\d+)/.exec(problem.message);
  if (!found) return [problem, null];
  const number = Number(found[1]) + line;
  return [{ ...problem, message: problem.message.replace(found[0], `line ${number}`) }, number];
}
