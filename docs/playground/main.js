// The page: an editor for the filter, other inputs beside it, and what the library in the worker says about them.

import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import data from "data";

const page = document.querySelector(".playground");
const part = (name) => page.querySelector(`[data-part="${name}"]`);
const inputs = Object.fromEntries([...page.querySelectorAll("[data-input]")].map((input) => [input.dataset.input, input]));

// The library, in its worker

if (location.protocol === "file:") say("Browsers run this page from a web server only, such as that of python -m http.server", "bad");

const library = new Worker(new URL(`${page.dataset.folder}/worker.js`, location.href), { type: "module" });
const waiting = new Map();
let questions = 0;

function ask(question) {
  library.postMessage({ id: ++questions, question });
  return new Promise((resolve, reject) => waiting.set(questions, { resolve, reject }));
}

library.onmessage = ({ data: message }) => {
  if ("id" in message) {
    const { resolve, reject } = waiting.get(message.id);
    waiting.delete(message.id);
    if ("error" in message) reject(new Error(message.error));
    else resolve({ ...JSON.parse(message.answer), milliseconds: message.milliseconds });
  } else if ("loaded" in message) {
    part("progress").value = message.loaded / data.size;
    say(`Loading Python and the library: ${megabytes(message.loaded)} of ${megabytes(data.size)} MB`);
  } else {
    say(message.stage);
  }
};
library.onerror = (event) => failed(new Error(event.message || "its files could not be loaded"));

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function say(text, kind = "") {
  part("status").textContent = text;
  part("status").className = kind;
}

function failed(error) {
  part("progress").hidden = true;
  say(`The playground has failed: ${error.message}`, "bad");
}

// The filter's editor

const keywords = new Set(data.keywords);
const constants = new Set(data.constants);

