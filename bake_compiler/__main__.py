"""`python -m bake_compiler` is `bakec`."""

from bake_compiler.cli import script

if __name__ == "__main__":
    script()
