"""Text from data as people may see it in a terminal, a log, or a message: what it says, and nothing that it does."""

import unicodedata

_NOT_SHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Control characters, format characters (direction, zero width), halves of characters, and separators of lines."""


def escaped(text: str, *, keep: str = "") -> str:
    r"""The text with every character that a terminal would act on written as ``\x1b`` or ``\u202e``.

    ``keep`` names those that are meant, such as the line breaks of a text of our own.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in keep or unicodedata.category(character) not in _NOT_SHOWN else _written(character)
        for character in text
    )


def _written(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
