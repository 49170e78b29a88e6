"""Relations that no mapped relationship shows, in the SQLAlchemy back end: arrays, JSON, association proxies; and loader criteria."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import JSON, ForeignKey, Text, column, func, select, true
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, with_loader_criteria

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import Via, prepare_sqlite, verify, where
from tests.backends.databases import ENGINES, fresh_engine


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    hidden: Mapped[bool] = mapped_column(default=False)


class Tagging(Base):
    __tablename__ = "taggings"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"))
    tag: Mapped[Tag] = relationship()


class Association(Base):
    __tablename__ = "associations"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"))
    other_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"))
    other: Mapped[Article | None] = relationship(foreign_keys=[other_id])


class Author(Base):
    __tablename__ = "authors"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    articles: Mapped[list[Article]] = relationship(back_populates="author")


class Article(Base):
    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    words: Mapped[list[str | None]] = mapped_column(ARRAY(Text).with_variant(JSON(), "sqlite"))
    parts: Mapped[list[dict[str, Any]]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id"))
    author: Mapped[Author] = relationship(back_populates="articles")
    taggings: Mapped[list[Tagging]] = relationship()
    tags: AssociationProxy[list[Tag]] = association_proxy("taggings", "tag")
    associations: Mapped[list[Association]] = relationship(foreign_keys=Association.article_id)
    related: Mapped[list[Article]] = relationship(
        secondary="associations",
        primaryjoin=id == Association.article_id,
        secondaryjoin=id == Association.other_id,
        viewonly=True,
    )


ARTICLES: list[tuple[str, list[str | None], list[dict[str, Any]], list[tuple[str, bool]]]] = [
    ("two", ["red", "Blue"], [{"kind": "intro"}, {"kind": "body"}], [("new", False), ("old", False)]),
    ("odd", ["red", None], [{"kind": "intro"}, {}], [("new", False), ("old", True)]),
    ("none", [], [], []),
]


@pytest.fixture(params=ENGINES, scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with fresh_engine(request.param) as engine, Session(engine) as session:
        Base.metadata.create_all(engine)
        author = Author(name="Ann")
        for title, words, parts, tags in ARTICLES:
            taggings = [Tagging(tag=Tag(name=name, hidden=hidden)) for name, hidden in tags]
            session.add(Article(title=title, words=words, parts=parts, author=author, taggings=taggings))
        session.flush()
        session.add_all([Association(article_id=id, other_id=None) for id in (1, 2, 3)])
        session.add_all([Association(article_id=id, other_id=id) for id in (1, 2)])
        session.commit()
        yield session


def elements(session: Session, stored: Any, name: str) -> Any:
    """The elements of an array, as rows of one column."""
    if session.get_bind().dialect.name == "postgresql":
        return func.unnest(stored).table_valued(column(name, Text)).render_derived()
    return func.json_each(stored).table_valued(column("value", Text), name="words")


def found(session: Session, endpoint: kf.Endpoint, text: str, columns: Any = None) -> set[str]:
    verify(endpoint, Article, columns=columns)
    return {*session.scalars(select(Article.title).where(where(endpoint.parse(text), Article, columns=columns)))}


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("words any (value = 'red')", {"two", "odd"}),
        ("words any (value = 'Red')", set()),
        ("words any (value contains 'BLUE')", {"two"}),
        ("words all (value in ['red', 'Blue'])", {"two", "none"}),
        ("words any (value is null)", {"odd"}),
        ("words none", {"none"}),
        ("words.count = 2", {"two", "odd"}),
        ("words.count > 1 and words none (value is null)", {"two"}),
    ],
)
def test_an_array_is_a_relation_over_its_elements(session: Session, text: str, titles: set[str]) -> None:
    endpoint = kf.Endpoint("articles", {"title": "string", "words": {"value": "string"}})
    columns = {"words": Via(elements(session, Article.words, "value"), true())}
    assert found(session, endpoint, text, columns) == titles


def test_an_array_inside_a_relation_is_that_of_the_related_row(session: Session) -> None:
    authors = kf.Endpoint("authors", {"articles": {"title": "string", "words": {"value": "string"}}})
    columns = {"articles.words": Via(elements(session, Article.words, "value"), true())}
    verify(authors, Author, columns=columns)
    for text, count in (
        ("articles any (title = 'two' and words any (value = 'Blue'))", 1),
        ("articles any (title = 'odd' and words any (value = 'Blue'))", 0),
        ("articles all (words.count = 2)", 0),
        ("articles any (words.count = 0 and title = 'none')", 1),
    ):
        condition = where(authors.parse(text), Author, columns=columns)
        assert len(session.scalars(select(Author.id).where(condition)).all()) == count, text


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("parts any (kind = 'body')", {"two"}),
        ("parts any (kind = 'Body')", set()),
        ("parts all (kind is not null)", {"two", "none"}),
        ("parts.count = 2 and parts none (kind = 'body')", {"odd"}),
    ],
)
def test_a_list_in_json_is_a_relation_over_its_elements(session: Session, text: str, titles: set[str]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        parts: Any = func.jsonb_array_elements(Article.parts).table_valued(column("value", JSONB))
    else:
        parts = func.json_each(Article.parts).table_valued(column("value", JSON))
    columns = {"parts": Via(parts, true())}
    endpoint = kf.Endpoint("articles", {"parts": {"kind": kf.types.Custom(source="value.kind")}})
    assert found(session, endpoint, text, columns) == titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("tags any (name = 'old')", {"two", "odd"}),
        ("tags any (name = 'Old')", set()),
        ("tags all (name = 'new')", {"none"}),
        ("tags.count = 2", {"two", "odd"}),
        ("tags any (name = 'old' and hidden = true)", {"odd"}),
        ("tags none (hidden = true)", {"two", "none"}),
    ],
)
def test_an_association_proxy_is_the_relation_that_it_passes_on(session: Session, text: str, titles: set[str]) -> None:
    tag = {"name": kf.types.String(source="tag.name"), "hidden": kf.types.Boolean(source="tag.hidden")}
    endpoint = kf.Endpoint("articles", {"tags": kf.types.Relation(tag, source="taggings")})
    assert found(session, endpoint, text) == titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("related any (id = 1)", {"two"}),
        ("related any (id != 1)", {"odd"}),
        ("related any (id = 1 and title = 'two')", {"two"}),
        ("related any (id = 1 and title = 'odd')", set()),
        ("related none (id in [1, 3])", {"odd", "none"}),
        ("related all (id = 1)", {"two", "none"}),
        ("related any (id is null)", set()),
        ("related any (related any (id = 1))", {"two"}),
        ("related.count = 1", {"two", "odd"}),
        ("over any (id = 1) and over all (id = 1)", {"two"}),
    ],
)
def test_ids_over_an_association_are_those_of_its_rows(session: Session, text: str, titles: set[str]) -> None:
    """Each article has an association that leads nowhere; "two" is related to itself, and "odd" to itself."""
    related: dict[str, Any] = {"id": "id", "title": "string"}
    over = kf.types.Relation({"id": "id"}, source="associations.other")
    endpoint = kf.Endpoint("articles", {"related": {**related, "related": related}, "over": over})
    assert found(session, endpoint, text) == titles


def test_loader_criteria_hide_rows_from_filters_too(session: Session) -> None:
    tag = {"name": kf.types.String(source="tag.name"), "id": kf.types.Id(source="tag.id")}
    endpoint = kf.Endpoint("articles", {"author.name": "string", "tags": kf.types.Relation(tag, source="taggings")})
    nobody, unhidden, others = Tagging.id < 0, Tag.hidden.is_(False), Author.name != "Ann"
    for model, criterion, text, titles in (
        (Tag, true(), "tags any (name = 'old')", {"two", "odd"}),
        (Tag, unhidden, "tags any (name = 'old')", {"two"}),
        (Tag, unhidden, "tags any (name = 'new')", {"two", "odd"}),
        (Tag, unhidden, "tags any (name is null)", {"odd"}),
        (Tag, true(), "tags any (name is null)", set()),
        (Author, Author.name == "Ann", "author.name = 'Ann'", {"two", "odd", "none"}),
        (Author, others, "author.name = 'Ann'", set()),
        (Author, others, "author.name is null", {"two", "odd", "none"}),
        (Tagging, nobody, "tags.count = 0", {"two", "odd", "none"}),
        (Tagging, nobody, "tags any", set()),
        (Tagging, true(), "tags any (id in [1, 2])", {"two"}),
        (Tagging, nobody, "tags any (id in [1, 2])", set()),
        (Tagging, nobody, "tags none (id in [1, 2])", {"two", "odd", "none"}),
        (Tagging, nobody, "tags.count >= 2", set()),
    ):
        asked = select(Article.title).where(where(endpoint.parse(text), Article))
        hiding = with_loader_criteria(model, criterion, include_aliases=True)
        assert {*session.scalars(asked.options(hiding))} == titles, text


def test_engines_of_other_databases_need_no_preparation() -> None:
    with fresh_engine("postgresql") as engine:
        prepare_sqlite(engine)
        with engine.connect() as connection:
            assert connection.scalar(select(func.lower("A"))) == "a"
