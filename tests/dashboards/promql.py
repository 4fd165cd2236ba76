"""What a PromQL expression asks for: its selectors, and the functions around each. Not a judge of its syntax, which is promtool's."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_:][\w:]*|\$\{\w+\}|\$\w+|\d[\w.]*|=~|!~|[=!<>]=|\S')
WORD = re.compile(r"[A-Za-z_:][\w:]*")
AGGREGATIONS = {"sum", "avg", "min", "max", "count", "stddev", "stdvar", "topk", "bottomk", "quantile", "group", "count_values"}
GROUPINGS = {"by", "without"}
MATCHINGS = {"on", "ignoring", "group_left", "group_right"}
OPERATORS = {"and", "or", "unless", "bool", "offset"}


class Unreadable(Exception):
    """Brackets that do not match, or a selector that does not end."""


@dataclass
class Call:
    """A function, an aggregation with its labels, or plain brackets (no name)."""

    name: str
    outer: Call | None
    grouping: str = ""  # by, without, or none
    labels: tuple[str, ...] = ()
    strings: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    inner: list[Call | Selector] = field(default_factory=list)


@dataclass
class Selector:
    metric: str
    outer: Call | None
    matchers: list[tuple[str, str, str]]  # label, operator, value
    range: str = ""

    def inside(self) -> Iterator[Call]:
        """What is around it, the nearest first."""
        call = self.outer
        while call:
            yield call
            call = call.outer


@dataclass
class Expression:
    selectors: list[Selector] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    matched: list[str] = field(default_factory=list)  # labels of on (), group_left () and so on
    operators: list[str] = field(default_factory=list)  # of arithmetic, not inside a function


@cache
def read(text: str) -> Expression:
    """Not to be changed by who asks. Raises Unreadable."""
    return _Reader(TOKEN.findall(text)).read()


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0
        self.found, self.open = Expression(), list[Call]()

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise Unreadable("ends too early")
        self.at += 1
        return token

    def read(self) -> Expression:
        while self.peek():
            token = self.take()
            if token == "(":
                self.enter(Call("", self.outer()))
            elif token == ")":
                self.leave()
            elif token == "{":
                self.select("")
            elif WORD.fullmatch(token):
                self.word(token)
            elif token.startswith('"'):
                self.open[-1].strings.append(token[1:-1])
            elif token[0].isdigit() and self.open:
                self.open[-1].numbers.append(token)
            elif token in "+-*/%^" and not any(call.name for call in self.open):
                self.found.operators.append(token)
        if self.open:
            raise Unreadable("a bracket is not closed")
        return self.found

    def outer(self) -> Call | None:
        return self.open[-1] if self.open else None

    def enter(self, call: Call) -> None:
        if call.outer:
            call.outer.inner.append(call)
        self.found.calls.append(call)
        self.open.append(call)

    def leave(self) -> None:
        if not self.open:
            raise Unreadable("a bracket too many")
        closed = self.open.pop()
        if closed.name in AGGREGATIONS and self.peek() in GROUPINGS:  # sum(...) by (...)
            closed.grouping, closed.labels = self.take(), self.labels()

    def word(self, word: str) -> None:
        if word in OPERATORS:
            return
        if word in MATCHINGS:
            if self.peek() == "(":
                self.found.matched += self.labels()
            return
        grouping, labels = "", ()
        if word in AGGREGATIONS and self.peek() in GROUPINGS:
            grouping, labels = self.take(), self.labels()
        if self.peek() == "(":
            self.take()
            self.enter(Call(word, self.outer(), grouping, labels))
        elif self.peek() == "{":
            self.take()
            self.select(word)
        else:
            self.select(word, matchers=False)

    def labels(self) -> tuple[str, ...]:
        if self.take() != "(":
            raise Unreadable("no list of labels")
        found = []
        while (token := self.take()) != ")":
            if token != ",":
                found.append(token)
        return tuple(found)

    def select(self, metric: str, matchers: bool = True) -> None:
        found: list[tuple[str, str, str]] = []
        while matchers and (token := self.take()) != "}":
            if token != ",":
                found.append((token, self.take(), self.take()[1:-1]))
        selector = Selector(metric, self.outer(), found)
        if self.peek() == "[":
            self.take()
            while (token := self.take()) != "]":
                selector.range += token
        if selector.outer:
            selector.outer.inner.append(selector)
        self.found.selectors.append(selector)
