"""What a file that is no activity is instead, in words that help whoever handed it over."""

from __future__ import annotations

_SIGNS = (
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"RIFF", "an image, or a sound"),
    (b"%PDF", "a PDF document"),
    (b"\x00\x05\x16\x07", "what macOS keeps beside a file (._name), not the file"),
    (b"\x00\x00\x00\x01Bud1", "what macOS keeps of a folder's looks (.DS_Store)"),
    (b"\xd0\xcf\x11\xe0", "what Windows keeps of a folder's images, or an old Office document"),
    (b"SQLite format 3\x00", "a SQLite database"),
    (b"PK", "a zip archive within a file, or what is left of one; unpack it, and hand over the files"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it, and hand over the files"),
    (b"Rar!", "a RAR archive; unpack it, and hand over the files"),
    (b"\x1f\x8b", "gzip within gzip; unpack it once"),
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
)
_TAR_AT = 257
_MARKS = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"


def looks_like(head: bytes) -> str:
    """Return what the first few thousand bytes of a file look like: `this is a web page`."""
    for sign, words in _SIGNS:
        if head.startswith(sign):
            return f"this is {words}"
    if head[4:8] == b"ftyp":
        return "this is an image, or a film"
    if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
        return "this is a tar archive; unpack it, and hand over the files"
    text = head.replace(b"\0", b"").lstrip(_MARKS).lower()
    if text.startswith(b"<"):
        page = b"<html" in text or b"<!doctype html" in text
        return "this is a web page" if page else "this is XML, but neither GPX nor TCX"
    if text.startswith((b"{", b"[")):
        return "this is JSON"
    return "this is no activity file"
