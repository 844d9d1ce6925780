"""What a run came to, as one value, and that value in each format."""

from bake_compiler.report.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report

__all__ = ["Attempt", "CellResult", "ImageResult", "Outcome", "PlatformResult", "Report"]
