"""``python -m bench``: every table."""

import importlib

for name in ("table", "dual_tape", "directions", "vector_math", "evals", "arrays.__main__"):
    print(f"\n{name.removesuffix('.__main__')}\n")
    importlib.import_module(f".{name}", __package__).main()
