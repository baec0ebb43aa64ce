"""The page: a run and its figures as one HTML file without scripts and without anything from elsewhere.

Needs the extra `report`: vl-convert-python draws, jinja2 writes.

    extra.py     is the extra there?
    drawn.py     a figure as SVG and PNG, cleaned
    words.py     what every word on the page means
    written.py   the page
    page.html.j2, page.css

Public: nothing here; import what is needed from its file.
"""
