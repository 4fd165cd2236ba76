"""Compares what loadgen said of a run with what was done to it. No process, no clock."""
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

EXIT_BELIEVED, EXIT_NOT_BELIEVED = 0, 4
BELIEVABLE = ("valid", "server-saturated")


@dataclass(frozen=True)
class judgement:
    verdict: str
    cause: str

    def __str__(self) -> str:
        return self.verdict if self.cause == "none" else f"{self.verdict}/{self.cause}"

    @property
    def believable(self) -> bool:
        return self.verdict in BELIEVABLE


FROM_OUTSIDE = (judgement("disturbed", "run-queue"), judgement("disturbed", "steal"))


@dataclass
class finding:
    """What was seen, and what of it is wrong."""
    before: Counter = field(default_factory=Counter)  # of the whole seconds before it set in
    after: Counter = field(default_factory=Counter)
    headline: str = ""
    exit_code: int | None = None
    seconds: list[dict] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hint: str = ""

    @property
    def right(self) -> bool:
        return not self.wrong


def started_at(result: dict) -> float:
    """Seconds since the epoch when the first request was due."""
    return datetime.fromisoformat(result["run"]["started_at"]).timestamp()


def split_seconds(timeline: list[dict], onset_s: float, duration_s: float) -> tuple[list[dict], list[dict]]:
    """The whole seconds before and after it set in. The one in which it did belongs to neither, what came after the last
    arrival to none."""
    slack_s = 0.05
    measured = [row for row in timeline if row["t_s"] <= duration_s + slack_s]
    return ([row for row in measured if row["t_s"] <= onset_s + slack_s],
            [row for row in measured if row["t_s"] - 1 >= onset_s - slack_s])


def count(rows: list[dict]) -> Counter:
    return Counter(judgement(row["verdict"], row["cause"]) for row in rows)


def words(seen: Counter) -> str:
    """"valid 5, disturbed/steal 1"; the commonest first."""
    return ", ".join(f"{what} {n}" for what, n in sorted(seen.items(), key=lambda item: (-item[1], str(item[0]))))


def compare(result: dict, expected: judgement, onset_s: float, exit_code: int) -> finding:
    """`onset_s` as t_s of the timeline. The seconds before are part of it: what says the same all along has not seen the
    disturbance."""
    target = next(iter(result["targets"].values()))
    validity = target["validity"]
    before, after = split_seconds(target["timeline"], onset_s, result["run"]["duration_s"])
    seen = finding(count(before), count(after), validity["text"], exit_code)
    seen.seconds = [{"t_s": row["t_s"], "verdict": row["verdict"], "cause": row["cause"], "evidence": row["evidence"]}
                    for row in target["timeline"]]
    if not after:
        seen.wrong.append("no second was measured after it set in")
    elif 2 * seen.after[expected] < len(after):
        seen.wrong.append(f"{seen.after[expected]} of {len(after)} seconds say {expected}, at least half should")
    if before and 2 * seen.before[expected] >= len(before):
        seen.wrong.append(f"{seen.before[expected]} of {len(before)} seconds before it set in say {expected}, too")
    of_run = judgement(validity["verdict"], validity["cause"])
    if of_run != expected:
        seen.wrong.append(f"the run's verdict is {of_run}")
    begins = "VALID: " if expected.believable else f"NOT TO BE BELIEVED: {expected.verdict} in "
    if not seen.headline.startswith(begins):
        seen.wrong.append(f'the headline does not begin with "{begins.strip()}"')
    wanted = EXIT_BELIEVED if expected.believable else EXIT_NOT_BELIEVED
    if exit_code != wanted:
        seen.wrong.append(f"exit code {exit_code}, expected {wanted}")
    if seen.wrong and (of_run in FROM_OUTSIDE or any(seen.before[what] for what in FROM_OUTSIDE)):
        seen.hint = "something else ran on loadgen's core: try again on a quiet machine"
    return seen
