"""The API and the initialiser of its database: two stages of one Dockerfile."""

from bake_compiler import Component, Image

component = Component(
    phase="dependent",
    images=[
        Image(
            name="backend",
            stage="backend",
            description="API with a health route and a database",
            smoke=("sh", "-c", "python3 /app/backend.py --check && uname -m"),
        ),
        Image(
            name="backend-init",
            stage="backend-init",
            description="Makes the schema of the database",
            smoke=("sh", "-c", "DATABASE=/tmp/check.db python3 /app/initialise.py && uname -m"),
        ),
    ],
)
