"""The report of a run: one value, its formats, and the live view."""

from bake_compiler.report.report import Attempt, CellResult, ImageResult, Outcome, PlatformResult, Report

__all__ = ["Attempt", "CellResult", "ImageResult", "Outcome", "PlatformResult", "Report"]
