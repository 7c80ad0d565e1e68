"""The site's page of public names, from the stub and the docstrings; nothing is imported."""

import ast
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

HEAD = """# The names of nstlib

What stands directly under `nst`, after `import nstlib as nst`, room by room. A picture is a NumPy
array everywhere: float32, RGB, 0 to 1, shape (1, height, width, 3)."""


def api_page() -> str:
    """Every public name, its signature and its docstring, room by room."""
    stub = ast.parse((ROOT / "nstlib" / "__init__.pyi").read_text(encoding="utf-8"))
    parts, room = [HEAD], None
    for node in stub.body:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.split(".")[0] != room:
            room = node.module.split(".")[0]
            parts.append(f"## {room}\n\n{_module_docstring(room)}")
        parts += [_entry(node.module, alias.name) for alias in node.names]
    return "\n\n".join(parts)


@lru_cache
def docstring(name: str) -> str:
    """Of a public function, by its name; "" if there is none of it."""
    stub = ast.parse((ROOT / "nstlib" / "__init__.pyi").read_text(encoding="utf-8"))
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            found = (one for one in _tree(node.module).body if getattr(one, "name", None) == name)
            return ast.get_docstring(next(found, stub)) or ""
    return ""


@lru_cache
def _tree(module: str) -> ast.Module:
    base = ROOT / "nstlib" / module.replace(".", "/")
    path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def _module_docstring(module: str) -> str:
    return ast.get_docstring(_tree(module)) or ""


def _entry(module: str, name: str) -> str:
    for node in _tree(module).body:
        if getattr(node, "name", None) == name:
            text = ast.get_docstring(node) or ""
            if isinstance(node, ast.FunctionDef):
                return _described("function", f"{name}({_arguments(node.args)})", text)
            return _described("class", name, text)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(getattr(target, "id", None) == name for target in targets):
            return _described("data", name, f"In `nstlib.{module}`.")
    return _described("module", name, _module_docstring(f"{module}.{name}"))


def _arguments(arguments: ast.arguments) -> str:
    """As they are written, but that a computed default is `...`."""
    plain = (ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.Name, ast.Attribute, ast.UnaryOp)
    for values in (arguments.defaults, arguments.kw_defaults):
        values[:] = [v if v is None or isinstance(v, plain) else ast.Constant(...) for v in values]
    return ast.unparse(arguments)


def _described(kind: str, signature: str, text: str) -> str:
    if kind == "module":
        return f"### {signature}\n\n{text}"
    return f"`````{{py:{kind}}} {signature}\n\n{text}\n`````"