const language = StreamLanguage.define({
  startState: () => ({ quote: "" }),
  token(stream, state) {
    if (!state.quote) {
      if (stream.eatSpace()) return null;
      if (!stream.match(/^["']/)) return wordOf(stream);
      state.quote = stream.current();
    }
    // A text may go on over several lines.
    for (let character; (character = stream.next()); ) {
      if (character === "\\") stream.next();
      else if (character === state.quote) {
        state.quote = "";
        break;
      }
    }
    return "string";
  },
});

function wordOf(stream) {
  if (stream.match(/^today[+-]\d+d\b/)) return "atom";
  if (stream.match(/^[A-Za-z_][\w.-]*/)) {
    const word = stream.current();
    return constants.has(word) ? "atom" : keywords.has(word.toLowerCase()) ? "keyword" : "propertyName";
  }
  if (stream.match(/^-?\d+(\.\d+)?(e[+-]?\d+)?/i)) return "number";
  if (stream.match(/^[=!<>]+/)) return "operator";
  stream.next();
  return "punctuation";
}

async function proposals({ state, pos, explicit }) {
  const text = state.doc.toString();
  if (!explicit && !text.trim()) return null;
  const { utf16, proposals } = await ask({ ask: "completion", endpoint: inputs.endpoint.value, text, cursor: pos });
  const written = text.slice(utf16.start, pos);
  const options = proposals.filter((proposal) => proposal.text !== written);
  // An empty list, not null: after null CodeMirror would not ask again about what was typed meanwhile.
  return { from: utf16.start, filter: false, options: options.map((proposal) => optionOf(proposal, utf16.end - pos)) };
}

function optionOf({ text, kind, detail }, behind) {
  // What follows a word is nearly always a blank, and the next proposals.
  const goesOn = /\w$/.test(text) && kind !== "value" && kind !== "special";
  const apply = (view, _, from, to) => {
    const end = Math.min(to + behind, view.state.doc.length);
    const insert = goesOn && view.state.sliceDoc(end, end + 1) !== " " ? `${text} ` : text;
    view.dispatch({ changes: { from, to: end, insert }, selection: { anchor: from + insert.length }, userEvent: "input.complete" });
    startCompletion(view);
  };
  return { label: text, detail, type: kind, apply };
}

const look = EditorView.theme({
  "&": { background: "var(--color-background-primary)", border: "1px solid var(--color-foreground-border)", borderRadius: "4px" },
  "&.cm-focused": { outline: "2px solid var(--color-brand-primary)" },
  ".cm-scroller": { fontFamily: "var(--font-stack--monospace)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--color-foreground-primary)", minHeight: "4.8em", padding: "0.5em 0.25em" },
  ".cm-placeholder": { color: "var(--color-foreground-muted)" },
  ".cm-matchingBracket": { background: "var(--color-background-border) !important" },
  ".cm-tooltip": { background: "var(--color-background-secondary)", border: "1px solid var(--color-foreground-border)", color: "var(--color-foreground-primary)", maxWidth: "calc(100vw - 1rem)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-stack--monospace)", minWidth: "min(16em, 90vw)", maxWidth: "95vw" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25em 0.5em", whiteSpace: "normal" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--color-brand-primary)", color: "var(--color-background-primary)" },
  ".cm-completionDetail": { fontFamily: "var(--font-stack)", fontStyle: "normal", opacity: "0.75" },
  ".cm-diagnostic": { whiteSpace: "normal" },
});

const editor = new EditorView({
  parent: part("filter"),
  extensions: [
    history(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ override: [proposals], icons: false }),
    keymap.of([{ key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
    language,
    syntaxHighlighting(classHighlighter),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": "Filter", spellcheck: "false", autocapitalize: "off", autocorrect: "off" }),
    placeholder("No filter: every record matches"),
    EditorView.updateListener.of((update) => update.docChanged && changed()),
    look,
  ],
});

function write(text) {
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
}

// What there is to see

let row = null; // of the record that is explained; null is the first that does not match
let isAsking = false;
let isOld = false;

function changed() {
  keepInAddress();
  evaluate();
}

async function evaluate() {
  // One question at a time: what is typed meanwhile is asked about afterwards, and only as it is then.
  isOld = true;
  if (isAsking) return;
  isAsking = true;
  page.ariaBusy = "true";
  try {
    while (isOld) {
      isOld = false;
      show(await ask(question()));
    }
  } catch (error) {
    failed(error);
  }
  isAsking = false;
  page.ariaBusy = "false";
}

function question() {
  const { endpoint, records, scopes, ...context } = values();
  return { ask: "evaluation", filter: editor.state.doc.toString(), endpoint, records, scopes, context, row };
}

const values = () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));

function show(answer) {
  part("progress").hidden = true;
  for (const place of page.querySelectorAll("[data-fault]")) place.textContent = answer.faults[place.dataset.fault] ?? "";
  if (answer.notes?.length && !answer.faults.endpoint) page.querySelector("[data-fault=endpoint]").textContent = answer.notes.join("\n");
  showProblems(answer.problems);
  part("results").classList.toggle("old", !("rows" in answer));
  const faulty = Object.keys(answer.faults);
  if (answer.problems.length) say(answer.problems.length === 1 ? "✗ 1 problem" : `✗ ${answer.problems.length} problems`, "bad");
  else if (faulty.length) say(`✗ There is a fault in the ${faulty[0]} below`, "bad");
  else say(`✓ ${answer.matching} of ${answer.total} records match (${answer.milliseconds.toFixed(1)} ms)`, "good");
  for (const [name, text] of Object.entries(answer.written ?? {})) page.querySelector(`[data-written="${name}"]`).textContent = text;
  if ("rows" in answer) {
    part("results").hidden = false;
    showRows(answer);
  }
}

function showProblems(problems) {
  part("problems").hidden = !problems.length;
  part("problems").replaceChildren(...problems.flatMap(({ drawn: [sentence, ...place] }) => [element("p", sentence), element("pre", place.join("\n"))]));
  const length = editor.state.doc.length;
  const marked = problems
    .filter((problem) => "from" in problem)
    .map(({ from, to, message }) => ({ from: Math.min(from, length), to: Math.min(to, length), message, severity: "error" }));
  editor.dispatch(setDiagnostics(editor.state, marked));
}

const MARKS = { true: ["✓", "good", "matches"], false: ["✗", "bad", "does not match"], null: ["?", "unknown", "cannot be read"] };

function element(name, content = "", attributes = {}) {
  const made = Object.assign(document.createElement(name), attributes);
  made.append(...[content].flat());
  return made;
}

function showRows({ columns, rows, total, row: explained, explanation }) {
  const hadFocus = part("rows").contains(document.activeElement);
  const head = element("tr", [element("th"), ...columns.map((name) => element("th", name, { scope: "col" }))]);
  const only = part("only").checked;
  const body = rows.flatMap(({ matches, cells }, index) => (only && matches !== true ? [] : [rowOf(matches, cells, index, index === explained)]));
  part("rows").replaceChildren(element("thead", head), element("tbody", body));
  part("more").hidden = rows.length === total;
  part("more").textContent = `The first ${rows.length} of ${total} records are shown.`;
  if (hadFocus) part("rows").querySelector("input:checked")?.focus();
  part("why").textContent = total ? `Why record ${explained + 1} ${verb(rows[explained]?.matches)}` : "Why";
  part("explanation").replaceChildren(...explanation.split("\n").map(lineOf));
}

const verb = (matches) => (matches === undefined ? "matches or not" : MARKS[matches][2]);

function rowOf(matches, cells, index, isExplained) {
  const [mark, kind, words] = MARKS[matches];
  const radio = element("input", "", { type: "radio", name: "playground-row", value: index, checked: isExplained });
  radio.setAttribute("aria-label", `Record ${index + 1} ${words}`);
  const choice = element("td", element("label", [radio, element("span", mark, { className: kind })]));
  return element("tr", [choice, ...cells.map((text) => element("td", text))], { className: isExplained ? "explained" : "" });
}

function lineOf(line) {
  const [, indent, mark, text] = /^( *)([✓✗?]?) ?(.*)$/s.exec(line);
  const kind = Object.values(MARKS).find(([known]) => known === mark)?.[1] ?? "";
  const made = element("p", [element("span", mark, { className: kind }), ` ${text}`]);
  made.style.setProperty("--depth", indent.length / 2);
  return made;
}

// The address holds the state: the example's name, and whatever differs from the example. Long texts are packed.

const LONG = 200;
const LONGEST = 100_000; // what goes further is too long for a link, and stays out of the address

function packed(text) {
  return text.length > LONG || text.startsWith("~") ? through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text)).then((bytes) => `~${base64(bytes)}`) : text;
}

async function unpacked(text) {
  if (!text.startsWith("~")) return text;
  const bytes = Uint8Array.from(atob(text.slice(1).replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
}

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function address() {
  const example = part("example").value;
  const state = { ...values(), filter: editor.state.doc.toString(), row: row === null ? "" : String(row) };
  const parameters = new URLSearchParams({ example });
  if (state.records.length + state.endpoint.length > 10 * LONGEST) return null;
  for (const [name, text] of Object.entries(state)) {
    if (text !== exampleValue(example, name)) parameters.set(name, await packed(text));
  }
  const hash = `#${parameters}`;
  return hash.length > LONGEST ? null : hash;
}

const exampleValue = (example, name) => data.examples[example][name] ?? (name === "week_start" ? data.days[0] : "");

function replaceAddress(hash) {
  if (hash !== null) window.history.replaceState(null, "", hash);
}

let pending;

function keepInAddress() {
  clearTimeout(pending);
  pending = setTimeout(async () => replaceAddress(await address()), 300);
}


async function readAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const example = data.examples[parameters.get("example")] ? parameters.get("example") : Object.keys(data.examples)[0];
  const value = async (name) => (parameters.has(name) ? unpacked(parameters.get(name)).catch(() => exampleValue(example, name)) : exampleValue(example, name));
  part("example").value = example;
  for (const [name, input] of Object.entries(inputs)) input.value = await value(name);
  row = /^\d+$/.test(await value("row")) ? Number(await value("row")) : null;
  write(await value("filter"));
  evaluate();
}

// The rest

part("example").append(...Object.keys(data.examples).map((name) => element("option", name)));
inputs.week_start.append(...data.days.map((name) => element("option", name)));

part("example").addEventListener("change", () => {
  replaceAddress(`#example=${encodeURIComponent(part("example").value)}`);
  readAddress();
});
part("only").addEventListener("change", evaluate);
part("rows").addEventListener("change", (event) => {
  row = Number(event.target.value);
  changed();
});
part("layout").addEventListener("click", async () => {
  const { text } = await ask({ ask: "layout", endpoint: inputs.endpoint.value, filter: editor.state.doc.toString() });
  if (text !== null) write(text);
});
part("copy").addEventListener("click", async () => {
  const hash = await address();
  replaceAddress(hash);
  const copied = hash !== null && (await navigator.clipboard?.writeText(location.href).then(() => true, () => false));
  part("copy").textContent = hash === null ? "Too long for a link" : copied ? "Copied" : "See the address";
  setTimeout(() => (part("copy").textContent = "Copy link"), 2000);
});
for (const button of page.querySelectorAll("[data-notation]")) {
  button.addEventListener("click", async () => {
    const { text } = await ask({ ask: "description", endpoint: inputs.endpoint.value, notation: button.dataset.notation });
    if (text === null) return;
    inputs.endpoint.value = text;
    changed();
  });
}
for (const input of Object.values(inputs)) input.addEventListener("input", changed);
window.addEventListener("hashchange", readAddress);
readAddress();
