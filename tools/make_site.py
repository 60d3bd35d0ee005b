#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the site of the documents in build/docs/site, and checks every link in it.

    tools/make_site.py PLUMB

PLUMB is the built program: the page of the commands is its own help. Run with a Python that has mkdocs-material
(`./run docs` sets it up); Doxygen makes the API reference. A document is a page as it stands; a link to a source
leads to a page that shows it. Exits 1 with one line for each link that leads nowhere.
"""

import argparse
import html.parser
import os
import pathlib
import posixpath
import re
import shutil
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "docs"
PAGES, SITE = OUT / "pages", OUT / "site"
DOCUMENTS = ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md", "python/README.md"]
FENCE = re.compile(r"^```.*?^```[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(\]\()([^)#\s]+)((?:#[^)\s]*)?\))")
LANGUAGES = {".h": "cpp", ".cpp": "cpp", ".py": "python", ".sh": "sh", ".ts": "ts", ".json": "json", ".txt": "text"}


class Pages:
    """Gathers documents, and the sources that they link to, under the paths they have in the tree."""

    def __init__(self):
        self.waiting = []

    def document(self, name, target=None):
        text = (ROOT / name).read_text(encoding="utf-8")
        target = target or name
        pieces, end = [], 0
        for fence in FENCE.finditer(text):
            pieces += [self.relinked(text[end : fence.start()], name, target), fence.group()]
            end = fence.end()
        self.write(target, "".join(pieces) + self.relinked(text[end:], name, target))

    def relinked(self, text, name, target):
        def replace(match):
            begin, link, end = match.groups()
            if "://" in link or link.startswith("mailto:"):
                return match.group()
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), link))
            return begin + posixpath.relpath(self.page_of(path), posixpath.dirname(target) or ".") + end

        return LINK.sub(replace, text)

    def page_of(self, path):
        """Where the site has a file of the tree. What is not there is left for mkdocs to complain of."""
        if path == "README.md":
            return "index.md"
        file = ROOT / path
        if file.is_dir() and (file / "README.md").is_file():
            return path + "/README.md"
        if path.endswith(".md") or path.startswith("docs/images/"):
            return path
        if not file.exists():
            return path
        page = path.rstrip("/") + ".md"
        if page not in self.waiting:
            self.waiting.append(page)
            self.write(page, self.listing(path) if file.is_dir() else self.source(path))
        return page

    def listing(self, path):
        names = sorted(entry.name for entry in (ROOT / path).iterdir() if entry.is_file())
        lines = [f"- [{name}]({posixpath.basename(self.page_of(f'{path}/{name}'))})" for name in names]
        if pathlib.PurePath(path).name:
            lines = [line.replace("](", f"]({pathlib.PurePath(path).name}/") for line in lines]
        return f"# {path}\n\n" + "\n".join(lines) + "\n"

    @staticmethod
    def source(path):
        text = (ROOT / path).read_text(encoding="utf-8")
        language = LANGUAGES.get(pathlib.PurePath(path).suffix, "text")
        return f"# {path}\n\n````{language}\n{text}\n````\n"

    @staticmethod
    def write(target, text):
        path = PAGES / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def help_of(program, *command):
    return subprocess.run([program, *command, "--help"], capture_output=True, text=True, check=True).stdout


def commands_page(program):
    names = re.findall(r"^  ([a-z][a-z-]*)  ", help_of(program).split("Subcommands:")[1], re.MULTILINE)
    parts = ["# Commands\n\nWhat the program's own help says; `man plumb` has the same.\n", f"```text\n{help_of(program)}```\n"]
    for name in names:
        parts.append(f"## {name}\n\n```text\n{help_of(program, name)}```\n")
    return "\n".join(parts)


def public_headers(name="plumb/plumb.h"):
    """The headers that plumb/plumb.h names, and those that the headers beside it name."""
    found = [name]
    for header in re.findall(r'^#include "([^"]+)"', (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE):
        found += public_headers(header) if header.count("/") == 1 else [header]
    return found


def api_reference(version):
    settings = (ROOT / "docs" / "site" / "Doxyfile").read_text(encoding="utf-8")
    settings += f"\nPROJECT_NUMBER = {version}\nOUTPUT_DIRECTORY = {SITE}\nINPUT = {' '.join(public_headers())}\n"
    done = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"make_site: doxygen failed:\n{done.stderr[-4000:]}")
    # Comments are plain text: what looks like a command or a tag there is meant as it stands.
    plain = ("Found unknown command", "Unsupported xml/html tag")
    return [line for line in done.stderr.splitlines() if "warning" in line and not any(words in line for words in plain)]


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.targets, self.ids = [], set()

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.ids.add(value)
            if name in ("href", "src") and value:
                self.targets.append(value)


def check_links():
    """Every link and picture of every page of the site leads to a file of it, and to an id in that file."""
    pages = {}
    for path in SITE.rglob("*.html"):
        pages[path] = parser = Links()
        parser.feed(path.read_text(encoding="utf-8", errors="replace"))
    errors, count = [], 0
    for path, page in pages.items():
        for link in page.targets:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("http", "https", "mailto", "data", "javascript"):
                    errors.append(f"{path.relative_to(SITE)}: a link of another kind: {link}")
                continue
            count += 1
            file = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if parts.path.startswith("/"):
                continue  # of the page for what is not found, which is shown at any address
            if file.is_dir():
                file = file / "index.html"
            if not file.exists():
                errors.append(f"{path.relative_to(SITE)}: {link} leads nowhere")
            elif parts.fragment and file in pages and urllib.parse.unquote(parts.fragment) not in pages[file].ids:
                # mkdocs' own switches, and Doxygen's heads of sections that it then leaves out.
                if not parts.fragment.startswith("__") and parts.fragment != "nested-classes":
                    errors.append(f"{path.relative_to(SITE)}: {link} names no place of that page")
    return len(pages), count, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program", type=lambda text: str(pathlib.Path(text).resolve()))
    args = parser.parse_args()
    shutil.rmtree(PAGES, ignore_errors=True)
    pages = Pages()
    pages.document("README.md", "index.md")
    for name in DOCUMENTS:
        pages.document(name)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        pages.document(path.relative_to(ROOT).as_posix())
    shutil.copytree(ROOT / "docs" / "images", PAGES / "docs" / "images")
    pages.write("commands.md", commands_page(args.program))
    pages.write(
        "api.md",
        "# API reference\n\nThe public headers, as Doxygen reads them:\n"
        '<a href="api/files.html">by header</a>, <a href="api/annotated.html">by class</a>.\n',
    )
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-f", "docs/site/mkdocs.yml"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    print(done.stdout + done.stderr, end="", file=sys.stderr)
    if done.returncode != 0:
        sys.exit("make_site: mkdocs found the above")
    version = subprocess.run([args.program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    warnings = api_reference(version)
    files, count, errors = check_links()
    for line in errors + warnings:
        print(line, file=sys.stderr)
    print(f"make_site: {files} pages in {SITE.relative_to(ROOT)}, {count} links within it checked, {len(errors)} lead nowhere")
    sys.exit(1 if errors or warnings else 0)


if __name__ == "__main__":
    main()
