"The hospital's loop as one drawing, for index, slides and the page for a hospital: `drawn` gives an SVG on white, readable on a phone"
from html import escape

INK, OURS, THEIRS, LINE, WIDTH, HEIGHT = '#222222', '#e3edf6', '#f1f1ee', '#33658f', 800, 905
SAID = ('The loop in a hospital. The X-ray machine sends a film to the archive, the PACS. The archive passes it on to pneumo_node, which '
        'gives a score or refuses, and sends a report back into the same study. Film and report come to the reading list, likely '
        "pneumonias first. People read every film and answer on pneumo_page. From the answers pneumo_site chooses the hospital's own "
        'threshold, which goes back to pneumo_node. pneumo_monitor watches films and answers week by week, and rings at a change: '
        'then a threshold is chosen anew.')
SANS = 'Helvetica, Arial, sans-serif'
HEAD = ('<marker id="loop-head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="5" markerHeight="5" orient="auto">'
        f'<path d="M0 0 10 5 0 10z" fill="{LINE}"/></marker>')

# what stands in each box: left, top, height, whose it is, name, lines below it
LEFT, RIGHT, WIDE = 20, 460, 320
BOXES = [(LEFT, 20, 130, THEIRS, 'X-ray machine', ['takes the film']),
         (RIGHT, 20, 130, THEIRS, 'Archive (PACS)', ['keeps film and report']),
         (RIGHT, 280, 165, OURS, 'pneumo_node', ['gives a score, or', 'refuses with a reason']),
         (LEFT, 280, 165, THEIRS, 'Reading list', ['likely pneumonias', 'first']),
         (LEFT, 525, 165, OURS, 'pneumo_page', ['people read every', 'film, and answer']),
         (RIGHT, 525, 165, OURS, 'pneumo_site', ['chooses the threshold', 'of this hospital'])]

def words(x, y, lines, size=28, fill=INK, weight='normal', anchor='middle', family=SANS):
    "Lines of text; the first stands on y"
    spans = ''.join(f'<tspan x="{x}" dy="{size*1.25 if i else 0:g}">{escape(line)}</tspan>' for i, line in enumerate(lines))
    look = f'font-size="{size}" font-family="{family}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" {look}>{spans}</text>'

def box(x, y, w, h, fill, name, lines):
    "A box with its name, and what happens in it; commands are set like code"
    family, edge = ('monospace', LINE) if '_' in name else (SANS, '#8a8a8a')
    frame = f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="14" fill="{fill}" stroke="{edge}" stroke-width="3"/>'
    return frame + words(x + w//2, y + 55, [name], 34, weight='bold', family=family) + words(x + w//2, y + 98, lines)

def arrow(*points, dashed=False):
    "A line through points, with a head at its end"
    at = ' '.join(f'{x},{y}' for x, y in points)
    dash = ' stroke-dasharray="10 9"' if dashed else ''
    return f'<polyline points="{at}" fill="none" stroke="{LINE}" stroke-width="5"{dash} marker-end="url(#loop-head)"/>'

def label(x, y, lines, anchor='middle'): return words(x, y, lines, 26, '#1d4f7a', anchor=anchor)

def arrows():
    "What goes from box to box"
    return [arrow((345, 85), (450, 85)), label(398, 68, ['film']),
            arrow((550, 155), (550, 270)), label(537, 222, ['film'], 'end'),
            arrow((615, 275), (615, 160)), label(629, 206, ['report in the', 'same study'], 'start'),
            arrow((462, 157), (340, 270)), label(380, 188, ['film and', 'report'], 'end'),
            arrow((180, 450), (180, 515)), label(196, 492, ['film by film'], 'start'),
            arrow((345, 607), (450, 607)), label(398, 590, ['answers']),
            arrow((620, 520), (620, 455)), label(636, 497, ['threshold'], 'start'),
            arrow((180, 695), (180, 750), dashed=True), label(196, 731, ['films, answers'], 'start'),
            arrow((620, 755), (620, 700), dashed=True), label(636, 738, ['if it rings'], 'start')]

def drawn():
    "The loop as SVG"
    watch = box(LEFT, 760, RIGHT + WIDE - LEFT, 130, OURS, 'pneumo_monitor', ['watches week by week, and rings at a change'])
    boxes = [box(x, y, WIDE, h, fill, name, lines) for x, y, h, fill, name, lines in BOXES]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    parts = [f'<title>{escape(SAID)}</title><defs>{HEAD}</defs>', ground, *boxes, watch, *arrows()]
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(SAID)}" {size}>\n' + '\n'.join(parts) + '\n</svg>\n'
