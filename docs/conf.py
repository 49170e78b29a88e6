"""How the documentation is built: `sphinx-build -W docs <somewhere>`."""

import re
import sys
from importlib import metadata
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

import django.conf
from inventories import inventories

django.conf.settings.configure()  # autodoc imports the integration with Django REST framework, which reads settings

project = "kanbert-filter"
version = release = metadata.version(project)
copyright = "the kanbert-filter contributors"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
    "filter_language",
    "grammar_diagrams",
    "playground",
]
exclude_patterns = ["_build", "examples", "playground/*"]

intersphinx_mapping = inventories(
    {
        "python": "https://docs.python.org/3/",
        "sqlalchemy": "https://docs.sqlalchemy.org/en/20/",
        "django": "https://docs.djangoproject.com/en/5.2/",
    }
)

# What a reader copies is what a reader types: no prompts, and no output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["layout.css"]

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

# Docstrings quote code with single backticks, as everything else here does.
default_role = "code"
autodoc_type_aliases = {"Filter": "Filter"}
ALIAS = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"


def plain_aliases(
    app: Sphinx, what: str, name: str, obj: object, options: object, arguments: str | None, returned: str | None
) -> tuple[str, str | None] | None:
    """Autodoc shows an alias inside a generic type as a reference object; a reader wants its name."""
    if arguments is None:
        return None
    return ALIAS.sub(r"\1", arguments), returned and ALIAS.sub(r"\1", returned)


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", plain_aliases)
