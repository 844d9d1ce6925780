"""`python -m bake_compiler` is `bakec`."""

from bake_compiler.cli import main

if __name__ == "__main__":
    main()
