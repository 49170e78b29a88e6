// Run when the documentation is built: `node compile.mjs FOLDER DATA`. What Python loads before the page can answer is compiled
// here, once, and not in every reader's browser. Only the same Python can do that, so Pyodide runs in Node.

import { readFileSync, writeFileSync } from "node:fs";

const [folder, data] = process.argv.slice(2);
const ARCHIVES = ["python_stdlib.zip", "library.zip"];

const { loadPyodide } = await import(`${folder}/pyodide.mjs`);
const python = await loadPyodide({ indexURL: folder });
for (const name of ARCHIVES) python.FS.writeFile(`/${name}`, readFileSync(`${folder}/${name}`));
python.globals.set("data", readFileSync(data, "utf8"));
python.runPython(`
import json, sys
from importlib._bootstrap_external import _code_to_timestamp_pyc
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

sys.path.insert(0, "/library.zip")
import answers

def rehearse(endpoint, records, filter, **inputs):
    context = {name: inputs.get(name, "") for name in ("now", "timezone", "me")} | {"week_start": "monday"}
    for text in (filter, f"{filter} and"):
        answers.evaluation(
            filter=text, endpoint=endpoint, records=records, scopes=inputs.get("scopes", ""), context=context, row=None
        )
    answers.completion(endpoint=endpoint, text=filter, cursor=len(filter))

for example in json.loads(data)["examples"].values():
    rehearse(**example)
files = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
loaded = {path.partition(".zip/")[2] for path in files}

for name in ${JSON.stringify(ARCHIVES)}:
    with ZipFile(f"/{name}") as plain, ZipFile(f"/compiled-{name}", "w", ZIP_DEFLATED, compresslevel=9) as compiled:
        for entry in plain.infolist():
            name, content = entry.filename, plain.read(entry)
            if name in loaded:
                content = _code_to_timestamp_pyc(compile(content, name, "exec", dont_inherit=True, optimize=2))
                name += "c"
            compiled.writestr(ZipInfo(name), content, ZIP_DEFLATED)
`);
for (const name of ARCHIVES) writeFileSync(`${folder}/${name}`, python.FS.readFile(`/compiled-${name}`));
