"""YAML by the rules of version 1.2, restricted to what a study file needs.

PyYAML reads version 1.1, in which `No` is false, `12:30` is 750, `010` is 8 and `2026-01-05` is a date. As the label of
an answer, or as a price in a text, each would be shown to a model as something else than what the author wrote. Here
all of them are text, or the number as written.
"""

import re
from typing import Any, Final

import yaml

from socrates_core.errors import SourceError

LARGEST: Final = 1_000_000
"""Most characters of a file."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML brings no types
    """Safe loader with the types of YAML 1.2's core schema; duplicate keys and aliases are refused."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML's own form)

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.constructor.ConstructorError(None, None, "an alias (*name) is not supported; write it out", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a word", key_node.start_mark)
            key = self.construct_object(key_node)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} occurs twice", key_node.start_mark)
            seen.add(key)
        return dict(super().construct_mapping(node, deep))


def _whole(_: Any, node: yaml.ScalarNode) -> int:
    return int(node.value)  # 010 is ten; PyYAML's own would make it eight


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    """JSON escapes an emoji as two halves, which PyYAML leaves apart; nothing can be made of one half alone."""
    try:
        return str(loader.construct_scalar(node)).encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        problem = "a text holds half of a character"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from None


FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
"""A number with a fraction or an exponent, in YAML 1.2."""
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", FLOAT, "-+.0123456789"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
_Loader.add_constructor("tag:yaml.org,2002:str", _text)


def read_yaml(text: str, where: str) -> Any:
    """Parse a YAML text into dictionaries, lists, texts, numbers, booleans and None.

    Args:
        text: One document.
        where: The file's name in messages.

    Raises:
        SourceError: If it is not YAML, too large, or has a duplicate key, an alias, or a tag; names the line.
    """
    if len(text) > LARGEST:
        raise SourceError(f"{where} has {len(text):,} characters; a study file has at most {LARGEST:,}")
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        ours = isinstance(error, yaml.constructor.ConstructorError)
        hint = "" if ours else "; put texts with :, ? or # in quotes"
        raise SourceError(f"{where}{line}: {error.problem or 'it is not YAML'}{hint}") from error
    except yaml.YAMLError as error:
        raise SourceError(f"{where} is not YAML: {str(error).splitlines()[0]}") from error
    except ValueError as error:  # a number of thousands of digits, or 1e9999 as a whole one
        raise SourceError(f"{where}: {error}") from error
    except RecursionError as error:
        raise SourceError(f"{where}: it is nested too deeply") from error
