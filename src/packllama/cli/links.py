"""``packllama links``: what to fetch, from where, and where to put it."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import click

from packllama.base.errors import FarSideError, NotFound, UsageError
from packllama.cli.door import Door, Progress
from packllama.cli.links_table import table
from packllama.cli.new_file import check_new, write_new
from packllama.cli.options import PlacePath, common, pass_door
from packllama.links.document import document
from packllama.links.formats import Format, write
from packllama.links.listing import Listing, ModelLinks, RepositoryLinks, model_links
from packllama.links.saved import read_saved
from packllama.links.typed import Typed, is_repository, read_typed
from packllama.places.registry.address import parse_addresses

_TABLE, _JSON = "table", "json"


@click.command("links")
@click.argument("names", nargs=-1, metavar="NAME...")
@click.option(
    "--format",
    "form",
    type=click.Choice([_TABLE, *(form.value for form in Format), _JSON]),
    default=_TABLE,
    help="For whom they are written.  [default: table]",
)
@click.option("--manifest", type=PlacePath(path_type=Path), metavar="FILE", help="A saved manifest: needs no network.")
@click.option("--files", metavar="PATTERN", help="Files of a repository of Hugging Face, instead of a model.")
@click.option(
    "--mirror", "mirrors", multiple=True, metavar="URL", help="A server with the same paths, whose links come first."
)
@click.option("--insecure", is_flag=True, help="Ask registries by plain http.")
@click.option("-o", "--output", type=PlacePath(path_type=Path), metavar="FILE", help="Write the text to a new file.")
@common
@pass_door
def command(
    door: Door,
    names: tuple[str, ...],
    form: str,
    manifest: Path | None,
    files: str | None,
    mirrors: tuple[str, ...],
    insecure: bool,
    output: Path | None,
) -> None:
    """Print direct links for any download manager: a model's manifest and blobs, and where they belong.

    NAME may also be the address of the model's page. Where no network is: save the manifest's link elsewhere with a
    browser, and name the file with --manifest. With NAME of a repository of Hugging Face (hf.co/USER/REPO) the table
    also lists its GGUFs; --files '*Q8_0*' gives the links of these instead. HF_ENDPOINT names a mirror of it, HF_TOKEN
    is for private ones.

    What was downloaded into one folder is taken by 'packllama import FOLDER'.
    """
    form = _JSON if door.as_json else form
    door.as_json = form == _JSON
    typed = [dataclasses.replace(one, insecure=one.insecure or insecure) for one in read_typed(names)]
    bases = [f"{'http' if mirror.insecure else 'https'}://{mirror.host}" for mirror in parse_addresses(mirrors)]
    _check_usage(typed, manifest, files)
    if output is not None:
        if door.as_json:
            raise UsageError("the JSON document goes to stdout", hint="Leave out -o.")
        check_new(output)
    with Progress(door, "links") as progress:
        asking = _Asking(door, progress, bases, lists_files=form in {_TABLE, _JSON})
        if manifest is not None:
            listing = asking.saved(manifest, typed, insecure=insecure)
        else:
            listing = asking.files(typed[0], files) if files is not None else asking.models(typed)
    _print(door, listing, form, output)


def _check_usage(typed: Sequence[Typed], manifest: Path | None, files: str | None) -> None:
    if not typed and manifest is None:
        raise UsageError("Missing argument 'NAME...'.", hint="Try 'packllama links --help'.")
    if manifest is not None and (len(typed) > 1 or files is not None):
        raise UsageError("--manifest is for one model")
    if files is not None and len(typed) > 1:
        raise UsageError("--files is for one repository")


@dataclasses.dataclass(frozen=True, slots=True)
class _Asking:
    """``lists_files``: repositories are told of beside their models."""

    door: Door
    progress: Progress
    mirrors: Sequence[str]
    lists_files: bool

    def saved(self, path: Path, typed: Sequence[Typed], *, insecure: bool) -> Listing:
        name = typed[0].name if typed else None
        insecure = insecure or any(one.insecure for one in typed)
        model = read_saved(path, name=name, stop=self.door.stop)
        return Listing(
            (model_links(model.name, model.manifest, as_sent=False, insecure=insecure, mirrors=self.mirrors),)
        )

    def files(self, typed: Typed, pattern: str) -> Listing:
        if not is_repository(typed.name, self.door.settings):
            raise UsageError(
                "only repositories of Hugging Face have files",
                where=typed.name.short,
                hint="hf.co/USER/REPO names one.",
            )
        return Listing((), (self._repository(typed, pattern),))

    def models(self, all_typed: Sequence[Typed]) -> Listing:
        """Each name's model and, where wanted, its repository. Of a repository one of the two may be lacking."""
        models, repositories = [], []
        for typed in all_typed:
            repository = self._try_repository(typed)
            if repository is not None:
                repositories.append(repository)
            try:
                models.append(self._model(typed))
            except (FarSideError, NotFound) as error:
                if repository is None:
                    raise
                self.door.say(f"no model is made of this repository: {error.sentence}")
        return Listing(tuple(models), tuple(repositories))

    def _model(self, typed: Typed) -> ModelLinks:
        from packllama.links.resolve import resolve

        settings, stop = self.door.settings, self.door.stop
        try:
            return resolve(typed, settings=settings, mirrors=self.mirrors, observer=self.progress, stop=stop)
        except (FarSideError, NotFound) as error:
            if is_repository(typed.name, settings):
                error.hint += "\nThe files of a repository can be had without its model: add --files '*.gguf'"
            raise

    def _try_repository(self, typed: Typed) -> RepositoryLinks | None:
        if not self.lists_files or not is_repository(typed.name, self.door.settings):
            return None
        try:
            return self._repository(typed, "")
        except (FarSideError, NotFound) as error:
            self.door.say(f"its files are not listed: {error.sentence}")
            return None

    def _repository(self, typed: Typed, pattern: str) -> RepositoryLinks:
        from packllama.links.huggingface import repository_links

        settings, stop = self.door.settings, self.door.stop
        return repository_links(
            typed.name, settings=settings, pattern=pattern, mirrors=self.mirrors, observer=self.progress, stop=stop
        )


def _print(door: Door, listing: Listing, form: str, output: Path | None) -> None:
    if form == _JSON:
        door.result_json(document(listing))
        return
    text = table(listing) if form == _TABLE else write(listing, Format(form))
    if output is None:
        door.result(text)
    else:
        write_new(output, text.encode(), door)
    if form != _TABLE and (hint := Format(form).hint(listing)):
        door.say(hint)
