"""The YAML that this project writes, without a library: mappings, lists, quoted and plain scalars, "|" and ">-" blocks, {} and [] of
one line. Whatever else it meets it names, instead of guessing."""
from __future__ import annotations

import json
import re
from typing import Any

KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s'"\[\]{}#&*!|>%@`-][^:#]*|-[^\s:][^:]*)\s*:(?:\s+(.*))?$""")


class BadYaml(Exception):
    """Says the line."""


def load(text: str) -> Any:
    lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1)]
    return _Reader(lines).document()


class _Reader:
    def __init__(self, lines: list[tuple[int, str]]) -> None:
        self.lines, self.at = lines, 0

    def document(self) -> Any:
        value = self.block(0)
        if self.next():
            raise BadYaml(f"line {self.lines[self.at][0]}: is indented less than what it belongs to")
        return value

    def next(self) -> tuple[int, str] | None:
        """Indentation and text of the next line that says something."""
        while self.at < len(self.lines):
            text = self.lines[self.at][1]
            stripped = text.lstrip()
            if stripped and not stripped.startswith("#") and stripped != "---":
                return len(text) - len(stripped), stripped
            self.at += 1
        return None

    def block(self, least: int) -> Any:
        first = self.next()
        if not first or first[0] < least:
            return None
        return self.items(first[0]) if first[1].startswith("- ") else self.mapping(first[0])

    def items(self, indent: int) -> list[Any]:
        found = []
        while (line := self.next()) and line[0] == indent and line[1].startswith("- "):
            rest = line[1][2:].lstrip()
            if KEY.match(rest):  # a mapping that begins on the same line
                inner = indent + len(line[1]) - len(rest)
                self.lines[self.at] = (self.lines[self.at][0], " " * inner + rest)
                found.append(self.mapping(inner))
            else:
                self.at += 1
                found.append(self.scalar(rest))
        return found

    def mapping(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self.next()) and line[0] == indent and not line[1].startswith("- "):
            number, parts = self.lines[self.at][0], KEY.match(line[1])
            if not parts:
                raise BadYaml(f"line {number}: neither a key nor an item: {line[1]}")
            key, rest = parts[1].strip("\"'"), self.without_comment(parts[2] or "")
            if key in found:
                raise BadYaml(f"line {number}: {key} is there twice")
            self.at += 1
            if rest[:1] in ("|", ">"):
                found[key] = self.text(indent, rest)
            elif rest:
                found[key] = self.scalar(rest)
            else:
                after = self.next()
                nested = after and (after[0] > indent or (after[0] == indent and after[1].startswith("- ")))
                found[key] = self.block(indent) if nested else None
        return found

    def text(self, indent: int, style: str) -> str:
        found: list[str] = []
        while self.at < len(self.lines):
            text = self.lines[self.at][1]
            if text and len(text) - len(text.lstrip()) <= indent:
                break
            found.append(text)
            self.at += 1
        margin = min((len(line) - len(line.lstrip()) for line in found if line), default=0)
        found = [line[margin:] for line in found]
        joined = "\n".join(found) if style[0] == "|" else " ".join(line for line in found if line)
        return joined.rstrip("\n") + ("" if style.endswith("-") else "\n")

    def scalar(self, text: str) -> Any:
        text = self.without_comment(text)
        if text[:1] == "'":
            return text[1:-1].replace("''", "'")
        if text[:1] == '"' or text in ("[]", "{}"):
            return json.loads(text)
        if text[:1] == "[" and text[-1:] == "]":
            return [self.scalar(part.strip()) for part in text[1:-1].split(",")]
        if text[:1] == "{" and text[-1:] == "}":
            pairs = [part.split(":", 1) for part in text[1:-1].split(",")]
            return {key.strip(): self.scalar(value.strip()) for key, value in pairs}
        if text in ("true", "false"):
            return text == "true"
        return int(text) if re.fullmatch(r"-?\d+", text) else text

    @staticmethod
    def without_comment(text: str) -> str:
        if text[:1] in ("'", '"'):
            end = re.match(r"'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"", text)
            return end[0] if end else text
        return re.sub(r"\s#.*", "", text).rstrip()
