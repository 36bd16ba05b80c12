"""docs/benchmarks.md: a section a group of cases, each written anew by its run and by nothing else."""

from __future__ import annotations

import re

INTRODUCTION = """\
# Benchmarks

windtunnel beside its peers, each section from one run of `make bench WRITE=1`. How it is measured, and how to add a
case or a peer, is in [scripts/bench/README.md](../scripts/bench/README.md).
"""


def with_section(page: str, group: str, section: str) -> str:
    """The page with the group's section replaced, or added at its end. What is between sections stays."""
    begin, end = f"<!-- bench: {group} -->", f"<!-- end of {group} -->"
    block = f"{begin}\n## {group}\n\n{section.strip()}\n{end}"
    page = page or INTRODUCTION
    found = re.search(re.escape(begin) + ".*?" + re.escape(end), page, re.DOTALL)
    if found:
        return page[: found.start()] + block + page[found.end() :]
    return f"{page.rstrip()}\n\n{block}\n"
