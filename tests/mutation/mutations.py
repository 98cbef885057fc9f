"""Small changes to a module's source, each of which a test ought to notice."""

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}
_ANNOTATIONS = {"annotation", "returns", "decorator_list", "type_params"}
_GUARDS = {"strict"}
"""Arguments that only fail where the code is wrong already."""
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed module: where, what became of what, and its whole source. `name` holds while lines move.

    `lines` are those of the statement that was changed: of a compound one those above what it holds, for a default
    those of its function. `function` is the function or method that was changed, `CLASS.METHOD`; empty for what runs
    when the module is loaded.
    """

    name: str
    lines: range
    function: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """All of a module, in the order of its text. Annotations, decorators and texts are left alone."""
    tree, seen = ast.parse(source), Counter[str]()
    for place in list(_places(tree, _Place(tree, "", tree))):
        node = place.node
        for changed in _changes(node, place.scope):
            name = f"{place.scope or 'module'}: {_text(node)} -> {_text(changed)}"
            seen[name] += 1
            place.put(changed)
            text = ast.unparse(ast.fix_missing_locations(tree))
            place.put(node)
            name = name if seen[name] == 1 else f"{name} #{seen[name]}"
            yield Mutant(name, _lines(place.statement), place.function, text)


_Node = ast.expr | ast.stmt


@dataclass(frozen=True, slots=True)
class _Place:
    """A node and what holds it; the innermost statement, function and outermost function that it is in. `?` behind the
    name of a function says that it returns a bool.
    """

    node: ast.AST
    scope: str
    statement: ast.AST
    function: str = ""
    holder: ast.AST | list[ast.AST] = field(default_factory=list)
    key: int | str = 0

    def put(self, node: ast.AST) -> None:
        if isinstance(self.holder, list):
            self.holder[int(self.key)] = node
        else:
            setattr(self.holder, str(self.key), node)


def _places(tree: ast.AST, around: _Place) -> Iterator[_Place]:
    """Every expression and statement."""
    for name, value in ast.iter_fields(tree):
        if name in _ANNOTATIONS:
            continue
        items: list[tuple[ast.AST | list[ast.AST], str | int, object]] = [(tree, name, value)]
        if isinstance(value, list):
            items = [(value, place, item) for place, item in enumerate(value)]
        for holder, key, item in items:
            if not isinstance(item, ast.AST) or (isinstance(item, ast.keyword) and item.arg in _GUARDS):
                continue
            statement = item if isinstance(item, ast.stmt) else around.statement
            here = _Place(item, around.scope, statement, around.function, holder, key)
            if isinstance(item, ast.expr | ast.stmt):
                yield here
            if isinstance(item, ast.FunctionDef | ast.ClassDef):
                scope = f"{_plain(around.scope)}.{item.name}".lstrip(".")
                if isinstance(item, ast.FunctionDef):
                    here = replace(here, function=here.function or scope)
                    if item.returns is not None and ast.unparse(item.returns) == "bool":
                        scope += "?"
                here = replace(here, scope=scope)
            yield from _places(item, here)


def _plain(scope: str) -> str:
    return scope.rstrip("?")


def _lines(statement: ast.AST) -> range:
    first, last = int(statement.lineno), int(statement.end_lineno)
    if not isinstance(statement, ast.FunctionDef) and (inner := getattr(statement, "body", None)):
        last = max(first, inner[0].lineno - 1)
    return range(first, last + 1)


def _changes(node: _Node, scope: str) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for place, operator in enumerate(node.ops):
                operators = list(node.ops)
                operators[place] = _COMPARISONS[type(operator)]()
                yield ast.Compare(node.left, operators, node.comparators)
            if len(node.ops) == 1 and isinstance(node.ops[0], _ORDER):
                yield ast.UnaryOp(ast.Not(), node)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for place in range(len(node.values)):
                rest = [value for other, value in enumerate(node.values) if other != place]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not() | ast.Invert()):
            yield node.operand
        case ast.UnaryOp(op=ast.USub()) if not isinstance(node.operand, ast.Constant):
            yield node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            yield ast.BinOp(node.left, _ARITHMETIC[type(node.op)](), node.right)
        case ast.Constant(value=bool()):
            yield ast.Constant(not node.value)
        case ast.Constant(value=int()):
            yield ast.Constant(node.value + 1)
            yield ast.Constant(node.value - 1)
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            yield ast.Call(ast.Name(_CALLS[name], ast.Load()), node.args, node.keywords)
        case ast.IfExp():
            yield node.body
            yield node.orelse
        case ast.If() | ast.While():
            # A comparison is turned round already, and `not` dropped.
            if not isinstance(node.test, ast.Compare | ast.UnaryOp):
                yield type(node)(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
        case ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield ast.AugAssign(node.target, _ARITHMETIC[type(node.op)](), node.value)
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            wholes: tuple[bool | None, ...] = (True, False) if scope.endswith("?") else (None,)
            yield from (ast.Return(ast.Constant(whole)) for whole in wholes if ast.unparse(value) != str(whole))
        case ast.Expr(value=value) if not isinstance(value, ast.Constant):
            yield ast.Pass()
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Continue() | ast.Break() | ast.Raise() | ast.Delete():
            yield ast.Pass()
        case _:
            pass


def _text(node: ast.AST) -> str:
    """The first line of the node's text."""
    return ast.unparse(ast.fix_missing_locations(node)).partition("\n")[0]
