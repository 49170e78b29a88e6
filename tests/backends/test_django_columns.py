"""What a path alone does not say, in the Django back end: which related records there are, generic relations, the rarer fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.postgres.fields.hstore import KeyTransform
from django.db import connections, models
from django.db.models import (
    BigIntegerField,
    CharField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Extract

import kanbert_filter as kf
from kanbert_filter.backends.django import ColumnError, verify, where
from tests import django_site as site

NOTES: dict[str, Any] = {"text": "string", "tenant": "number"}
TASKS = kf.Endpoint("tasks", {"title": "string", "notes": NOTES, "project.client.name": "string"})
PROJECTS = kf.Endpoint(
    "projects", {"title": "string", "client.name": "string", "tasks": {"title": "string", "notes": NOTES}}
)


@pytest.fixture(params=["default", "postgresql"], scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    for name in site.database(request.param):
        site.ContentType.objects.clear_cache()
        site.create_tables(name)
        client = site.Client.objects.using(name).create(name="Acme", vip=True)
        project = site.Project.objects.using(name).create(title="Shop", client=client)
        for title, notes in {
            "two": [("a", 1, False), ("b", 2, False)],
            "hidden": [("a", 1, True), ("b", 1, True)],
            "mixed": [("a", 1, False), ("b", 1, True)],
            "none": [],
        }.items():
            task = site.Task.objects.using(name).create(project=project, title=title)
            for text, tenant, deleted in notes:
                site.Note.everything.using(name).create(task=task, text=text, tenant=tenant, deleted=deleted)
        yield name


def tasks(database: str, text: str, columns: Any = None) -> set[str]:
    found = site.Task.objects.using(database).filter(where(TASKS.parse(text), site.Task, columns=columns))
    return {*found.values_list("title", flat=True)}


EVERY = {"two", "hidden", "mixed", "none"}


@pytest.mark.parametrize(
    ("limit", "any_note", "any_b", "all_a", "count_2"),
    [
        (None, {"two", "mixed"}, {"two"}, EVERY - {"two"}, {"two"}),
        (site.Note.objects, {"two", "mixed"}, {"two"}, EVERY - {"two"}, {"two"}),
        (site.Note.everything, EVERY - {"none"}, EVERY - {"none"}, {"none"}, EVERY - {"none"}),
        (site.Note.everything.filter(deleted=True), {"hidden", "mixed"}, {"hidden", "mixed"}, {"two", "none"}, {"hidden"}),
        (Q(tenant=2), {"two"}, {"two"}, EVERY - {"two"}, set()),
        (~Q(tenant=2), {"two", "mixed"}, set(), EVERY, set()),
        (Q(task__title="mixed"), {"mixed"}, set(), EVERY, set()),
        (Q(pk__in=[]), set(), set(), EVERY, set()),
        (site.Note.everything.none(), set(), set(), EVERY, set()),
        (site.Note.everything.order_by("-id")[:3], {"hidden", "mixed"}, {"hidden", "mixed"}, {"two", "none"}, {"mixed"}),
        (site.Note.objects.filter(text="b") | site.Note.objects.filter(tenant=1), {"two", "mixed"}, {"two"}, EVERY - {"two"}, {"two"}),
        (site.Note.objects.filter(text="b").union(site.Note.everything.filter(deleted=True)), EVERY - {"none"}, EVERY - {"none"}, {"none"}, {"hidden"}),
        (site.Note.everything.filter(task__project__tasks__title="two").distinct(), EVERY - {"none"}, EVERY - {"none"}, {"none"}, EVERY - {"none"}),
        (Q(task__project__tasks__title__in=["two", "none"]), {"two", "mixed"}, {"two"}, EVERY - {"two"}, {"two"}),
        (site.Note.everything.annotate(n=models.Count("task__project__tasks")).filter(n__gt=3), EVERY - {"none"}, EVERY - {"none"}, {"none"}, EVERY - {"none"}),
        (Q(task__title=OuterRef("title"), deleted=False), {"two", "mixed"}, {"two"}, EVERY - {"two"}, {"two"}),
        (Q(Exists(site.Task.objects.filter(pk=OuterRef("task"), title=OuterRef(OuterRef("title")))), tenant=1), {"two", "mixed"}, set(), EVERY, set()),
        (site.Note.everything.filter(Exists(site.Task.objects.filter(pk=OuterRef("task"), title="two"))).distinct(), {"two"}, {"two"}, EVERY - {"two"}, {"two"}),
    ],
    ids=range(18),
)  # fmt: skip
def test_a_relation_has_the_records_that_its_owner_says(
    database: str, limit: Any, any_note: set[str], any_b: set[str], all_a: set[str], count_2: set[str]
) -> None:
    columns = None if limit is None else {"notes": limit}
    verify(TASKS, site.Task, columns=columns)
    for text, expected in (
        ("notes any", any_note),
        ("notes none", EVERY - any_note),
        ("notes any (text = 'b')", any_b),
        ("notes none (text = 'b')", EVERY - any_b),
        ("notes all (text = 'a')", all_a),
        ("notes.count = 2", count_2),
        ("notes.count = 0", EVERY - any_note),
        ("notes.count < 1", EVERY - any_note),
        ("notes.count > 0 and notes.count < 3 and notes.count != 1", count_2),
        ("notes.count < 1 or notes.count = 2", EVERY - any_note | count_2),
    ):
        assert tasks(database, text, columns) == expected, text


def test_restrictions_hold_inside_relations_and_on_the_way_to_them(database: str) -> None:
    def projects(text: str, **columns: Any) -> int:
        verify(PROJECTS, site.Project, columns=columns)
        condition = where(PROJECTS.parse(text), site.Project, columns=columns)
        return site.Project.objects.using(database).filter(condition).count()

    hidden, every = "tasks any (title = 'hidden' and notes any)", "tasks.count = 4"
    assert (projects(hidden), projects(every)) == (0, 1)
    assert projects(hidden, **{"tasks.notes": site.Note.everything}) == 1
    assert projects(hidden, **{"tasks.notes": site.Note.everything, "tasks": ~Q(title="hidden")}) == 0
    assert projects("tasks.count = 3", tasks=~Q(title="hidden")) == 1
    assert projects("tasks any (notes.count = 2)", **{"tasks.notes": Q(tenant=1)}) == 0
    assert projects("tasks any (notes.count = 2)", **{"tasks.notes": Q(tenant__gt=0)}) == 1
    for limit, expected in ((Q(vip=True), 1), (Q(vip=False), 0), (site.Client.objects.filter(name="Acme"), 1)):
        assert projects("client.name = 'Acme'", client=limit) == expected
        assert projects("client.name is null", client=limit) == 1 - expected


def test_a_hidden_record_on_the_way_leads_nowhere(database: str) -> None:
    endpoint = kf.Endpoint(
        "tasks", {"project.client.name": "string", "project.client.id": "id", "project.tasks": {"title": "string"}}
    )
    for columns, expected in (
        (None, 4),
        ({"project.client": Q(vip=True)}, 4),
        ({"project.client": Q(vip=False)}, 0),
        ({"project": Q(title="Shop"), "project.client": Q(vip=True)}, 4),
        ({"project": Q(title="Other"), "project.client": Q(vip=True)}, 0),
    ):
        for text in ("project.client.name = 'Acme'", "project.client.id is not null"):
            condition = where(endpoint.parse(text), site.Task, columns=columns)
            assert site.Task.objects.using(database).filter(condition).count() == expected, (columns, text)
    for limit, expected in ((Q(title="Shop"), 4), (Q(title="Other"), 0)):
        columns = {"project": limit}
        for text in ("project.tasks any (title = 'none')", "project.tasks.count = 4"):
            condition = where(endpoint.parse(text), site.Task, columns=columns)
            assert site.Task.objects.using(database).filter(condition).count() == expected
        condition = where(endpoint.parse("project.tasks.count = 0"), site.Task, columns=columns)
        assert site.Task.objects.using(database).filter(condition).count() == 4 - expected


def test_a_queryset_with_an_outer_reference_is_a_relation_of_its_own(database: str) -> None:
    endpoint = kf.Endpoint("tasks", {"title": "string", "siblings": {"title": "string", "notes": NOTES}})
    siblings = site.Task.objects.filter(project=OuterRef("project")).exclude(pk=OuterRef("pk"))
    columns = {"siblings": siblings, "siblings.notes": site.Note.everything}
    verify(endpoint, site.Task, columns=columns)
    for text, expected in (
        ("siblings any (title = 'two')", EVERY - {"two"}),
        ("siblings.count = 3", EVERY),
        ("siblings all (notes any)", {"none"}),
        ("siblings any (title = 'two' and notes.count = 2) and title != 'none'", {"hidden", "mixed"}),
    ):
        found = site.Task.objects.using(database).filter(where(endpoint.parse(text), site.Task, columns=columns))
        assert {*found.values_list("title", flat=True)} == expected, text


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"notse": Q(tenant=1)}, "'notse': its condition in columns restricts no relation of the endpoint"),
        ({"notes": site.Task.objects.all()}, "found a queryset of Task in columns, expected one of Note"),
        (
            {"notes": site.Note},
            "found <class 'tests.site.models.Note'> in columns, expected a path, or a Q, a queryset or",
        ),
        ({"notes": lambda: Q(tenant=1)}, "expected a path, or a Q, a queryset or a manager of the records"),
        ({"notes": F("text")}, r"found F\(text\) in columns, expected a path, or a Q"),
        ({"project": site.Project}, "found <class .*> in columns for 'project', expected a path, or a Q, a queryset"),
        ({"notes": Q(colour="red")}, "its condition in columns is of other records: Cannot resolve keyword 'colour'"),
        ({"notes": site.Note.everything.filter(task=OuterRef("pk"))[:3]}, "expected one without slices"),
        ({"title": Q(tenant=1)}, "'title': its condition in columns restricts no relation"),
        ({"siblings": site.Task.objects.all()}, "give a queryset of the records with an OuterRef"),
        ({"siblings": site.Task.objects.filter(project=OuterRef("project")).distinct()}, "expected one without slices"),
    ],
)
def test_a_restriction_of_nothing_is_refused(columns: Any, fault: str) -> None:
    rows: dict[str, Any] = dict(TASKS.items()) | ({"siblings": {"title": "string"}} if "siblings" in columns else {})
    with pytest.raises(ColumnError, match=fault):
        verify(kf.Endpoint("tasks", rows), site.Task, columns=columns)


DEVICES = kf.Endpoint.from_model(
    "devices", site.Device, ["name", "address", "manual", "length", "marks.name", "remarks.text"]
)


@pytest.fixture(scope="module")
def devices(database: str) -> str:
    for name, address in {"pump": "10.0.0.7", "valve": "2001:db8::1", "lamp": None}.items():
        device = site.Device.objects.using(database).create(
            name=name, address=address, manual=(name == "pump" and "pump.pdf") or "",
            took=timedelta(minutes=90) if address else None, opens=time(8, 30) if address else None,
        )  # fmt: skip
        # A record of another model has the same id.
        for model, text in ((site.Device, name), (site.Client, "elsewhere")):
            kind = site.ContentType.objects.db_manager(database).get_for_model(model)
            if text != "lamp":
                site.Mark.objects.using(database).create(name=f"on {text}", content_type=kind, object_id=device.pk)
                site.Remark.objects.using(database).create(text=f"on {text}", kind=kind, key=device.pk)
    return database


def found(database: str, endpoint: kf.Endpoint, text: str, columns: Any = None) -> set[str]:
    verify(endpoint, site.Device, columns=columns)
    condition = where(endpoint.parse(text), site.Device, columns=columns)
    return {*site.Device.objects.using(database).filter(condition).values_list("name", flat=True)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("address = '10.0.0.7'", {"pump"}),
        ("address = '10.0.0.07' or address = 'no address' or address = '10.0.0.7/32'", set()),
        ("address != 'no address'", {"pump", "valve"}),
        ("address in ['2001:db8::1', '::']", {"valve"}),
        ("address contains 'DB8'", {"valve"}),
        ("address startsWith '10.0.' and address like '%.7'", {"pump"}),
        ("address endsWith '/32'", set()),
        ("address is null", {"lamp"}),
        ("manual endsWith '.PDF'", {"pump"}),
        ("manual = ''", {"valve", "lamp"}),
        ("length = 5 and length > 4.5", {"valve"}),
        ("length in [4, 4.5]", {"pump", "lamp"}),
        ("length = 99999999999999999999", set()),
        ("marks any (name = 'on pump')", {"pump"}),
        ("marks any (name = 'on elsewhere')", set()),
        ("marks.count = 0", {"lamp"}),
        ("remarks any (text contains 'VALVE')", {"valve"}),
        ("remarks any (text = 'on elsewhere')", set()),
        ("remarks.count = 1 and marks all (name startsWith 'on')", {"pump", "valve"}),
    ],
)
def test_rarer_fields_and_generic_relations(devices: str, text: str, names: set[str]) -> None:
    assert found(devices, DEVICES, text) == names


def test_what_no_type_holds_is_given_as_something_that_one_does(devices: str) -> None:
    endpoint = kf.Endpoint("devices", {"minutes": "number", "opens": "custom"})
    seconds: Any = ExpressionWrapper(F("took"), output_field=BigIntegerField()) / 1_000_000
    if devices == "postgresql":
        seconds = Extract("took", "epoch", output_field=DecimalField(max_digits=20, decimal_places=6))
    minutes = ExpressionWrapper(seconds / 60, output_field=DecimalField(max_digits=20, decimal_places=6))
    columns = {"minutes": minutes, "opens": Cast("opens", CharField())}
    for text, names in (
        ("minutes = 90", {"pump", "valve"}),
        ("minutes < 90 or minutes > 90.5", set()),
        ("minutes is null and opens is null", {"lamp"}),
        ("opens >= '08:30' and opens startsWith '08' and opens < '08:31'", {"pump", "valve"}),
        ("opens < '08:30'", set()),
    ):
        assert found(devices, endpoint, text, columns) == names, text


def test_fields_that_no_type_holds_are_refused_with_the_way_out() -> None:
    rows = {"took": "number", "opens": "string", "marks.name": "string", "address": "number", "name.x": "string"}
    with pytest.raises(ColumnError) as caught:
        verify(kf.Endpoint("devices", rows), site.Device)
    assert caught.value.fields == {
        "took": "its DurationField holds no values of type 'number'; give its seconds in columns",
        "opens": "its TimeField holds no values of type 'string'; give its text in columns",
        "marks.name": "'marks' relates to many records; make it a relation of the endpoint",
        "address": "its GenericIPAddressField holds no values of type 'number'; give an expression that does in columns",
        "name.x": "'name' is a TextField, and no way further; give a column, as in columns={'name.x': …}",
    }
    shelves = kf.Endpoint("shelves", {"words": "string", "facts.*": "string", "words_list": {"value": "string"}})
    with pytest.raises(ColumnError) as caught:
        verify(shelves, site.Shelf)
    queryset = "give a queryset of the records with an OuterRef, as in columns="
    assert caught.value.fields == {
        "words": "its ArrayField holds no values of type 'string'; give their number, a text of all, or a queryset of"
        " records for them in columns",
        "facts.*": "'facts' is a HStoreField, and no way further; give a column, as in columns={'facts.*': …}",
        "words_list": f"Shelf has no field 'words_list'; {queryset}{{'words_list': …}}",
    }
    keyed = kf.Endpoint("keyed", {"marks": {"name": "string"}, "remarks": {"text": "string"}})
    with pytest.raises(ColumnError) as caught:
        verify(keyed, site.Keyed)
    holds = "its generic foreign key holds ids in a"
    assert caught.value.fields == {
        "marks": f"{holds} BigIntegerField, Keyed in a UUIDField; {queryset}{{'marks': …}}",
        "remarks": f"{holds} CharField, Keyed in a UUIDField; {queryset}{{'remarks': …}}",
    }
    with pytest.raises(ColumnError, match="'marked' relates to records of any model; give a column"):
        verify(kf.Endpoint("marks", {"marked.name": "string"}), site.Mark)


@pytest.fixture(scope="module")
def shelves(database: str) -> str:
    if database != "postgresql":
        pytest.skip("only PostgreSQL has arrays")
    connection = connections[database]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE site_shelf (id serial, name text, words text[], facts text)")
        cursor.execute("CREATE VIEW site_shelfword AS SELECT id AS shelf_id, unnest(words) AS value FROM site_shelf")
        cursor.execute(
            "INSERT INTO site_shelf (name, words) VALUES ('two', '{red,Blue}'), ('odd', '{red,NULL}'), ('none', '{}')"
        )
    return database


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("words any (value = 'red')", {"two", "odd"}),
        ("words any (value = 'Red')", set()),
        ("words all (value in ['red', 'Blue'])", {"two", "none"}),
        ("words any (value is null)", {"odd"}),
        ("words none (value contains 'blue')", {"odd", "none"}),
        ("words.count = 2", {"two", "odd"}),
        ("words.count < 1", {"none"}),
        ("size > 0 and listed contains 'blue'", {"two"}),
        ("size = 0 or listed = 'red'", {"odd", "none"}),
    ],
)
def test_an_array_is_a_relation_over_a_view(shelves: str, text: str, names: set[str]) -> None:
    endpoint = kf.Endpoint("shelves", {"words": {"value": "string"}, "size": "number", "listed": "string"})
    columns = {
        "words": site.ShelfWord.objects.filter(shelf=OuterRef("pk")),
        "size": Func("words", function="cardinality", output_field=IntegerField()),
        "listed": Func("words", Value(", "), function="array_to_string", output_field=TextField()),
    }
    verify(endpoint, site.Shelf, columns=columns)
    condition = where(endpoint.parse(text), site.Shelf, columns=columns)
    found = site.Shelf.objects.using(shelves).filter(condition)
    assert {*found.values_list("name", flat=True)} == names


def test_hstore_is_a_wildcard_over_its_keys() -> None:
    endpoint = kf.Endpoint("shelves", {"facts.*": "string"})
    columns = {"facts.*": lambda name: KeyTransform(name, "facts", output_field=TextField())}
    verify(endpoint, site.Shelf, columns=columns)
    condition = where(endpoint.parse("facts.evil-key = 'x'"), site.Shelf, columns=columns)
    sql, params = site.Shelf.objects.using("default").filter(condition).query.sql_with_params()
    assert "evil" not in sql
    assert params == ("evil-key", "x")


def test_keys_of_several_columns_and_relations_without_a_name(devices: str) -> None:
    pump = site.Device.objects.using(devices).get(name="pump")
    pump.users.add(site.Member.objects.using(devices).create(name="Ann"))
    for number in (1, 2):
        site.Part.objects.using(devices).create(shelf=1, number=number, device=pump)
    endpoint = kf.Endpoint("devices", {"parts": {"number": "number"}, "users": {"name": "string"}})
    for text, names in (
        ("parts.count = 2", {"pump"}),
        ("parts any (number = 2)", {"pump"}),
        ("parts any (number = 3)", set()),
        ("parts all (number = 2)", {"valve", "lamp"}),
        ("users any (name = 'Ann')", {"pump"}),
        ("users any (name = 'ann') or users.count > 1", set()),
    ):
        assert found(devices, endpoint, text) == names, text
    label = site.Label.objects.using(devices).create(slug="new")
    site.Labelling.objects.using(devices).create(label=label, device=pump)
    labelled = kf.Endpoint("devices", {"label_set": {"slug": "string", "devices": {"name": "string"}}})
    for text, names in (
        ("label_set any (slug = 'new')", {"pump"}),
        ("label_set any (devices any (name = 'pump'))", {"pump"}),
        ("label_set any (devices.count > 1 or devices none)", set()),
        ("label_set.count = 0", {"valve", "lamp"}),
    ):
        assert found(devices, labelled, text) == names, text
    parts = site.Part.objects.using(devices)
    assert not parts.filter(where(kf.Endpoint("p", {"number": "number"}).parse("number in []"), site.Part)).exists()


BILLS = kf.Endpoint("bills", {"total": "number", "code": "string", "any": kf.types.Custom(source="total")})


@pytest.mark.parametrize(
    ("text", "totals"),
    [
        ("total = 9.9", {"9.9"}),
        ("total in [9.9, 0.29, 1e30]", {"9.9", "0.29"}),
        ("total = 9.905 or total = 990", set()),
        ("total != 9.9", {"0.29"}),
        ("total > 9.895", {"9.9"}),
        ("total < 9.905 and total >= 0.285", {"9.9", "0.29"}),
        ("total < 1e30", {"9.9", "0.29"}),
        ("any = 0.29", {"0.29"}),
        ("code = 'a' or code startsWith 'b'", {"9.9", "0.29"}),
    ],
)
def test_fields_that_store_other_numbers(database: str, text: str, totals: set[str]) -> None:
    bills = site.Bill.objects.using(database)
    bills.all().delete()
    for total, code in (("9.9", "a"), ("0.29", "b"), (None, None)):
        bills.create(total=total and Decimal(total), paid=True, at=datetime(2024, 5, 1, tzinfo=UTC), code=code)
    verify(BILLS, site.Bill)
    found = bills.filter(where(BILLS.parse(text), site.Bill)).values_list("total", flat=True)
    assert {*map(str, found)} == totals


def test_fields_that_convert_values_of_another_type_are_refused() -> None:
    for name, kinds in (("paid", ["string", "boolean"]), ("at", ["number", "datetime"]), ("total", ["currency"])):
        for kind in kinds:
            with pytest.raises(ColumnError, match=f"its \\w+ holds no values of type '{kind}'; give an expression"):
                verify(kf.Endpoint("bills", {name: kind}), site.Bill)
    for name in ("paid", "at"):
        with pytest.raises(ValueError, match=f"no field type follows from Bill.{name}"):
            kf.Endpoint.from_model("bills", site.Bill, [name])
    verify(kf.Endpoint.from_model("bills", site.Bill, ["total", "code"]), site.Bill)
    verify(kf.Endpoint("bills", {"paid": "string"}), site.Bill, columns={"paid": Cast("paid", CharField())})
