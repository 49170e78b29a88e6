"""The command `endpoints`: lists and shows endpoints."""

from __future__ import annotations

import json

import click

from ..endpoints.kanbert import kanbert_endpoints
from . import display
from .endpoint_files import endpoint_at, endpoints_at
from .parameters import reported_warnings
from .shell import STATUSES


@click.command("endpoints", epilog=STATUSES)
@click.argument("source", required=False)
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to show an endpoint. The options --endpoint read back what markdown and json write.",
)
@click.option("--sources", is_flag=True, help="Write where the data of each field is, too, in markdown and json.")
@click.option("--json-schema", is_flag=True, help="Write the JSON Schema of the endpoint's filters in JSON instead.")
def endpoints_command(source: str | None, form: str, sources: bool, json_schema: bool) -> None:
    """List the shipped endpoints, or show the one of SOURCE.

    SOURCE is what --endpoint takes: a shipped endpoint's name, a Markdown table (.md), an endpoint's description (.json) or an OpenAPI
    document (.json), whose endpoints are listed unless one is chosen. YAML has to be converted to JSON first.

    \b
    Examples:
      kanbert-filter endpoints
      kanbert-filter endpoints clients/full
      kanbert-filter endpoints --as json 'openapi.json#GET /clients' > clients.json
      kanbert-filter endpoints --json-schema clients > filter.schema.json
    """
    if json_schema and source is None:
        raise click.UsageError("--json-schema is of one endpoint; name it as SOURCE.")
    try:
        with reported_warnings():
            if json_schema and source is not None:
                click.echo(json.dumps(endpoint_at(source).to_json_schema(), indent=2))
                return
            found = kanbert_endpoints() if source is None else endpoints_at(source)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="SOURCE") from None
    if len(found) > 1:
        click.echo(display.endpoint_list(found))
        return
    [endpoint] = found.values()
    match form:
        case "table":
            click.echo(display.endpoint_table(endpoint))
        case "markdown":
            click.echo(endpoint.to_markdown(sources=sources).encode(), nl=False)
        case _:
            click.echo(json.dumps(endpoint.to_dict(sources=sources), indent=2))
