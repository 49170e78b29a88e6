"""The endpoints of the public Kanbert API whose tables are shipped with the library."""

from __future__ import annotations

from .endpoint import Endpoint


def kanbert_endpoints() -> dict[str, Endpoint]:
    """The list endpoints of the public API documentation, by the end of their path. Their scopes are unbound.

    >>> import kanbert_filter as kf
    >>> kf.kanbert_endpoints()["clients"].parse('name startsWith "Acme" and primary_contact.id = me.id')
    <CheckedFilter of clients>
    """
    from importlib.resources import files

    text = files(__package__).joinpath("kanbert.md").read_text(encoding="utf-8")
    sections = [section.split("\n", 1) for section in text.split("\n## ")[1:]]
    return {name: Endpoint.from_markdown(name, table) for name, table in sections}
