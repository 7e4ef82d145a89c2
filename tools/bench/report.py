"""From medians to a table a person reads: on the terminal, and in docs/benchmarks.md."""

import statistics

HEADINGS = ("", "wall s", "±", "CPU s", "peak MB", "file MB", "wall/ours", "CPU/ours", "MB/ours", "wall/limit")

MEASURES = {
    "wall_s": lambda run: run["wall_s"],
    "cpu_s": lambda run: run["user_s"] + run["system_s"],
    "rss_mb": lambda run: run["peak_rss_kb"] * 1024 / 1e6,
}


def median(runs):
    walls = [run["wall_s"] for run in runs]
    middle = {name: statistics.median(map(value, runs)) for name, value in MEASURES.items()}
    return middle | {"spread": (max(walls) - min(walls)) / 2 / middle["wall_s"]}


def judge(targets, contenders):
    """Each target with its value and whether it is met; None where something it needs was not measured.

    A ratio is the median of those within each round: a machine that gets slower from round to round changes both sides.
    """
    measured = {contender["name"]: contender["runs"] for contender in contenders if contender["median"]}
    judged = []
    for target in targets:
        value, met = None, None
        if all(target[side] in measured for side in ("of", "per") if side in target):
            values = list(map(MEASURES[target["measure"]], measured[target["of"]]))
            if "per" in target:
                others = map(MEASURES[target["measure"]], measured[target["per"]])
                values = [one / other for one, other in zip(values, others, strict=True)]
            value = statistics.median(values)
            met = value <= target.get("at_most", value) and value >= target.get("at_least", value)
        judged.append(target | {"value": value, "met": met})
    return judged


def render(results, markdown=False):
    """The whole report of a results file."""
    medians = {c["name"]: c["median"] for c in results["contenders"] if c["median"]}
    blocks = [_conditions(results)]
    for group in results["groups"]:
        rows = _group_rows(group, results["contenders"], medians)
        if rows:
            blocks.append(_title(group["title"], markdown) + _table(HEADINGS, rows, markdown))
    notes = [f"{c['name']}: {c['note']}" for c in results["contenders"] if c["note"]]
    blocks.append(_title("Notes", markdown) + "\n".join(f"- {note}" for note in notes))
    rows = [_target_row(target) for target in judge(results["targets"], results["contenders"])]
    blocks.append(_title("Targets", markdown) + _table(("", "value", "target", ""), rows, markdown))
    return "\n\n".join(blocks) + "\n"


def replace_between_marks(text, name, block):
    begin, end = f"<!-- bench {name}: begin -->", f"<!-- bench {name}: end -->"
    head, rest = text.split(begin)
    _, tail = rest.split(end)
    return f"{head}{begin}\n{block}{end}{tail}"


def _conditions(results):
    machine, versions, settings = results["machine"], results["versions"], results["settings"]
    pins = versions["peers"] | results["crates"]
    peers = ", ".join(f"{name} {version}" for name, version in sorted(pins.items()))
    database = ", ".join(filter(None, (versions["database"], versions["client"])))
    return (
        f"{results['date']}, {versions['penstock']} ({versions['commit']}), lineitem at scale"
        f" {settings['scale']:g}: {results['rows']:,} rows, 16 columns; medians of"
        f" {settings['runs']}, load {settings['load']:.1f} at the start.\n"
        f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB,"
        f" {machine['system']}, Linux {machine['kernel']}; {versions['compiler']},"
        f" {versions['build_type']}; {database}; Python {versions['python']}.\n"
        f"Peers: {peers}."
    )


def _group_rows(group, contenders, medians):
    ours, limit = medians.get(group.get("ours")), medians.get(group.get("limit"))
    mine = [c for c in contenders if c["group"] == f"{group['database']}-{group['to']}"]
    if mine and limit and all(c["name"] != group["limit"] for c in mine):
        mine = [c for c in contenders if c["name"] == group["limit"]] + mine
    return [_contender_row(contender, ours, limit) for contender in mine]


def _contender_row(contender, ours, limit):
    own = contender["median"]
    if not own:
        return (contender["name"], f"failed: {contender['error']}", *[""] * (len(HEADINGS) - 2))

    def ratio(other, measure):
        return f"{own[measure] / other[measure]:.2f}" if other else ""

    digits = 2 if own["wall_s"] >= 0.1 else 4
    return (
        contender["name"],
        f"{own['wall_s']:.{digits}f}",
        f"{own['spread']:.0%}",
        f"{own['cpu_s']:.{digits}f}",
        f"{own['rss_mb']:.0f}",
        f"{contender['file_bytes'] / 1e6:.1f}" if contender["file_bytes"] else "",
        ratio(ours, "wall_s"),
        ratio(ours, "cpu_s"),
        ratio(ours, "rss_mb"),
        ratio(limit, "wall_s"),
    )


def _target_row(target):
    sign, bound = ("<=", target["at_most"]) if "at_most" in target else (">=", target["at_least"])
    if target["value"] is None:
        return (target["says"], "", f"{sign} {bound:g}", "not measured")
    digits = 3 if bound < 0.1 else 2
    met = "met" if target["met"] else "NOT MET"
    return (target["says"], f"{target['value']:.{digits}f}", f"{sign} {bound:g}", met)


def _title(text, markdown):
    return f"### {text}\n\n" if markdown else f"{text}\n"


def _table(headings, rows, markdown):
    filled = [i for i in range(len(headings)) if i == 0 or any(row[i] for row in rows)]
    headings, *rows = ([row[i] for i in filled] for row in (headings, *rows))
    if markdown:
        lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    # A failure's reason may run on past its column.
    widths = [
        max(len(row[i]) for row in [headings, *rows] if not (i == 1 and row[1].startswith("failed")))
        for i in range(len(headings))
    ]
    lines = [
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        for row in [headings, *rows]
    ]  # fmt: skip
    return "\n".join(line.rstrip() for line in lines)
