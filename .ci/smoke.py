"""Use the library as someone who installed it without extras: its grammar, its tables, its bare command."""

import shutil
import subprocess
import sys
from importlib.metadata import files
from importlib.util import find_spec
from pathlib import Path

import kanbert_filter as kf

projects = kf.Endpoint("projects", {"title": "string", "budget": "number", "tasks": {"status": "enum: ACTIVE, DONE"}})
checked = projects.parse('title contains "acme" and budget >= 1000 and tasks any (status = "ACTIVE")')
assert projects.parse(kf.to_json_text(checked.filter)) == checked

matches = kf.compile_predicate(checked)
assert matches({"title": "Acme Ltd", "budget": 1000, "tasks": [{"status": "ACTIVE"}]})
assert not matches({"title": "Acme Ltd", "budget": 1000, "tasks": [{"status": "DONE"}]})

refusal = None
try:
    projects.parse('budget contains "1"')
except kf.FilterError as error:
    refusal = error.response_body()
assert refusal == {
    "message": "Invalid filter",
    "errors": [{"field": "budget", "issue": "Operator 'contains' is not allowed for type 'number'"}],
}

fault = None
try:  # Lark explains it, by the grammar
    kf.parse_dsl("budget == 1000")
except kf.FilterSyntaxError as error:
    fault = error.problems[0].code
assert fault == "foreign_operator"

assert find_spec("click") is None
assert "clients" in kf.kanbert_endpoints()
if sys.argv[1:] == ["installed"]:
    command = Path(sys.executable).with_name("kanbert-filter")
    bare = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)
    assert bare.returncode != 0
    assert "kanbert-filter[cli]" in bare.stderr, bare.stderr
    assert not [file for file in files("kanbert-filter") or () if {"tests", "docs"} & {*file.parts[:1]}]
else:
    assert shutil.which("kanbert-filter", path=str(Path(sys.executable).parent)) is None

print(f"works: {Path(kf.__file__).parent.name}")
