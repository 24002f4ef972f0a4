"""Builds the demo's corpora from pinned packages; nothing here runs in a normal demo, which reads the shipped files."""
