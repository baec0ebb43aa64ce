"""A specification as SVG and PNG.

What the renderer gives is read and written anew: only drawing elements and their attributes are left, every
text is escaped here, and the colors of charts/canvas.py become variables, so that one drawing serves a light
page, a dark one and paper.

Public: svg, png, standalone, placed, SIGNS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from xml.etree import ElementTree
from zlib import compress, crc32, decompress

from adlcalc.report.charts import signs
from adlcalc.report.charts.canvas import COLORS, FONT, Spec
from adlcalc.report.charts.signs import BOX, Sign
from adlcalc.report.html.extra import needed

VERSION = "6.1"
"""Of Vega-Lite, by which the renderer reads our specifications."""
_NAMESPACE = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "defs", "clipPath"})
_ATTRIBUTES = frozenset(
    {
        "d", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "viewBox", "transform", "fill",
        "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
        "stroke-miterlimit", "stroke-opacity", "opacity", "text-anchor", "font-size", "font-weight",
        "clip-path", "id", "display",
    }
)  # fmt: skip
_VARIABLES = {color: f"var(--{name})" for name, color in COLORS.items()}
_NUMBER = re.compile(r"-?\d+\.\d{3,}")


def png(drawing: str, scale: float = 1) -> bytes:
    """An SVG as a picture. It says of which one: its SHA-256 stands in it under `Source`."""
    found: bytes = needed("vl_convert").svg_to_png(drawing, scale=scale)
    return _packed(found, b"Source\0" + sha256(drawing.encode()).hexdigest().encode())


def _packed(png: bytes, text: bytes) -> bytes:
    """The same picture in a third of the bytes, as the renderer packs it in haste; and a text beside it."""
    at, parts, data = 8, [], b""
    while at < len(png):
        size = int.from_bytes(png[at : at + 4], "big")
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        if kind == b"IDAT":
            data += body
        else:
            parts.append((kind, body))
        at += size + 12
    parts[-1:-1] = [(b"IDAT", compress(decompress(data), 9)), (b"tEXt", text)]
    chunks = (
        len(body).to_bytes(4, "big") + kind + body + crc32(kind + body).to_bytes(4, "big")
        for kind, body in parts
    )
    return png[:8] + b"".join(chunks)


def standalone(spec: Spec, title: str, description: str) -> str:
    """An SVG file in light colors, with its title and description. Its ids begin with what it is, so that
    several may stand on one page."""
    name = f"f{sha256((title + description).encode()).hexdigest()[:10]}"
    return _written(_tree(spec), name, title, description, {color: color for color in COLORS.values()}) + "\n"


def svg(spec: Spec, name: str, title: str, description: str) -> str:
    """The drawing for a page; name: what its ids begin with, as several stand on one page."""
    return _written(_tree(spec), name, title, description, _VARIABLES)


def placed(spec: Spec, name: str, x: int, y: int) -> str:
    """The drawing as a part of a larger one, in light colors."""
    colors = {color: color for color in COLORS.values()}
    return f'<g transform="translate({x},{y})">{"".join(_elements(_tree(spec), name, colors))}</g>'


def _tree(spec: Spec) -> ElementTree.Element:
    return ElementTree.fromstring(needed("vl_convert").vegalite_to_svg(spec, vl_version=VERSION))


def _written(
    root: ElementTree.Element, name: str, title: str, description: str, colors: Mapping[str, str]
) -> str:
    box = escape(root.attrib["viewBox"])
    _, _, width, height = box.split()
    inner = "".join(_elements(root, name, colors))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width}" height="{height}" '
        'role="img"'
        f' aria-labelledby="{name}-t {name}-d" font-family="{FONT}">'
        f'<title id="{name}-t">{escape(title)}</title><desc '
        f'id="{name}-d">{escape(description)}</desc>{inner}</svg>'
    )


def _elements(parent: ElementTree.Element, name: str, colors: Mapping[str, str]) -> Iterator[str]:
    """Those inside; a group that adds nothing is left out, and so is what is not seen."""
    for child in parent:
        tag = child.tag.removeprefix(_NAMESPACE)
        if tag not in _ELEMENTS or child.get("display") == "none" or _is_nothing(child, tag):
            continue
        inner = escape(child.text or "", quote=False) if tag == "text" else ""
        inner += "".join(_elements(child, name, colors))
        given = "".join(_attributes(child, name, colors))
        if tag == "g" and not (given and inner):
            yield inner
        else:
            yield f"<{tag}{given}>{inner}</{tag}>" if inner else f"<{tag}{given}/>"


def _is_nothing(element: ElementTree.Element, tag: str) -> bool:
    """The renderer's empty backgrounds."""
    return tag == "path" and element.get("class") in ("background", "foreground") and not element.get("fill")


def _attributes(element: ElementTree.Element, name: str, colors: Mapping[str, str]) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key not in _ATTRIBUTES or (key, value) in _DEFAULTS:
            continue
        if key in ("fill", "stroke"):
            value = colors.get(value, value)
        elif key == "id":
            value = f"{name}-{value}"
        elif key == "clip-path":
            value = value.replace("url(#", f"url(#{name}-")
        elif key in ("d", "transform"):
            value = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}".rstrip("0").rstrip("."), value)
        yield f' {key}="{escape(value)}"'


_DEFAULTS = frozenset(
    {
        ("opacity", "1"),
        ("font-weight", "normal"),
        ("stroke-width", "1"),
        ("transform", "translate(0,0)"),
        ("stroke-miterlimit", "10"),
        ("text-anchor", "start"),
    }
)


def _svg(sign: Sign) -> str:
    """The sign in the colors of the page."""
    fill = f"var(--{sign.fill})" if sign.fill else "none"
    look = f'fill="{fill}"'
    look += f' stroke="var(--{sign.stroke})"' if sign.stroke else ""
    look += f' stroke-width="{sign.width}"' if sign.width > 1 else ""
    look += f' stroke-dasharray="{sign.dash}"' if sign.dash else ""
    middle = BOX // 2
    shape = (
        f'path d="{sign.path}"' if sign.path else f'circle cx="{middle}" cy="{middle}" r="{sign.radius:g}"'
    )
    return f'<svg viewBox="0 0 {BOX} {BOX}" aria-hidden="true"><{shape} {look}/></svg>'


SIGNS: Mapping[str, str] = {name: _svg(sign) for name, sign in signs.SIGNS.items()}
"""The signs of legends."""
