"""Text and bytes on disk, for every room: files written whole or not at all, the cache folder. Imports no other room."""
