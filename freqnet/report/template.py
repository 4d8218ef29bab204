"""The page around the report: its frame, its style sheet, and small pieces of HTML. No scripts."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from string import Template

STYLE_SHEET = """
:root { color-scheme: light dark; --ink: #1b1e24; --paper: #ffffff; --soft: #f3f5f8; --line: #d9dde3;
  --quiet: #5a626e; --mark: #2f7fc1; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --paper: #15181d; --soft: #1e2229;
  --line: #343a44; --quiet: #9aa3b0; --mark: #5ba4e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1064px; margin: 0 auto; padding: 2.2rem 2rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 3rem 0 .4rem; padding-top: .9rem; border-top: 1px solid var(--line); }
p { margin: .3rem 0 .9rem; max-width: 46rem; }
.quiet { color: var(--quiet); font-size: .92rem; }
.tiles { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1.4rem 0 0; padding: 0; }
.tiles div { flex: 1 1 auto; background: var(--soft); border-radius: 8px; padding: .65rem .9rem; }
.tiles dt { color: var(--quiet); font-size: .82rem; }
.tiles dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
figure { margin: 1rem 0 0; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; color: var(--ink); }
figure svg text { font-family: inherit !important; }
.scroll { overflow-x: auto; margin: 1rem 0 .6rem; }
.tall { max-height: 32rem; overflow-y: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem 1.1rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap;
  vertical-align: top; }
.free { max-width: 44rem; white-space: normal; overflow-wrap: anywhere; }
th { font-weight: 600; color: var(--quiet); position: sticky; top: 0; background: var(--paper); }
.figure { text-align: right; }
tr.total td { font-weight: 600; border-top: 2px solid var(--line); }
.bar { display: inline-block; width: 6rem; height: .55rem; border-radius: 3px; background: var(--soft);
  margin-left: .6rem; }
.bar i { display: block; height: 100%; border-radius: 3px; background: var(--mark); }
pre { background: var(--soft); border-radius: 8px; padding: .8rem 1rem; overflow-x: auto; font-size: .88rem; }
nav { margin-top: 1.1rem; font-size: .92rem; }
nav a { color: var(--mark); margin-right: 1.1rem; white-space: nowrap; }
@media (max-width: 40rem) { main { padding: 1.2rem 1rem 3rem; } }
@media print { .scroll, .tall { max-height: none; overflow: visible; } h2 { break-after: avoid; } }
"""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
$body
</main>
</body>
</html>
""")


def page(title: str, body: str) -> str:
    """Return a whole page: nothing in it is fetched, and no script could run."""
    return _PAGE.substitute(title=escape(title), style=STYLE_SHEET, body=body)


def section(name: str, heading: str, text: str, *parts: str) -> str:
    """Return a section with a heading, a line of explanation, and its parts (HTML)."""
    lead = f'<p class="quiet">{escape(text)}</p>\n' if text else ""
    return f'<section id="{name}">\n<h2>{escape(heading)}</h2>\n{lead}' + "\n".join(parts) + "\n</section>"


def figure(svg: str, alternative: str) -> str:
    """Return a figure with what it shows in words, for those who do not see it.

    >>> figure("<svg></svg>", "a <curve>")
    '<figure tabindex="0"><div role="img" aria-label="a &lt;curve&gt;"><svg></svg></div></figure>'
    """
    return f'<figure tabindex="0"><div role="img" aria-label="{escape(alternative)}">{svg}</div></figure>'


def table(
    headers: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]], *, total: bool = False, tall: bool = False
) -> str:
    """Return a table that scrolls where it is too wide.

    Parameters
    ----------
    headers : sequence of (str, bool)
        Text, and whether the column holds figures (aligned right).
    rows : sequence of sequences of str
        HTML of the cells.
    total : bool
        The last row is a total.
    tall : bool
        Scroll a long table as well.
    """
    kinds = [' class="figure"' if right else "" for _, right in headers]
    head = "".join(f"<th{kind}>{escape(text)}</th>" for kind, (text, _) in zip(kinds, headers, strict=True))
    lines = []
    for index, row in enumerate(rows):
        kind = ' class="total"' if total and index == len(rows) - 1 else ""
        data = "".join(f"<td{own}>{cell}</td>" for own, cell in zip(kinds, row, strict=True))
        lines.append(f"<tr{kind}>{data}</tr>")
    body = "\n".join(lines)
    # A region that scrolls must be reachable from the keyboard.
    return (
        f'<div class="scroll{" tall" if tall else ""}" tabindex="0"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def tiles(entries: Sequence[tuple[str, str]]) -> str:
    """Return headline figures: (name, value), as text."""
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in entries)
    return f'<dl class="tiles">{cells}</dl>'


def bar(share: float) -> str:
    """Return a bar for a share from 0 to 1.

    >>> bar(0.5)
    '<span class="bar"><i style="width:50.0%"></i></span>'
    """
    return f'<span class="bar"><i style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i></span>'
