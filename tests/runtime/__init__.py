"""Tests of the lazy engine."""
