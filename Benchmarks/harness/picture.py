# SPDX-License-Identifier: Apache-2.0
"""A picture of the rows in which contestants race: for each, bars as long as their times."""

from xml.sax.saxutils import escape

WIDTH, MARGIN, NAMES, BAR, GAP = 880, 24, 250, 15, 26

STYLE = """
    text { font: 13px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328 }
    .title { font-weight: 600 }
    .small { font-size: 12px; fill: #59636e }
    .theirs { fill: #b3bac2 }
    .ours { fill: #0969da }
    .line { stroke: #d1d9e0 }
    @media (prefers-color-scheme: dark) {
        text { fill: #f0f6fc }
        .small { fill: #9198a1 }
        .theirs { fill: #59636e }
        .ours { fill: #4493f8 }
        .line { stroke: #3d444d }
    }
"""


def write(path, facts, results):
    """Writes the picture as SVG, which takes its colours from the reader's light or dark page."""
    shapes, y = [], MARGIN + 8
    for result in results:
        # Rows of one contestant at several sizes compare nothing; they stay in the table.
        is_race = result.outcome is not None and any(verdict.is_race for verdict in result.outcome.verdicts)
        if not is_race or not result.row.is_drawn:
            continue
        shapes.append(_text(MARGIN, y, result.row.title, "title"))
        y += 10
        longest = max(figures.seconds for figures in result.outcome.contestants)
        first = result.outcome.contestants[0]
        for figures in result.outcome.contestants:
            length = max(2, round((WIDTH - NAMES - 2 * MARGIN - 150) * figures.seconds / longest))
            kind = "ours" if figures.name.startswith("bst-artifact") else "theirs"
            shapes.append(_text(MARGIN, y + 12, figures.name, "small"))
            shapes.append(f'<rect class="{kind}" x="{NAMES}" y="{y}" width="{length}" height="{BAR}" rx="2"/>')
            ratio = "" if figures is first else f" · {first.seconds / figures.seconds:.1f} ×"
            shapes.append(_text(NAMES + length + 8, y + 12, f"{figures.seconds:.2f} s{ratio}"))
            y += BAR + 5
        y += GAP
    shapes.append(f'<line class="line" x1="{MARGIN}" x2="{WIDTH - MARGIN}" y1="{y - 14}" y2="{y - 14}"/>')
    shapes.append(_text(MARGIN, y + 6, f"median times; {facts['cpu']}, {facts['cores']} cores, "
                        f"Linux {facts['kernel']}, ostree {facts['versions']['ostree']}", "small"))
    body = "\n".join(f"  {shape}" for shape in shapes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + MARGIN}" viewBox="0 0 {WIDTH} {y + MARGIN}" \
role="img" aria-label="Times of pushes and pulls, this project's programs beside others">
  <!-- SPDX-License-Identifier: Apache-2.0; drawn by Benchmarks/run -->
  <style>{STYLE}  </style>
{body}
</svg>
""")


def _text(x, y, text, kind=None):
    attribute = f' class="{kind}"' if kind else ""
    return f'<text{attribute} x="{x}" y="{y}">{escape(text)}</text>'
