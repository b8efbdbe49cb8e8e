"""The settings as the tree that eliza.json is, and everything in a file that does not fit it."""

import difflib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eliza_cloud.store.config.json5 import describe
from eliza_cloud.store.config.setting_types import Setting, WrongValue

MAX_NAME = 40  # characters of a name that is shown; a longer one may be a misplaced secret
HIDDEN = "something else (not shown)"

Path = tuple[str, ...]


class Section(msgspec.Struct):
    """An object in eliza.json: its known members, and what any `other` member is (None: nothing known).

    Members in `left_alone` belong to other programs and older versions. In a `shared` section every unknown
    member does.
    """

    members: dict[str, "Section | Setting"] = {}
    other: "Section | Setting | None" = None
    left_alone: set[str] = set()
    shared: bool = False


class SettingProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a file that has no effect: a value that is wrong, or (`expected` None) an unknown key.

    `note` says of a known one why it has none.
    """

    path: Path
    expected: str | None = None
    found: str | None = None
    nearest: str | None = None
    note: str | None = None

    @property
    def sentence(self) -> str:
        """Say what is wrong; no secret is in it."""
        if self.expected is not None:
            return f"{shown(self.path)}: expected {self.expected}, found {self.found}"
        if self.note is not None:
            return f"{shown(self.path)} {self.note}"
        hint = f"; did you mean {self.nearest}?" if self.nearest else "."
        return f"{shown(self.path)} is not a known setting and has no effect{hint}"


def tree(
    settings: Sequence[Setting],
    *,
    left_alone: Collection[str] = (),
    shared: Collection[str] = ("",),
    choices: Mapping[str, Sequence[str]] | None = None,
) -> Section:
    """Build the tree of these paths. `choices` are the names that a part in angle brackets stands for."""
    root = Section(shared="" in shared)
    for setting in settings:
        *sections, last = setting.path.split(".")
        node = root
        for name in sections:
            node = _section(node, name, choices or {})
        if last.startswith("<"):
            node.other = setting
        else:
            node.members[last] = setting
    for path in (*left_alone, *shared):
        *sections, last = path.split(".")
        node = root
        for name in sections:
            node = _section(node, name, choices or {})
        if path in left_alone:
            node.left_alone.add(last)
        elif path:
            _section(node, last, {}).shared = True
    return root


def _section(node: Section, name: str, choices: Mapping[str, Sequence[str]]) -> Section:
    """Return the section of a name, made if need be; that of choices is one and the same for all of them."""
    if name.startswith("<") and name not in choices:
        found = node.other = node.other or Section()
    else:
        names = choices.get(name, (name,))
        found = node.members.get(names[0]) or Section()
        node.members |= dict.fromkeys(names, found)
    if not isinstance(found, Section):
        raise TypeError(f"{name} is both a section and a setting")
    return found


def problems(document: Any, root: Section) -> Iterator[SettingProblem]:
    """Yield all that does not fit, in the order of the document."""
    leaves = _leaves(root)

    def of(section: Section, node: Any, path: Path) -> Iterator[SettingProblem]:
        if not isinstance(node, Mapping):
            yield SettingProblem(path=path, expected="an object", found=describe(node))
            return
        for name, value in node.items():
            here = (*path, name)
            known = None if name in section.left_alone else section.members.get(name) or section.other
            if isinstance(known, Section):
                yield from of(known, value, here)
            elif known is not None:
                yield from _wrong(known, value, here)
            elif name not in section.left_alone:
                near = _nearest(section, here, {} if section.shared else leaves)
                if near or not section.shared:
                    yield SettingProblem(path=here, nearest=near)

    return of(root, document, ())


def _wrong(setting: Setting, value: Any, path: Path) -> Iterator[SettingProblem]:
    try:
        setting.kind.read(value)
    except WrongValue:
        found = HIDDEN if setting.kind.secret or setting.kind.discreet else describe(value)
        yield SettingProblem(path=path, expected=setting.kind.expected, found=found)


def _nearest(section: Section, path: Path, leaves: Mapping[str, str]) -> str | None:
    """Return the path of the known key that was probably meant: beside it, or anywhere else."""
    name = path[-1].lower()
    beside = {known.lower(): ".".join((*path[:-1], known)) for known in section.members}
    for known in (beside, leaves):
        if name in known:
            return known[name]
    sure = 0.8 if section.shared else 0.6
    for known in (beside, leaves):
        if close := difflib.get_close_matches(name, known, n=1, cutoff=sure):
            return known[close[0]]
    return None


def _leaves(section: Section, path: Path = ()) -> dict[str, str]:
    """Return the settings with a path of their own by the last part of it, in lower case."""
    found: dict[str, str] = {}
    for name, member in section.members.items():
        if isinstance(member, Section):
            found = {**_leaves(member, (*path, name)), **found}
        else:
            found.setdefault(name.lower(), ".".join((*path, name)))
    return found


def shown(path: Path) -> str:
    """Return a path as a sentence may hold it."""
    text = ".".join(path)
    return text if text.isprintable() and all(len(name) <= MAX_NAME for name in path) else describe(text)
