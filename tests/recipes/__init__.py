"""Recipes in other languages, compiled and run: ``make recipes``."""
