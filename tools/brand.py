"The site's icon and the picture that goes with a shared link, both drawn: python tools/brand.py → nbs/assets/"
import matplotlib
import matplotlib.pyplot as plt
from pneumo_nb.data.phantom import phantom_film
from repo import NBS

ASSETS = NBS/'assets'

ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img"><title>Two lungs on a film</title>
<rect width="64" height="64" rx="12" fill="#33658f"/>
<g fill="#eef4f9">
<path d="M28 17c-8 1-15 12-16 27-.3 5 3 6 7 4 5-2 9-4 9-8z"/><path d="M36 17c8 1 15 12 16 27 .3 5-3 6-7 4-5-2-9-4-9-8z"/>
<rect x="30.5" y="9" width="3" height="19" rx="1.5"/></g>
<circle cx="20" cy="38" r="4.5" fill="#e0a03a"/></svg>
"""

def card(path):
    "1200 × 630 px, a phantom beside the name"
    matplotlib.use('agg')
    fig = plt.figure(figsize=(12, 6.3), dpi=100, facecolor='#10202e')
    film = fig.add_axes([.04, .08, .44, .84])
    film.imshow(phantom_film(3, 'PNEUMONIA', size=512), cmap='gray')
    film.axis('off')
    fig.text(.53, .60, 'pneumo_nb', color='white', size=52, weight='bold')
    fig.text(.53, .44, 'Chest X-ray pneumonia screening,\nstudied honestly', color='#cfdde9', size=21, linespacing=1.4)
    fig.text(.53, .13, 'The film is a phantom: drawn, not a patient.', color='#8fa5b8', size=15)
    fig.savefig(path, facecolor=fig.get_facecolor(), metadata=dict(Software=None), pil_kwargs=dict(optimize=True))

if __name__ == '__main__':
    ASSETS.mkdir(exist_ok=True)
    (ASSETS/'favicon.svg').write_text(ICON)
    card(ASSETS/'card.png')
