"""Reading the text of programs that XLA compiled: computations, their instructions, and what runs as one piece.

Lowering puts each node of the graph into a scope named after it (``xla/numbers.py``), and XLA keeps the scopes of an
instruction as its ``op_name``. This file reads text alone and needs no XLA.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from .explained import Cluster

_HEAD: Final = re.compile(r"^(?P<entry>ENTRY )?%?(?P<name>[\w.\-]+) (?:\(.*\) -> .*)?\{$")
_ASSIGNED: Final = re.compile(r"^\s*(?:ROOT )?%?(?P<name>[\w.\-]+) = ")
_OPCODE: Final = re.compile(r" ?(?P<opcode>[a-z][\w\-]*)\(")
_NAME: Final = re.compile(r"%(?P<name>[\w.\-]+)")
_CALLED: Final = re.compile(
    r"\b(?:calls|to_apply|body|condition|true_computation|false_computation|called_computations|branch_computations)="
    r"(?P<names>\{[^}]*\}|%?[\w.\-]+)"
)
_KIND: Final = re.compile(r"\bkind=k(?P<kind>\w+)")
_OP_NAME: Final = re.compile(r'\bop_name="(?P<scopes>[^"]*)"')
_SCOPE: Final = re.compile(r"(?:^|/)(?P<op>\w+)\.(?P<number>\d+)(?=/|$)")
_ARRAY: Final = re.compile(r"(?P<dtype>[a-z]+\d*\w*)\[(?P<shape>[\d,]*)\]")
#: They compute nothing: names for values, and parts of them.
_NAMES: Final = frozenset((
    "parameter", "constant", "tuple", "get-tuple-element", "bitcast", "after-all", "add-dependency", "partition-id",
    "replica-id",
))  # fmt: skip
#: They run computations that consist of pieces themselves; others apply a function of scalars.
_RUNNING: Final = frozenset(("fusion", "while", "call", "conditional", "custom-call", "async-start"))


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a computation: ``called`` are the computations that it runs, ``scopes`` its ``op_name``."""

    name: str
    opcode: str
    type: str
    operands: tuple[str, ...]
    called: tuple[str, ...]
    scopes: str
    text: str

    @property
    def nbytes(self) -> int:
        """Bytes of its result."""
        return sum(_nbytes(each["dtype"], each["shape"]) for each in _ARRAY.finditer(self.type))


@dataclass(frozen=True, slots=True)
class Module:
    """A program: instructions by computation, in the order of the text; ``entry`` is where it begins."""

    computations: Mapping[str, Sequence[Instruction]]
    entry: str


def _nbytes(dtype: str, shape: str) -> int:
    bits = re.search(r"\d+", dtype)
    width = 8 if bits is None else int(bits[0])  # pred is a byte
    return prod(int(n) for n in shape.split(",") if n) * max(width, 8) // 8


def parse_module(text: str) -> Module:
    """The computations in ``text``. ``ValueError`` if it has none where a program begins."""
    computations: dict[str, list[Instruction]] = {}
    entry = ""
    current: list[Instruction] | None = None
    for line in text.splitlines():
        if current is None:
            head = _HEAD.match(line)
            if head is not None and not line.startswith("HloModule"):
                current = computations.setdefault(head["name"], [])
                entry = head["name"] if head["entry"] else entry
        elif line.startswith("}"):
            current = None
        else:
            made = _instruction(line)
            if made is not None:
                current.append(made)
    if not entry:
        raise ValueError("this is no compiled text: no computation is its ENTRY")
    return Module(computations, entry)


def _instruction(line: str) -> Instruction | None:
    assigned = _ASSIGNED.match(line)
    if assigned is None:
        return None
    at = assigned.end()
    end = _closing(line, at) if line[at] == "(" else line.find(" ", at)  # the type may be a tuple
    opcode = _OPCODE.match(line, end)
    if opcode is None:
        return None
    close = _closing(line, opcode.end() - 1)
    operands = tuple([each["name"] for each in _NAME.finditer(line, opcode.end(), close)])
    called = tuple([
        name.strip(" %{}")
        for each in _CALLED.finditer(line, close)
        for name in each["names"].split(",")
        if name.strip(" %{}")
    ])  # fmt: skip
    scopes = _OP_NAME.search(line, close)
    return Instruction(
        assigned["name"], opcode["opcode"], line[at:end], operands, called, scopes["scopes"] if scopes else "",
        line.strip(),
    )  # fmt: skip


