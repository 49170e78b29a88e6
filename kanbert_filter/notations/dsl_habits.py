"""What people write in the DSL out of habit from other languages, and the sentence that says what to write here."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..messages import NO_TEXT_NEGATION
from ..values import SPECIALS

Place = frozenset[str]
"""What something comes after: terminals of the grammar, "" for the beginning of the text, `CONDITION` for a whole condition."""

CONDITION: Final = "condition"

_START: Final[Place] = frozenset({"", "_AND", "_OR", "LPAR"})
_ITEM: Final[Place] = frozenset({"LSQB", "COMMA"})
_COMMA: Final[Place] = frozenset({"COMMA"})
_LPAR: Final[Place] = frozenset({"LPAR"})
_FIELD: Final[Place] = frozenset({"FIELD"})
_OPERATOR: Final[Place] = frozenset({"OPERATOR"})
_SET: Final[Place] = frozenset({"SET"})
_IS: Final[Place] = frozenset({"IS"})
_NOT: Final[Place] = frozenset({"NOT"})
_ANY: Final[Place] = frozenset({"ANY"})
_ALL: Final[Place] = frozenset({"ALL"})
_STRING: Final[Place] = frozenset({"STRING"})
_NUMBER: Final[Place] = frozenset({"NUMBER"})
_SPECIAL: Final[Place] = frozenset({"SPECIAL"})
_COMPLETE: Final[Place] = frozenset({CONDITION})
_ANYWHERE: Final[Place] = _START | _COMPLETE | _ITEM | _FIELD | _OPERATOR | _SET

_SPECIALS: Final = "|".join(map(re.escape, SPECIALS))
_FIXED: Final = "|".join(re.escape(name) for name in SPECIALS if name != "today")


class Habit(NamedTuple):
    """A habit: what it comes after, what it looks like, its problem code, the remedy, and what to offer.

    In the remedy and the offers, `{0}` is what was found, and `{1}` the same without blanks. No two repetitions in a pattern may share
    a run of characters: trying all ways to divide a long one would take quadratic time.
    """

    after: Place
    pattern: re.Pattern[str]
    code: str
    remedy: str
    suggestions: tuple[str, ...]


def _habit(after: Place, pattern: str, code: str, remedy: str, *suggestions: str) -> Habit:
    return Habit(after, re.compile(pattern), code, remedy, suggestions)


# fmt: off
WITH_LAST_TOKEN: Final = (
    _habit(_FIELD, r"(?i:count)\s*\(", "foreign_operator", "expected a condition; the number of related records is a field, as in tasks.count > 0"),
    _habit(_OPERATOR, r"===?", "foreign_operator", "expected an operator; write '=' to compare", "="),
    _habit(_OPERATOR, r"<>|!==", "foreign_operator", "expected an operator; write '!=' for unequal", "!="),
    _habit(_OPERATOR, r"=<", "foreign_operator", "expected an operator; write '<='", "<="),
    _habit(_OPERATOR, r"=>", "foreign_operator", "expected an operator; write '>='", ">="),
    _habit(_FIELD, r"(?i:not)\s*\(", "negated_group", "expected a condition; a group cannot be negated, write the opposite of each condition"),
    _habit(_FIELD, r"(?i:not)(?=\s+[A-Za-z_])(?!\s+(?i:in|like|contains|startswith|endswith|null)\b)", "negated_group", "expected a condition; 'not' negates nothing, write the opposite operator, such as '!=' or 'nin'"),
    _habit(_FIELD, r"(?i:and|or)(?=\s+[A-Za-z_(])", "unexpected_input", "expected a condition; write one 'and' or 'or' between two conditions"),
    _habit(_FIELD, r"(?i:any|none|all)\s+[A-Za-z_][\w.]*\s*\(", "foreign_operator", "expected a condition; the relation comes first, as in tasks any (status = 'a')"),
    _habit(_FIELD, r"[\w.]+\.(?i:any|none|all)\s*\(", "foreign_operator", "expected a condition; write the relation and the operator as two words, as in tasks any (status = 'a')"),
    _habit(_FIELD, r"(?i:contains|like|startswith|endswith|eq|neq?|lte?|le|gte?|ge|in|nin|notin)\s*\(", "foreign_operator", "expected a condition; the field comes first, as in title contains 'a'"),
    _habit(_FIELD, r"(?i:isnull|isnotnull|notnull)\s*\(", "foreign_operator", "expected a condition; the field comes first, as in title is null"),
    _habit(_SPECIAL, r"[a-z.]+(?:[+-][0-9]+d)?\s*\(\s*\)", "invalid_special", "expected a special without parentheses, such as now or today"),
    _habit(_SPECIAL, r"today\s+[0-9]+d\b", "lost_plus", "expected 'today+Nd'; a '+' in a query string must be sent as %2B"),
    _habit(_SPECIAL, r"today\s+[+-]\s*(?:0|[1-9][0-9]*)d\b", "invalid_special", "expected a special without blanks; write {1}", "{1}"),
    _habit(_SPECIAL, r"today\s+[+-](?:\s*[0-9]+\w*)?", "invalid_special", "expected 'today+Nd' without blanks, such as today+5d"),
    _habit(_NUMBER, r"[0-9]{4}-[0-9]{2}-[0-9]{2}[0-9A-Za-z:.+-]*", "unquoted_value", 'expected a value; write dates and timestamps in quotes, "{0}"'),
    _habit(_NUMBER, r"[0-9]+,[0-9]{3}\b", "invalid_number", "expected a number; write it without separators"),
    _habit(_NUMBER, r"-?[0-9]+(?: [0-9]{3})+\b", "invalid_number", "expected a number; write it without separators"),
)
"""Habits that begin with the last token that could still be read."""

HERE: Final = (
    _habit(_COMPLETE, r"(?<=\s)--|#|//|/\*", "trailing_input", "expected 'and', 'or' or the end; there are no comments"),
    _habit(_START | _ITEM | _FIELD | _OPERATOR | _SET, r"(?<![^\s])--|#|//|/\*", "unexpected_input", "expected a part of a condition; there are no comments"),
    _habit(_COMPLETE, r"(?i:xor|nor|nand)\b", "trailing_input", "expected 'and', 'or' or the end; only 'and' and 'or' join conditions"),
    _habit(_START, r"\?\w+=", "unexpected_input", "expected a field; a query string is read by parse_query"),
    _habit(_FIELD, r"%[0-9A-Fa-f]{2}|\+", "unknown_operator", "expected an operator; encoded text of a query string is read by parse_query"),
    _habit(_FIELD, r"/(?=[A-Za-z_])", "unknown_operator", "expected an operator; the segments of a name are joined by '.', as in client.name"),
    _habit(_FIELD, r"->>?|\?\.|::", "invalid_field", "expected an operator; the segments of a name are joined by '.', as in client.name"),
    _habit(_FIELD, r"\[", "unexpected_input", "expected an operator after the field; the segments of a name are joined by '.', as in client.name"),
    _habit(_START, r"\[", "invalid_field", "expected a field; a name needs no brackets, and '[' begins a filter in JSON"),
    _habit(_ANY, r"(?=[A-Za-z_])", "trailing_input", "expected 'and', 'or' or the end; write conditions of the related records in parentheses, as in tasks any (status = 'a')"),
    _habit(_ALL, r"", "unexpected_input", "expected '('; 'all' needs a filter, as in tasks all (status = 'a')"),
    _habit(_NOT, r"", "unexpected_input", "expected 'null' after 'is not'; write '!=' to compare with a value", "!="),
    _habit(_FIELD | _OPERATOR, r"=?~[=*]?|!~\*?", "foreign_operator", "expected an operator; there are no regular expressions, write 'like' or 'contains'", "like", "contains"),
    _habit(_FIELD, r"(?i:count)\b|\(\)", "unknown_operator", "expected an operator; the number of related records is a field, as in tasks.count > 0"),
    _habit(_FIELD, r"\(", "unexpected_input", "expected an operator after the field; there are no functions"),
    _habit(_FIELD, r":=?", "foreign_operator", "expected an operator; write '='", "="),
    _habit(_ANYWHERE, r"&&?", "foreign_operator", "expected 'and'; write 'and'", "and"),
    _habit(_ANYWHERE, r"\|\|?", "foreign_operator", "expected 'or'; write 'or'", "or"),
    _habit(_FIELD, r"(?i:not\s+in)\b", "foreign_operator", "expected an operator; write 'nin'", "nin"),
    _habit(_FIELD, r"(?i:not\s+(?:like|contains|startswith|endswith))\b", "foreign_operator", NO_TEXT_NEGATION),
    _habit(_FIELD, r"(?i:does\s+not\s+equals?)\b", "foreign_operator", "expected an operator; write '!=' for unequal", "!="),
    _habit(_FIELD, r"(?i:does(?:\s+not|n't)\s+(?:contain|match|start|end)\w*)", "foreign_operator", NO_TEXT_NEGATION),
    _habit(_FIELD, r"(?i:does(?:\s+not|n't)\s+exists?)\b", "foreign_operator", "expected an operator; write 'is null'", "is null"),
    _habit(_FIELD, r"(?i:exists?)\b", "unknown_operator", "expected an operator; write 'is not null'", "is not null"),
    _habit(_FIELD, r"!\s*(?i:like|contains|startswith|endswith)\b", "foreign_operator", NO_TEXT_NEGATION),
    _habit(_FIELD, r"!\s*(?i:in)\b", "foreign_operator", "expected an operator; write 'nin'", "nin"),
    _habit(_FIELD, r"(?i:is_?n(?:o|')?t|not_?equals?(?:_?to)?|unequals?)\b", "foreign_operator", "expected an operator; write '!=' for unequal, or 'is not null'", "!=", "is not null"),
    _habit(_FIELD, r"(?i:not\s+null)\b", "foreign_operator", "expected an operator; write 'is not null'", "is not null"),
    _habit(_FIELD, r"(?i:not)\b", "foreign_operator", "expected an operator; write the opposite operator, such as '!=' or 'nin'"),
    _habit(_FIELD, r"(?i:between)\b", "foreign_operator", "expected an operator; write two comparisons, 'x >= 1 and x <= 5'"),
    _habit(_FIELD, r"(?i:ilike)\b", "foreign_operator", "expected an operator; 'like' ignores case", "like"),
    _habit(_START, r"!(?!=)", "negated_group", "expected a condition; '!' negates nothing, write the opposite operator, such as '!=' or 'nin'"),
    _habit(_OPERATOR, r"(?i:null|none|nil|undefined)(?![\w.])", "null_comparison", "expected a value; write 'is null' or 'is not null'", "is null", "is not null"),
    _habit(_ITEM, r"(?i:null|none|nil|undefined)(?![\w.])", "null_comparison", "expected a value; test for null apart from the list, with 'or … is null'", "is null"),
    _habit(_IS, r"(?i:notnull|isnotnull)\b", "unexpected_input", "expected 'not null' after 'is'; write 'is not null'", "is not null"),
    _habit(_IS, r"(?=.)", "unexpected_input", "expected 'null' or 'not null' after 'is'; write '=' to compare with a value", "="),
    _habit(_SET, r"\(", "list_expected", "expected '['; write a list in brackets, ['A', 'B']", "["),
    _habit(_SET, r"(?=[^\[])", "list_expected", "expected '['; write a list in brackets even with one value, ['A']", "["),
    _habit(_OPERATOR, r"\[", "unexpected_input", "expected one value; a list goes with 'in' or 'nin'", "in", "nin"),
    _habit(_COMMA, r"\]", "unexpected_input", "expected another value; remove the comma before it"),
    _habit(_OPERATOR | _ITEM, r"(?i:me)(?![\w.])", "unquoted_value", 'expected a value; write me.id for the id of the user, or a text in quotes, "{0}"', "me.id"),
    _habit(_OPERATOR | _ITEM, r"(?i:tomorrow)(?![\w.])", "unquoted_value", 'expected a value; write today+1d, or a text in quotes, "{0}"', "today+1d"),
    _habit(_OPERATOR | _ITEM, r"(?i:yesterday)(?![\w.])", "unquoted_value", 'expected a value; write today-1d, or a text in quotes, "{0}"', "today-1d"),
    _habit(_OPERATOR | _ITEM, r"(?i:nan|inf|infinity)(?![\w.])", "unquoted_value", 'expected a value; a number is written in digits only, and a text in quotes, "{0}"'),
    _habit(_OPERATOR | _ITEM, r"-(?i:nan|inf|infinity)(?![\w.])", "invalid_number", "expected a number; it is written in digits only"),
    _habit(_OPERATOR | _ITEM, r"-?[0-9]+(?:_[0-9]+)+(?![\w.])", "invalid_number", "expected a number; write digits only, without separators"),
    _habit(_OPERATOR | _ITEM, r"-?0[xXoObB][0-9A-Fa-f]+(?![\w.])", "invalid_number", "expected a number; write decimal digits only"),
    _habit(_OPERATOR, r"(?<=\Afilter=)[A-Za-z_][\w.]*(?=\s+\w|\s*[=!<>])", "unquoted_value", 'expected a value; a query string is read by parse_query, and a text is written in quotes, "{0}"'),
    _habit(_OPERATOR | _ITEM, r"(?i:today[+-](?:0|[1-9][0-9]*)d)(?![\w.+-])", "invalid_special", "expected a special in lower case"),
    _habit(_OPERATOR | _ITEM, r"(?i:today)(?:\s*[+-](?:\s*[0-9])?|[0-9])[\w.+-]*", "invalid_special", "expected a special; whole days without leading zeros are added as in today+5d or today-30d"),
    _habit(_OPERATOR | _ITEM, rf"(?i:{_FIXED})\s*[+-]\s*[0-9]+\w*", "invalid_special", "expected a special; days are added to today only, as in today+5d or today-30d"),
    _habit(_OPERATOR | _ITEM, rf"(?i:{_SPECIALS})(?![\w.])", "invalid_special", "expected a special in lower case"),
    _habit(_OPERATOR | _ITEM, r"-?[0-9]+(?:\.[0-9]+)?(?i:and|or)(?![0-9])", "invalid_number", "expected a number; a blank is missing after it"),
    _habit(_OPERATOR | _ITEM, r"-?0[0-9][0-9.]*+(?![\w-])", "invalid_number", "expected a number; write it without leading zeros, or in quotes to mean the text"),
    _habit(_OPERATOR | _ITEM, r"[+.][0-9][\w.]*|[0-9]+\.(?![\w.])", "invalid_number", "expected a number; write digits before and after the point and no '+' before it"),
    _habit(_OPERATOR | _ITEM, r"-?[0-9][^\s,()\[\]]*", "invalid_number", 'expected a number; write a text in quotes, "{0}"'),
    _habit(_OPERATOR | _ITEM, r"[“”„«»‘’‚`´]", "unquoted_value", "expected a value; quotes are the straight ones, \" or '"),
    _habit(_OPERATOR | _ITEM, r"[^\W\d][\w.-]*", "unquoted_value", 'expected a value; write a text in quotes, "{0}"'),
    _habit(_STRING, r"""(?<=')'|(?<=")\"""", "doubled_quote", "expected one text in quotes; a quote inside it is written with a backslash, \\' or \\\""),
    _habit(_COMPLETE, r"[,;]", "foreign_operator", "expected 'and' or 'or' between conditions; write 'and'", "and"),
    _habit(_COMPLETE, r"\)", "missing_parenthesis", "expected 'and', 'or' or the end; no parenthesis is open here"),
    _habit(_COMPLETE, r"\]", "missing_parenthesis", "expected 'and', 'or' or the end; no bracket is open here"),
    _habit(_LPAR, r"\)", "empty_group", "expected a condition between the parentheses"),
    _habit(_START, r"""['"`´“”„‘’«»]""", "invalid_field", "expected a field; a name needs no quotes; write it first, before the operator"),
    _habit(_START, r"-?[0-9]", "invalid_field", "expected a field; a condition begins with the field and ends with the value"),
    _habit(_START, r"[^\W\d][\w.-]*", "invalid_field", "expected a field of letters, digits and '_' of ASCII"),
    _habit(_FIELD, r"[.-]\S*|[^\x00-\x7f]\S*", "invalid_field", "expected a field name: segments joined by '.', the first of ASCII letters, digits and '_'"),
)
"""Habits that begin where reading stopped."""
# fmt: on
