"""`python -m benches [name …]`: runs the benches named, or all of them."""

import importlib
import pkgutil
import sys

import benches

_FRAME = {"__main__", "result", "decks"}


def names() -> list[str]:
    return sorted(
        module.name.removesuffix("_bench")
        for module in pkgutil.iter_modules(benches.__path__)
        if module.name not in _FRAME
    )


def main(wanted: list[str]) -> int:
    known = names()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        print(f"no bench called {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in wanted or known:
        print(f"== {name}", flush=True)
        for result in importlib.import_module(f"benches.{name}_bench").run():
            print(result.line(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
