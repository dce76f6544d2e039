"""Reads every include of the source, and holds it against the rules of who may know of whom."""

import pathlib
import re
import sys

TREE = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)

# A part may include its own headers and those of these parts.
KNOWS = {"common": set(), "broker": {"common"}, "roomd": {"common"}}

# The one file that may know of libwebsockets; wslay is what the tests compare with.
LWS_FILE = "broker/http.c"

# Parts that say of themselves that they are pure do no I/O.
IMPURE = re.compile(r"^(unistd\.h|sys/(socket|epoll|un|uio|mman|wait|signalfd|timerfd)\.h|fcntl\.h|poll\.h|libwebsockets\.h)$")
PURE = re.compile(r"\A/\*.*?\bPure\b(?!\s+but)", re.DOTALL)

FILE_LINES_MAX = 400


def head(text):
    end = text.find("*/")
    return text[:end] if end > 0 else ""


def headers():
    where = {}
    for part in KNOWS:
        for path in (TREE / part).glob("*.h"):
            where.setdefault(path.name, set()).add(part)
    return where


def check(path, where, complain):
    name = path.relative_to(TREE).as_posix()
    part = name.split("/")[0]
    text = path.read_text()
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        complain(f"{name}: {lines} lines; a file has at most {FILE_LINES_MAX}")
    if not text.startswith("/*"):
        complain(f"{name}: does not begin with a comment that says what it is")
    header = path.with_suffix(".h")
    pure = PURE.search(head(text)) or (header.exists() and PURE.search(head(header.read_text())))
    for match in INCLUDE.finditer(text):
        quote, included = match.groups()
        line = text.count("\n", 0, match.start()) + 1
        at = f"{name}:{line}"
        if included == "libwebsockets.h" and name != LWS_FILE:
            complain(f"{at}: libwebsockets.h is for {LWS_FILE} alone")
        if included.startswith("wslay/"):
            complain(f"{at}: wslay is for tests alone")
        if pure and IMPURE.match(included):
            complain(f"{at}: {included}, but it is said to be pure")
        if quote != '"':
            continue
        if "/" in included:
            complain(f'{at}: "{included}": a header is included by its name, not by a path')
        owners = where.get(included, set())
        if not owners:
            complain(f'{at}: "{included}" is in none of the parts')
        elif part not in owners and not owners & KNOWS[part]:
            complain(f"{at}: {part} may not know of {'/'.join(sorted(owners))}/{included}")


def main():
    complaints = []
    where = headers()
    for name, parts in where.items():
        if len(parts) > 1 and "common" in parts:
            complaints.append(f"{name} is in {' and '.join(sorted(parts))}: which one is meant?")
    files = sorted(path for part in KNOWS for path in (TREE / part).glob("*.[ch]"))
    for path in files:
        check(path, where, complaints.append)
    for complaint in complaints:
        print(complaint)
    print(f"{len(files)} files, {len(complaints)} complaints")
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
