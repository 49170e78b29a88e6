"""The commands `operators` and `types`: the language's tables, without a network."""

from __future__ import annotations

from typing import Final

import click

from ..endpoints.field_table import TYPES
from ..kinds import NamedKind, exhaustive
from ..operators import OPERATORS
from . import display
from .shell import STATUSES

VALUES: Final[dict[str, str]] = exhaustive(
    NamedKind,
    {
        "string": "a text in quotes",
        "number": "an integer or a decimal, such as 1000 or -0.5",
        "currency": "as number; for text operators a text",
        "boolean": "true or false",
        "date": "'2024-01-31', or today, today-7d, sow, eow, som, eom",
        "datetime": "'2024-01-31T12:00:00Z', or as date, or now; a date means the whole day",
        "enum": "one of the texts that the field lists",
        "id": "a text, an integer, or me.id",
        "custom": "a text, a number, true or false; only values of the same kind compare",
        "relation": "a filter in parentheses on the related records, as in tasks any (done = false)",
        "scope": "one of the texts that the field lists",
    },
)
"""What values a field of each type is compared with."""

OPERANDS: Final = {
    "value": "a value",
    "list": "[…]",
    "nothing": "",
    "filter": "(…)",
    "optional filter": "(…) or nothing",
}


@click.command("operators", epilog=STATUSES)
def operators_command() -> None:
    """List the operators and what they mean.

    \b
    Examples:
      kanbert-filter operators
      kanbert-filter operators | grep null

    DSL writes an operator as in the first column; JSON and forms have a word for it.
    """
    rows = [
        (row.dsl, ", ".join([row.name, *row.aliases]), OPERANDS[row.operand], row.description)
        for row in OPERATORS.values()
    ]
    click.echo(display.aligned([("DSL", "JSON", "Operand", "Holds for values that are"), *rows]))


@click.command("types", epilog=STATUSES)
def types_command() -> None:
    """List the types of fields and their operators.

    \b
    Examples:
      kanbert-filter types
      kanbert-filter types | grep -A 1 custom

    An endpoint may allow fewer operators on a field; kanbert-filter endpoints shows which.
    """
    rows = [("Type", "Compared with / operators")]
    for kind, field_type in TYPES.items():
        operators = [name for name in OPERATORS if name in field_type.possible_operators()]
        rows += [(kind, VALUES[kind]), ("", " ".join(operators))]
    click.echo(display.aligned(rows))
