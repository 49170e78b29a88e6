// A second implementation of the DSL, small on purpose: it reads and writes filters in DSL, and answers the cases of the suite that need
// no more. It is written from docs/language.md, and not from the library's code.
//
//     python -m tests.conformance node tests/conformance/dsl.mjs

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const ALIASES = { neq: "ne", le: "lte", ge: "gte", notin: "nin", notnull: "isnotnull" };
const SYMBOLS = { "=": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte" };
const SPELLINGS = {
  ...Object.fromEntries(Object.entries(SYMBOLS).map(([symbol, word]) => [word, symbol])),
  contains: "contains", like: "like", startswith: "startsWith", endswith: "endsWith", isnull: "is null", isnotnull: "is not null",
};
const COMPARISONS = [...Object.values(SYMBOLS), "contains", "like", "startswith", "endswith"];
const ESCAPES = { "\\": "\\", '"': '"', "'": "'", n: "\n", r: "\r", t: "\t" };
const LIMITS = {
  max_text_length: 65536, max_depth: 20, max_conditions: 500, max_list_values: 1000, max_values: 2000, max_relation_depth: 4,
  max_string_length: 4096, max_number_digits: 40, max_exponent: 64, max_day_offset: 36500,
};

const TOKENS = {
  blank: /[ \t\r\n]*/y,
  field: /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*)*/y,
  word: /[A-Za-z]+(?![A-Za-z0-9_.])/y,
  symbol: /[!<>]=|[=<>]/y,
  number: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])/y,
  special: /(?:today(?:[+-](?:0|[1-9][0-9]*)d)?|now|me\.id|sow|eow|som|eom)(?![A-Za-z0-9_.+-])/y,
  mark: /[()[\],]/y,
};

class Refused extends Error {}

const isWellFormed = (text) => !/\p{Surrogate}/u.test(text); // with `u`, a pair is one character and no surrogate

function ensure(condition, message) {
  if (!condition) throw new Refused(message);
}

// reading

export function read(text, limits = {}) {
  const bounds = { ...LIMITS, ...limits };
  ensure(isWellFormed(text) && Buffer.byteLength(text) <= bounds.max_text_length, "text");
  let at = 0, parentheses = 0, relations = 0, conditions = 0, values = 0;

  function take(kind, wanted = () => true) {
    TOKENS.blank.lastIndex = at;
    TOKENS.blank.test(text);
    const pattern = TOKENS[kind];
    pattern.lastIndex = TOKENS.blank.lastIndex;
    const found = pattern.exec(text);
    if (found === null || !wanted(found[0])) return null;
    at = pattern.lastIndex;
    return found[0];
  }
  const keyword = (...words) => take("word", (word) => words.includes(word.toLowerCase()))?.toLowerCase() ?? null;
  const mark = (wanted) => take("mark", (found) => found === wanted);

  function disjunction() {
    const items = [conjunction()];
    while (keyword("or")) items.push(conjunction());
    return group("or", items);
  }

  function conjunction() {
    const items = [item()];
    while (keyword("and")) items.push(item());
    return group("and", items);
  }

  function item() {
    return mark("(") ? inParentheses() : condition();
  }

  function inParentheses() {
    parentheses += 1;
    ensure(parentheses < bounds.max_depth, "depth");
    const tree = disjunction();
    ensure(mark(")"), ")");
    parentheses -= 1;
    return tree;
  }

  function condition() {
    const field = take("field");
    ensure(field !== null && field.length <= 256 && field.split(".").length <= 10, "field");
    conditions += 1;
    ensure(conditions <= bounds.max_conditions, "conditions");
    const symbol = take("symbol");
    if (symbol) return { field, op: SYMBOLS[symbol], value: value() };
    const written = take("word")?.toLowerCase();
    const op = ALIASES[written] ?? written;
    if (COMPARISONS.includes(op)) return { field, op, value: value() };
    if (op === "in" || op === "nin") return { field, op, values: list() };
    if (op === "isnull" || op === "isnotnull") return { field, op };
    if (op === "is") {
      const negated = keyword("not");
      ensure(keyword("null"), "null");
      return { field, op: negated ? "isnotnull" : "isnull" };
    }
    ensure(op === "any" || op === "none" || op === "all", "operator");
    relations += 1;
    ensure(relations <= bounds.max_relation_depth, "relations");
    const opened = mark("(");
    ensure(opened || op !== "all", "(");
    const test = opened ? { field, op, filter: inParentheses() } : { field, op };
    relations -= 1;
    return test;
  }

  function list() {
    ensure(mark("["), "[");
    const listed = [];
    if (mark("]")) return listed;
    do {
      listed.push(value());
      ensure(listed.length <= bounds.max_list_values, "list");
    } while (mark(","));
    ensure(mark("]"), "]");
    return listed;
  }

  function value() {
    values += 1;
    ensure(values <= bounds.max_values, "values");
    const quoted = string();
    if (quoted !== null) return { text: quoted };
    const number = take("number");
    if (number) return { number: plain(number, bounds) };
    const special = take("special");
    if (special) return { special: shortest(special, bounds) };
    const word = keyword("true", "false");
    ensure(word, "value");
    return { boolean: word === "true" };
  }

  function string() {
    TOKENS.blank.lastIndex = at;
    TOKENS.blank.test(text);
    let end = TOKENS.blank.lastIndex;
    const quote = text[end];
    if (quote !== '"' && quote !== "'") return null;
    let made = "";
    for (end += 1; text[end] !== quote; end += 1) {
      ensure(end < text.length, "quote");
      if (text[end] !== "\\") {
        made += text[end];
      } else if (text[(end += 1)] === "u") {
        const digits = text.slice(end + 1, end + 5);
        ensure(/^[0-9A-Fa-f]{4}$/.test(digits), "escape");
        made += String.fromCharCode(parseInt(digits, 16));
        end += 4;
      } else {
        ensure(Object.hasOwn(ESCAPES, text[end] ?? ""), "escape");
        made += ESCAPES[text[end]];
      }
    }
    ensure(isWellFormed(made) && [...made].length <= bounds.max_string_length, "string");
    at = end + 1;
    return made;
  }

  const tree = take("blank") !== null && at === text.length ? null : disjunction();
  take("blank");
  ensure(at === text.length, "end");
  ensure(depth(tree) <= bounds.max_depth, "depth");
  return tree;
}

