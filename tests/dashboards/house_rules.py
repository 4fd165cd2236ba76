"""What dashboard-linter does not look at: that titles, quantiles and units agree, that quantiles are of summed buckets, legends,
links, variables and the form that Grafana is given."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import promql
from findings import Finding
from lint import of_dashboard, of_panel, variables
from queries import VARIABLE, Target, panels, targets

Dashboard = dict[str, Any]
QUANTILE = re.compile(r"\bp(\d+(?:\.\d+)?)\b")
LEGEND_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")
RATES = {"rate", "irate", "increase"}
OF_NO_JOB = ("beastmark:backend_", "beastmark:postgres_", "beastmark:machine_")  # records of a backend or a machine
WORDS_OF_UNITS = [  # the first that a title has decides
    (r"\bshare\b|^Availability|/ the reference's$|^Verdict|: busy$", {"percentunit"}),
    (r"\bcores\b|held back", {"short"}),
    (r"[Ll]atency|[Rr]esponse time|service time|^Wait |\bLag\b|[Ss]kew|CPU per request|^p99", {"s"}),
    (r"[Mm]emory (?!per)|[Mm]emory$|[Ss]ize of", {"bytes"}),
    (r"WAL written|^Network", {"Bps"}),
    (r"per second|^Refusals|^Failures|^Peak rate", {"reqps", "ops"})]


def form(dashboard: Dashboard) -> Iterator[Finding]:
    wanted = {"schemaVersion": 39, "graphTooltip": 1, "refresh": "5s"}
    for key, value in wanted.items():
        if dashboard.get(key) != value:
            yield of_dashboard("form", dashboard, f"{key} is {dashboard.get(key)!r}, not {value!r}")
    if not re.fullmatch(r"beastmark-[a-z-]{1,30}", dashboard.get("uid", "")):
        yield of_dashboard("form", dashboard, f"uid {dashboard.get('uid')!r} is not beastmark-NAME of 40 characters at most")
    if dashboard.get("timezone") not in ("utc", "browser"):
        yield of_dashboard("form", dashboard, "timezone is neither utc nor browser")
    if "__inputs" in dashboard or "id" in dashboard:
        yield of_dashboard("form", dashboard, "__inputs or id, which provisioning does not resolve")
    links = [link for link in dashboard.get("links", []) if link["type"] == "dashboards"]
    if not any(set(link["tags"]) & set(dashboard["tags"]) and link["keepTime"] and not link["includeVars"] for link in links):
        yield of_dashboard("form", dashboard, "no link to the others by their tag that keeps the time and not the variables")


def layout(dashboard: Dashboard) -> Iterator[Finding]:
    every = [*dashboard["panels"], *(inner for each in dashboard["panels"] for inner in each.get("panels", []))]
    for number, count in Counter(panel["id"] for panel in every).items():
        if count > 1:
            yield of_dashboard("layout", dashboard, f"the panel id {number} is there {count} times")
    for title, count in Counter(panel["title"] for panel in panels(dashboard)).items():
        if count > 1:
            yield of_dashboard("layout", dashboard, f"the title {title!r} is there {count} times")
    taken: dict[tuple[int, int], str] = {}
    for panel in every:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield of_panel("layout", dashboard, panel, "is wider than the grid")
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            if cell in taken:
                yield of_panel("layout", dashboard, panel, f"covers {taken[cell]!r}")
                break
            taken[cell] = panel["title"]


def used_variables(dashboard: Dashboard) -> Iterator[Finding]:
    defined = {each["name"] for each in variables(dashboard)}
    used = {match[1] or match[2] for target in targets(dashboard) for match in VARIABLE.finditer(target.expr)}
    for name in sorted({each for each in used if not each.startswith("__")} - defined):
        yield of_dashboard("variables", dashboard, f"${name} is used and not defined")
    for name in sorted(defined - used):
        yield of_dashboard("variables", dashboard, f"${name} is defined and not used")


def asked_quantiles(target: Target) -> list[str]:
    """As percentiles: 99.9."""
    return [f"{float(call.numbers[0]) * 100:.6g}" for call in promql.read(target.expr).calls
            if call.name in ("histogram_quantile", "quantile_over_time", "quantile") and call.numbers]


def quantiles(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        asked: set[str] = set()
        for target in (Target(dashboard, panel, query) for query in panel.get("targets", [])):
            own, named = set(asked_quantiles(target)), set(QUANTILE.findall(target.query.get("legendFormat", "")))
            asked |= own
            if own != named:
                yield of_panel("quantiles", dashboard, panel, f"{target.query['refId']}: the legend says {spoken(named)}, "
                               f"the query asks for {spoken(own)}")
        named = set(QUANTILE.findall(panel["title"]))
        if named != asked:
            yield of_panel("quantiles", dashboard, panel, f"the title says {spoken(named)}, the queries ask for {spoken(asked)}")
        for said in set(QUANTILE.findall(panel.get("description", ""))) - asked:
            yield of_panel("quantiles", dashboard, panel, f"the description says p{said}, which no query asks for")


def spoken(percents: set[str]) -> str:
    return ", ".join(f"p{each}" for each in sorted(percents, key=float)) or "no quantile"


def summed_buckets(dashboard: Dashboard) -> Iterator[Finding]:
    """A quantile of several pods is that of their buckets added up; a mean of their quantiles is nothing."""
    for target in targets(dashboard):
        for call in promql.read(target.expr).calls:
            if call.name == "histogram_quantile":
                inner = [each for each in call.inner if isinstance(each, promql.Call)]
                if not (len(inner) == 1 and inner[0].name == "sum" and inner[0].grouping == "by" and "le" in inner[0].labels):
                    yield of_panel("summed-buckets", dashboard, target.panel,
                                   f"{target.query['refId']}: histogram_quantile of something else than sum by (le, ...)")
                around = call.outer
                while around:
                    if around.name in ("avg", "sum", "avg_over_time"):
                        yield of_panel("summed-buckets", dashboard, target.panel,
                                       f"{target.query['refId']}: {around.name} of quantiles")
                    around = around.outer


def dimension(expression: promql.Expression) -> set[str]:
    """Units that the figure can have, by the names of what it is made of; empty: any."""
    if "/" in expression.operators:
        return {"percentunit", "s"}
    selector = expression.selectors[0]
    around = {call.name for call in selector.inside()}
    name = selector.metric
    if "histogram_quantile" in around:
        return {"s"}
    for ending, unit in ((":cores", "short"), (":ratio", "percentunit"), (":bytes", "bytes"), (":seconds", "s")):
        if name.endswith(ending):
            return {unit}
    if name.endswith(":rate"):
        return {"reqps", "ops"}
    if re.search("_bytes(_total)?$", name):
        return {"Bps"} if around & RATES else {"bytes"}
    if name.endswith("_seconds"):
        return {"s", "none"} if "count" in around else {"s"}
    if "avg_over_time" in around:
        return {"percentunit"}
    if around & RATES:
        return {"reqps", "ops"}
    return {"reqps"} if name.endswith("_rps") else {"short", "none"}


def units(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        unit = panel["fieldConfig"]["defaults"].get("unit")
        for query in panel.get("targets", []):
            fitting = dimension(promql.read(query["expr"]))
            if unit not in fitting:
                yield of_panel("units", dashboard, panel, f"{query['refId']} is in {' or '.join(sorted(fitting))}, the unit is {unit}")
        wanted = next((found for words, found in WORDS_OF_UNITS if re.search(words, panel["title"])), None)
        if wanted and unit not in wanted:
            yield of_panel("units", dashboard, panel, f"a title that means {' or '.join(sorted(wanted))}, the unit is {unit}")


def outer_labels(expression: promql.Expression) -> set[str] | None:
    """Labels of the result: of the first aggregation; none known: no aggregation."""
    first = next((call for call in expression.calls if call.name in promql.AGGREGATIONS and call.grouping != "without"), None)
    return set(first.labels) - {"le"} if first else None


def legends(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        legend = panel.get("options", {}).get("legend", {})
        if panel["type"] == "timeseries" and not (legend.get("displayMode") == "table" and legend.get("calcs")
                                                  and legend.get("showLegend")):
            yield of_panel("legends", dashboard, panel, "the legend is no table with calculations")
        for query in panel.get("targets", []):
            shown = set(LEGEND_LABEL.findall(query.get("legendFormat", "")))
            there = outer_labels(promql.read(query["expr"]))
            if not query.get("legendFormat"):
                yield of_panel("legends", dashboard, panel, f"{query['refId']} has no legendFormat")
            elif there is None or shown != there:
                yield of_panel("legends", dashboard, panel, f"{query['refId']}: the legend shows {sorted(shown)}, the result has "
                               f"{'whatever labels there are' if there is None else sorted(there)}")


def descriptions(dashboard: Dashboard) -> Iterator[Finding]:
    for target in targets(dashboard):
        said = target.panel.get("description", "")
        records = {selector.metric for selector in promql.read(target.expr).selectors if selector.metric.startswith("beastmark:")}
        named = set(re.findall(r"Record (beastmark:[\w:]*\w)", said))
        if target.panel["type"] != "bargauge" and named != records:
            yield of_panel("descriptions", dashboard, target.panel, f"names the records {sorted(named)}, asks for {sorted(records)}")
        if not named and "Source: " not in said and target.panel["type"] != "bargauge":
            yield of_panel("descriptions", dashboard, target.panel, "says no source")


def chosen_by_variables(dashboard: Dashboard) -> Iterator[Finding]:
    """Or a panel would show what the person at it did not choose."""
    for target in targets(dashboard):
        for selector in promql.read(target.expr).selectors:
            picked = {(label, value) for label, _, value in selector.matchers}
            if not (picked & {("job", "$job"), ("target", "$target"), ("target", "$reference"), ("job", "$reference")}
                    or selector.metric.startswith(OF_NO_JOB)):
                yield of_panel("chosen", dashboard, target.panel, f"{target.query['refId']}: {selector.metric} is not chosen by "
                               "$job, $target or $reference")


def drawing(dashboard: Dashboard) -> Iterator[Finding]:
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        signed = re.search(r" - the reference's$", panel["title"])
        if defaults.get("min") != 0 and "axisSoftMin" not in defaults.get("custom", {}) and not signed:
            yield of_panel("drawing", dashboard, panel, "the axis does not begin at 0")
        if defaults.get("custom", {}).get("spanNulls"):
            yield of_panel("drawing", dashboard, panel, "joins what is on both sides of a gap")


RULES = [form, layout, used_variables, chosen_by_variables, quantiles, summed_buckets, units, legends, descriptions, drawing]


def check(dashboards: list[Dashboard]) -> list[Finding]:
    found = [finding for dashboard in dashboards for rule in RULES for finding in rule(dashboard)]
    for uid, count in Counter(dashboard.get("uid") for dashboard in dashboards).items():
        if count > 1:
            found.append(Finding("form", str(uid), "", f"the uid is there {count} times"))
    return found
