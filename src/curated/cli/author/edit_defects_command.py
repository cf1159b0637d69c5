"""``curated edit-defects``."""

from __future__ import annotations

from pathlib import Path

import click

from curated.cli.context import Settings, echo, format_option, package_paths, pass_settings, print_json


@click.command("edit-defects")
@click.argument("file")
@click.option(
    "--image",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="FITS image of the detector over which boxes are drawn.",
)
@click.option("--hdu", type=click.IntRange(0, 10_000), help="Number of the HDU of the image.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="Port of the page; any free one if not given."
)
@click.option(
    "--browser/--no-browser", default=True, help="Open the page in a browser, or only print its address."
)
@format_option()
@pass_settings
def command(
    settings: Settings, file: str, image: Path, hdu: int | None, port: int, browser: bool, form: str
) -> None:
    """Draw the boxes of FILE, a list of defects in ECSV, over an image, on a page in the browser.

    Boxes are drawn, changed and removed with undo, and saved as text: rows that stay keep their line and all comments. The page
    is served on this machine only, below an address that nobody can guess, until it is ended there or with Ctrl-C.

    \b
    Examples:
      curated edit-defects calibs/demo/defects/d00/20230510T000000.ecsv --image flat.fits
      curated edit-defects FILE --image flat.fits --no-browser --port 8000     through an SSH tunnel
    """
    from curated.core.diagnostic import CuratedError
    from curated.core.storage.file_set import write_file_set
    from curated.drawing.box_rows import read_boxes
    from curated.drawing.picture import picture_of
    from curated.drawing.server import Drawing, DrawingServer
    from curated.registry import find_type
    from curated.types.defects import Defects

    package = settings.package()
    (path,) = package_paths(package, settings.directory, (file,))
    calibration = next((entry for entry in package.layout.files if entry.path == path), None)
    cls = None if calibration is None else find_type(calibration.key.type)
    if calibration is None or cls is None or not issubclass(cls, Defects) or calibration.form != "ecsv":
        raise CuratedError(
            f"{file} is not a list of defects in ECSV", "name a file of defects or manual_defects"
        )
    data = package.files.read(path)
    read_boxes(data, path)
    picture = picture_of(image, hdu)
    saves = []

    def save(new: bytes, old: bytes) -> None:
        write_file_set(package.root, {path: new}, before={path: old})
        saves.append(path)
        if form != "json":
            echo(f"{path}: saved, {len(read_boxes(new, path))} boxes")

    try:
        started = DrawingServer(Drawing(path, picture, data, save), port)
    except OSError as error:
        raise CuratedError(
            f"--port {port} cannot be used: {error.strerror}", "give another one, or leave it out"
        ) from error
    with started as server:
        echo(f"drawing at {server.address}", err=True)
        settings.remark("end it on the page, or with Ctrl-C")
        if browser:
            import webbrowser

            webbrowser.open(server.address)
        server.serve_forever(poll_interval=0.1)
    if form == "json":
        print_json(
            "edit-defects", file=path, saves=len(saves), boxes=len(read_boxes(package.files.read(path), path))
        )