function group(word, items) {
  const flat = items.flatMap((item) => item[word] ?? [item]);
  return flat.length === 1 ? flat[0] : { [word]: flat };
}

function depth(tree) {
  const inner = tree?.and ?? tree?.or ?? (tree?.filter ? [tree.filter] : []);
  return 1 + Math.max(0, ...inner.map(depth));
}

// A number in plain decimal without trailing zeros; with an exponent where plain would take more than 40 digits.
function plain(written, bounds) {
  const [, sign, whole, decimals = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(written);
  const digits = (whole + decimals).replace(/^0+/, "");
  const power = BigInt(exponent) - BigInt(decimals.length);
  const adjusted = digits === "" ? BigInt(exponent) : power + BigInt(digits.length) - 1n;
  const size = adjusted < 0n ? -adjusted : adjusted;
  ensure(whole.length + decimals.length <= bounds.max_number_digits && size <= BigInt(bounds.max_exponent), "number");
  if (digits === "") return "0";
  const significant = digits.replace(/0+$/, "");
  const shift = Number(power) + digits.length - significant.length;
  const point = significant.length + shift; // digits before the point
  const text =
    shift >= 0 ? significant + "0".repeat(shift)
    : point > 0 ? `${significant.slice(0, point)}.${significant.slice(point)}`
    : `0.${"0".repeat(-point)}${significant}`;
  if (text.replace(".", "").length <= 40) return sign + text;
  const mantissa = significant.length > 1 ? `${significant[0]}.${significant.slice(1)}` : significant;
  return `${sign}${mantissa}e${point - 1}`;
}

function shortest(special, bounds) {
  const days = /[+-]\d+/.exec(special)?.[0];
  if (days === undefined) return special;
  const offset = BigInt(days.replace("+", ""));
  ensure((offset < 0n ? -offset : offset) <= BigInt(bounds.max_day_offset), "offset");
  return offset === 0n ? "today" : special;
}

// writing

export function write(tree) {
  if (tree === null) return "";
  if (tree.or) return tree.or.map(write).join(" or ");
  if (tree.and) return tree.and.map((item) => (item.or ? `(${write(item)})` : write(item))).join(" and ");
  const { field, op } = tree;
  if (tree.value) return `${field} ${SPELLINGS[op]} ${literal(tree.value)}`;
  if (tree.values) return `${field} ${op} [${tree.values.map(literal).join(", ")}]`;
  if (tree.filter) return `${field} ${op} (${write(tree.filter)})`;
  return `${field} ${SPELLINGS[op] ?? op}`;
}

function literal(value) {
  if (value.text === undefined) return String(value.number ?? value.special ?? value.boolean);
  const named = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const escaped = (found) => named[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${value.text.replace(/[\\"\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, escaped)}"`;
}

// answering

export function answer(request) {
  if (request.notation !== "dsl" || request.endpoint) return {};
  try {
    const tree = read(request.input, request.limits);
    return { tree, dsl: write(tree) };
  } catch (error) {
    if (error instanceof Refused) return { refused: true };
    throw error;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(JSON.parse(line))));
}
