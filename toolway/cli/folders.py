"""The folders of toolkits that a command works on."""

from pathlib import Path

from toolway.errors import UnknownToolkit


def toolkit_folders() -> tuple[Path, ...]:
    """The folders of toolkits, the operator's own first: of one slug the first is taken. The server does the same."""
    from toolway import settings
    from toolway.catalog.index import BUILTIN

    return (*settings.read().toolkits, BUILTIN)


def chosen(names: tuple[str, ...]) -> list[Path]:
    """The folders of these toolkits, each named by its slug or by its folder; of all, if none is named."""
    from toolway.catalog.grammar import near
    from toolway.catalog.index import toolkit_folders as found

    known = found(toolkit_folders())
    if not names:
        return known
    slugs: dict[str, Path] = {}
    for folder in known:
        slugs.setdefault(_slug(folder), folder)
    folders: list[Path] = []
    for name in names:
        folder = slugs.get(name.lower()) or Path(name)
        if not (folder / "toolkit.toml").is_file():
            meant = near(name.lower(), slugs).removeprefix("; ").capitalize()
            raise UnknownToolkit(name, fix=meant or "The slug of a toolkit or its folder is expected.")
        folders.append(folder)
    return folders


def _slug(folder: Path) -> str:
    from toolway.catalog.reader import MAIN
    from toolway.catalog.source import Problems, load

    file = load(folder / MAIN, Problems())
    return str(file.content.get("slug", "")) if file else ""