def _closing(line: str, at: int) -> int:
    """Behind the parenthesis that closes the one at ``at``."""
    depth = 0
    for each in re.finditer(r"[()]", line[at:]):
        depth += 1 if each[0] == "(" else -1
        if not depth:
            return at + each.end()
    return len(line)


def nodes_in(scopes: str) -> list[tuple[str, int]]:
    """Primitive and number of the nodes of the compiled graph that an instruction with these ``scopes`` belongs to.

    What is inside a loop or a choice belongs to the loop or choice. Where XLA made one instruction of several it keeps
    the scopes of all.

    >>> nodes_in("jit(program)/scan.4/while/body/add.2/add"), nodes_in("jit(program)/copy")
    ([('scan', 4)], [])
    >>> nodes_in("jit(program)/reshape.7/reshape;jit(program)/convolution.6/reshape")
    [('reshape', 7), ('convolution', 6)]
    """
    found = map(_SCOPE.search, scopes.split(";"))
    return [(each["op"], int(each["number"])) for each in found if each is not None]


def clusters_in(module: Module) -> list[Cluster]:
    """What of a program runs as one piece, in order; what is inside a loop, call or fusion comes after it."""
    return list(_Reading(module).clusters(module.entry, "", (), fused=False))


class _Reading:
    """One walk through a module."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[str, frozenset[int]] = {}

    def clusters(self, computation: str, inside: str, around: tuple[int, ...], fused: bool) -> Iterator[Cluster]:
        """Those of one computation, which is run ``inside`` of something with the numbers ``around``."""
        instructions = self._module.computations.get(computation, ())
        sizes = {each.name: each.nbytes for each in instructions}
        lent = _Lent(instructions, {each.name: self._numbers(each) for each in instructions})
        for each in instructions:
            fusion = each.opcode == "fusion"
            if each.opcode in _NAMES or (fused and not fusion):
                continue
            runs = each.called if each.opcode in _RUNNING else ()
            own = self._numbers(each)
            numbers = tuple(sorted(own or lent.to(each) or around))
            kind = _KIND.search(each.text) if fusion else None
            nbytes = each.nbytes + sum(sizes.get(name, 0) for name in each.operands)
            text = "\n".join([each.text, *self._texts(runs)]) if fusion else each.text
            name = kind["kind"].lower() if kind else each.opcode
            yield Cluster(each.name, name, numbers, not own, inside, nbytes, text)
            for body in runs:
                yield from self.clusters(body, each.name, numbers, fused=fusion)

    def _numbers(self, instruction: Instruction) -> frozenset[int]:
        """The nodes that an instruction, or what it runs or applies, was made for."""
        own = frozenset([number for _, number in nodes_in(instruction.scopes)])
        return own.union(*map(self._all_of, instruction.called))

    def _all_of(self, computation: str) -> frozenset[int]:
        """The nodes of all instructions of a computation."""
        known = self._known.get(computation)
        if known is None:
            instructions = self._module.computations.get(computation, ())
            known = self._known[computation] = frozenset().union(*map(self._numbers, instructions))
        return known

    def _texts(self, computations: Iterable[str]) -> Iterator[str]:
        for name in computations:
            yield from (f"  {each.text}" for each in self._module.computations.get(name, ()))


class _Lent:
    """Numbers for instructions of which XLA tells no scopes: those of who reads it, or else of what it reads.

    They are what XLA makes of its own, such as copies in another layout, and some that it rewrites.
    """

    def __init__(self, instructions: Sequence[Instruction], numbers: Mapping[str, frozenset[int]]) -> None:
        self._numbers = numbers
        self._operands = {each.name: each.operands for each in instructions}
        self._readers: dict[str, list[str]] = {}
        for each in instructions:
            for name in each.operands:
                self._readers.setdefault(name, []).append(each.name)

    def to(self, instruction: Instruction) -> frozenset[int]:
        """The numbers that ``instruction`` borrows; none if nothing near has any."""
        return self._found(instruction.name, self._readers) or self._found(instruction.name, self._operands)

    def _found(self, start: str, edges: Mapping[str, Sequence[str]]) -> frozenset[int]:
        """Those of the nearest on each way along ``edges``."""
        found: set[int] = set()
        seen, stack = {start}, [start]
        while stack:
            for name in edges.get(stack.pop(), ()):
                if name not in seen:
                    seen.add(name)
                    near = self._numbers.get(name)
                    if near:
                        found |= near
                    else:
                        stack.append(name)
        return frozenset(found)
