"""Fit: what each layer's replacements keep of its trained kernel, which layers to replace, and the smaller model."""

from __future__ import annotations
