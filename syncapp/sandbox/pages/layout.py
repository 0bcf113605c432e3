"""What every page has round it. One sees by its colour whose product one is in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from syncapp.sandbox.http import Response, html_response
from syncapp.sandbox.pages.markup import Safe, joined, link, tag

_STYLE = """
:root{color-scheme:light dark;--edge:#c9ced6;--quiet:#5b6470;--back:#fff;--soft:#f4f6f8;--text:#1c2430;--main:#37475a}
@media (prefers-color-scheme:dark){:root{--edge:#3d4652;--quiet:#9aa5b1;--back:#14181d;--soft:#1d232a;--text:#e6eaef}}
.qbo{--main:#157a3c}.billcom{--main:#b4500b}
*{box-sizing:border-box}body{margin:0;font:16px/1.45 system-ui,sans-serif;color:var(--text);background:var(--back)}
header{background:var(--main);color:#fff;padding:.7rem 1.2rem;display:flex;gap:1.4rem;flex-wrap:wrap;align-items:center}
header a{color:#fff}header strong{font-size:1.05rem}main{max-width:72rem;margin:0 auto;padding:1rem 1.2rem 3rem}
nav.path{font-size:.9rem;margin-bottom:.4rem}h1{font-size:1.5rem;margin:.3rem 0 1rem}
h2{font-size:1.1rem;margin:1.8rem 0 .5rem}
a{color:var(--main)}@media (prefers-color-scheme:dark){main a{color:#8fc7a4}.billcom main a{color:#f0a46b}}
table{border-collapse:collapse;width:100%;font-size:.92rem}caption{text-align:left;color:var(--quiet);padding:.2rem 0}
th,td{text-align:left;padding:.35rem .7rem .35rem 0;border-bottom:1px solid var(--edge);vertical-align:top}
th{font-weight:600;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:1.4rem}
.scroll{overflow-x:auto;margin:.4rem 0 1rem}td .scroll{margin:0}.quiet,small{color:var(--quiet)}small{display:block}
.fields{display:grid;grid-template-columns:repeat(auto-fill,minmax(16rem,1fr));gap:0 1.2rem}
.switches{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:0 1.2rem;align-items:start}
.switches form{flex-wrap:nowrap}.switches .field{flex:1}.field{margin:.4rem 0}
label{display:block;font-size:.88rem;font-weight:600}
input,select,textarea{font:inherit;width:100%;padding:.4rem .5rem;border:1px solid var(--edge);border-radius:4px;
background:var(--back);color:inherit}textarea,pre{font:13px/1.4 ui-monospace,monospace}
button{font:inherit;padding:.4rem 1rem;border-radius:4px;border:1px solid var(--main);background:var(--main);color:#fff;
cursor:pointer;margin:.4rem .5rem .4rem 0}button.plain{background:transparent;color:inherit}
:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}form.row,
.row{display:flex;gap:.8rem;align-items:end;flex-wrap:wrap}
.row .field{min-width:9rem}td details{margin:0}input,select{height:2.5rem}
.row .field:has(small)+button{align-self:start;margin-top:1.65rem}
.said,.wrong{padding:.5rem .8rem;border-left:4px solid;background:var(--soft)}
.said{border-color:#157a3c}.wrong{border-color:#b3261e}details{margin:1rem 0}summary{cursor:pointer;font-weight:600}
.off{opacity:.65}.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
"""
PRODUCTS = {"qbo": "QuickBooks Online", "billcom": "BILL"}


def page(
    title: str,
    *body: Any,
    side: str = "",
    path: Sequence[tuple[str, str]] = (),
    said: str = "",
    wrong: str = "",
    status: int = 200,
) -> Response:
    """``path``: the pages above this one, from the top."""
    where = f"{PRODUCTS[side]} (sandbox)" if side else "Sandbox"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", f"{title} – {where}"),
        tag("link", rel="icon", href="data:,"),
        tag("style", Safe(_STYLE)),
    )
    bar = tag(
        "header",
        link("#main", "To the content", class_="skip"),
        tag("strong", where),
        link("/", "Companies"),
        link("/tools", "Faults and clock"),
        link("/tools/calls", "Calls"),
    )
    steps = joined(joined((link(address, words), " › ")) for address, words in path)
    notes = joined(
        (
            tag("p", said, class_="said", role="status") if said else "",
            tag("p", wrong, class_="wrong", role="alert") if wrong else "",
        )
    )
    content = tag(
        "main", tag("nav", steps, class_="path", aria_label="Path"), tag("h1", title), notes, *body, id="main"
    )
    html = tag("html", head, tag("body", bar, content, class_=side or None), lang="en")
    return html_response(f"<!doctype html>{html}", status)


def there(address: str, said: str = "") -> Response:
    """After something was done, look at it: the browser can reload that without doing it again."""
    query = f"?{urlencode({'said': said})}" if said else ""
    return Response(303, b"", {"location": f"{address}{query}"})


def missing(words: str) -> Response:
    return page("Not there", tag("p", words), status=404)
